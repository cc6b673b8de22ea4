#!/usr/bin/env bash
# expected: an agent's new LFS file is on the remote with its content when the unit is called merged; or the unit is held and says why
# source: gastownhall/gastown#1928 (LFS in agent worktrees); that a push without its objects is refused by GitHub (GH008) is general knowledge, not looked up
. "${BASH_SOURCE%/*}/world"

command -v git-lfs >/dev/null || { echo "SKIP: git-lfs is not installed"; exit 0; }
repo $T/r
( cd $T/r && git lfs install >/dev/null && git lfs track '*.bin' >/dev/null )
cat > $T/r/impl.sh <<'A'
echo "the real content of the picture, made by the agent" > picture.bin
echo "Have a nice day." > greeting.txt
git add --all && git commit -q -m "feat: add a picture"
A
plan $T/r </dev/null; publish $T/r
# control: an ordinary push of an LFS file brings its content to this remote
( cd $T/r && git checkout -q -b control && echo control > c.bin && git add c.bin && git commit -q -m c && git push -q origin control && git checkout -q main )
want "control: a plain git push uploads the object" '[ $(find $T/r-origin.git/lfs -type f | wc -l) = 1 ]'
run $T/r waves run
if merged_has $T/r picture.bin; then
  echo "  where the content is: $(cd $T && find . -path '*lfs/objects*' -type f | tr '\n' ' ')"; git -C $T/r-origin.git show main:picture.bin | head -3 | sed 's/^/  pointer: /'
  want "the content is on the remote" '[ $(find $T/r-origin.git/lfs -type f | wc -l) = 2 ]'
  rm -rf $T/c; git clone -q $T/r-origin.git $T/c > $T/clone.out 2>&1; echo "  fresh clone: exit $?"; tail -3 $T/clone.out | sed 's/^/  | /'
  want "a fresh clone has the picture" 'grep -q "real content" $T/c/picture.bin'
  run $T/r waves audit; echo "  (audit says $RC)"
fi
finish

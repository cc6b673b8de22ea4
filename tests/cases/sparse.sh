#!/usr/bin/env bash
# expected: in a sparse clone the worktrees are sparse too, or full; nothing is lost, nothing looks deleted, the unit is merged and cleaned up
# source: asheshgoplani/agent-deck#1708 (worktrees must inherit sparse checkout), rjwalters/loom#3256, stablyai/orca#254
. "${BASH_SOURCE%/*}/world"

repo $T/seed; mkdir -p $T/seed/big $T/seed/app; for i in $(seq 200); do echo $i > $T/seed/big/$i.txt; done; echo app > $T/seed/app/a.txt
cat > $T/seed/impl.sh <<'A'
git status --porcelain | head -3 > ../status-seen; ls > ../ls-seen
echo "Have a nice day." > greeting.txt; echo more >> app/a.txt
git add --all && git commit -q -m "feat: add a greeting"
A
plan $T/seed </dev/null; publish $T/seed
git clone -q $T/seed-origin.git $T/r; ln -s $T/seed-origin.git $T/r-origin.git
( cd $T/r && git sparse-checkout set --cone app issues plans && ls | tr '\n' ' ' )
run $T/r waves run
echo "  worktree held: $(cat $T/r/.worktrees/ls-seen | tr '\n' ' ')"; echo "  agent's git status: $(cat $T/r/.worktrees/status-seen)"; rm -f $T/r/.worktrees/*-seen
want "exit 0" '[ $RC = 0 ]'
want "merged" 'merged_has $T/r greeting.txt'
want "no file of big/ was deleted" '[ $(git -C $T/r-origin.git ls-tree -r --name-only main big | wc -l) = 200 ]'
want "the change outside is whole: 2 files" '[ "$(git -C $T/r-origin.git diff --name-only main~1 main | wc -l)" = 2 ]'
want "no worktree is left" '[ -z "$(ls $T/r/.worktrees 2>/dev/null)" ]'
want "the worktree was sparse as well" '! grep -q uncommitted $T/out'
finish

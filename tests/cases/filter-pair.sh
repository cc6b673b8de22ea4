#!/usr/bin/env bash
# expected: with a clean/smudge pair (encryption) in the person's git, agents see what a plain worktree shows, and a file that nobody touched is not changed in the base
# source: anthropics/claude-code#38538 and #58610, AGWA/git-crypt#105, kdlbs/kandev#577 (git-crypt kind of filters and agent worktrees)
. "${BASH_SOURCE%/*}/world"

git config --global filter.rot.clean "tr a-zA-Z n-za-mN-ZA-M"; git config --global filter.rot.smudge "tr n-za-mN-ZA-M a-zA-Z"; git config --global filter.rot.required true
repo $T/r; echo '*.secret filter=rot' > $T/r/.gitattributes; echo "the password is swordfish" > $T/r/db.secret
cat > $T/r/impl.sh <<'A'
cp db.secret ../seen; sleep 0.1; git status --porcelain > ../status
echo "Have a nice day." > greeting.txt; git add --all && git commit -q -m "feat: add a greeting"
A
plan $T/r </dev/null; publish $T/r; before=$(git -C $T/r-origin.git show main:db.secret); echo "  stored: $before"
git -C $T/r worktree add -q --detach $T/plain; echo "  a plain worktree shows: $(cat $T/plain/db.secret)"; git -C $T/r worktree remove --force $T/plain
run $T/r waves run
echo "  the agent saw: $(cat $T/r/.worktrees/seen)"; echo "  its git status: $(tr '\n' ' ' < $T/r/.worktrees/status)"; rm -f $T/r/.worktrees/seen $T/r/.worktrees/status
after=$(git -C $T/r-origin.git show main:db.secret); echo "  stored now: $after"
want "the agent saw what a plain worktree shows, or was told" 'grep -qi filter $T/out || [ "$(cat $T/r/.worktrees/seen 2>/dev/null)" = "the password is swordfish" ]'
want "db.secret in the base is as it was" '[ "$before" = "$after" ]'
want "merged" 'merged_has $T/r greeting.txt'
finish

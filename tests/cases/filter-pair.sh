#!/usr/bin/env bash
# expected: with a clean/smudge pair (encryption) in the person's git, agents see what a plain worktree shows, and a file that nobody touched is not changed in the base
# source: anthropics/claude-code#38538 and #58610, AGWA/git-crypt#105, kdlbs/kandev#577 (git-crypt kind of filters and agent worktrees)
. "${BASH_SOURCE%/*}/world"

git config --global filter.rot.clean "tr a-zA-Z n-za-mN-ZA-M"; git config --global filter.rot.smudge "tr n-za-mN-ZA-M a-zA-Z"; git config --global filter.rot.required true
repo $T/r; echo '*.secret filter=rot' > $T/r/.gitattributes; echo "the password is swordfish" > $T/r/db.secret
cat > $T/r/impl.sh <<'A'
cp db.secret ../seen; git status --porcelain > ../status
echo "Have a nice day." > greeting.txt; git add --all && git commit -q -m "feat: add a greeting"
A
plan $T/r </dev/null; publish $T/r; before=$(git -C $T/r-origin.git show main:db.secret); echo "  stored: $before"
git -C $T/r worktree add -q --detach $T/plain; plain=$(cat $T/plain/db.secret); git -C $T/r worktree remove --force $T/plain
run $T/r waves run
want "held before dispatch, and the filter is named" '[ $RC = 10 ] && grep -q "rot" $T/out && [ ! -e $T/r/.waves/first/greeting/runs ]'
printf 'setup: {filters: [rot]}\npolicy: {sandbox: danger-full-access}\n' >> $T/r/plans/first.yaml; git -C $T/r commit -qam "chore: allow the filter"
run $T/r waves run
seen=$(cat $T/r/.worktrees/seen 2>/dev/null); after=$(git -C $T/r-origin.git show main:db.secret); echo "  the agent saw: $seen; stored now: $after"
want "the agent saw what a plain worktree shows" '[ "$seen" = "$plain" ]'
want "nothing looked changed to the agent" '[ ! -s $T/r/.worktrees/status ]'
want "db.secret in the base is as it was" '[ "$before" = "$after" ]'
want "merged" 'merged_has $T/r greeting.txt'
finish

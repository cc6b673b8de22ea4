#!/usr/bin/env bash
# expected: a branch named feat (here, or on the remote) blocks feat/greeting: one line that says which branch stands in the way; no traceback, no endless retry
# source: notdp/worktree.sh#3, max-sixty/worktrunk#3527, desktop/desktop#13665
. "${BASH_SOURCE%/*}/world"

repo $T/r; plan $T/r </dev/null; publish $T/r
git -C $T/r branch feat
run $T/r waves run
want "not merged, not a traceback" '[ $RC != 0 ] && ! grep -q Traceback $T/out'
want "it names the branch in the way" "grep -Eq \"refs/heads/feat'? exists|branch .?feat\\b|branch feat \" $T/out"
want "a person is asked or told (exit 10, 1 or 2, not 75)" '[ $RC != 75 ]'
run $T/r waves run
want "a second run says the same" '[ $RC != 0 ] && ! grep -q Traceback $T/out'
git -C $T/r branch -D feat >/dev/null
run $T/r waves run
want "after its removal the unit goes on by itself" 'merged_has $T/r greeting.txt'
repo $T/s; plan $T/s </dev/null; publish $T/s; git -C $T/s push -q origin main:refs/heads/feat
run $T/s waves run
want "on the remote: named too" "grep -Eq \"refs/heads/feat'? exists|branch feat\" $T/out"
want "on the remote: no traceback" '! grep -q Traceback $T/out'
finish

#!/usr/bin/env bash
# expected: a server that refuses refs/waves/* or the branch name: one line in the server's own words, exit for a person, nothing left half-made; receive.denyDeletes: cleanup says so and the unit counts as merged
# source: git-town/git-town#2709, github/platform-samples#108, langchain-ai/deepagents#5297 (servers that refuse branch names), GH013 rule violations
. "${BASH_SOURCE%/*}/world"

repo $T/r; plan $T/r </dev/null; publish $T/r
printf '#!/bin/sh\nwhile read o n r; do case $r in refs/heads/*) ;; *) echo "POLICY: only branches may be pushed, not $r"; exit 1;; esac; done\n' > $T/r-origin.git/hooks/pre-receive; chmod +x $T/r-origin.git/hooks/pre-receive
run $T/r waves doctor; cp $T/out $T/doctor
run $T/r waves run
want "the server's words are told" 'grep -q "POLICY: only branches" $T/out'
want "no branch is left on the remote" '! git -C $T/r-origin.git rev-parse -q --verify feat/greeting >/dev/null'
want "no agent was paid" '[ ! -e $T/r/.waves/first/greeting/runs ]'
want "told in at most 4 lines of one reason" '[ $(grep -c . $T/out) -le 8 ]'
repo $T/s; plan $T/s </dev/null; publish $T/s; git -C $T/s-origin.git config receive.denyDeletes true
run $T/s waves run
want "denyDeletes: merged" 'merged_has $T/s greeting.txt'
want "denyDeletes: the reason is told in git's words" 'grep -qiE "delet" $T/out'
run $T/s waves status
finish

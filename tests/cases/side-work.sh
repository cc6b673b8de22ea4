#!/usr/bin/env bash
# expected: what an agent leaves on a stash, a side branch or a tag of its run is named, so that nobody takes the unit for whole
# source: own idea (agents that stash or branch off and forget); no thread looked up
. "${BASH_SOURCE%/*}/world"

repo $T/r
cat > $T/r/impl.sh <<'A'
echo "the important half" > important.py; git add --all; git stash -q -m "later"
git checkout -q -b experiment; echo "the other half" > other.py; git add --all; git commit -q -m "feat: other half"; git checkout -q -
echo "Have a nice day." > greeting.txt; git add --all && git commit -q -m "feat: add a greeting"
A
plan $T/r </dev/null; publish $T/r
run $T/r waves run; cp $T/out $T/run; run $T/r waves status; cat $T/out >> $T/run
want "the stash is named" 'grep -qi stash $T/run'
want "the side branch is named" 'grep -qi experiment $T/run'
want "nothing is lost: both can be found with git" 'for w in important other; do f=0; for g in $T/r/.git $(find $T/r/.waves -type d -path "*runs/*/git" -prune 2>/dev/null); do git --git-dir=$g log --all --reflog --format=%H -- $w.py 2>/dev/null | grep -q . && f=1; git --git-dir=$g stash list 2>/dev/null | grep -q later && [ $w = important ] && f=1; done; [ $f = 1 ] || exit 1; done'
finish

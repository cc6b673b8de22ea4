#!/usr/bin/env bash
# expected: diff.context=0, diff.ignoreSubmodules=all, diff.noprefix, diff.mnemonicPrefix of the person do not take context, files or prefixes from what the reviewer is shown
# source: nilbuild/diffity#31, gitpython#2092, sublimehq/Packages#4173, gitextensions#4392 (diff.* settings of the person change what a tool sees)
. "${BASH_SOURCE%/*}/world"

for kv in diff.context=0 diff.ignoreSubmodules=all diff.noprefix=true diff.algorithm=patience; do git config --global "${kv%%=*}" "${kv#*=}"; done
git init -q --bare $T/lib.git; git clone -q $T/lib.git $T/lib 2>/dev/null; ( cd $T/lib && echo one > lib.txt && git add . && git commit -q -m lib && git push -q origin HEAD:main; echo two > lib.txt; git commit -qam two; git push -q origin HEAD:main )
repo $T/r; ( cd $T/r && git submodule --quiet add $T/lib.git lib && git -C lib checkout -q HEAD~1 ); for i in $(seq 20); do echo "context $i"; done > $T/r/code.txt
echo 'git -c diff.ignoreSubmodules=none update-index --cacheinfo 160000,'$(git -C $T/lib rev-parse HEAD)',lib; sed -i "s/context 10/changed 10/" code.txt; echo hi > greeting.txt; git add code.txt greeting.txt; git commit -q -m "feat: x"' > $T/r/impl.sh
plan $T/r </dev/null; publish $T/r
run $T/r waves run
p=$(ls -d $T/r/.waves/first/greeting/runs/reviewer-*-1/asked.md | tail -1)
git -c diff.ignoreSubmodules=none -c diff.context=3 -C $T/r-origin.git diff --stat main~1 main | sed 's/^/  merged: /'
sed -n '/^diff --git/,/^```/p' $p | head -30 | sed 's/^/  shown: /'
want "three lines of context" 'grep -q "^ context 9" $p'
want "the submodule's move is shown" 'grep -q "Subproject commit" $p'
want "prefixes a/ and b/" 'grep -q "^+++ b/code.txt" $p'
finish

#!/usr/bin/env bash
# expected: an agent commits inside a submodule and moves the pointer: the commit is not lost; nothing is merged that points to a commit nobody has, or the person is told and the worktree kept
# source: max-sixty/worktrunk#1194, GraphCode#226 ('no one --force loses submodule work'), agent-of-empires#3696 (deinit -f discards work), gitgitgadget/git#2112 (commits only in a worktree's own modules)
. "${BASH_SOURCE%/*}/world"

git init -q --bare $T/lib.git; git clone -q $T/lib.git $T/lib 2>/dev/null; ( cd $T/lib && echo one > lib.txt && git add . && git commit -q -m lib && git push -q origin HEAD:main )
repo $T/r; ( cd $T/r && git submodule --quiet add $T/lib.git vendor/lib )
cat > $T/r/impl.sh <<'A'
( cd vendor/lib && git checkout -q -b fix && echo "an afternoon of work" > fix.txt && git add . && git commit -q -m "fix: in the library" )
echo "Have a nice day." > greeting.txt; git add --all && git commit -q -m "feat: use the fixed library"
A
plan $T/r <<'P'
setup: {run: ["git -c protocol.file.allow=always submodule update --init"]}
P
sed -i 's|^local:.*|local: {checks: []}|' $T/r/plans/first.yaml; sed -i 's|^units:|policy: {no_checks: allow}\nunits:|; s|^local: {checks: \[\]}||' $T/r/plans/first.yaml; cat $T/r/plans/first.yaml >/dev/null; publish $T/r
run $T/r waves run
new=$(git -C $T/r-origin.git rev-parse main:vendor/lib); echo "  merged pointer: $new"
have=0; for g in $(find $T -type d \( -name lib -o -name '*.git' -o -name .git \) 2>/dev/null); do git --git-dir=$g cat-file -e $new 2>/dev/null && { echo "  held by $g"; have=1; }; done
git -C $T/lib.git cat-file -e $new 2>/dev/null && remote=1 || remote=0
want "the commit is still somewhere" '[ $have = 1 ]'
want "what was merged can be checked out, or a person was told" '[ $remote = 1 ] || grep -qi submodule $T/out'
finish

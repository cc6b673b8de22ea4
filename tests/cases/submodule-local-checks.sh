#!/usr/bin/env bash
# expected: the checks of the embedded forge see the submodule when setup.run fills it; without it the tool says that submodules are not filled
# source: loom#828 (tests fail in worktrees though they pass in main: submodule content missing)
. "${BASH_SOURCE%/*}/world"

mkdir $T/lib && ( cd $T/lib && git init -q && echo one > lib.txt && git add . && git commit -q -m lib )
repo $T/r; ( cd $T/r && git submodule --quiet add $T/lib vendor/lib )
plan $T/r <<'P'
setup: {run: ["git -c protocol.file.allow=always submodule update --init --recursive"]}
P
sed -i 's|checks: \["true"\]|checks: ["cat vendor/lib/lib.txt"]|' $T/r/plans/first.yaml; publish $T/r
run $T/r waves run
want "exit 0" '[ $RC = 0 ]'
run $T/r waves check
want "check passes" '[ $RC = 0 ]'
finish

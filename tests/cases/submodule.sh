#!/usr/bin/env bash
# expected: a repository with a submodule, filled by setup.run, is merged and its worktree removed
# source: pingdotgg/t3code#7672, agent-of-empires#932, loom#828; max-sixty/worktrunk#1194 (remove fails)
. "${BASH_SOURCE%/*}/world"

mkdir $T/lib && ( cd $T/lib && git init -q && echo one > lib.txt && git add . && git commit -q -m lib )
repo $T/r; ( cd $T/r && git submodule --quiet add $T/lib vendor/lib )
cat > $T/r/impl.sh <<'A'
[ -f vendor/lib/lib.txt ] || { echo "BLOCKED: the submodule is empty"; exit 0; }
cat vendor/lib/lib.txt > greeting.txt; git add --all && git commit -q -m "feat: add a greeting"
A
plan $T/r <<'P'
setup: {run: ["git -c protocol.file.allow=always submodule update --init --recursive"]}
P
publish $T/r
run $T/r waves run
want "exit 0" '[ $RC = 0 ]'
want "no worktree is left" '[ -z "$(ls $T/r/.worktrees 2>/dev/null)" ]'
want "the submodule is still the base's" '[ "$(git -C $T/r-origin.git rev-parse main:vendor/lib)" = "$(git -C $T/lib rev-parse HEAD)" ]'
finish

#!/usr/bin/env bash
# expected: run from the person's own linked worktree on another branch: the plan there is found or the answer is clear; no worktree is nested
# source: anthropics/claude-code#27134 (worktree of a worktree), loom
. "${BASH_SOURCE%/*}/world"

repo $T/r; publish $T/r; git -C $T/r worktree add -q -b planning $T/w ; mkdir -p $T/w/plans
plan $T/w </dev/null; ( cd $T/w && git add --all && git commit -q -m "chore: plan" && git push -q origin planning:main )
run $T/w waves check
run $T/w waves run
want "merged" 'merged_has $T/r greeting.txt'
want "own worktree clean" '[ -z "$(git -C $T/w status --porcelain)" ]'
want "main checkout clean" '[ -z "$(git -C $T/r status --porcelain)" ]'
mkdir -p $T/w/sub && run $T/w/sub waves status
want "from a subfolder" '[ $RC = 0 ]'
run $T/r waves status
finish

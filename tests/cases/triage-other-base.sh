#!/usr/bin/env bash
# expected: in a repository whose default branch is not main, 'waves triage' drafts a plan with that base (origin/HEAD says it), or has an option for it
# source: nikhilgarg28/delegate#4, the-agency-ai/the-agency#267, loom#3549, akashgit/remote-factory#269 (default branch is master/trunk/develop)
. "${BASH_SOURCE%/*}/world"

BASE=master; repo $T/r -b master; printf '# B\n\nDepends on #1: b.txt\n' > $T/r/issues/2-b.md; publish $T/r; git -C $T/r remote set-head origin -a >/dev/null
run $T/r waves triage 1 2 --batch draft
want "exit 0" '[ $RC = 0 ]'
want "a draft is there" '[ -f $T/r/plans/draft.yaml ]'
want "its base is master" 'grep -q "^base: master" $T/r/plans/draft.yaml 2>/dev/null'
run $T/r waves triage --help; want "or there is an option --base" '[ -f $T/r/plans/draft.yaml ] || grep -q -- --base $T/out'
finish

#!/usr/bin/env bash
# expected: the plain world is merged, exit 0
# source: none: control
. "${BASH_SOURCE%/*}/world"

repo $T/r; plan $T/r </dev/null; publish $T/r
run $T/r waves run
want "exit 0" '[ $RC = 0 ]'
want "merged" 'merged_has $T/r greeting.txt'
run $T/r waves audit
want "audit 0" '[ $RC = 0 ]'
finish

#!/usr/bin/env bash
# expected: a repository of object format sha256 goes through the whole loop, or is refused at the start with one clear line
# source: GitPython#1475, pvliesdonk/markdown-vault-mcp#1284, MongLong0214/commitlore#613 (git ids are not always 40 hex)
. "${BASH_SOURCE%/*}/world"

repo $T/r --object-format=sha256; plan $T/r </dev/null; publish $T/r
run $T/r waves doctor; run $T/r waves check
run $T/r waves run
want "merged, or refused by check/doctor" 'merged_has $T/r greeting.txt || [ $RC = 2 ]'
run $T/r waves status
finish

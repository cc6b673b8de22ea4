#!/usr/bin/env bash
# expected: a plan of 60 units is checked, shown and run; a second run says at once that nothing is to do
# source: own idea (size); no thread looked up
. "${BASH_SOURCE%/*}/world"

repo $T/r; rm $T/r/issues/*; for i in $(seq 60); do printf '# Add part %s\n\nThere must be a file part%s.txt.\n' $i $i > $T/r/issues/$i-part.md; done
{ printf 'batch: first\nforge: local\nconfirmed: {by: ana, on: 2026-11-20}\npolicy: {implementers: 8, reviewers: 8}\nlocal: {checks: ["true"]}\nagent: {kind: command, command: [sh, agent.sh]}\nunits:\n'; for i in $(seq 60); do echo "  - {unit: part$i, issues: [$i], type: feat}"; done; } > $T/r/plans/first.yaml
publish $T/r
LINES_SHOWN=2 run $T/r waves check; want "check" '[ $RC = 0 ]'
LIMIT=280 LINES_SHOWN=3 run $T/r waves run
want "exit 0" '[ $RC = 0 ]'
want "60 merged" '[ $(git -C $T/r-origin.git ls-tree --name-only main | grep -c "^part") = 60 ]'
for c in status run audit; do LINES_SHOWN=1 run $T/r waves $c; want "again, waves $c" '[ $RC = 0 ]'; done
finish

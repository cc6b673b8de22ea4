#!/usr/bin/env bash
# expected: a repository with thousands of files goes through the whole loop, four units at once
# source: h0x91b/dev-3.0#315, agent-deck#1708 (2.5 minutes per worktree), loom#3256, mozilla/wpt-sync#1 (large repositories)
. "${BASH_SOURCE%/*}/world"

repo $T/r; ( cd $T/r && python3 - <<'P'
import os
for d in range(int(os.environ.get("DIRS", 30))):
    os.makedirs(f"src/m{d}", exist_ok=True)
    for f in range(100):
        open(f"src/m{d}/f{f}.py", "w").write(f"def f_{d}_{f}():\n    return {d * f}\n" * 5)
P
for i in 2 3 4; do printf '# Add %s\n\nThere must be file %s.\n' $i $i > issues/$i-x.md; done )
plan $T/r </dev/null; sed -i 's|^units:|&\n  - {unit: b, issues: [2], type: feat}\n  - {unit: c, issues: [3], type: feat}\n  - {unit: d, issues: [4], type: feat}|' $T/r/plans/first.yaml; publish $T/r
LIMIT=280 run $T/r waves run
want "exit 0" '[ $RC = 0 ]'
for c in status check audit run; do LINES_SHOWN=1 run $T/r waves $c; want "waves $c" '[ $RC = 0 ]'; done
want "no worktree is left" '[ -z "$(ls $T/r/.worktrees 2>/dev/null)" ]'
finish

#!/usr/bin/env bash
# expected: an agent that dies with index.lock, HEAD.lock and a half rebase in its git directory does not wedge the unit: its commit is taken, the next cycle works
# source: anthony-chaudhary/fak#5294, BloopAI/vibe-kanban#1608, thefrederiksen/devthrottle#2872 (index.lock left by a killed or racing git)
. "${BASH_SOURCE%/*}/world"

repo $T/r
sed -i 's|^reviewer) .*|reviewer) if [ $WAVES_CYCLE = 0 ]; then echo "{\\"verdict\\": \\"blocking\\", \\"summary\\": \\"no\\", \\"blocking\\": [{\\"file\\": \\"greeting.txt\\", \\"line\\": 1, \\"issue\\": \\"i\\", \\"fix\\": \\"f\\", \\"priority\\": 1, \\"confidence\\": 1}], \\"should_fix\\": [], \\"nits\\": [], \\"scope_violations\\": []}" > "$WAVES_OUTPUT"; else echo "{\\"verdict\\": \\"approved\\", \\"summary\\": \\"ok\\", \\"blocking\\": [], \\"should_fix\\": [], \\"nits\\": [], \\"scope_violations\\": []}" > "$WAVES_OUTPUT"; fi ;;|' $T/r/agent.sh
cat > $T/r/impl.sh <<'A'
date +%N >> greeting.txt; git add --all && git commit -q -m "feat: x"; g=$(git rev-parse --git-dir); touch $g/index.lock $g/HEAD.lock $g/refs/heads/feat/greeting.lock 2>/dev/null; exit 0
A
plan $T/r </dev/null; publish $T/r
run $T/r waves run; want "exit 0 after a correction" '[ $RC = 0 ] && [ "$(git -C $T/r-origin.git show main:greeting.txt | wc -l)" = 2 ]'
want "no worktree is left" '[ -z "$(ls $T/r/.worktrees 2>/dev/null)" ]'
finish

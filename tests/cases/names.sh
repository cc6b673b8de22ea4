#!/usr/bin/env bash
# expected: paths with blanks, umlauts, quotes, newlines, bytes that are no UTF-8, a leading dash and ' b/' in them are reviewed, merged and cleaned up; the repository may lie at such a path
# source: OpenHands/software-agent-sdk#4321, cline/kanban#147, block/buzz#6309, wkentaro/git-hunk#10 (non-ASCII, quoted and escaped paths)
. "${BASH_SOURCE%/*}/world"

r="$T/a b/Größe: \"x\" 'y'/r"; mkdir -p "$(dirname "$r")"; repo "$r"
cat > "$r/impl.sh" <<'A'
printf x > "Beppo-Aufträge — 1.md"; printf x > "$(printf 'caf\351.txt')"; printf x > "$(printf 'two\nlines.txt')"; printf x > "a b/ c" 2>/dev/null || { mkdir -p 'a b'; printf x > 'a b/ c'; }; printf x > "-rf"; printf x > 'qu"ote\.txt'; printf x > $'tab\there'; printf x > ':(top)x'; printf x > '$(touch pwned)'
cp -- "-rf" greeting.txt; git add --all && git commit -q -m "feat: add names"
A
plan "$r" </dev/null; publish "$r"; ln -s "$r-origin.git" "$T/r-origin.git"
run "$r" waves run
want "exit 0" '[ $RC = 0 ]'
want "all nine names are in the base" '[ $(git -C $T/r-origin.git ls-tree -r -z --name-only main | tr -cd "\0" | wc -c) -ge 14 ]'
want "no worktree is left" '[ -z "$(ls "$r/.worktrees" 2>/dev/null)" ]'
for c in "status" "audit" "report -o page.html" "logs greeting" "explain greeting" "status --json" "graph first --format svg"; do LINES_SHOWN=1 run "$r" waves $c; want "waves $c" '[ $RC = 0 ] && ! grep -q Traceback $T/out'; done
finish

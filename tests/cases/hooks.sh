#!/usr/bin/env bash
# expected: hooks of the repository run for the agent as in a plain worktree (relative core.hooksPath, git-common-dir, GIT_DIR set); a hook that refuses is told in its own words
# source: discord/access#596, OffbandMesh/meshcore-firmware#639, baekenough/oh-my-customcode#544, PostHog/code#930 (husky/core.hooksPath in worktrees)
. "${BASH_SOURCE%/*}/world"

repo $T/r; mkdir $T/r/.husky
cat > $T/r/.husky/pre-commit <<'H'
#!/bin/sh
# what husky and lint-staged kinds do: look up places, format and add again
top=$(git rev-parse --show-toplevel) || exit 3; common=$(git rev-parse --git-common-dir) || exit 4
[ -f "$top/agent.sh" ] || exit 5
git diff --cached --name-only | grep -q greeting.txt && { echo "formatted" >> greeting.txt; git add greeting.txt; }
( cd issues && git -C "$top" status >/dev/null ) || exit 6
exit 0
H
printf '#!/bin/sh\ngrep -qE "^(feat|fix|chore)" "$1" || { echo "HOOK: not conventional" >&2; exit 1; }\n' > $T/r/.husky/commit-msg
chmod +x $T/r/.husky/*; plan $T/r </dev/null; publish $T/r; git -C $T/r config core.hooksPath .husky
run $T/r waves run
want "exit 0" '[ $RC = 0 ]'
want "the hook formatted" 'git -C $T/r-origin.git show main:greeting.txt | grep -q formatted'
repo $T/s; cp -r $T/r/.husky $T/s/; echo 'echo x > greeting.txt; git add --all; git commit -q -m "Greeting"' > $T/s/impl.sh; plan $T/s </dev/null; publish $T/s; git -C $T/s config core.hooksPath .husky
run $T/s waves run
want "a refusing hook: exit 10" '[ $RC = 10 ]'
want "in its own words" 'grep -q "not conventional" $T/out'
finish

#!/usr/bin/env bash
# expected: a plan lies at the top, local.issues points into a package, setup.copy and checks too; commands work from a package folder; a nested package with a dodo.py or plans/ of its own does not confuse
# source: jamesrochabrun/AgentHub#396, monorepo users of codex exec: plan and issues of one package
. "${BASH_SOURCE%/*}/world"

repo $T/r; mkdir -p $T/r/packages/api/docs/issues $T/r/packages/api/plans $T/r/packages/web; git -C $T/r mv -k issues/1-greet.md packages/api/docs/issues/ 2>/dev/null; mv $T/r/issues/1-greet.md $T/r/packages/api/docs/issues/ 2>/dev/null; rmdir $T/r/issues
echo "def task_x(): return {'actions': ['touch ran']}" > $T/r/packages/api/dodo.py; echo "SECRET_FILE=1" > $T/r/packages/api/.env; printf '.env\n' > $T/r/.gitignore
echo '[ -f packages/api/.env ] || echo "BLOCKED: no env"; cd packages/api && echo hi > ../../greeting.txt && git add --all ../.. && git commit -q -m "feat: x"' > $T/r/impl.sh
plan $T/r <<'P'
setup: {copy: [packages/api/.env], run: ["test -d packages/api"]}
P
sed -i 's|^local:.*|local: {issues: packages/api/docs/issues, checks: ["test -f packages/api/dodo.py"]}|' $T/r/plans/first.yaml; publish $T/r
mkdir -p $T/r/packages/api/plans
run $T/r/packages/api waves check; want "check from a package" '[ $RC = 0 ]'
run $T/r/packages/api waves run; want "run from a package" '[ $RC = 0 ] && merged_has $T/r greeting.txt'
want "the package's dodo.py was not run" '[ ! -e $T/r/packages/api/ran ] && [ ! -e $T/r/packages/api/.waves ]'
finish

#!/usr/bin/env bash
# expected: two plans with a unit of one name (same branch): check says so, or both are done one after the other; no branch is taken over
# source: own idea (a name used in two plans); kin: notdp/worktree.sh#3
. "${BASH_SOURCE%/*}/world"

repo $T/r; printf '# B\n\nb must be there.\n' > $T/r/issues/2-b.md; plan $T/r </dev/null
sed 's/^batch: first/batch: second/; s/issues: \[1\]/issues: [2]/' $T/r/plans/first.yaml > $T/r/plans/second.yaml
printf 'echo "$WAVES_UNIT $RANDOM" >> greeting.txt; date +%%N >> $WAVES_UNIT.$(basename $PWD); git add --all && git commit -q -m "feat: x"\n' > $T/r/impl.sh
publish $T/r
run $T/r waves check; cp $T/out $T/check
run $T/r waves run
want "the second waits or is merged; no raw git dump" '! grep -q "atomic transaction failed" $T/out'
want "check names it beforehand" 'grep -qiE "feat/greeting|same branch|same name|another plan|both plans" $T/check'
run $T/r waves run
want "in the end both are merged" '[ "$(git -C $T/r-origin.git log --format=%s main | grep -c "^feat")" = 2 ]'
finish

#!/usr/bin/env bash
# expected: a gitlink that no .gitmodules names is not merged silently: it is an item, a flag, or the run is void
# source: octos-org/octos#1422, DHI/mikeio#1065, hmislk/hmis#21476, objectstack-ai/objectstack#17472 (agent commits an embedded repository: gitlink without .gitmodules breaks every clone with submodules)
. "${BASH_SOURCE%/*}/world"

repo $T/r
cat > $T/r/impl.sh <<'A'
mkdir tool && ( cd tool && git init -q && echo "all the real work" > work.py && git add . && git commit -q -m tool )
echo "Have a nice day." > greeting.txt; git add --all 2>/dev/null; git commit -q -m "feat: add a greeting"
A
plan $T/r </dev/null; publish $T/r
run $T/r waves run
git -C $T/r-origin.git ls-tree -r main | grep 160000 | sed 's/^/  merged: /'
want "not merged silently" '! git -C $T/r-origin.git ls-tree -r main | grep -q 160000 || grep -qiE "submodule|gitlink|nested|embedded" $T/out'
git clone -q --recurse-submodules $T/r-origin.git $T/c > $T/clone 2>&1; echo "  clone --recurse-submodules: exit $?, $(tail -1 $T/clone)"
echo "  copies of work.py left anywhere: $(find $T -name work.py | wc -l); its commit: $(find $T -type d -name .git -path '*tool*' | wc -l) repositories"
want "work.py is in the base, or kept where the person is told" '[ -e $T/c/tool/work.py ] || grep -q tool $T/out'
finish

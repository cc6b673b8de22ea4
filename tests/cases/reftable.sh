#!/usr/bin/env bash
# expected: a repository with reftable refs goes through the loop, or is refused at the start with one clear line
# source: git-ai-project/git-ai#1991, facebook/sapling#1391, rust-lang/cargo#15184, gitstatus#455 (reftable: default of new repositories in newer git)
. "${BASH_SOURCE%/*}/world"

printf "%s\n" 2.45 "$(git --version | cut -d" " -f3)" | sort -V -C || { echo "SKIP: needs git 2.45 on the PATH, this is $(git --version)"; exit 0; }
git config --global init.defaultRefFormat reftable; export GIT_DEFAULT_REF_FORMAT=reftable
repo $T/r; plan $T/r </dev/null; publish $T/r; echo "  refs: $(git -C $T/r rev-parse --show-ref-format)"
run $T/r waves doctor; run $T/r waves check
LIMIT=60 run $T/r waves run
want "merged, or refused with exit 2" 'merged_has $T/r greeting.txt || [ $RC = 2 ]'
want "no traceback" '! grep -q Traceback $T/out'
finish

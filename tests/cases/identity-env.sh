#!/usr/bin/env bash
# expected: where git knows the person by GIT_AUTHOR_*/GIT_COMMITTER_* of the environment only (CI, containers), the agent can commit, or doctor/check/run say at once what is missing, before an agent is paid
# source: tale-project/tale#2586, macanderson/stella#2059, typeclaw/typeclaw#1365 (agent can't commit: identity unknown in a container)
. "${BASH_SOURCE%/*}/world"

rm -f $HOME/.gitconfig; git config --global init.defaultBranch main; git config --global user.useConfigOnly true
export GIT_AUTHOR_NAME=Ana GIT_AUTHOR_EMAIL=ana@example.org GIT_COMMITTER_NAME=Ana GIT_COMMITTER_EMAIL=ana@example.org
repo $T/r; plan $T/r </dev/null; publish $T/r
run $T/r waves doctor; cp $T/out $T/doctor
run $T/r waves run
want "merged, or refused before an agent was started" 'merged_has $T/r greeting.txt || [ ! -e $T/r/.waves/first/greeting/runs ]'
want "words about who commits" 'merged_has $T/r greeting.txt || sed "s#$T##g" $T/out | grep -qiE "user.name|user.email|identity"'
want "doctor foresaw it" 'merged_has $T/r greeting.txt || sed "s#$T##g" $T/doctor | grep -qiE "user.name|user.email|identity"'
finish

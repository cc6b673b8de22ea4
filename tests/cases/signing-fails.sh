#!/usr/bin/env bash
# expected: commit.gpgsign=true with a key that is not there: the agent can't commit; waves says so in git's own words, or doctor does, and does not pay for more than two runs
# source: openai/codex#6199, openai/codex#1281, marc0der/ralph#19, empathic/clash#255 (signing fails for the agent)
. "${BASH_SOURCE%/*}/world"

for kv in gpg.format=ssh user.signingkey=$HOME/nokey.pub commit.gpgsign=true; do git config --global "${kv%%=*}" "${kv#*=}"; done
repo $T/r; plan $T/r </dev/null
( cd $T/r && git add --all && git -c commit.gpgsign=false commit -q -m start && git clone -q --bare . $T/r-origin.git && git remote add origin $T/r-origin.git )
run $T/r waves doctor
cp $T/out $T/doctor
run $T/r waves run
want "exit 10: a person" '[ $RC = 10 ]'
want "the reason is about signing" 'grep -v "^#" $T/out | sed "s|$T||g" | grep -qiE "sign|nokey"'
want "two runs at most" '[ $(ls -d $T/r/.waves/first/greeting/runs/implementer-* | wc -l) -le 2 ]'
want "doctor foresaw it" 'grep -qiE "gpgsign|cannot sign|sign commits" $T/doctor'
finish

#!/usr/bin/env bash
# expected: a repository that git refuses for its owner is refused by waves too, with git's remedy (safe.directory); nothing that its .git/config names is run
# source: anthropics/claude-code-action#161, microsoft/vscode#336048, actions/checkout#1048 (dubious ownership; git's own guard against a stranger's .git/config)
. "${BASH_SOURCE%/*}/world"

[ "$(id -u)" = 0 ] || { echo "SKIP: only root can give a folder away"; exit 0; }
unset SUDO_UID; repo $T/r; plan $T/r </dev/null; publish $T/r
git -C $T/r config remote.origin.uploadpack "touch $T/RAN; git-upload-pack"; chown -R 4242 $T/r
( cd $T/r && git status >/dev/null 2>$T/git; echo "  git status: exit $?, $(head -1 $T/git)" )
[ -e $T/RAN ] && rm $T/RAN
for c in status check doctor run; do run $T/r waves $c; want "$c: refused, with safe.directory in the words" '[ $RC != 0 ] && grep -q safe.directory $T/out'; want "$c: the stranger's uploadpack was not run" '[ ! -e $T/RAN ]'; rm -f $T/RAN; done
finish

#!/usr/bin/env bash
# expected: core.autocrlf=true, eol=crlf, working-tree-encoding and ident do not make files look changed; the diff is as small as the change; nothing is left uncommitted
# source: Kpa-clawbot/CoreScope#299, Martian-Engineering/lossless-claw#933, microsoft/autogen#2920 (CRLF: whole files look changed), DCPUToolchain#23
. "${BASH_SOURCE%/*}/world"

git config --global core.autocrlf true
repo $T/r; for i in $(seq 40); do printf 'line %s\n' $i; done > $T/r/code.txt
printf '*.sh text eol=lf\n*.yaml text eol=lf\n*.bat text eol=crlf\n*.utf text working-tree-encoding=UTF-16LE-BOM eol=crlf\n*.id ident\n*.raw -text\n' > $T/r/.gitattributes
printf 'echo hi\r\n' > $T/r/run.bat; printf 'a\r\nb\r\n' | iconv -t UTF-16LE > $T/r/x.utf; printf '$Id$\n' > $T/r/y.id; printf 'mixed\r\nlines\n' > $T/r/z.raw
printf 'was committed with\r\nCRLF inside\r\n' > $T/r/legacy.c
( cd $T/r && git add --all && git -c core.autocrlf=false rm -q --cached legacy.c && git -c core.autocrlf=false add legacy.c ) 2>/dev/null
cat > $T/r/impl.sh <<'A'
sed -i 's/line 7/line seven/' code.txt; printf 'echo bye\r\n' >> run.bat; echo '$Id$ more' >> y.id; sed -i 's/mixed/mixed up/' z.raw
echo "Have a nice day." > greeting.txt; git add --all 2>/dev/null && git commit -q -m "feat: add a greeting"
A
plan $T/r </dev/null; ( cd $T/r && git add --all 2>/dev/null; git commit -q -m start && git clone -q --bare . $T/r-origin.git && git remote add origin $T/r-origin.git )
run $T/r waves run; want "exit 0" '[ $RC = 0 ]'; want "merged" 'merged_has $T/r greeting.txt'
git -C $T/r-origin.git diff --numstat main~1 main | sed 's/^/  /'
want "code.txt: one line" '[ "$(git -C $T/r-origin.git diff --numstat main~1 main -- code.txt | cut -f1)" = 1 ]'
want "nothing said about uncommitted files" '! grep -q uncommitted $T/out'
want "no worktree is left" '[ -z "$(ls $T/r/.worktrees 2>/dev/null)" ]'
finish

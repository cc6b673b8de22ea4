#!/usr/bin/env bash
# expected: waves init leaves an own dodo.py alone and says so; waves run works beside it, whatever doit.cfg and pyproject say
# source: pydoit/doit#373, #410, #464 (pyproject and doit.cfg settings of a project that uses doit itself)
. "${BASH_SOURCE%/*}/world"

repo $T/r; plan $T/r </dev/null
printf 'DOIT_CONFIG = {"default_tasks": ["mine"], "reporter": "zero", "num_process": 4}\ndef task_mine():\n    return {"actions": ["touch mine.out"]}\n' > $T/r/dodo.py
printf '[GLOBAL]\nnum_process = 3\npar_type = process\nreporter = json\nbackend = sqlite3\nverbosity = 0\ndep_file = .own.db\n[list]\nstatus = True\n' > $T/r/doit.cfg
printf '[tool.doit]\nnum_process = 3\npar_type = "process"\nreporter = "json"\ndep_file = ".own.db"\nfailure_verbosity = 0\n[tool.doit.plugins.reporter]\njson = "nowhere:Nothing"\n' > $T/r/pyproject.toml
echo '.own.db*
mine.out' > $T/r/.gitignore
publish $T/r
run $T/r waves init
want "init left dodo.py alone" '[ -z "$(git -C $T/r status --porcelain dodo.py)" ]'
want "and says that it is not Waves own" 'grep -q dodo.py $T/out'
run $T/r waves run
want "exit 0" '[ $RC = 0 ]'; want "merged" 'merged_has $T/r greeting.txt'
want "the own task was not run, no database left" '[ ! -e $T/r/mine.out ] && [ ! -e $T/r/.own.db ]'
want "nothing is changed in the checkout" '[ -z "$(git -C $T/r status --porcelain)" ]'
finish

"""`waves run`: the same doit graph with exit codes that say whose turn it is; it adds nothing to what doit does."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from waves import tasks
from waves.batch import turns, unplanned, workspace
from waves.batch.workspace import Planned
from waves.foundation.errors import UsageError
from waves.report import again

DONE, FAILED, USAGE, PERSON, AGENTS, INTERRUPTED = 0, 1, 2, 10, 75, 130
WORST_LAST = (DONE, AGENTS, PERSON, FAILED, USAGE)
HELD = {"person": PERSON, "plan": USAGE, "doit": AGENTS, "broken": FAILED}


def run(top: Path, names: Sequence[str], *, uncommitted: bool, threads: int | None, once: bool) -> int:
    """Advance the plans named, or all; with `once`, without waiting for agents or checks. The design's exit code."""
    from doit.cmd_base import ModuleTaskLoader
    from doit.doit_cmd import DoitMain

    planned = list(workspace.plans(top, names, uncommitted=uncommitted, once=once))
    if not planned:
        left = (one.line for one in unplanned.unplanned(top, ()))
        raise UsageError("\n".join(["there is no plan in plans/; write one, or run `waves init` first", *left]))
    arguments = ["-n", str(threads)] if threads else []
    # The person's doit configuration is for the person's own tasks.
    main = DoitMain(ModuleTaskLoader(tasks.namespace(planned)), config_filenames=())
    try:
        code = main.run(["run", *arguments])
    except KeyboardInterrupt:
        return INTERRUPTED  # the reporter has said what becomes of the agents
    if code == 3:
        return FAILED
    if once and (line := again.look_again(planned, time.time())):
        print(line)
    sys.stdout.flush()
    return max((exit_code(one) for one in planned), key=WORST_LAST.index)


def exit_code(planned: Planned) -> int:
    """What the units of a batch wait for, as one number: a failure before a person, a person before agents."""
    if planned.fault:
        return USAGE
    if planned.held:
        return HELD[planned.held.turn]
    states = {planned.batch.outcome(unit.name).state for unit in planned.plan.units}
    turn = {turns.turn_of(planned, unit).who for unit in planned.plan.units}
    if "broken" in states:
        return FAILED
    if turns.PERSON in turn:
        return PERSON
    return AGENTS if turn & {turns.DOIT, turns.UNIT, turns.AGENT} else DONE

"""`waves run`: the same doit graph with exit codes that say whose turn it is; it adds nothing to what doit does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from waves import tasks, workspace
from waves.errors import UsageError
from waves.workspace import Planned

DONE, FAILED, PERSON, AGENTS = 0, 1, 10, 75


def run(top: Path, names: Sequence[str], *, uncommitted: bool, threads: int | None) -> int:
    """Advance the plans named, or all; the exit code of the design."""
    from doit.cmd_base import ModuleTaskLoader
    from doit.doit_cmd import DoitMain

    planned = list(workspace.plans(top, names, uncommitted=uncommitted))
    if not planned:
        raise UsageError("there is no plan in plans/; write one, or run `waves init` first")
    arguments = ["-n", str(threads)] if threads else []
    # The person's doit configuration is for the person's own tasks.
    main = DoitMain(ModuleTaskLoader(tasks.namespace(planned)), config_filenames=())
    code = main.run(["run", *arguments])
    if code == 3:
        return FAILED
    sys.stdout.flush()
    return max((exit_code(one) for one in planned), key=[DONE, AGENTS, PERSON, FAILED].index)


def exit_code(planned: Planned) -> int:
    """What the units of a batch wait for, as one number: a failure before a person, a person before agents."""
    if planned.fault or planned.held:
        return FAILED if planned.fault else PERSON
    states = {planned.batch.outcome(unit.name).state for unit in planned.plan.units}
    if "broken" in states:
        return FAILED
    if states & {"escalated", "closed"}:
        return PERSON
    if "waiting" in states:
        return PERSON if _asks_person(planned) else AGENTS
    return AGENTS if "going" in states else DONE


def _asks_person(planned: Planned) -> bool:
    return any(planned.batch.outcome(unit.name).rule for unit in planned.plan.units)

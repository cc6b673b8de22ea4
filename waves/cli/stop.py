"""`waves stop`: ends the agent runs of a unit and all their children; what they committed stays where it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from waves.agents import run
from waves.batch.workspace import Planned
from waves.foundation.errors import UsageError
from waves.plan.faults import did_you_mean
from waves.plan.model import WRITERS


def stop(top: Path, plans: Sequence[Planned], name: str) -> Iterator[str]:
    """One line for each run that was ended, of the unit `name` (or `batch/unit`), or of all where that is empty.

    It goes by what is on disk: a plan that has a fault, or is gone, leaves nobody running.
    """
    checkouts = {top, *(one.checkout for one in plans if one.reachable)}
    folders = sorted(path for checkout in checkouts for path in (checkout / ".waves").glob("*/*/runs"))
    units = [f"{path.parents[1].name}/{path.parent.name}" for path in folders]
    planned = [unit.name for one in plans if not one.fault for unit in one.plan.units]
    known = {*units, *(unit.partition("/")[2] for unit in units), *planned}
    batches = {one.name for one in plans}
    if name and name not in known and name.rpartition("/")[2] not in planned:
        raise UsageError(f"no unit is called {name!r}{did_you_mean(name, known - batches)}")
    stopped = False
    for folder, unit in zip(folders, units, strict=True):
        for directory in sorted(folder.iterdir()) if name in ("", unit, unit.partition("/")[2]) else ():
            if run.state(directory) in run.GOING:
                run.stop(directory)
                stopped = True
                then = "goes on from what it committed" if directory.name.partition("-")[0] in WRITERS else "asks anew"
                yield f"{unit}: stopped {directory.name}; the next `doit` {then}"
    if not stopped:
        yield "no agent is running"

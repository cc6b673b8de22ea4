"""`waves stop`: ends the agent runs of a unit and all their children; what they committed stays where it is."""

from __future__ import annotations

from collections.abc import Iterator

from waves.agents import run
from waves.agents.run import State
from waves.plan.model import Unit
from waves.workspace import Planned


def stop(planned: Planned, unit: Unit) -> Iterator[str]:
    """One line for each run that was ended."""
    runs = planned.batch.folder / unit.name / "runs"
    for directory in sorted(runs.glob("*")) if runs.is_dir() else ():
        if run.state(directory) in (State.STARTING, State.RUNNING):
            run.stop(directory)
            yield f"{planned.name}/{unit.name}: stopped {directory.name}; `doit` goes on from what it committed"

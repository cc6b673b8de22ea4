"""Reads what a batch has done so far, from its records and run directories; it writes nothing and asks nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from waves import agents
from waves.agents import run as runs
from waves.batch.batch import Batch
from waves.foundation.records import UnitFolder, read_json
from waves.report.timeline import STEPS, Bar, Run, bars, in_turn, usual

RUN = re.compile(r"(?P<role>[a-z]+)-(?P<label>\w+)-[0-9]+")
LIVE = (runs.State.STARTING, runs.State.RUNNING)


def runs_of(folder: Path) -> tuple[Run, ...]:
    """The agent runs of a unit's folder that have begun, oldest first; `ended` is None for those that go on."""
    found = [run for directory in _directories(folder / "runs") if (run := _run(directory))]
    return tuple(sorted(found, key=lambda one: one.started))


def _directories(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _run(directory: Path) -> Run | None:
    name = RUN.fullmatch(directory.name)
    if name is None or name["role"] not in STEPS:
        return None
    ended = read_json(directory / "exit.json") or {}
    begun = ended.get("started") or (read_json(directory / "started.json") or {}).get("time")
    if not isinstance(begun, float):
        return None
    kind = STEPS[name["role"]]
    step = kind if kind == "implement" else f"{kind}@{name['label']}"
    progress = agents.progress_of(directory) or agents.Progress()
    end = ended.get("ended")
    if not isinstance(end, float) and runs.state(directory) not in LIVE:
        end = progress.last_activity or begun  # it died, and nobody knows when
    return Run(directory.name, name["role"], step, begun, end, progress.tokens, progress.last_command or "")


def of_units(batch: Batch) -> dict[str, tuple[Run, ...]]:
    """The runs of every unit of the plan."""
    return {name: runs_of(folder.path) for name, folder in batch.units.items()}


def bars_of(batch: Batch, found: Mapping[str, tuple[Run, ...]], now: float) -> tuple[Bar, ...]:
    """Everything that the plan's units have done."""
    several = (bars(name, folder.records, found[name], now) for name, folder in batch.units.items())
    return in_turn([bar for one in several for bar in one])


def usual_times(checkout: Path) -> dict[str, float]:
    """Kind of step to its median seconds, over all units of all batches that this repository has records of."""
    return usual(_all_bars(checkout))


def _all_bars(checkout: Path) -> Iterator[Bar]:
    for folder in (checkout / ".waves").glob("*/*/records"):
        unit = UnitFolder(folder.parent)
        yield from bars(unit.path.name, unit.records, runs_of(unit.path), now=0.0)

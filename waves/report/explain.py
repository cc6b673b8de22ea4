"""`waves explain`: why a step would run or not, in the words of the verdict itself; it decides nothing anew."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from waves.batch.workspace import Planned
from waves.foundation.errors import UsageError
from waves.lifecycle import DONE, Verdict
from waves.plan.faults import did_you_mean
from waves.plan.model import Unit

STEP = re.compile(r"(?P<kind>[a-z]+):(?P<unit>[^@]+)(?:@(?P<at>\w+))?")
FOLDED = 3  # so many steps in a row of which the same is said become one line


def parse_name(name: str) -> tuple[str, str]:
    """(unit, step) of `review:auth/claim-verdicts@1`, or (unit, '') of a unit's name."""
    found = STEP.fullmatch(name)
    if found is None:
        return name, ""
    at = found["at"]
    return found["unit"], found["kind"] + (f"@{at}" if at else "")


def rows(planned: Planned, unit: Unit, step: str) -> list[dict[str, Any]]:
    """The verdict on the step, or on every step of the unit; raises UsageError for a step that is not there."""
    verdicts = planned.batch.survey(unit)
    if step and step not in verdicts:
        advice = did_you_mean(step, verdicts) or f"; `waves explain {unit.name}` lists them"
        raise UsageError(f"{unit.name} has no step {step!r}{advice}")
    if planned.batch.settled(unit.name):
        verdicts = verdicts | {"settled": Verdict(DONE, ("the unit is merged",))}
    chosen = {step: verdicts[step]} if step else verdicts
    return [
        {"step": _full(planned, unit, name), "verdict": verdict.kind, "reasons": list(verdict.reasons)}
        for name, verdict in chosen.items()
    ]


def _full(planned: Planned, unit: Unit, step: str) -> str:
    kind, _, at = step.partition("@")
    return f"{kind}:{planned.name}/{unit.name}" + (f"@{at}" if at else "")


def lines(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A line a step; many in a row of which the same is said are one."""
    for said, group in groupby(found, key=_said):
        names = [row["step"] for row in group]
        if len(names) >= FOLDED:
            names = [f"{names[0]} to {names[-1]} ({len(names)} steps)"]
        yield from (f"{name}: {said}" for name in names)


def _said(row: dict[str, Any]) -> str:
    reasons = "; ".join(row["reasons"])
    return str(row["verdict"]) + (f" ({reasons})" if reasons else "")

"""`waves explain`: why a step would run or not, in the words of the verdict itself; it decides nothing anew."""

from __future__ import annotations

import re
from typing import Any

from waves.errors import UsageError
from waves.plan.faults import did_you_mean
from waves.plan.model import Unit
from waves.workspace import Planned

STEP = re.compile(r"(?P<kind>[a-z]+):(?P<unit>[^@]+)(?:@(?P<at>\w+))?")


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
        raise UsageError(f"{unit.name} has no step {step!r}{did_you_mean(step, verdicts)}")
    chosen = {step: verdicts[step]} if step else verdicts
    return [
        {"step": _full(planned, unit, name), "verdict": verdict.kind, "reasons": list(verdict.reasons)}
        for name, verdict in chosen.items()
    ]


def _full(planned: Planned, unit: Unit, step: str) -> str:
    kind, _, at = step.partition("@")
    return f"{kind}:{planned.name}/{unit.name}" + (f"@{at}" if at else "")


def line(row: dict[str, Any]) -> str:
    reasons = "; ".join(row["reasons"])
    return f"{row['step']}: {row['verdict']}" + (f" ({reasons})" if reasons else "")

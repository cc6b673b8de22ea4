"""Says when batches are worth another look, for whoever wakes up instead of waiting; it reads and changes nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waves.batch import turns
from waves.foundation.records import Json, read_json
from waves.report.status import unit_status

if TYPE_CHECKING:
    from waves.batch.workspace import Planned
    from waves.plan.model import Unit

AGENT, CHECKS, ANOTHER, TROUBLE = "at work", "checks", "another doit", "trouble"
# Seconds until another look can be worth it: an agent takes minutes, and whatever is in trouble is not to be pressed.
PAUSES = {AGENT: 60.0, CHECKS: 60.0, ANOTHER: 60.0, TROUBLE: 300.0}
WORDS = {AGENT: "agents at work", CHECKS: "checks going on", ANOTHER: "in other hands", TROUBLE: "to be tried again"}


@dataclass(frozen=True, slots=True)
class Wait:
    """One unit that goes on without a person. `until`: not before this, in seconds since 1970, where that is known."""

    for_what: str
    until: float | None = None


def look_again(plans: Sequence[Planned], now: float) -> str:
    """One line with one time for all plans; empty where time alone changes nothing."""
    return words([wait for planned in plans if planned.reachable for wait in _waits(planned)], now)


def words(waits: Sequence[Wait], now: float) -> str:
    if not waits:
        return ""
    at = min(max(now + PAUSES[one.for_what], one.until or 0.0) for one in waits)
    day = "" if time.localtime(at)[:3] == time.localtime(now)[:3] else "%Y-%m-%d "
    counts = Counter(one.for_what for one in waits)
    about = ", ".join(f"{WORDS[what]}: {counts[what]}" for what in PAUSES if counts[what])
    return f"look again at {time.strftime(f'{day}%H:%M:%S', time.localtime(at))}, or when `waves wait` ends ({about})"


def _waits(planned: Planned) -> Iterator[Wait]:
    if planned.held:
        if planned.held.turn == "doit":
            yield Wait(ANOTHER)
        return
    for unit in planned.plan.units:
        status = unit_status(planned, unit)
        if status.turn == turns.AGENT:
            yield Wait(AGENT)
        elif status.turn == turns.DOIT:
            limit = usage_limit(planned, unit)
            at_checks = status.state == "waiting" and status.step.startswith("checks@")
            yield Wait(CHECKS if at_checks else TROUBLE, limit.get("until") if limit else None)


def usage_limit(planned: Planned, unit: Unit) -> Json | None:
    """What was judged of the unit's newest run, if a usage limit ended that."""
    judged = planned.batch.folder.joinpath(unit.name).glob("runs/*/judged.json")
    newest = max(judged, key=lambda path: path.stat().st_mtime, default=None)
    value = read_json(newest) if newest else None
    return value if value and value.get("failure") == "usage-limit" else None

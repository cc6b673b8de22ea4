"""A batch in a few lines: what is merged, what is left, whose turn it is; it reads outcomes and changes nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from waves.errors import WavesError

if TYPE_CHECKING:
    from waves.steps.batch import Outcome
    from waves.workspace import Planned

# What each outcome asks of whom; in the order in which a person wants to read them.
STATES = {
    "broken": "the next doit tries again",
    "escalated": "a person must rule",
    "waiting": "waits",
    "closed": "closed by a person",
    "going": "not at its end yet",
    "dropped": "dropped by a ruling",
    "merged": "merged",
}


def summary(planned: Planned) -> str:
    """One line for the batch, and one for each unit that is not merged."""
    if reason := planned.held:
        return reason
    if planned.fault:
        return str(planned.fault)
    try:
        outcomes = {unit.name: planned.batch.outcome(unit.name) for unit in planned.plan.units}
    except WavesError as error:
        return f"{planned.name}: {error}"
    counts = Counter(outcome.state for outcome in outcomes.values())
    said = [f"{counts[state]} {state}" for state in reversed(STATES) if counts[state]]
    if planned.plan.skip:
        said.append(f"{len(planned.plan.skip)} skipped")
    lines = [f"{planned.name}: {', '.join(said)}" + _where_next(planned.name, counts)]
    left = ((name, one) for name, one in outcomes.items() if one.state != "merged" or one.reason)
    lines += [_unit_line(name, one) for name, one in sorted(left, key=lambda pair: list(STATES).index(pair[1].state))]
    return "\n".join(lines)


def _unit_line(name: str, outcome: Outcome) -> str:
    rule = f"\n      {outcome.rule}" if outcome.rule else ""
    return f"  {name}: {outcome.state}" + (f": {outcome.reason}" if outcome.reason else "") + rule


def _where_next(name: str, counts: Counter[str]) -> str:
    if set(counts) <= {"merged"}:
        return "; `waves audit` has the proof"
    return f"; `waves status {name}` shows the steps"

"""A batch in a few lines: what is merged, what is left, whose turn it is; it reads outcomes and changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from waves.batch.turns import Asked, turn_of
from waves.foundation.errors import WavesError

if TYPE_CHECKING:
    from waves.batch.workspace import Planned
    from waves.plan.model import Unit

# In the order in which a person wants to read them.
STATES = ("broken", "escalated", "waiting", "closed", "going", "dropped", "merged")


def summary(planned: Planned) -> str:
    """One line for the batch, one for each unit that is not merged, and the commands that a person can give."""
    if planned.held:
        return planned.held.reason
    if planned.fault:
        return str(planned.fault)
    try:
        states = {unit.name: planned.batch.outcome(unit.name).state for unit in planned.plan.units}
        left = [unit for unit in planned.plan.units if states[unit.name] != "merged" or turn_of(planned, unit).reason]
        left.sort(key=lambda unit: STATES.index(states[unit.name]))
        lines = [_counted(planned, Counter(states.values()), left), *planned.changed_entries()]
        return "\n".join([*lines, *(line for unit in left for line in _unit_lines(planned, unit))])
    except WavesError as error:
        return f"{planned.name}: {error}"


def _counted(planned: Planned, counts: Counter[str], left: Sequence[Unit]) -> str:
    said = [f"{counts[state]} {state}" for state in reversed(STATES) if counts[state]]
    if planned.plan.skip:
        said.append(f"{len(planned.plan.skip)} skipped")
    next_look = "`waves audit` has the proof"
    if len(left) > counts["dropped"]:
        next_look = f"`waves status {planned.name}` shows the steps"
    return f"{planned.name}: {', '.join(said)}; {next_look}"


def _unit_lines(planned: Planned, unit: Unit) -> Iterator[str]:
    outcome, turn = planned.batch.outcome(unit.name), turn_of(planned, unit)
    reason = turn.reason or outcome.reason
    yield f"  {unit.name}: {outcome.state}" + (f": {reason}" if reason else "")
    for asked in turn.asked:
        yield from asked_lines(asked)


def asked_lines(asked: Asked) -> Iterator[str]:
    """What a person is asked, and the command that can be copied; behind `#` is what a shell does not read."""
    if asked.about:
        yield f"      {asked.about}"
    yield f"      {asked.command}" + (f"  # or {', '.join(asked.others)}" if asked.others else "")

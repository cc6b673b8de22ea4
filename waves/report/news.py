"""What has come of a batch that its people want to be told, each cause with a key of its own; it tells nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from waves.batch import turns
from waves.foundation.records import digest
from waves.report.again import usage_limit
from waves.steps.texts import News

if TYPE_CHECKING:
    from waves.batch.workspace import Planned
    from waves.plan.model import Unit


def news_of(planned: Planned) -> dict[str, News]:
    """Key to news, as things are now: the same cause has the same key in every process."""
    wanted = planned.plan.notify.on if planned.plan.notify else ()
    found = [*_of_units(planned), *_of_limit(planned), *_of_batch(planned)]
    return {digest([news.kind, *cause]): news for news, cause in found if not wanted or news.kind in wanted}


Caused = tuple[News, list[object]]


def _of_units(planned: Planned) -> Iterator[Caused]:
    for unit in planned.plan.units:
        outcome, turn = planned.batch.outcome(unit.name), turns.turn_of(planned, unit)
        if turn.who == turns.PERSON:
            kind = "escalated" if outcome.state in ("escalated", "closed") else "ruling"
            reason = f"{outcome.state} at {outcome.at}: {turn.reason}"
            # Who has ruled since, and is asked the same again, is told again.
            cause = [unit.name, outcome.at, turn.reason, len(planned.batch.facts(unit).rulings)]
            yield News(kind, unit.name, reason, tuple(one.command for one in turn.asked)), cause


def _of_limit(planned: Planned) -> Iterator[Caused]:
    """One for the whole batch: a usage limit is the account's."""
    limits = {unit.name: found for unit in _waiting(planned) if (found := usage_limit(planned, unit))}
    if limits:
        latest = max(limits.values(), key=lambda one: (one.get("until") or 0.0, one["fault"]))
        yield News("limit", ", ".join(limits), str(latest["fault"])), [latest.get("until"), latest["fault"]]


def _waiting(planned: Planned) -> Iterator[Unit]:
    return (unit for unit in planned.plan.units if planned.batch.outcome(unit.name).state == "waiting")


def _of_batch(planned: Planned) -> Iterator[Caused]:
    outcomes = {unit.name: planned.batch.outcome(unit.name) for unit in planned.plan.units}
    states = {name: one.state for name, one in outcomes.items()}
    merged = sum(state == "merged" for state in states.values())
    if {*states.values()} <= {"merged", "dropped"} and not any(one.at for one in outcomes.values()):
        yield News("done", f"{merged} of {len(states)} units are merged; `waves audit` has the proof"), [states]
    elif "broken" in states.values() and all(_stuck(planned, unit) for unit in planned.plan.units):
        reasons = {name: one.reason for name, one in outcomes.items() if one.state == "broken"}
        name, reason = next(iter(reasons.items()))
        yield News("failed", f"{len(reasons)} of {len(states)} units", f"{name}: {reason}"), [reasons]


def _stuck(planned: Planned, unit: Unit) -> bool:
    """Nothing will come of the unit by itself: it is at its end, failed, or comes after one that did."""
    broken = planned.batch.outcome(unit.name).state == "broken"
    return broken or turns.turn_of(planned, unit).who in (turns.NOBODY, turns.UNIT)

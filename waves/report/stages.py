"""A unit's steps as a person follows them: what is done, stale, next or waiting, and why; it decides nothing anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from waves.foundation.records import Record
from waves.lifecycle import DONE, HELD, NOT_NEEDED, RUN, WAITS, Step, Verdict, predecessors
from waves.report.timeline import Bar

STALE, NEXT, GOING = "stale", "next", "going"
UNSEEN = ("settled",)
FIRST_LANDING = Step("land", "0")


@dataclass(frozen=True, slots=True)
class Shown:
    """`state`: done | stale (done once, to be done again) | next | going | waits | held; `seconds` None: not done."""

    step: str
    state: str
    why: str = ""
    seconds: float | None = None


def stages(
    verdicts: Mapping[str, Verdict], records: Mapping[str, Record], bars: Sequence[Bar]
) -> tuple[tuple[Shown, ...], ...]:
    """The steps on a unit's way in order; those of one stage go side by side, such as checks and review.

    What is not needed is left out, and of what waits everything beyond the cycle that the unit is in.
    """
    steps = [_step(name) for name, verdict in verdicts.items() if _is_shown(name, verdict, records)]
    now = next((one.at for one in steps if verdicts[one.name].kind != DONE), "")
    near = tuple(
        one for one in steps if verdicts[one.name].kind != WAITS or one.at in (now, "") or one == FIRST_LANDING
    )
    spent = {bar.step: bar.spent for bar in bars}
    going = {bar.step for bar in bars if bar.going}
    found: list[list[Shown]] = []
    before: tuple[str, ...] = ()
    led_to = predecessors(near)
    for step in near:
        verdict = verdicts[step.name]
        state = GOING if step.name in going else _state(verdict, step.name in records)
        shown = Shown(step.name, state, verdict.reason, spent.get(step.name))
        if found and step.kind == "review" and led_to[step.name] == before:
            found[-1].append(shown)
        else:
            found.append([shown])
            before = led_to[step.name]
    return tuple(tuple(one) for one in found)


def _step(name: str) -> Step:
    kind, _, at = name.partition("@")
    return Step(kind, at)


def _is_shown(name: str, verdict: Verdict, records: Mapping[str, Record]) -> bool:
    return name not in UNSEEN and (verdict.kind != NOT_NEEDED or name in records)


def _state(verdict: Verdict, made: bool) -> str:
    if verdict.kind == RUN:
        return STALE if made else NEXT
    return verdict.kind if verdict.kind in (HELD, WAITS) else "done"


def to_do(found: Sequence[Sequence[Shown]]) -> tuple[Shown, ...]:
    """The steps of which a person wants to know why: all that are neither done nor only wait for another step."""
    return tuple(one for stage in found for one in stage if one.state in (STALE, NEXT, GOING, HELD))

"""Blocks until something changed about batches, by looking at few files now and then; it changes nothing itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from waves.batch.workspace import Planned
from waves.foundation.locks import is_held
from waves.report import questions

PAUSE = 0.5  # seconds between two looks
ANY, ALL, RULING = "any", "all", "ruling"
NOTHING = "nothing is under way; `waves run --once` does what can be done, `waves ask` says what waits for a person"


@dataclass(frozen=True, slots=True)
class View:
    """What a look saw, cheap enough to be taken twice a second."""

    going: frozenset[str] = frozenset()  # agent runs, as `batch/unit run`
    over: frozenset[str] = frozenset()  # runs that ended and that no doit has taken in yet
    at_work: frozenset[str] = frozenset()  # batches that a doit has in hand
    written: Mapping[str, int] | None = None  # plans and outcomes to the time when they were written

    @property
    def idle(self) -> bool:
        return not (self.going or self.at_work)


def changes(before: View, now: View) -> Iterator[str]:
    """What is different, a line each; that something began is no news."""
    yield from (f"{one} ended" for one in sorted((before.going - now.going) | (now.over - before.over)))
    old, new = before.written or {}, now.written or {}
    yield from (f"{name} changed" for name in sorted(new) if new[name] != old.get(name))
    yield from (f"the doit at work on {one} ended" for one in sorted(before.at_work - now.at_work))


def wait(read: Callable[[], Sequence[Planned]], what: str, timeout: float | None) -> tuple[list[str], bool]:
    """Lines that say what happened, and whether it did before `timeout` (seconds) was over; `read` reads the plans."""
    end = None if timeout is None else time.monotonic() + timeout
    plans = read()
    before = now = look(plans)
    if what == ANY and before.over and not before.at_work:
        return list(changes(View(written=before.written), before)), True
    asked = _asked(plans) if what == RULING else []
    while not asked and not now.idle:
        if end is not None and time.monotonic() >= end:
            return [f"nothing of that kind yet, and {timeout:g} s are over; at work: {_at_work(now)}"], False
        time.sleep(PAUSE)  # a poll: what is waited for are other processes' files, on any file system
        now, last = look(plans), now
        if what == ANY and (found := list(changes(before, now))):
            return found, True
        if what == RULING and list(changes(last, now)):
            asked = _asked(read())
    return asked or [*changes(before, now)] or [NOTHING], True


def _at_work(view: View) -> str:
    return ", ".join([*sorted(view.going), *(f"a doit on {one}" for one in sorted(view.at_work))])


def look(plans: Sequence[Planned]) -> View:
    """What is under way now; a unit that is merged and cleaned up costs nothing."""
    from waves.agents import run

    going: set[str] = set()
    over: set[str] = set()
    at_work: set[str] = set()
    written: dict[str, int] = {}
    for planned in plans:
        written[planned.shown] = _time_of(planned.path)
        if not planned.reachable:
            continue
        batch = planned.batch
        if is_held(batch.lock):
            at_work.add(planned.name)
        for unit in planned.plan.units:
            if not batch.settled(unit.name):
                name, folder = f"{planned.name}/{unit.name}", batch.folder / unit.name
                written[name] = _time_of(folder / "outcome.json")
                for path, state in run.unjudged(folder / "runs").items():
                    if state not in run.NOT_BEGUN:
                        (going if state in run.GOING else over).add(f"{name} {path.name}")
    return View(frozenset(going), frozenset(over), frozenset(at_work), written)


def _time_of(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _asked(plans: Sequence[Planned]) -> list[str]:
    found = [question for planned in plans if not planned.fault for question in questions.questions(planned)]
    return [line for question in found for line in questions.lines(question)]

"""When each step and each agent run was at work, and what held up the end: pure, it reads no file and no clock."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from waves.foundation.records import Record

# What a run of each role is for; a run directory is called ROLE-CYCLE-ATTEMPT.
STEPS = {"implementer": "implement", "reviewer": "review", "corrector": "correct", "arbiter": "decide"}
POOLS = {"implement": "writers", "correct": "writers", "review": "readers", "decide": "readers"}
SLACK = 0.05  # seconds: what lies between the end of a step and the beginning of the next that waited for it
QUEUED = 0.5  # seconds before an agent begins; more than its preparation takes, so it waited for a place
LONGEST_PAUSE = 0.08  # of the time at work; where nothing at all went on for longer, the axis is cut
CUT_TO = 0.015


@dataclass(frozen=True, slots=True)
class Run:
    """One agent run; times are seconds since 1970, `ended` None while it goes on."""

    name: str  # its directory
    role: str
    step: str
    started: float
    ended: float | None = None
    tokens: int | None = None  # None: this kind of agent does not say
    command: str = ""  # the last one of its agent


@dataclass(frozen=True, slots=True)
class Bar:
    """A step of a unit from its beginning to its end; `work` is when its agents were at work meanwhile.

    Of a landing it is the time when the turn was its own.
    """

    unit: str
    step: str
    started: float
    ended: float
    work: tuple[tuple[float, float], ...] = ()
    going: bool = False  # `ended` is now

    @property
    def kind(self) -> str:
        return self.step.partition("@")[0]

    @property
    def begun(self) -> float:
        """When it had what it needed: an agent may have waited for a place before."""
        return self.work[0][0] if self.work else self.started

    @property
    def spent(self) -> float:
        """Seconds at work: of its agents, where it has any."""
        return sum(end - start for start, end in self.work) if self.work else self.ended - self.started


@dataclass(frozen=True, slots=True)
class Link:
    """A step on the critical path, and since when it was what the end waited for.

    `why`: what it waited for before; empty: for the step before it in its own unit.
    `waited`: seconds in which nothing was done between the two.
    """

    bar: Bar
    since: float
    why: str = ""
    waited: float = 0.0


def bars(unit: str, records: Mapping[str, Record], runs: Sequence[Run], now: float) -> tuple[Bar, ...]:
    """The bars of one unit, oldest first: one for each record, and one for each run that led to no record."""
    left = defaultdict(list)
    for run in runs:
        left[run.step].append(run)
    found = []
    for record in records.values():
        own = [run for run in left[record.step] if _is_of(run, record)]
        left[record.step] = [run for run in left[record.step] if run not in own]
        work = _work(own, now)
        started = min([record.started, *(start for start, _ in work)])
        found.append(Bar(unit, record.step, started, max(record.ended, started), work))
    for run in (one for several in left.values() for one in several):
        work = _work([run], now)
        found.append(Bar(unit, run.step, *work[0], work, going=run.ended is None))
    return tuple(sorted(found, key=lambda one: (one.started, one.ended)))


def in_turn(found: Sequence[Bar]) -> tuple[Bar, ...]:
    """The bars of all units, each landing at work only since the one before it had ended: they go one at a time."""
    ends = sorted(bar.ended for bar in found if bar.kind == "land")

    def own(bar: Bar) -> Bar:
        last = bisect_left(ends, bar.ended) - 1
        return replace(bar, work=((max(bar.started, ends[last] if last >= 0 else bar.started), bar.ended),))

    return tuple(own(bar) if bar.kind == "land" else bar for bar in found)


def _is_of(run: Run, record: Record) -> bool:
    """A run that went on while the step did, or that the step took up though it had ended before."""
    overlaps = run.started <= record.ended and (run.ended or record.ended + 1) >= record.started
    return run.name == record.result.get("run") or (run.ended is not None and overlaps)


def _work(runs: Iterable[Run], now: float) -> tuple[tuple[float, float], ...]:
    ends = ((run.started, now if run.ended is None else run.ended) for run in runs)
    return tuple(sorted((start, max(start, end)) for start, end in ends))


def usual(found: Iterable[Bar]) -> dict[str, float]:
    """Kind of step to the median of the seconds that it took, of those that have ended."""
    spent = defaultdict(list)
    for bar in found:
        if not bar.going:
            spent[bar.kind].append(bar.spent)
    return {kind: statistics.median(seconds) for kind, seconds in spent.items()}


# ---- the critical path


def critical_path(
    found: Sequence[Bar], after: Mapping[str, Sequence[str]], order: Sequence[str] = ()
) -> tuple[Link, ...]:
    """From the first step to the last that ended, each with the one that it waited for last.

    `after` is unit to the units in its `after`, `order` the merge order.
    """
    if not found:
        return ()
    before = {unit: order[:place] for place, unit in enumerate(order)}
    path: list[Link] = []
    bar: Bar | None = max(found, key=lambda one: one.ended)
    seen = set()
    while bar is not None and bar not in seen:
        seen.add(bar)
        causes = [one for one in _causes(bar, found, after, before) if one[1] not in seen]
        moment, cause, why = max(causes, key=lambda one: one[0], default=(bar.started, None, ""))
        path.append(Link(bar, moment, why, max(0.0, bar.started - moment)))
        bar = cause
    return tuple(reversed(path))


Cause = tuple[float, Bar, str]  # when it let go, what it was, and how to say it


def _causes(
    bar: Bar, found: Sequence[Bar], after: Mapping[str, Sequence[str]], before: Mapping[str, Sequence[str]]
) -> Iterator[Cause]:
    for other in found:
        if other.unit == bar.unit:
            if other.ended <= bar.started + SLACK and other is not bar:
                yield other.ended, other, ""
        elif bar.kind == "land" and other.kind == "land":
            if other.ended == bar.begun:
                yield other.ended, other, f"its turn came after {other.unit}"
            elif other.unit in before.get(bar.unit, ()) and other.ended <= bar.started + SLACK:
                yield other.ended, other, f"lands after {other.unit}"
        elif bar.kind == "issue" and other.unit in after.get(bar.unit, ()) and other.ended <= bar.started + SLACK:
            yield other.ended, other, f"after {other.unit}"
        elif bar.begun - bar.started > QUEUED and POOLS.get(bar.kind) == POOLS.get(other.kind):
            yield from ((end, other, f"got the place of {other.unit}") for _, end in other.work
                        if bar.started < end <= bar.begun)  # fmt: skip


# ---- the axis


@dataclass(frozen=True, slots=True)
class Axis:
    """Where a moment stands, in percent; pauses of everybody, such as a night, are cut short.

    `marks` are pairs of a moment and its percent: between two of them the axis is even.
    """

    marks: tuple[tuple[float, float], ...]
    cuts: tuple[tuple[float, float], ...] = ()  # percent of each cut's middle, and the seconds that it left out

    def at(self, moment: float) -> float:
        for (left, at_left), (right, at_right) in pairwise(self.marks):
            if moment <= right:
                share = (moment - left) / (right - left) if right > left else 0.0
                return at_left + max(0.0, share) * (at_right - at_left)
        return 100.0

    @property
    def start(self) -> float:
        return self.marks[0][0]

    def ticks(self, most: int = 6) -> Iterator[tuple[float, float]]:
        """Round moments, as seconds since the start, with their percent; those inside or near a cut are left out."""
        total = self.marks[-1][0] - self.start - sum(seconds for _, seconds in self.cuts)
        step = next((one for one in ROUND if total / one <= most), ROUND[-1] * -(-total // (ROUND[-1] * most)))
        shown = -100.0
        for number in self._whole(step):
            at = self.at(self.start + number * step)
            if at - shown >= 60 / most and all(abs(at - cut) > 4 for cut, _ in self.cuts):
                shown = at
                yield number * step, at

    def _whole(self, step: float) -> Iterator[int]:
        """Steps after the start, outside of the cuts: one may hold billions, where a clock was wrong."""
        for (began, left), (ended, right) in pairwise(self.marks):
            if not any(left < cut < right for cut, _ in self.cuts):
                yield from range(math.ceil((began - self.start) / step), int((ended - self.start) // step) + 1)


ROUND = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)


def axis(found: Sequence[Bar]) -> Axis:
    """The axis of all these bars; of none, one that has no length."""
    busy = _merged(found)
    if not busy:
        return Axis(((0.0, 0.0),))
    total = sum(end - start for start, end in busy) or 1.0
    pauses = [right[0] - left[1] for left, right in pairwise(busy)]
    shown = [CUT_TO * total if pause > LONGEST_PAUSE * total else pause for pause in pauses]
    scale = 100 / ((total + sum(shown)) or 1.0)
    marks, cuts, at = [(busy[0][0], 0.0)], [], 0.0
    for (start, end), pause, short in zip(busy, [*pauses, 0.0], [*shown, 0.0], strict=True):
        at += (end - start) * scale
        marks.append((end, at))
        if short < pause:
            cuts.append((at + short * scale / 2, pause))
        at += short * scale
        marks.append((end + pause, at))
    return Axis(tuple(marks), tuple(cuts))


def _merged(found: Sequence[Bar]) -> list[tuple[float, float]]:
    """The times in which anything at all went on, in order and apart."""
    times: list[tuple[float, float]] = []
    for bar in sorted(found, key=lambda one: one.started):
        if times and bar.started <= times[-1][1]:
            times[-1] = times[-1][0], max(times[-1][1], bar.ended)
        else:
            times.append((bar.started, bar.ended))
    return times


def round_words(seconds: float) -> str:
    """A round time of the axis: `30 s`, `5 min`, `1 h 30 min`, `2 d`."""
    parts, left = [], round(seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts) or "start"


def clock(seconds: float) -> str:
    """`0:43`, `12:05`, `2:10:00`: for a column."""
    minutes, left = divmod(int(seconds), 60)
    return f"{minutes}:{left:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{left:02}"


def in_words(seconds: float) -> str:
    """`0.4 s`, `43 s`, `3 min 05 s`, `2 h 10 min`, `3 d 4 h`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(seconds / 60)
    return (
        f"{minutes // 60} h {minutes % 60:02} min"
        if minutes < 1440
        else f"{minutes // 1440} d {minutes % 1440 // 60} h"
    )

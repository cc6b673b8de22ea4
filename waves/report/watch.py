"""What `waves status --watch` shows: a line a unit, and below them the chosen one; it knows no terminal and no key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waves.batch import turns
from waves.foundation.text import plain
from waves.report import history
from waves.report.status import STYLES, UnitStatus
from waves.report.table import Column, cells, cut, lay_out
from waves.report.timeline import clock
from waves.report.words import asked_lines

if TYPE_CHECKING:
    from waves.batch.workspace import Planned

# Who waits for the person at the screen comes first, who needs nothing any more last.
FIRST = (turns.PERSON, turns.AGENT, turns.DOIT, turns.UNIT, turns.NOBODY)
SLOW = 1.5  # times the usual
KEYS = "↑↓ choose  l log  d diff  p pull request  r rule  t retry  s stop  q quit"
COLUMNS = (
    Column("unit"), Column("state", 3), Column("step"), Column("time", 2, right=True), Column("tokens", 5, right=True),
    Column("checks", 6), Column("pull", 7, right=True), Column("waits for", 1), Column("last command", 4),
)  # fmt: skip
LONGEST_DETAIL = 6  # lines about the unit that is chosen


@dataclass(frozen=True, slots=True)
class Row:
    """One unit. `seconds`: of the agent run that goes on, else since its last step was done; None: it is at its end."""

    name: str  # as a command takes it
    status: UnitStatus
    seconds: float | None = None
    usual: float | None = None  # seconds that its step takes in this repository, where a run goes on and that is known
    tokens: int = 0
    command: str = ""  # the last one of its agent

    @property
    def is_slow(self) -> bool:
        return self.seconds is not None and self.usual is not None and self.seconds > SLOW * self.usual


def row_of(planned: Planned, status: UnitStatus, usual: Mapping[str, float], now: float) -> Row:
    """A unit's line; `now` is seconds since 1970."""
    name, folder = turns.reference(planned, status.unit), planned.batch.units[status.unit]
    runs = history.runs_of(folder.path)
    tokens = sum(run.tokens or 0 for run in runs)
    if status.turn == turns.NOBODY:
        return Row(name, status, tokens=tokens)
    going = next((run for run in runs if run.name == status.running), None)
    if going is None:
        ends = [record.ended for record in folder.records.values()]
        return Row(name, status, max(0.0, now - max(ends)) if ends else None, tokens=tokens)
    kind = going.step.partition("@")[0]
    return Row(name, status, max(0.0, now - going.started), usual.get(kind), tokens, going.command)


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Whose turn is a person's first; else as the plan has them."""
    return sorted(rows, key=lambda row: FIRST.index(row.status.turn))


Line = tuple[str, str]  # text, and its style as a terminal's SGR numbers


@dataclass(frozen=True, slots=True)
class View:
    """What the person at the screen has chosen, and was told last."""

    chosen: str = ""
    message: str = ""

    def name(self, rows: Sequence[Row]) -> str:
        """The unit that is chosen, to be found again wherever it stands next."""
        return rows[self.place(rows)].name if rows else ""

    def moved(self, rows: Sequence[Row], by: int) -> View:
        """The view with another unit chosen, `by` lines further; at both ends it stays."""
        place = min(max(self.place(rows) + by, 0), len(rows) - 1)
        return View(rows[place].name if rows else "")

    def place(self, rows: Sequence[Row]) -> int:
        """Where the chosen unit is now; the first where it is gone."""
        return next((number for number, row in enumerate(rows) if row.name == self.chosen), 0)


def screen(heads: Sequence[str], rows: Sequence[Row], view: View, width: int, height: int) -> list[Line]:
    """At most `height` lines of at most `width` cells: batches, the units around the chosen one, and its reasons."""
    place = view.place(rows)
    below = [*_details(rows[place])][:LONGEST_DETAIL] if rows else []
    below = ["", *below, *([view.message] if view.message else []), KEYS]
    above = [(cut(head, width), "1") for head in heads][: max(1, height // 4)]
    room = max(1, height - len(above) - len(below) - 1)
    first = min(max(0, place - room // 2), max(0, len(rows) - room))
    names, *lines = lay_out(COLUMNS, [_cells(row) for row in rows], width)
    cuts = [cut(line, width) for line in lines]
    cuts[place : place + 1] = [line + " " * (width - cells(line)) for line in cuts[place : place + 1]]
    shown = [(line, _style(row, row is rows[place])) for line, row in zip(cuts, rows, strict=True)]
    table = [*above, (cut(names, width), "2"), *shown[first : first + room]]
    blank = [("", "")] * (height - len(table) - len(below))
    footer = [(cut(one, width), "2" if one == KEYS else "") for one in below]
    return [*table, *blank, *footer][-height:]


def _cells(row: Row) -> tuple[str, ...]:
    one = row.status
    time = "" if row.seconds is None else clock(row.seconds)
    if row.usual is not None:
        time += f" of {clock(row.usual)}" + (" slow" if row.is_slow else "")
    pull = f"#{one.pull_request}" if one.pull_request else ""
    waits = "" if one.state == "merged" else one.waits_for
    return (row.name, one.state, one.step, time, f"{row.tokens:,}" if row.tokens else "", one.checks, pull, waits,
            " ".join(plain(row.command).split()))  # fmt: skip


def _style(row: Row, chosen: bool) -> str:
    return "7" if chosen else STYLES.get(row.status.state, "")


def _details(row: Row) -> Iterator[str]:
    one = row.status
    said = f"{row.name}: {one.state}" + (f" at {one.step}" if one.step else "")
    yield " ".join(plain(said + (f": {one.reason}" if one.reason else "")).split())
    for asked in one.asked:
        yield from asked_lines(asked)
    yield from (" ".join(plain(f"flag: {flag}").split()) for flag in one.flags)

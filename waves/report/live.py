"""Tells a person at the terminal, or a pipe, how a `doit` goes; it shows what steps say and decides nothing."""

from __future__ import annotations

import functools
import os
import re
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from waves.batch import unplanned, workspace
from waves.report.words import summary

if TYPE_CHECKING:
    from types import TracebackType

    from rich.live import Live

    from waves.batch.workspace import Planned

# Said of what stays true when the unit goes on: these lines stay on the screen.
LASTING = ("merged as ", "flag: ", "restored: ", "escalated: ", "broken: ", "closed: ")
# Steps that only look: a row for them would flicker.
UNSEEN = ("issue", "settled", "audit", "batch")
NO_PLAN = "there is no plan in plans/; docs/plan.md says what goes into one, `waves check` what stands against it"
INTERRUPTED = "interrupted: agents that run go on, the next `doit` takes up what they did; `waves stop` ends them"


class Session(Protocol):
    planned: Sequence[Planned]
    running: bool


class Lines:
    """Plain lines, one for each thing said: for pipes, logs and CI."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._writing = stream, threading.Lock()

    def say(self, batch: str, unit: str, step: str, text: str) -> None:
        if text != "done":
            self.write(f"{time.strftime('%H:%M:%S')} {_named(batch, unit)} {step}: {text}")

    def write(self, text: str) -> None:
        with self._writing:
            self._stream.write(text + "\n")
            self._stream.flush()

    def began(self, unit: str, step: str) -> None:
        pass

    def ended(self, unit: str, step: str) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass
class Row:
    """One unit at work: its steps with the time when each began, and what was said last."""

    steps: dict[str, float] = field(default_factory=dict)
    text: str = ""


class Board:
    """What a screen shows of the units at work; it knows no screen."""

    def __init__(self, units: int, merged: int) -> None:
        self._units, self._merged, self._start = units, merged, time.monotonic()
        self._rows: dict[str, Row] = {}

    def began(self, unit: str, step: str) -> None:
        row = self._rows.setdefault(unit, Row())
        row.steps[step] = time.monotonic()
        row.text = ""

    def ended(self, unit: str, step: str) -> None:
        row = self._rows.get(unit, Row())
        row.steps.pop(step, None)
        if not row.steps:
            self._rows.pop(unit, None)

    def said(self, unit: str, text: str) -> None:
        if text.startswith("merged as "):
            self._merged += 1
        if unit in self._rows:
            self._rows[unit].text = "" if text == "done" else re.sub("^runs(?:: (.*))?$", _at_work, text)

    def rows(self, most: int) -> list[tuple[str, str, str, str]]:
        """Unit, steps, what was said last and seconds, those that began last at the bottom, and `most` of them."""
        now = time.monotonic()
        begun = sorted(self._rows.items(), key=lambda pair: (min(pair[1].steps.values()), pair[0]))
        return [
            (unit, " ".join(row.steps), row.text, f"{now - min(row.steps.values()):.0f} s")
            for unit, row in begun[-most:]
        ]

    def footer(self, shown: int) -> str:
        hidden = f", {len(self._rows) - shown} of them not shown" if len(self._rows) > shown else ""
        passed = int(time.monotonic() - self._start)
        clock = f"{passed // 60}:{passed % 60:02}"
        return f"{self._merged} of {self._units} merged, {len(self._rows)} at work{hidden}, {clock}"


def _at_work(runs: re.Match[str]) -> str:
    return f"at work ({runs[1]})" if runs[1] else "at work"


class InPlace:
    """The board at the bottom of a terminal, and above it the lines that stay.

    `_noting` guards the board alone and is held for moments: the thread that draws asks for it with the screen's own
    lock in hand, so nothing here may hold it while it calls the screen.
    """

    def __init__(self, stream: Any, board: Board) -> None:
        from rich.console import Console

        self._console = Console(file=stream, emoji=False, markup=False, highlight=False)
        self._board, self._noting = board, threading.Lock()
        self._live: Live | None = None
        self._opening = threading.Lock()
        self._closed = False

    def say(self, batch: str, unit: str, step: str, text: str) -> None:
        with self._noting:
            self._board.said(f"{batch}/{unit}", text)
        if text.startswith(LASTING) and step != "settled":  # which says again what another step said
            self.write(f"{_named(batch, unit)} {step}: {text}")

    def began(self, unit: str, step: str) -> None:
        with self._noting:
            self._board.began(unit, step)
        self._open()

    def ended(self, unit: str, step: str) -> None:
        with self._noting:
            self._board.ended(unit, step)

    def write(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)

    def _open(self) -> None:
        with self._opening:
            if self._live is None and not self._closed:
                from rich.live import Live

                self._live = Live(
                    console=self._console, get_renderable=self._table, refresh_per_second=4, transient=True
                )
                self._live.start()

    def close(self) -> None:
        with self._opening:
            self._closed = True
            if self._live is not None:
                self._live.stop()
                self._live = None

    def _table(self) -> Any:
        from rich.table import Table
        from rich.text import Text

        # A terminal cannot change what has scrolled away.
        room = max(3, self._console.height - 3)
        with self._noting:
            rows = self._board.rows(room)
            footer = self._board.footer(len(rows))
        # What a terminal prints for ^C must not wrap: the place of the board would be lost.
        width = max(20, self._console.width - 4)
        table = Table(box=None, show_header=False, pad_edge=False, width=width, caption=Text(footer, "dim"),
                      caption_justify="left")  # fmt: skip
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, style="cyan")
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column(no_wrap=True, justify="right", style="dim")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        return table


class Reporter:
    """doit's reporter for one session: shows what steps say, then what became of each batch."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._errors: list[str] = []

    def initialize(self, _tasks: object, _selected: object) -> None:
        # Not the standard output of now: doit swaps that while it runs actions.
        stream = sys.__stdout__ or sys.stdout
        terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._shown = InPlace(stream, self._board()) if terminal else Lines(stream)
        self._session.running = True
        sys.excepthook = functools.partial(_quiet_interrupt, sys.excepthook)
        for planned in self._session.planned:
            planned.listen(functools.partial(self._shown.say, planned.name))

    def _board(self) -> Board:
        units = [(one, unit) for one in self._session.planned if not one.fault for unit in one.plan.units]
        return Board(len(units), sum(one.reachable and bool(one.batch.settled(unit.name)) for one, unit in units))

    def execute_task(self, task: Any) -> None:
        if seen := _unit_and_step(task):
            self._shown.began(*seen)

    def add_success(self, task: Any) -> None:
        if seen := _unit_and_step(task):
            self._shown.ended(*seen)

    def add_failure(self, task: Any, fail: Any) -> None:
        self.add_success(task)
        # The last task of a batch fails when something is left; the summary says it better.
        if not task.name.startswith("batch:"):
            self._errors.append(f"{task.name}: {fail.get_msg()}")

    def runtime_error(self, message: str) -> None:
        self._errors.append(message)

    def cleanup_error(self, exception: Any) -> None:
        self._errors.append(exception.get_msg())

    def complete_run(self) -> None:
        self._shown.close()
        if isinstance(sys.exc_info()[1], KeyboardInterrupt):
            self._shown.write(INTERRUPTED)
            return
        planned = self._session.planned
        top = planned[0].top if planned else workspace.top_folder(Path.cwd())
        left = (one.line for one in unplanned.of_batches(top, planned))
        for text in (*self._errors, *(summary(one) for one in planned), *([] if planned else [NO_PLAN]), *left):
            self._shown.write(text)

    def unheard(self, _task: object) -> None:
        """What doit says about a task that no person wants to read."""

    get_status = skip_uptodate = skip_ignore = teardown_task = unheard


def _named(batch: str, unit: str) -> str:
    return f"{batch}/{unit}" if unit else batch


def _unit_and_step(task: Any) -> tuple[str, str] | None:
    """(batch/unit, step) of the task `review:auth/form-typos@1`; None where a screen has no row for it."""
    kind, _, rest = task.name.partition(":")
    unit, _, at = rest.partition("@")
    return None if kind in UNSEEN or "/" not in unit else (unit, f"{kind}@{at}" if at else kind)


def _quiet_interrupt(before: Any, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Let ^C end `doit` without a traceback: everything has been said."""
    if not issubclass(kind, KeyboardInterrupt):
        before(kind, error, trace)

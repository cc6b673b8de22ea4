"""Tells a person at the terminal, or a pipe, how a `doit` goes; it shows what steps say and decides nothing."""

from __future__ import annotations

import functools
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from waves.report.words import summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.live import Live

    from waves.workspace import Planned

QUIET = frozenset({"done"})  # said for the live line only


class Session(Protocol):
    planned: Sequence[Planned]
    running: bool


class Lines:
    """Plain lines, one for each thing said: for pipes, logs and CI."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._writing = stream, threading.Lock()

    def say(self, batch: str, unit: str, step: str, text: str) -> None:
        if text not in QUIET:
            self.write(f"{time.strftime('%H:%M:%S')} {batch}/{unit} {step}: {text}")

    def write(self, text: str) -> None:
        with self._writing:
            self._stream.write(text + "\n")
            self._stream.flush()

    def end(self) -> None:
        pass


class InPlace:
    """One line a unit that changes in place, on a terminal."""

    def __init__(self, stream: Any) -> None:
        from rich.console import Console

        self._console = Console(file=stream, emoji=False, markup=False, highlight=False)
        self._rows: dict[str, tuple[str, str, float]] = {}
        self._writing = threading.Lock()
        self._live: Live | None = None

    def _new_live(self) -> Live:
        from rich.live import Live

        return Live(console=self._console, get_renderable=self._table, refresh_per_second=4)

    def say(self, batch: str, unit: str, step: str, text: str) -> None:
        with self._writing:
            self._rows[f"{batch}/{unit}"] = (step, text, time.monotonic())
            if self._live is None:
                self._live = self._new_live()
                self._live.start()

    def write(self, text: str) -> None:
        self._console.print(text)

    def end(self) -> None:
        with self._writing:
            if self._live is not None:
                self._live.stop()
                self._live = None

    def _table(self) -> Any:
        from rich.table import Table
        from rich.text import Text

        with self._writing:
            rows = list(self._rows.items())
        table = Table(box=None, show_header=False, pad_edge=False, expand=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, style="cyan")
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column(no_wrap=True, justify="right", style="dim")
        # The latest at the bottom, and no more than fit: a terminal cannot change what has scrolled away.
        for unit, (step, text, since) in sorted(rows, key=lambda row: row[1][2])[-max(3, self._console.height - 2) :]:
            table.add_row(Text(unit), Text(step), Text(text), Text(f"{time.monotonic() - since:.0f} s"))
        return table


class Reporter:
    """doit's reporter for one session: shows what steps say, then what became of each batch."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._errors: list[str] = []

    def initialize(self, _tasks: object, _selected: object) -> None:
        # Not the standard output of now: doit swaps that while it runs actions.
        stream = sys.__stdout__ or sys.stdout
        self._shown = InPlace(stream) if stream.isatty() and os.environ.get("TERM") != "dumb" else Lines(stream)
        self._session.running = True
        for planned in self._session.planned:
            planned.listen(functools.partial(self._shown.say, planned.name))

    def add_failure(self, task: Any, fail: Any) -> None:
        # The last task of a batch fails when something is left; the summary says it better.
        if not task.name.startswith("batch:"):
            self._errors.append(f"{task.name}: {fail.get_msg()}")

    def runtime_error(self, message: str) -> None:
        self._errors.append(message)

    def cleanup_error(self, exception: Any) -> None:
        self._errors.append(exception.get_msg())

    def complete_run(self) -> None:
        self._shown.end()
        for text in (*self._errors, *(summary(planned) for planned in self._session.planned)):
            self._shown.write(text)

    def unheard(self, _task: object) -> None:
        """What doit says about a task that no person wants to read."""

    get_status = execute_task = add_success = skip_uptodate = skip_ignore = teardown_task = unheard

"""`waves status --watch`: the units on a terminal, and keys that do what other commands do; it decides nothing."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click

from waves import git
from waves.batch import workspace
from waves.batch.turns import Asked
from waves.batch.workspace import Planned
from waves.cli import rule, stop
from waves.cli.ask import LATER
from waves.foundation.errors import UsageError, WavesError
from waves.foundation.records import read_text
from waves.foundation.text import plain
from waves.plan.model import Unit
from waves.report import history, logs, watch
from waves.report.status import batch_status, heading
from waves.report.watch import Row, View
from waves.steps import artifact

EVERY = 1.0  # seconds between two looks; longer where a look takes long
SHARE = 10  # a look may take a tenth of the time
STYLES = {
    "": "", "1": "bold", "2": "dim", "7": "reverse", "1;31": "bold red", "31": "red", "32": "green", "33": "yellow",
    "36": "cyan",
}  # fmt: skip
QUIT = ("q", "\x04")
KEY = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z~]|O.)?|.", re.DOTALL)
MOVES = {"\x1b[A": -1, "\x1bOA": -1, "k": -1, "\x1b[B": 1, "\x1bOB": 1, "j": 1, "\x1b[5~": -10, "\x1b[6~": 10}


class Watch:
    """One person at one terminal."""

    def __init__(self, top: Path, names: Sequence[str]) -> None:
        self._top, self._names = top, names
        self._view = View()
        self._usual: dict[Path, dict[str, float]] = {}
        self._plans: list[Planned] = []
        self._heads: list[str] = []
        self._rows: list[Row] = []

    def run(self) -> None:
        """Until the person leaves."""
        while (key := self._until_key()) not in QUIT:
            try:
                said = self._act(key)
            except click.exceptions.Abort:
                said = "nothing was changed"
            except WavesError as error:
                said = str(error).partition("\n")[0]
            self._view = View(self._view.name(self._rows), plain(said))

    # ---- what is there

    def _look(self) -> None:
        """Read everything anew: another process writes it."""
        self._plans = list(workspace.plans(self._top, self._names))
        self._heads = []
        rows: list[Row] = []
        for planned in self._plans:
            if planned.fault:
                self._heads.append(plain(str(planned.fault).partition("\n")[0]))
                continue
            status = batch_status(planned)
            self._heads.append(heading(status))
            if planned.checkout not in self._usual:
                self._usual[planned.checkout] = history.usual_times(planned.checkout)
            usual = self._usual[planned.checkout]
            rows += [watch.row_of(planned, unit, usual, time.time()) for unit in status.units]
        self._rows = watch.in_order(rows)

    @property
    def _chosen(self) -> tuple[Row, Planned, Unit]:
        row = self._rows[self._view.place(self._rows)]
        batch, _, name = row.name.rpartition("/")
        sound = [one for one in self._plans if not one.fault and batch in ("", one.name)]
        return next((row, one, unit) for one in sound for unit in one.plan.units if unit.name == name)

    # ---- the screen

    def _until_key(self) -> str:
        """Keep the screen up to date until a key is pressed that does not only move."""
        from rich.console import Console

        console = Console(highlight=False, markup=False, emoji=False)
        with _keys() as read, console.screen() as shown:
            while True:
                began = time.monotonic()
                self._look()
                self._draw(console, shown)
                pause = max(EVERY, SHARE * (time.monotonic() - began))
                while key := read(pause):
                    if key not in MOVES:
                        return key
                    self._view = self._view.moved(self._rows, MOVES[key])
                    self._draw(console, shown)

    def _draw(self, console: Any, shown: Any) -> None:
        from rich.text import Text

        lines = watch.screen(self._heads, self._rows, self._view, console.width, console.height)
        pieces = [(text + ("\n" if number < len(lines) else ""), STYLES[style])
                  for number, (text, style) in enumerate(lines, 1)]  # fmt: skip
        shown.update(Text.assemble(*pieces, no_wrap=True))

    # ---- what keys do, each as the command of that name

    def _act(self, key: str) -> str:
        act = {"l": self._log, "d": self._diff, "p": self._pull, "r": self._rule, "t": self._retry, "s": self._stop}
        return act[key]() if key in act and self._rows else ""

    def _log(self) -> str:
        _, planned, unit = self._chosen
        click.echo_via_pager(logs.read(planned.batch.units[unit.name].path, follow=False))
        return ""

    def _diff(self) -> str:
        _, planned, unit = self._chosen
        records = planned.batch.units[unit.name].records
        heads = [one for one in records.values() if one.result.get("head") and one.step != "worktree"]
        if not heads:
            raise UsageError(f"{unit.name}: nothing is committed yet")
        latest = max(heads, key=lambda one: one.ended)
        repository, head = planned.batch.repository, str(latest.result["head"])
        merge = str(latest.result.get("merge_commit") or "")
        base = git.resolve(repository, f"{merge}^1") if merge else planned.batch.base_head
        old = git.merge_base(repository, head, base or head) or head
        click.echo_via_pager(artifact.whole(artifact.shown_files(repository, old, head)))
        return ""

    def _pull(self) -> str:
        _, planned, unit = self._chosen
        record = planned.batch.units[unit.name].records.get("pr")
        url = str(record.result.get("url", "")) if record else ""
        if not url:
            raise UsageError(f"{unit.name}: there is no pull request yet")
        if url.startswith("file://"):  # of the embedded forge
            click.echo_via_pager(plain(read_text(Path(unquote(urlsplit(url).path)))))
        else:
            click.launch(url)
        return url

    def _rule(self) -> str:
        row, planned, unit = self._chosen
        if not row.status.asked:
            raise UsageError(f"{unit.name} waits for no ruling")
        said: list[str] = []
        for asked in row.status.asked:
            try:
                said.append(self._ask(planned, unit, asked))
            except click.exceptions.Abort:
                if not said:
                    raise
                break  # what was answered before is written
        return "; ".join(said)

    def _retry(self) -> str:
        row, planned, unit = self._chosen
        for asked in row.status.asked:
            if asked.words[-1] == "retry":
                return self._ask(planned, unit, asked)
        raise UsageError(f"{unit.name} waits for no retry")

    def _ask(self, planned: Planned, unit: Unit, asked: Asked) -> str:
        """Have the person answer one question, and write the ruling."""
        *item, ruling = asked.words
        click.echo(f"{unit.name} {' '.join(item)}: {plain(asked.about or planned.batch.outcome(unit.name).reason)}")
        if asked.others:
            choices = click.Choice([ruling, *asked.others, LATER])
            ruling = click.prompt("ruling", default=LATER, type=choices)
        if ruling == LATER:
            return "nothing was ruled"
        why = click.prompt(f"{ruling}, because", default="", show_default=False)
        # The plan may have changed while the person thought.
        fresh = next(workspace.plans(self._top, [planned.name]))
        on, ruled = (item[0], ruling) if item else (ruling, "")
        return rule.rule(fresh, unit, on, ruled, why)

    def _stop(self) -> str:
        row, planned, unit = self._chosen
        if not row.status.running:
            raise UsageError(f"{unit.name}: no agent of it is running")
        click.confirm(f"stop {row.status.running} of {unit.name}?", abort=True)
        return "; ".join(stop.stop(self._top, self._plans, f"{planned.name}/{unit.name}"))


def watch_units(top: Path, names: Sequence[str]) -> None:
    """Show the units until the person leaves; raises UsageError where there is no terminal to show them on."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb":
        raise UsageError("--watch needs a terminal; without it, `waves status` prints where every unit stands")
    Watch(top, names).run()


@contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """A function that gives the next key within some seconds, or nothing; keys are not echoed meanwhile."""
    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    waiting: list[str] = []  # typed faster than shown

    def read(seconds: float) -> str:
        if not waiting and select.select([handle], [], [], seconds)[0]:
            typed = os.read(handle, 64).decode("utf-8", "replace")
            waiting.extend(KEY.findall(typed) or QUIT[:1])  # nothing: the terminal is gone
        return waiting.pop(0) if waiting else ""

    try:
        tty.setcbreak(handle, termios.TCSADRAIN)  # what was typed meanwhile counts
        yield read
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)

"""Runs a plan's checks on a clean checkout of one commit, confined where bubblewrap works; it never judges a diff."""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from waves import confinement, git, locks, process, records
from waves.confinement import Box, Sandbox
from waves.forges import Check, Checks
from waves.plaintext import plain

TAIL = 4096  # bytes of output that are kept


@dataclass(frozen=True, slots=True)
class Commands:
    """What makes a commit green: shell lines on one checkout, `setup` first. `network`: even when confined."""

    checks: tuple[str, ...]
    setup: tuple[str, ...] = ()
    timeout: float = 45 * 60.0  # seconds, each command
    network: bool = False
    filters: tuple[str, ...] = ()  # that git may run when it checks files out

    @property
    def digest(self) -> str:
        return records.digest([list(self.setup), list(self.checks), *map(list, [self.filters] if self.filters else [])])


@dataclass(frozen=True)
class Checker:
    """Runs each commit once, however many ask, and as many commits side by side as there are processors.

    The outcome is `checks/NAME.json` below `folder`; remove that file to have the checks run again.
    """

    origin: git.Repository
    folder: Path
    commands: Commands
    like: git.Repository | None = None  # whose settings decide what files look like
    slots: threading.Semaphore = field(default_factory=lambda: threading.BoundedSemaphore(os.cpu_count() or 1))

    @functools.cached_property
    def sandbox(self) -> Sandbox | None:
        """Bubblewrap, looked for when the first check runs; None: commands run without it."""
        found = confinement.find()
        return found if isinstance(found, Sandbox) else None

    def outcome(self, commit: str, name: str) -> Checks:
        """The checks of `commit`, remembered under `name`: the commit's id, or what else makes its outcome the same."""
        if not self.commands.checks:
            return Checks(commit, "none")
        path = self.folder / "checks" / f"{name}.json"
        known = self._known(commit, path)
        if known is None:
            with locks.waiting(self.folder / "locks" / f"checks-{name}"):
                known = self._known(commit, path)
                if known is None:
                    with self.slots:
                        known = self._run(commit, name, path)
        return known

    def _known(self, commit: str, path: Path) -> Checks | None:
        """The outcome in the file, if it is whole and of these commands; green only if every command was seen green."""
        value = records.read_json(path)
        if value is None or value.get("commands") != self.commands.digest:
            return None
        try:
            checks = [Check(one["name"], one["state"], path.as_uri(), one["tail"]) for one in value["checks"]]
        except (KeyError, TypeError):
            return None
        if any(check.state == "red" for check in checks):
            return Checks(commit, "red", tuple(checks))
        seen = tuple(check.name for check in checks if check.state == "green")
        return Checks(commit, "green", tuple(checks)) if seen == self.commands.checks else None

    def _run(self, commit: str, name: str, path: Path) -> Checks:
        with clean_folder(self.folder / "checkouts", name) as scratch:
            for private in ("home", "tmp"):
                (scratch / private).mkdir()
            git.checkout_apart(
                replace(self.origin, filters=self.commands.filters), scratch / "checkout", commit, like=self.like
            )
            checks = tuple(replace(check, url=path.as_uri()) for check in self._in(scratch))
        written = [{"name": one.name, "state": one.state, "tail": one.tail} for one in checks]
        records.write_json(path, {"commit": commit, "commands": self.commands.digest, "checks": written})
        return Checks(commit, "red" if any(check.state == "red" for check in checks) else "green", checks)

    def _in(self, scratch: Path) -> list[Check]:
        for command in self.commands.setup:
            check = self._command(scratch, command, f"setup: {command}")
            if check.state == "red":
                return [check]
        return [self._command(scratch, command, command) for command in self.commands.checks]

    def _command(self, scratch: Path, command: str, name: str) -> Check:
        done = process.run_bounded(
            [*self._confinement(scratch), "sh", "-c", command],
            cwd=scratch / "checkout", env=confinement.environment(scratch / "home", scratch / "tmp"),
            timeout=self.commands.timeout, keep=TAIL,
        )  # fmt: skip
        if done.code == 0:
            return Check(name, "green")
        late = f"exit code 124, or out of time after {self.commands.timeout:g} s"
        ended = (
            late if done.code == 124 else f"ended by signal {-done.code}" if done.code < 0 else f"exit code {done.code}"
        )
        where = " (no network here)" if self.sandbox and not self.commands.network else ""
        return Check(name, "red", tail=f"{readable(done.out)}\n[{ended}{where}]".lstrip("\n"))

    def _confinement(self, scratch: Path) -> list[str]:
        if self.sandbox is None:
            return []
        shown = (self.origin.common_dir,)
        box = Box(scratch / "box", writable=(scratch,), shown=shown, network=self.commands.network)
        return self.sandbox.words(box, scratch / "checkout")


@contextlib.contextmanager
def clean_folder(parent: Path, name: str) -> Iterator[Path]:
    """A new folder for untrusted work, gone at the end; those that a crash left under the same name go first."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{name}-*"):
        confinement.remove(left)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))
    try:
        yield folder
    finally:
        confinement.remove(folder)


def readable(output: bytes) -> str:
    """The end of a program's output as plain text, in whole lines where it was cut."""
    text = output.decode("utf-8", "replace")
    if len(output) >= TAIL:
        text = text.partition("\n")[2] or text
    return plain(text).strip("\n")

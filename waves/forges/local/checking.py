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

from waves import git
from waves.forges import Check, Checks
from waves.forges.local.set_up_layers import Ground, Layers
from waves.foundation import confinement, locks, process, records
from waves.foundation.confinement import Box, Sandbox
from waves.foundation.text import plain

TAIL = 4096  # bytes of output that are kept


@dataclass(frozen=True, slots=True)
class Commands:
    """What makes a commit green: shell lines on one checkout, `setup` first. `network`: even when confined."""

    checks: tuple[str, ...]
    setup: tuple[str, ...] = ()
    timeout: float = 45 * 60.0  # seconds, each command
    network: bool = False
    setup_network: bool = False
    inputs: tuple[str, ...] = ()  # of the set-up: a commit that has the base's shares the base's set-up
    base: str = "main"
    filters: tuple[str, ...] = ()  # that git may run when it checks files out

    @property
    def digest(self) -> str:
        more = [list(self.filters)] if self.filters else []
        return records.digest([list(self.setup), list(self.checks), self.setup_network, list(self.inputs), *more])


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
            (scratch / "tmp").mkdir()
            checks = tuple(replace(check, url=path.as_uri()) for check in self._in(scratch, commit))
        written = [{"name": one.name, "state": one.state, "tail": one.tail} for one in checks]
        records.write_json(path, {"commit": commit, "commands": self.commands.digest, "checks": written})
        return Checks(commit, "red" if any(check.state == "red" for check in checks) else "green", checks)

    def _in(self, scratch: Path, commit: str) -> list[Check]:
        if (shared := self._shared(scratch, commit)) is not None:
            # In its private layer: what the set-up made stays, what is tracked becomes this commit's.
            move = f"git checkout --quiet --force --detach {commit} -- && git reset --quiet --hard {commit} --"
            moved = self._command(scratch, shared, move, "checkout")
            if moved.state == "red":
                return [moved]
            return [self._command(scratch, shared, command, command) for command in self.commands.checks]
        own = Ground(scratch / "checkout", scratch / "home")
        if failed := self._set_up(scratch, own, commit):
            return [failed]
        return [self._command(scratch, own, command, command) for command in self.commands.checks]

    def _shared(self, scratch: Path, commit: str) -> Ground | None:
        """The base's set-up, where private layers work and the commit may use it.

        Not with content filters: what they need, such as the objects of git-lfs, is not in the sandbox.
        """
        if self.sandbox is None or not self.sandbox.layers or self.commands.filters:
            return None
        setup, inputs, base = self.commands.setup, self.commands.inputs, self.commands.base
        layers = Layers(self.origin, self.folder / "layers", setup, inputs, self.commands.setup_network, base)
        return layers.ground(
            commit, lambda ground: self._set_up(scratch, replace(ground, shared=""), ground.shared) is None
        )

    def _set_up(self, scratch: Path, ground: Ground, commit: str) -> Check | None:
        """Check a commit out and run the set-up commands there; the one that failed."""
        ground.home.mkdir()
        origin = replace(self.origin, filters=self.commands.filters)
        apart = git.checkout_apart(origin, ground.checkout, commit, like=self.like)
        for key, value in (("url", str(self.origin.common_dir)), ("fetch", "+refs/heads/*:refs/remotes/origin/*")):
            git.call(apart, "config", f"remote.origin.{key}", value)
        for command in self.commands.setup:
            check = self._command(scratch, ground, command, f"setup: {command}")
            if check.state == "red":
                return check
        return None

    def _command(self, scratch: Path, ground: Ground, command: str, name: str) -> Check:
        is_setup = name.startswith("setup: ")
        network = self.commands.setup_network if is_setup else self.commands.network
        confined = self._confinement(scratch, ground, network=network)
        done = process.run_bounded(
            [*confined, "sh", "-c", command],
            cwd=ground.checkout, env=confinement.environment(ground.home, scratch / "tmp"),
            timeout=self.commands.timeout, keep=TAIL,
        )  # fmt: skip
        if done.code == 0:
            return Check(name, "green")
        late = f"exit code 124, or out of time after {self.commands.timeout:g} s"
        ended = (
            late if done.code == 124 else f"ended by signal {-done.code}" if done.code < 0 else f"exit code {done.code}"
        )
        had = _had(ground, confined=bool(confined), network=network, is_setup=is_setup)
        return Check(name, "red", tail=f"{readable(done.out)}\n[{ended} ({had})]".lstrip("\n"))

    def _confinement(self, scratch: Path, ground: Ground, *, network: bool) -> list[str]:
        if self.sandbox is None:
            return []
        own = (ground.checkout, ground.home)
        main = self.origin.common_dir
        near = (*git.local_remotes(self.origin, f"refs/heads/{self.commands.base}"), *git.borrowed(main))
        box = Box(
            scratch / "box", writable=(scratch, *(() if ground.shared else own)), shown=(main, *near),
            layered=own if ground.shared else (), network=network,
        )  # fmt: skip
        return self.sandbox.words(box, ground.checkout)


def _had(ground: Ground, *, confined: bool, network: bool, is_setup: bool) -> str:
    """What a command that failed had: it may be all that was missing."""
    if not confined:
        return "no sandbox: the network, and all that you can write"
    key = "setup.network" if is_setup else "policy.network"
    reach = "the network" if network else f"no network here: `{key}: true` gives it"
    layer = f"shared, of {ground.shared[:8]} with changes kept apart" if ground.shared else "its own"
    return f"{reach}; writable: the checkout, HOME and TMPDIR; set-up: {layer}"


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

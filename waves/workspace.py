"""Finds the plans of a repository and opens their batches, or says why one may not run; it dispatches nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from waves import git
from waves.errors import LockedError, PlanError, UsageError, WavesError
from waves.plan import reader, semantics
from waves.plan.model import Plan
from waves.steps.batch import Batch, Listener

PLANS = "plans"


class Planned:
    """One plan file, and its batch from the moment that is asked for."""

    def __init__(self, path: Path, top: Path, *, uncommitted: bool = False) -> None:
        self.path, self.top, self._uncommitted = path, top, uncommitted
        self.fault: WavesError | None = None
        self._plan: Plan | None = None
        try:
            self._plan = reader.read_plan(path, accepted=top / ".waves" / "accepted" / f"{path.stem}.json")
        except WavesError as error:
            self.fault = error
        self._stack = ExitStack()
        self._opening = threading.Lock()
        self._held: bool | str = False  # True once the lock is ours; a text says why it never will be
        self._listener: Listener | None = None

    @property
    def name(self) -> str:
        return self._plan.batch if self._plan else self.path.stem

    @property
    def plan(self) -> Plan:
        if self._plan is None:
            assert self.fault is not None
            raise self.fault
        return self._plan

    @property
    def checkout(self) -> Path:
        return (self.top / (self.plan.checkout or ".")).resolve()

    @cached_property
    def batch(self) -> Batch:
        batch = Batch(self.plan, git.discover(self.checkout), self.top)
        batch.listener = self._listener or batch.listener
        return batch

    def listen(self, listener: Listener) -> None:
        """Have everything that the steps of this batch say told to `listener`."""
        self._listener = listener
        if "batch" in self.__dict__:
            self.batch.listener = listener

    @property
    def held(self) -> str:
        """Why `open` found that the batch may not run, or nothing."""
        return self._held if isinstance(self._held, str) else ""

    @property
    def reachable(self) -> bool:
        """The plan reads well, and its repository is there."""
        return self._plan is not None and (self.checkout / ".git").exists()

    @property
    def finished(self) -> bool:
        """Every unit is merged and cleaned up: nothing needs a lock, a look or a question any more."""
        return self.reachable and all(self.batch.settled(unit.name) for unit in self.plan.units)

    def reason_to_hold(self) -> str | None:
        """Why nothing of this batch may be dispatched; None when all is well."""
        if self._plan is None:
            return str(self.fault)
        if open_questions := semantics.open_questions(self.plan):
            listed = "".join(f"\n  - {one}" for one in open_questions)
            return f"{self.name}: not confirmed, so nothing is dispatched; left to decide:{listed}"
        if self.plan.confirmed is None:
            return f"{self.name}: not confirmed, so nothing is dispatched; `waves confirm {self.name}` does it"
        if not self._uncommitted and (difference := self._uncommitted_change()):
            return f"{self.name}: {difference}, so nothing is dispatched; commit {self.path.relative_to(self.top)}"
        return None

    def _uncommitted_change(self) -> str | None:
        committed = git.file_at(git.discover(self.top), "HEAD", self.path.relative_to(self.top).as_posix())
        if committed is None:
            return "the plan is not committed"
        if committed == self.path.read_bytes():
            return None
        try:
            earlier = reader.parse(committed.decode("utf-8", "replace"), self.path)
        except PlanError:
            return "the committed plan has faults"
        same = replace(earlier, rulings=()) == replace(self.plan, rulings=())
        return None if same else "the plan is not committed as it stands"

    def open(self) -> str | None:
        """Take the batch's lock and look at the outside once; the reason if the batch may not run, else None."""
        with self._opening:
            if self._held is False:
                self._held = self._open()
            return None if self._held is True else str(self._held)

    def _open(self) -> bool | str:
        try:
            if reason := self.reason_to_hold():
                return reason
            self._stack.enter_context(self.batch.hold())
            self.batch.look_for_pushes()
        except LockedError as error:
            return str(error)
        except WavesError as error:
            return f"{self.name}: {error}"
        return True

    def close(self) -> None:
        self._stack.close()


def top_folder(start: Path) -> Path:
    """The top of the repository that holds `start`, found without starting git; raises UsageError."""
    for folder in (start, *start.parents):
        if (folder / ".git").exists():
            return folder
    raise UsageError(f"{start}: not in a git repository; change to one, or run `git init`")


def plans(top: Path, names: Sequence[str] = (), *, uncommitted: bool = False) -> Iterator[Planned]:
    """The plans in `plans/`, all or those named (by batch, by file name, or by path)."""
    files = sorted((top / PLANS).glob("*.yaml"))
    found = [Planned(path, top, uncommitted=uncommitted) for path in files]
    for name in names:
        if not any(_called(one, name) for one in found):
            known = ", ".join(one.name for one in found) or "none"
            raise UsageError(f"no plan is called {name!r}; there are: {known}")
    yield from (one for one in found if not names or any(_called(one, name) for name in names))


def _called(planned: Planned, name: str) -> bool:
    return name in (planned.name, planned.path.stem, planned.path.name) or Path(name).resolve() == planned.path

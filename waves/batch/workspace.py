"""Finds the plans of a repository and opens their batches, or says why one may not run; it dispatches nothing."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from waves import git
from waves.batch import preflight, unconfined
from waves.batch.batch import Batch, Listener
from waves.batch.written import last_outcome
from waves.foundation import locks
from waves.foundation.errors import (
    DamagedError,
    LockedError,
    PlanError,
    UsageError,
    WavesError,
    disk_words,
)
from waves.foundation.records import read_text, write_text
from waves.plan import powers, reader, semantics
from waves.plan.faults import did_you_mean
from waves.plan.model import Plan, Unit

PLANS = "plans"
OWN_FOLDERS = ("/.waves/", "/.worktrees/")  # of a checkout, as git is told to ignore them


@dataclass(frozen=True, slots=True)
class Held:
    """Why nothing of a batch may run. `turn`: person | plan | doit (another one is at it) | broken."""

    turn: str
    reason: str
    waits_for: str = "its plan"  # what its units wait for, in a word or two


class Planned:
    """One plan file, and its batch from the moment that is asked for."""

    def __init__(self, path: Path, top: Path, *, uncommitted: bool = False, once: bool = False) -> None:
        self.path, self.top, self._uncommitted, self._once = path, top, uncommitted, once
        self.fault: WavesError | None = None
        self.siblings: Sequence[Planned] = ()  # all plans of the repository, this one included
        self._plan: Plan | None = None
        try:
            self._plan = reader.read_plan(path, accepted=top / ".waves" / "accepted" / f"{path.stem}.json")
        except WavesError as error:
            self.fault = error
        self._stack = ExitStack()
        self._opening = threading.Lock()
        self._held: Held | None = None
        self._opened = False
        self._listener: Listener | None = None
        self._reached = False  # once there, always there: asked for every task

    @property
    def name(self) -> str:
        """The batch, or the file where that does not read well: no batch is called so."""
        return self._plan.batch if self._plan and not self.fault else self.path.name

    @property
    def plan(self) -> Plan:
        if self.fault:
            raise self.fault
        assert self._plan is not None
        return self._plan

    @cached_property
    def checkout(self) -> Path:
        return (self.top / (self.plan.checkout or ".")).resolve()

    @cached_property
    def batch(self) -> Batch:
        batch = Batch(self.plan, repository_at(self.checkout), self.top, once=self._once)
        batch.listener = self._listener or batch.listener
        batch.elsewhere = self.elsewhere
        return batch

    def listen(self, listener: Listener) -> None:
        """Have everything that the steps of this batch say told to `listener`."""
        self._listener = listener
        if "batch" in self.__dict__:
            self.batch.listener = listener

    @property
    def held(self) -> Held | None:
        """Why `open` found that the batch may not run."""
        return self._held

    @property
    def reachable(self) -> bool:
        """The plan reads well, and its repository is there."""
        if not self._reached:
            self._reached = not self.fault and (self.checkout / ".git").exists()
        return self._reached

    @property
    def finished(self) -> bool:
        """Every unit is merged and cleaned up: nothing needs a lock, a look or a question any more."""
        return self.reachable and all(self.batch.settled(unit.name) for unit in self.plan.units)

    # ---- may it run?

    def why_held(self) -> Held | None:
        """Why nothing of this batch may be dispatched, as far as the plan itself says; None when all is well."""
        if self.fault:
            return Held("plan", str(self.fault))
        if obstacle := self._in_the_way():
            return Held("person", f"{self.name}: nothing is dispatched: {obstacle}", waits_for="a person")
        if left := self.left_to_decide():
            listed = "".join(f"\n  {line.partition(chr(10))[0]}" for line in left)
            return Held("person", f"{self.name}: not confirmed, so nothing is dispatched; left to decide:{listed}")
        if self.plan.confirmed is None:
            reason = f"not confirmed, so nothing is dispatched; read {self.shown}, then `waves confirm {self.name}`"
            return Held("person", f"{self.name}: {reason}")
        if obstacle := unconfined.refused(self.plan):
            return Held("person", f"{self.name}: nothing is dispatched: {obstacle}", waits_for="a person")
        try:
            difference = None if self._uncommitted else self._uncommitted_change()
        except DamagedError as error:
            return Held("broken", f"{self.name}: {error}")
        if difference:
            return Held("person", f"{self.name}: {difference}, so nothing is dispatched; commit {self.shown}")
        return None

    def _in_the_way(self) -> str | None:
        """What keeps Waves from having its own folders in the checkout."""
        for path in (".waves", f".waves/{self.plan.batch}", ".worktrees"):
            folder = self.checkout / path
            if os.path.lexists(folder) and not folder.is_dir():
                return f"{folder} is in the way of a folder of that name: move it"
            if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
                return f"you may not write to {folder}: `chmod u+rwx {folder}`, or have its owner do that"
        return None

    @property
    def shown(self) -> str:
        """The plan's path for people, from the top of its repository."""
        return self.path.relative_to(self.top).as_posix()

    def left_to_decide(self) -> tuple[str, ...]:
        """What a person has still to decide, each with its place in the file and the source line."""
        if not (faults := semantics.open_faults(self.plan)):
            return ()
        return reader.describe(self.path, faults)

    def _uncommitted_change(self) -> str | None:
        committed = git.file_at(repository_at(self.top), "HEAD", self.shown)
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
            if not self._opened:
                self._held, self._opened = self._open(), True
            return self._held.reason if self._held else None

    def _open(self) -> Held | None:
        try:
            if held := self.why_held() or self.why_refused():
                return held
            self._stack.enter_context(self.batch.hold())
            ignore_own_folders(self.batch.repository)
            if self.plan.confirmed and self.plan.confirmed.can not in ("", powers.digest(self.plan)):
                self.batch.say("", "plan", "flag: what it can do has changed since it was confirmed; see `waves check`")
            self.batch.look_outside()
        except LockedError as error:
            return Held("doit", str(error))
        except UsageError as error:
            return Held("plan", f"{self.name}: {error}")
        except WavesError as error:
            return Held("broken", f"{self.name}: {error}")
        except OSError as error:
            return Held("broken", f"{self.name}: {disk_words(error)}")
        return None

    @cached_property
    def rows(self) -> tuple[preflight.Row, ...]:
        """What of its repository works."""
        return preflight.examine(self.batch.repository, self.plan)

    def why_refused(self) -> Held | None:
        """What of the repository keeps agents from working there; asked as long as a unit is to be dispatched."""
        units = self.plan.units
        if all(self._dispatched(one) or self.batch.settled(one.name) or self._dropped(one) for one in units):
            return None
        if (obstacle := preflight.obstacle(self.rows)) is None:
            return None
        return Held("person", f"{self.name}: nothing is dispatched: {obstacle}", waits_for="a person")

    def close(self) -> None:
        self._stack.close()

    # ---- beside other plans

    def elsewhere(self, unit: Unit) -> str | None:
        """Why an issue or the branch of a unit is another batch's now; the first by file name may begin."""
        if self._dispatched(unit):
            return None
        for other in self.siblings:
            if other is self or other.fault or not self._same_target(other):
                continue
            for theirs in other.plan.units:
                shared = [f"issue #{one}" for one in sorted(set(unit.issues) & set(theirs.issues))]
                branch = semantics.branch_in_plan(unit)
                if not shared and branch and branch == semantics.branch_in_plan(theirs):
                    shared = [f"branch {branch}"]
                if shared and other.works_on(theirs, comes_first=other.path.name < self.path.name):
                    way, also = (
                        ("take it out of", "of") if shared[0].startswith("issue") else ("rename the unit in", "in")
                    )
                    return (
                        f"{shared[0]} is in the batch '{other.name}' too, in unit '{theirs.name}': "
                        f"{way} {self.shown}:{unit.line} or {also} {other.shown}:{theirs.line}"
                    )
        return None

    def works_on(self, unit: Unit, *, comes_first: bool) -> bool:
        """Whether this batch has a unit in hand, or, where it comes first, is about to take it."""
        if not self.reachable or self.batch.settled(unit.name) or self._dropped(unit):
            return False
        return self._dispatched(unit) or (comes_first and self.why_held() is None)

    def _dropped(self, unit: Unit) -> bool:
        return any(one.ruling == "drop" for one in self.batch.rulings(unit.name))

    def _dispatched(self, unit: Unit) -> bool:
        return "worktree" in self.batch.units[unit.name].records

    def _same_target(self, other: Planned) -> bool:
        same_name = self.plan.repo is not None and self.plan.repo == other.plan.repo
        return same_name or self.checkout == other.checkout

    def changed_entries(self) -> tuple[str, ...]:
        """Merged units whose entry was changed afterwards, each at its place in the file."""
        facts = semantics.Facts(numbers_on_base={}, merged=self.merged_parts(), known_issues=None, other_batches={})
        faults = semantics.faults_of_facts(self.plan, facts)
        return reader.describe(self.path, faults) if faults else ()

    def merged_parts(self) -> Mapping[str, Mapping[str, str]]:
        """Merged unit to the parts of its entry as they were when it was settled."""
        folder, final = self.batch.folder, self.batch.final
        names = [unit.name for unit in self.plan.units]
        outcomes = {name: final(name) or last_outcome(folder / name) for name in names}
        return {name: one["parts"] for name, one in outcomes.items() if one and one["state"] == "merged"}


@contextmanager
def editing(top: Path) -> Iterator[None]:
    """Hold off every other Waves that edits a plan of this repository, from reading the text to writing it."""
    with locks.waiting(top / ".waves" / "plans.lock"):
        yield


# ---- finding


def top_folder(start: Path) -> Path:
    """The top of the repository that holds `start`, found without starting git; raises UsageError."""
    for folder in (start, *start.parents):
        if (folder / ".git").exists():
            return folder
    for folder in (start, *start.parents):
        if (folder / "HEAD").is_file() and (folder / "objects").is_dir():
            raise UsageError(
                f"{folder}: a bare repository, but plans need a checkout; make one with `git worktree add`"
            )
    raise UsageError(f"{start}: not in a git repository; change to one, or run `git init`")


def repository_at(top: Path) -> git.Repository:
    """The repository of a checkout's top folder, if git accepts it; git is asked once for each `.git`."""
    try:
        found = (top / ".git").lstat()
    except OSError:
        return git.discover(top)
    return _asked(top, (found.st_dev, found.st_ino, found.st_uid))


@functools.lru_cache(maxsize=64)
def _asked(top: Path, _about: tuple[int, ...]) -> git.Repository:
    return git.discover(top)


def ignore_own_folders(repository: git.Repository) -> list[str]:
    """Have git ignore what Waves keeps in a checkout, in this clone alone; what was added to its list."""
    exclude = repository.common_dir / "info" / "exclude"
    if all(line in read_text(exclude).splitlines() for line in OWN_FOLDERS):
        return []
    with locks.waiting(repository.common_dir / "waves-exclude.lock"):
        before = read_text(exclude)
        missing = [line for line in OWN_FOLDERS if line not in before.splitlines()]
        gap = "" if not before or before.endswith("\n") else "\n"
        write_text(exclude, before + gap + "".join(f"{line}\n" for line in missing))
    return missing


def plans(top: Path, names: Sequence[str] = (), *, uncommitted: bool = False, once: bool = False) -> Iterator[Planned]:
    """The plans in `plans/`, all or those named (by batch, by file name, or by path); raises UsageError."""
    files = sorted((top / PLANS).glob("*.yaml"))
    if files:
        ignore_own_folders(repository_at(top))
    found = [Planned(path, top, uncommitted=uncommitted, once=once) for path in files]
    _refuse_doubles(found)
    for one in found:
        one.siblings = found
    chosen = [one for name in names for one in _called(found, name)]
    for name in names:
        if not _called(found, name):
            raise UsageError(f"no plan is called {name!r}{_which(top, name, [one.name for one in found])}")
    yield from (one for one in found if not names or one in chosen)


def _refuse_doubles(found: Sequence[Planned]) -> None:
    """Batches of one name would share their records: only that of the file which is called so may go on."""
    for name in {one.name for one in found}:
        same = [one for one in found if one.name == name]
        named = [one for one in same if one.path.stem == name]
        for one in same if len(same) > 1 else ():
            if [one] != named:
                other = next(each for each in named or same if each is not one)
                where = f"{one.shown}:1:1: the batch '{name}'"
                one.fault = UsageError(f"{where} is that of {other.shown} too; give one of them another name")


def _which(top: Path, name: str, known: Sequence[str]) -> str:
    other = (top / PLANS / f"{name.removesuffix('.yml')}.yml").exists()
    if other:
        return f"; rename {PLANS}/{name.removesuffix('.yml')}.yml to .yaml"
    return did_you_mean(name, known) or f"; there are: {', '.join(known) or 'none'}"


def _called(found: Sequence[Planned], name: str) -> list[Planned]:
    """The plan of a batch of this name, or else those in a file of this name."""
    return [one for one in found if one.name == name] or [
        one for one in found if name in (one.path.stem, one.path.name) or Path(name).resolve() == one.path
    ]

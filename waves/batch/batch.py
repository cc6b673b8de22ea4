"""What all steps of one batch share: plan, repository, forge, folders, locks and pools; it decides nothing itself."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from waves import git, lifecycle
from waves.batch import branch, claim
from waves.batch.rulings import Rulings, joined, standing
from waves.batch.said import Said
from waves.batch.written import final_outcome, lent
from waves.foundation import locks
from waves.foundation.errors import GitError, WavesError
from waves.foundation.records import (
    Json,
    UnitFolder,
    made_by_runs,
    read_json,
    write_json,
)
from waves.git import inherited
from waves.lifecycle import Facts, Step, Verdict
from waves.lifecycle.outcome import Outcome, outcome_of
from waves.plan.model import WRITERS, Plan, Ruling, Unit

if TYPE_CHECKING:  # imported where they are needed: `waves status` does not wait for them
    from waves.batch.allowance import Allowance
    from waves.batch.gate import Gate
    from waves.forges import Forge
    from waves.foundation.scrub import Scrubber

Listener = Callable[[str, str, str], None]  # unit, step, what is said


class Batch:
    """One plan at work on one repository; with `once`, no step waits for an agent or for pending checks."""

    def __init__(self, plan: Plan, repository: git.Repository, plan_top: Path, *, once: bool = False) -> None:
        self.plan, self.plan_top, self.once = plan, plan_top, once
        self.repository = repository = replace(repository, filters=plan.setup.filters or ())
        assert repository.work_tree is not None
        self.checkout: Path = repository.work_tree
        self.folder = self.checkout / ".waves" / plan.batch
        # Followed where a person has put it on another disk: git names worktrees by their real paths.
        self._worktrees = Path(os.path.realpath(self.checkout / ".worktrees"))
        self.units: Mapping[str, UnitFolder] = {unit.name: UnitFolder(self.folder / unit.name) for unit in plan.units}
        self.landing = locks.Queue()
        self._opening = threading.RLock()  # what many steps may ask for first at once; cached_property has no lock
        self.listener: Listener = lambda unit, step, text: None
        self.elsewhere: Callable[[Unit], str | None] = lambda unit: None  # why another batch has an issue of a unit
        self._surveys: dict[str, tuple[object, Facts, dict[str, Verdict]]] = {}
        self._outcomes: dict[str, tuple[object, Outcome]] = {}
        self._final: dict[str, Json | None] = {}
        self._pushed: dict[str, str] = {}
        self._fetched = 0.0  # when the last fetch of the base that ended had begun
        self._taken: dict[str, str] = {}  # unit to who took it over
        self._pulls: dict[str, str] = {}  # state of the pull requests that a person may have closed, opened or merged
        self.said, self.given = Said(self.folder, plan.policy), Rulings(self.folder)
        self._looks = 0  # at the outside: what is derived from one is made anew
        self._held_since = float("inf")  # when this process took the batch's lock
        if plan.forge != "local":
            from waves import forges

            forges.lend_token(plan, repository)

    @property
    def forge(self) -> Forge:
        with self._opening:
            return self._forge

    @cached_property
    def _forge(self) -> Forge:
        from waves import forges
        from waves.forges.scrubbed import scrubbed

        return scrubbed(forges.connect(self.plan, self.repository), self.scrub)

    @cached_property
    def scrub(self) -> Scrubber:
        """Takes secrets out of texts, as the environment and the checkout are now."""
        from waves.batch import secrets

        return secrets.scrubber(self.plan, self.repository)

    @property
    def allowance(self) -> Allowance:
        with self._opening:
            return self._allowance

    @cached_property
    def _allowance(self) -> Allowance:
        from waves.batch.allowance import Allowance

        return Allowance(self.plan, self.repository, self.folder)

    @property
    def gate(self) -> Gate:
        """The look at the issues before dispatch, one for all units of this `doit`."""
        with self._opening:
            return self._gate

    @cached_property
    def _gate(self) -> Gate:
        from waves.batch.gate import Gate

        return Gate(self)

    @cached_property
    def _pools(self) -> Mapping[bool, threading.Semaphore]:
        """By whether the role writes; with `once`, without the places of agents that an earlier look left at work."""
        going = [path.name.partition("-")[0] for path in self._going()] if self.once else []
        writers = sum(role in WRITERS for role in going)
        policy = self.plan.policy
        return {
            True: threading.Semaphore(max(0, policy.implementers - writers)),
            False: threading.Semaphore(max(0, policy.reviewers - len(going) + writers)),
        }

    def _going(self) -> Iterator[Path]:
        from waves.agents import run

        for name, folder in self.units.items():
            if not self.settled(name):
                yield from run.going(folder.path / "runs")

    def pool(self, role: str) -> threading.Semaphore:
        """Correctors share the implementers' pool, arbiters and triagers the reviewers'."""
        with self._opening:
            return self._pools[role in WRITERS]

    def say(self, unit: str, step: str, text: str) -> None:
        self.listener(unit, step, text)

    # ---- facts

    def worktree_path(self, unit: Unit) -> Path:
        return self._worktrees / f"issue-{unit.issues[0]}-{unit.name}"

    def facts(self, unit: Unit) -> Facts:
        """Everything that verdicts on this unit need, from files alone: no network, nothing written."""
        return self._survey(unit)[0]

    def survey(self, unit: Unit) -> dict[str, Verdict]:
        return self._survey(unit)[1]

    def _survey(self, unit: Unit) -> tuple[Facts, dict[str, Verdict]]:
        """Facts and verdicts, made anew only when something they depend on has changed."""
        after = {name: state for name in unit.after if (state := self.outcome(name).state) != "merged"}
        before = self._ahead_of(unit)
        pushed, pull = self._pushed.get(unit.name, ""), self._pulls.get(unit.name, "")
        said = self.said.digest(unit.name)
        taken = self._taken_by(unit.name)
        key = (self.units[unit.name].version, tuple(after.items()), tuple(before.items()), pushed, pull, said, taken,
               self.given.version)  # fmt: skip
        known = self._surveys.get(unit.name)
        if known and known[0] == key:
            return known[1], known[2]
        facts = replace(self._own_facts(unit), after=after, before=before, pull=pull, said=said, taken=taken)
        facts = replace(facts, pushed="" if pushed == facts.newest_head() else pushed)
        verdicts = lifecycle.survey(facts)
        self._surveys[unit.name] = (key, facts, verdicts)
        return facts, verdicts

    def forget_claim(self, unit: str) -> None:
        """It was looked at anew."""
        self._taken.pop(unit, None)
        self._looks += 1

    def _taken_by(self, unit: str) -> str:
        if unit not in self._taken:
            self._taken[unit] = claim.taken_by(self, unit)
        return self._taken[unit]

    def _own_facts(self, unit: Unit) -> Facts:
        folder = self.units[unit.name]
        return Facts(
            unit=unit,
            policy=self.plan.policy,
            records=folder.records,
            troubles=folder.troubles,
            damaged={step: bad for step, record in folder.records.items() if (bad := folder.damage(record))},
            parts=lifecycle.unit_parts(self.plan, unit),
            rulings=self.rulings(unit.name),
            unknown=folder.unknown or self.given.unknown(unit.name),
            worktree=(self.worktree_path(unit) / ".git").exists() or lent(folder.path),
            let_go=claim.is_let_go(self, unit.name),
            issue_is_fresh=(issue := folder.records.get("issue")) is not None and issue.ended >= self._held_since,
        )

    def rulings(self, unit: str) -> tuple[Ruling, ...]:
        """Those on a unit that count now, oldest first, whoever gave them while this process works."""
        return standing(one for one in joined(self.plan.rulings, self.given.entries) if one.unit == unit)

    def _ahead_of(self, unit: Unit) -> dict[str, str]:
        """Units earlier in the merge order that hold their place: not merged, and nobody was asked to take over."""
        order = self.plan.merge_order
        if unit.name not in order:
            return {}
        # From the first on, so that each finds the outcomes of those before it known already.
        states = {name: self.outcome(name) for name in order[: order.index(unit.name)]}
        gone = ("merged", "escalated", "dropped", "closed")
        return {name: one.reason or one.state for name, one in states.items() if one.state not in gone}

    def outcome(self, name: str) -> Outcome:
        """Where a unit stands by its records."""
        if settled := self.settled(name):
            return settled
        epoch = (sum(folder.version for folder in self.units.values()) + self._looks, self.given.version)
        known = self._outcomes.get(name)
        if known is None or known[0] != epoch:
            known = self._outcomes[name] = (epoch, outcome_of(*self._survey(self.plan.unit(name))))
        return known[1]

    def settled(self, name: str) -> Outcome | None:
        """The outcome of a unit that is merged and cleaned up: nothing of it is ever looked at again."""
        value = self.final(name)
        return Outcome("merged", reason=str(value.get("reason", ""))) if value else None

    def final(self, name: str) -> Json | None:
        if name not in self._final:
            self._final[name] = final_outcome(self.folder / name)
        return self._final[name]

    def finalise(self, name: str) -> None:
        self._final.pop(name, None)

    # ---- the outside, shared by units

    def fetch(self, *branches: str) -> None:
        """Bring the base and some branches up to date; one at a time, because git locks each ref.

        Whoever had to wait while another fetch of the base began and ended has what was asked for.
        """
        asked = time.monotonic()
        with self._no_worktree_half_made():
            if self._fetched > asked and not branches:
                return
            began = time.monotonic()
            try:
                git.fetch(self.repository, [self.plan.base, *branches])
            except GitError as error:
                raise self._without_base() or error from None
            self._fetched = began

    def _without_base(self) -> WavesError | None:
        """What is to be said of a fetch that failed, if that is because the remote has no such base any more."""
        with suppress(GitError):
            if self.plan.base not in git.remote_heads(self.repository, self.plan.base):
                where = self.plan.path.relative_to(self.plan_top).as_posix()
                way = f", or write `base: {default}` there" if (default := git.default_branch(self.repository)) else ""
                return WavesError(f"the remote has no branch {self.plan.base}, the `base` of {where}: push it{way}")
        return None

    def fetch_objects(self, ref: str, remote: str = "origin") -> None:
        """Bring what a remote ref holds, without a ref for it here."""
        with self._no_worktree_half_made():
            git.fetch_objects(self.repository, ref, remote)

    @contextmanager
    def _no_worktree_half_made(self) -> Iterator[None]:
        """The HEAD of one that is being made, or whose making was killed, names no commit: every fetch fails then."""
        from waves.agents.guard import worktrees

        with locks.waiting(self.repository.common_dir / worktrees.LOCK):
            worktrees.drop_unborn(self.repository)
            yield

    @property
    def base_head(self) -> str:
        """The base branch as last fetched."""
        head = git.resolve(self.repository, f"refs/remotes/origin/{self.plan.base}")
        if head is None:
            self.fetch()
            head = git.resolve(self.repository, f"refs/remotes/origin/{self.plan.base}")
        assert head is not None
        return head

    def look_outside(self) -> None:
        """What people did since the last `doit` to remote branches, and to the pull requests of units that wait."""
        numbers = {unit.name: number for unit in self.plan.units if (number := self._pull_number(unit))}
        held = [name for name in numbers if self.outcome(name).state in ("escalated", "waiting", "closed")]
        pulls = self.forge.pulls([numbers[name] for name in held]) if held else {}
        self._pulls = {name: pulls[numbers[name]].state for name in held}
        self._look_at_remotes()
        self.hear(*(unit for unit in self.plan.units if self._is_decided(unit)))
        self._looks += 1

    def _is_decided(self, unit: Unit) -> bool:
        """Whether what people say now comes after a decision; before one, the unit's own steps listen."""
        records = self.units[unit.name].records
        return not self.settled(unit.name) and any(step.startswith("decide@") for step in records)

    def hear(self, *units: Unit) -> None:
        """Look at what people said on the pull requests of these units, and remember it for other processes."""
        numbers = {unit.name: number for unit in units if (number := self._pull_number(unit))}
        said = self.forge.feedback(list(numbers.values())) if numbers else {}
        self._looks += sum(self.said.note(name, said.get(number, ())) for name, number in numbers.items())

    def _pull_number(self, unit: Unit) -> int | None:
        record = self.units[unit.name].records.get("pr")
        return int(record.result["number"]) if record else unit.pull_request

    def note_push(self, unit: Unit, head: str) -> None:
        """A person pushed to the unit's branch while this `doit` ran."""
        self._pushed[unit.name] = head
        self._looks += 1

    def forget_push(self, unit: Unit) -> None:
        """It was taken in: what comes after it is a push of its own."""
        self._pushed.pop(unit.name, None)
        self._looks += 1

    def _look_at_remotes(self) -> None:
        """A head of a branch that no record knows was pushed by a person; a claim may be another clone's by now."""
        wanted: dict[str, dict[str, str]] = {}  # remote to ref to unit
        for name, folder in self.units.items():
            if not self.settled(name) and "worktree" in folder.records:
                wanted.setdefault("origin", {})[claim.ref(self, name)] = name
            if not self.settled(name) and "pr" in folder.records:
                ref = f"refs/heads/{folder.records['pr'].result['branch']}"
                wanted.setdefault(branch.remote(self, name), {})[ref] = name
        self._pushed = {}
        self._taken.clear()
        for remote, units in wanted.items():
            there = git.remote_refs(self.repository, *units, remote=remote)
            for ref, unit in units.items():
                at, own = there.get(ref, ""), ref.removeprefix("refs/heads/")
                if ref == own:
                    claim.look_again(self, unit, at)
                elif at and not self._is_known(unit, own, at):
                    self._pushed[unit] = at

    def _is_known(self, name: str, own: str, head: str) -> bool:
        """Whether a remote head is Waves' own doing, or the last one with nothing but the base merged into it.

        One before the last, where a person put the branch back, is that person's push.
        """
        records = self.units[name].records.values()
        published = [one for one in records if one.step == "pr" or one.step.startswith("correct@")]
        last = str(max(published, key=lambda one: one.ended).result["head"])
        earlier = {str(one.result["head"]) for one in published}
        if head == last or (head in made_by_runs(self.folder / name)[0] and head not in earlier):
            return True
        branch.fetch(self, name, own)
        return inherited.merges(self.repository, head, last, self.base_head) is not None

    @property
    def lock(self) -> Path:
        return self.repository.common_dir / f"waves-{self.plan.batch}.lock"

    @contextmanager
    def hold(self) -> Iterator[None]:
        """The batch's lock, for as long as this process works on it; raises LockedError naming who holds it."""
        about = {"pid": os.getpid(), "host": os.uname().nodename, "since": time.time(), "batch": self.plan.batch}
        with locks.exclusive(self.lock, about):
            for folder in self.units.values():
                folder.forget_cache()
            self._final.clear()
            self._taken.clear()
            self.said.forget_cache()
            self._held_since = time.time()
            self._trust_hooks_of_origin()
            yield

    def _trust_hooks_of_origin(self) -> None:
        """Let a local origin's own hooks run, if nothing there has changed since the batch's first agent began."""
        place = git.where(self.repository, "origin", push=True)
        if place is None:
            return
        path = self.folder / "origin.json"
        if not path.exists() and not any(self.folder.glob("*/runs/*")):
            write_json(path, {"hooks": git.hooks_state(place)})
        git.trust_hooks(self.repository, str((read_json(path) or {}).get("hooks") or ""))


def step_of(name: str) -> Step:
    kind, _, at = name.partition("@")
    return Step(kind, at)

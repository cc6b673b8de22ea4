"""`waves recover`: brings the records of a batch back from its remote and its forge; what is here stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from waves import git, workspace
from waves.agents import leftovers
from waves.forges import Pull
from waves.plan.model import Unit
from waves.steps import claim, recovery
from waves.steps.batch import Batch
from waves.steps.claim import Claim
from waves.workspace import Planned


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of one unit; `left`: a person has to say what is to be done."""

    unit: str
    words: str
    left: bool = False


def recover(planned: Planned, *, take_over: bool) -> Iterator[Recovered]:
    """Each unit in the plan's order; raises LockedError while a `doit` works on the batch.

    With `take_over` also what another clone has claimed becomes this one's: only for one that is lost.
    """
    batch = planned.batch
    with batch.hold():
        workspace.ignore_own_folders(batch.repository)
        leftovers.await_lost(batch.folder)
        batch.fetch()
        names = [unit.name for unit in planned.plan.units]
        there = git.remote_refs(batch.repository, *(claim.ref(batch, name) for name in names))
        for unit in planned.plan.units:
            at = there.get(claim.ref(batch, unit.name), "")
            yield _unit(batch, unit, claim.read(batch, unit.name, at), take_over=take_over)


def _unit(batch: Batch, unit: Unit, found: Claim, *, take_over: bool) -> Recovered:
    folder = batch.units[unit.name]
    if batch.settled(unit.name) or "worktree" in folder.records:
        if not found.at or found.is_of(batch):
            return Recovered(unit.name, "its records are here")
        again = f"remove {folder.path} and run `waves recover {batch.plan.batch} --take-over`"
        return Recovered(unit.name, f"taken over by {found.who}; to have it back, {again}", left=True)
    if not found.at:
        return _unclaimed(batch, unit)
    if found.is_of(batch):
        claim.remember(batch, unit.name, found)
    else:
        if not take_over:
            return Recovered(unit.name, f"claimed by {found.who}, in {found.clone or '?'}; if that clone is lost, "
                                        f"`waves recover {batch.plan.batch} --take-over`", left=True)  # fmt: skip
        if not claim.take_over(batch, unit.name, found):
            return Recovered(unit.name, f"{found.who} goes on with it just now: left to them", left=True)
    branch = recovery.branch_of(found) or unit.branch
    head = git.remote_refs(batch.repository, f"refs/heads/{branch}").get(f"refs/heads/{branch}", "")
    if not found.holds_records:
        left = recovery.set_aside(batch, unit, branch, head)
        return Recovered(unit.name, "claimed, and nothing was paid for yet: the next `doit` begins it" + _aside(left))
    left = recovery.restore(batch, unit, found, head)
    last = max(batch.units[unit.name].records.values(), key=lambda one: one.ended)
    return Recovered(unit.name, f"its records are back, up to {last.step}" + _aside(left))


def _aside(left: Path | None) -> str:
    return f"; what its worktree held is {left}" if left else ""


def _unclaimed(batch: Batch, unit: Unit) -> Recovered:
    """A unit that is merged, or that was never begun, or whose claim somebody deleted."""
    pull = _pull(batch, unit)
    proven = recovery.proofs(batch, unit, pull) if pull else []
    if pull is None or not proven:
        return Recovered(unit.name, "not begun")
    landed = pull.state == "merged" and git.resolve(batch.repository, pull.merge_commit) is not None
    if landed and git.is_ancestor(batch.repository, pull.merge_commit, batch.base_head):
        recovery.restore_merged(batch, unit, pull, proven)
        return Recovered(unit.name, f"its records are back, merged by #{pull.number}")
    adopt = f"adopt it with `pull_request: {pull.number}` in the plan"
    return Recovered(unit.name, f"#{pull.number} is {pull.state}, and its claim is gone: {adopt}", left=True)


def _pull(batch: Batch, unit: Unit) -> Pull | None:
    return batch.forge.pull(unit.pull_request) if unit.pull_request else batch.forge.pull_of(unit.branch)

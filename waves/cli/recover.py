"""`waves recover`: brings the records of a batch back from its remote and its forge; what is here stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from waves import git
from waves.agents import leftovers
from waves.batch import claim, recovery, workspace
from waves.batch.batch import Batch
from waves.batch.claim import Claim
from waves.batch.workspace import Planned
from waves.forges import Pull
from waves.plan.model import Unit


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
        ended = leftovers.await_lost(batch.folder)
        batch.fetch()
        names = [unit.name for unit in planned.plan.units]
        there = git.remote_refs(batch.repository, *(claim.ref(batch, name) for name in names))
        for unit in planned.plan.units:
            at = there.get(claim.ref(batch, unit.name), "")
            found = _unit(batch, unit, claim.read(batch, unit.name, at), take_over=take_over)
            runs = [path.name for path in ended if path.parents[1].name == unit.name]
            lost = f"; {', '.join(runs)} was at work, and ended with its records" if runs else ""
            yield replace(found, words=found.words + lost)


def _unit(batch: Batch, unit: Unit, found: Claim, *, take_over: bool) -> Recovered:
    folder = batch.units[unit.name]
    if unknown := batch.facts(unit).unknown or found.unknown:
        return Recovered(unit.name, unknown, left=True)
    if batch.settled(unit.name) or "worktree" in folder.records:
        return _here(batch, unit, found)
    if merged := _merged(batch, unit):
        return merged
    if not found.at:
        return _unclaimed(batch, unit)
    if found.holds_records and not recovery.is_sound(found, unit):
        return Recovered(unit.name, f"its claim, {claim.ref(batch, unit.name)}, is none that Waves wrote: "
                                    "look who pushed it, and delete it on the remote", left=True)  # fmt: skip
    if found.is_of(batch):
        claim.remember(batch, unit.name, found)
        return _claimed(batch, unit, found)
    if not take_over:
        return Recovered(unit.name, f"claimed by {found.who}; if that clone is lost, "
                                    f"`waves recover {batch.plan.batch} --take-over`", left=True)  # fmt: skip
    if not claim.take_over(batch, unit.name, found):
        return Recovered(unit.name, f"{found.who} goes on with it just now: left to them", left=True)
    taken = _claimed(batch, unit, found)
    return replace(taken, words=f"taken over from {found.who}, whose agents may be at work still; {taken.words}")


def _claimed(batch: Batch, unit: Unit, found: Claim) -> Recovered:
    branch = recovery.branch_of(found) or unit.branch
    head = git.remote_refs(batch.repository, f"refs/heads/{branch}").get(f"refs/heads/{branch}", "")
    if found.holds_records:
        left = recovery.restore(batch, unit, found, head)
        last = max(batch.units[unit.name].records.values(), key=lambda one: one.ended)
        words = f"its records are back, up to {last.step}"
    else:
        left = recovery.set_aside(batch, unit, branch, head)
        words = "claimed, and no agent's work was published for it: the next `doit` begins it"
    return Recovered(unit.name, words + _aside(left))


def _aside(left: Path | None) -> str:
    return f"; what its worktree held is {left}" if left else ""


def _here(batch: Batch, unit: Unit, found: Claim) -> Recovered:
    """A unit whose records are here; what somebody else has done since counts more."""
    name = unit.name
    if batch.facts(unit).merged or not claim.look_again(batch, name, found.at):
        given = recovery.take_rulings(batch, unit, found) if found.is_of(batch) else 0
        return Recovered(name, "its records are here" + (f", and {given} of its rulings are back" if given else ""))
    folder = batch.units[name].path
    if found.at:
        again = f"remove {folder} and run `waves recover {batch.plan.batch} --take-over`"
        return Recovered(name, f"taken over by {found.who}; to have it back, {again}", left=True)
    if merged := _merged(batch, unit):
        return merged
    if claim.put_back(batch, name, str(batch.units[name].records["worktree"].result["head"])):
        return Recovered(name, "its claim was gone from the remote, and is there again")
    return Recovered(name, "somebody claims it just now: run this again", left=True)


def _merged(batch: Batch, unit: Unit) -> Recovered | None:
    """The end of a unit that a clone has merged, which may be another one; None: it is not merged."""
    pull = _pull(batch, unit)
    landed = pull if pull and pull.state == "merged" else None
    proven = recovery.proofs(batch, unit, landed) if landed else []
    if landed is None or not proven or git.resolve(batch.repository, landed.merge_commit) is None:
        return None
    if not git.is_ancestor(batch.repository, landed.merge_commit, batch.base_head):
        return None
    left = recovery.restore_merged(batch, unit, landed, proven)
    return Recovered(unit.name, f"its records are back, merged by #{landed.number}{_aside(left)}")


def _unclaimed(batch: Batch, unit: Unit) -> Recovered:
    """A unit that was never begun, or whose claim somebody deleted."""
    pull = _pull(batch, unit)
    if pull is None or not recovery.proofs(batch, unit, pull):
        return Recovered(unit.name, "not begun")
    adopt = f"adopt it with `pull_request: {pull.number}` in the plan"
    return Recovered(unit.name, f"#{pull.number} is {pull.state}, and its claim is gone: {adopt}", left=True)


def _pull(batch: Batch, unit: Unit) -> Pull | None:
    return batch.forge.pull(unit.pull_request) if unit.pull_request else batch.forge.pull_of(unit.branch)

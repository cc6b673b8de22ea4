"""Finds out whether a unit was finished elsewhere: asked again once this clone has the claim, when nobody else can."""

from __future__ import annotations

from collections.abc import Iterable

from waves import git
from waves.batch import claim, recovery
from waves.forges import Issue, Pull, closed_by
from waves.steps.work import Work


def objection(work: Work, branch: str) -> str:
    """Why the unit must not be begun, though its claim was free; empty: nobody has done it."""
    batch, unit = work.batch, work.unit
    kept = f"{claim.kept(batch, unit.name)}merged"
    if git.resolve(batch.repository, kept) is not None:
        return f"it is merged already, as {kept} says; {_takes_in(work)}"
    pull = batch.forge.pull(unit.pull_request) if unit.pull_request else batch.forge.pull_of(branch)
    if pull is not None and pull.state == "merged" and (words := _merged(work, pull)):
        return words
    return "" if unit.adopted else closed(work, batch.forge.issues(unit.issues))


def closed(work: Work, issues: Iterable[Issue]) -> str:
    """Why a unit with closed issues must wait, and what to do; empty: all are open."""
    named = ", ".join(f"#{issue.number}" for issue in issues if issue.state != "open")
    if not named:
        return ""
    # It may be by what this batch did, and nobody here knows of.
    pull = work.batch.forge.pull_of(work.unit.branch)
    if pull is not None and pull.state == "merged" and recovery.proofs(work.batch, work.unit, pull):
        return f"issue {named} is closed, and pull request #{pull.number} merged: {_takes_in(work)}"
    return f"issue {named} is closed: reopen it, or move it to `skip` in the plan"


def _merged(work: Work, pull: Pull) -> str:
    if recovery.proofs(work.batch, work.unit, pull):
        return f"pull request #{pull.number} merged it already; {_takes_in(work)}"
    closes = sorted(set(closed_by(pull.body)) & set(work.unit.issues))
    if work.unit.adopted or not closes:
        return ""  # an earlier one of this branch, about something else, or one that a person merged before
    named = ", ".join(f"#{number}" for number in closes)
    return (
        f"pull request #{pull.number} from {pull.branch} merged and closes {named}: move it to `skip` in the plan, or "
        "give the unit another name to do it once more"
    )


def _takes_in(work: Work) -> str:
    return f"`waves recover {work.batch.plan.batch}` takes that in"

"""Renders a unit's implementer prompt from its issue and its own part of the plan; it never asks an agent anything."""

from __future__ import annotations

from waves import git
from waves.agents import prompts
from waves.agents.prompts.facts import Dispatch
from waves.foundation.records import digest
from waves.steps.points import rules_of
from waves.steps.work import Done, Work


def run(work: Work) -> Done:
    implement = work.facts.records.get("implement")
    before = str(implement.result["before"]) if implement and work.facts.generation > 1 else None
    text = _rendered(work, before)
    if implement and digest(text.encode("utf-8", "surrogateescape")) != implement.inputs["prompt.md"]:
        # Other words than the last implementer had: the next one goes on from where that one left the branch.
        text = _rendered(work, git.resolve(work.batch.repository, f"refs/heads/{work.branch}"))
    work.folder.write_target("prompt.md", text)
    return Done({}, ("prompt.md",))


def _rendered(work: Work, head: str | None) -> str:
    """The prompt for an implementer that finds the branch at `head`; None: with nothing on it."""
    batch, unit = work.batch, work.unit
    worktree = batch.worktree_path(unit)
    base = str(work.result("worktree")["base"])
    dispatch = Dispatch(
        unit=unit,
        branch=work.branch,
        base=batch.plan.base,
        base_commit=base,
        repository=batch.plan.repo or batch.checkout.name,
        worktree=worktree,
        issues=work.issues(),
        scratch=work.path / "scratch",
        commit_prefix=f"{unit.type}:",
        numbers=batch.plan.reserved_numbers(unit.name),
        rules=rules_of(worktree),
        continued=_subjects(work, head, base) if head else (),
        publishes=batch.plan.policy.publish == "agent",
    )
    return prompts.implementer(dispatch, prompts.template("implementer", pinned=work.path / "templates"))


def _subjects(work: Work, head: str, base: str) -> tuple[str, ...]:
    repository = work.batch.repository
    ids = git.commits(repository, [head], [base, work.batch.base_head])
    return tuple(git.message(repository, one).partition("\n")[0] for one in ids)

"""Renders a unit's implementer prompt from its issue and its own part of the plan; it never asks an agent anything."""

from __future__ import annotations

from waves import git, lifecycle, prompts
from waves.prompts.facts import Dispatch
from waves.steps.points import rules_of
from waves.steps.work import Done, Work


def run(work: Work) -> Done:
    batch, unit = work.batch, work.unit
    worktree = batch.worktree_path(unit)
    base = str(work.result("worktree")["base"])
    continued = _subjects(work, base)
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
        continued=continued,
    )
    text = prompts.implementer(dispatch, prompts.template("implementer", pinned=work.path / "templates"))
    work.folder.write_target("prompt.md", text)
    return Done({"continued": list(continued)}, ("prompt.md",))


def _subjects(work: Work, base: str) -> tuple[str, ...]:
    """What is on the branch already, when a changed prompt goes on from it."""
    earlier = work.facts.records.get("prompt")
    if earlier and earlier.inputs == lifecycle.inputs(work.step, work.facts):
        return tuple(earlier.result["continued"])  # only the file was lost: the same words again
    head = git.resolve(work.batch.repository, f"refs/heads/{work.branch}")
    if head is None or "implement" not in work.facts.records:
        return ()
    ids = git.commits(work.batch.repository, [head], [base, work.batch.base_head])
    return tuple(git.message(work.batch.repository, one).partition("\n")[0] for one in ids)

"""Turns items and records into what the prompts are made of; it chooses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from waves.agents.prompts.facts import Correction, Point
from waves.lifecycle.contracts import Item
from waves.steps.work import Work

RULES = ("AGENTS.md", "CLAUDE.md")


def point_of(item: Item, cycle: str = "") -> Point:
    name = f"{item.id}@{cycle}" if cycle else item.id
    return Point(name, item.list, item.file, item.line, item.issue, item.fix, item.detail, item.priority)


def rules_of(worktree: Path) -> tuple[Path, ...]:
    """The project's own rules, by path, as far as they are there."""
    return tuple(worktree / name for name in RULES if (worktree / name).is_file())


def correction(work: Work, **asked: Any) -> Correction:
    """What every corrector of a unit is told, with what this one is `asked` to do."""
    worktree = work.batch.worktree_path(work.unit)
    about: dict[str, Any] = {
        "unit": work.unit.name, "branch": work.branch, "base": work.batch.plan.base,
        "repository": work.batch.plan.repo or work.batch.checkout.name, "worktree": worktree,
        "scratch": work.path / "scratch", "commit_prefix": f"{work.unit.type}:", "prompt": work.path / "prompt.md",
        "checks": work.unit.checks, "rules": rules_of(worktree), "review": None,
    }  # fmt: skip
    return Correction(**about | asked)

"""Turns items and records into what the prompts are made of; it chooses nothing."""

from __future__ import annotations

from pathlib import Path

from waves.contracts import Item
from waves.prompts.facts import Point

RULES = ("AGENTS.md", "CLAUDE.md")


def point_of(item: Item, cycle: str = "") -> Point:
    name = f"{item.id}@{cycle}" if cycle else item.id
    return Point(name, item.list, item.file, item.line, item.issue, item.fix, item.detail, item.priority)


def rules_of(worktree: Path) -> tuple[Path, ...]:
    """The project's own rules, by path, as far as they are there."""
    return tuple(worktree / name for name in RULES if (worktree / name).is_file())

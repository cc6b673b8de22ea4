"""What an earlier `doit` wrote down of a unit beside its records."""

from __future__ import annotations

from pathlib import Path

from waves.foundation.records import Json, read_json, unknown_format
from waves.foundation.shapes import fits


def lent(folder: Path) -> bool:
    """Whether an agent run has a unit's worktree, or left it as it ended: who sees that through puts all in order."""
    begun = (path.parent for path in folder.glob("runs/*/about.json"))
    return any(not (directory / "judged.json").exists() for directory in begun)


# What a unit's outcome.json holds.
OUTCOME = {"state": str, "reason": str, "final": bool, "steps": list, "parts": dict, "time": (int, float)}


def last_outcome(folder: Path) -> Json | None:
    """What the last `doit` wrote of a unit; None where it wrote nothing, or a person edited it into another shape."""
    value = read_json(folder / "outcome.json")
    return value if value is not None and fits(value, OUTCOME) and not unknown_format(value) else None


def final_outcome(folder: Path) -> Json | None:
    """What is written of a unit that is merged and cleaned up; None of one that is not at its end."""
    value = last_outcome(folder)
    return value if value is not None and value["final"] else None

"""Which agent runs were at work side by side: what they share, none of them can be blamed for; it compares nothing."""

from __future__ import annotations

from pathlib import Path

from waves.agents import run
from waves.batch.batch import Batch
from waves.steps.runs import manifest


def at_work(batch: Batch) -> list[Path]:
    """The runs whose doings nobody has looked at yet, the one that began first first.

    Of this batch's units those that were begun and not judged; of a unit that nobody goes on with, and of other
    batches, only those that still run: what is left of others may lie there for ever.
    """
    found: list[Path] = []
    for folder in batch.folder.parent.glob("*/*/runs"):
        unit = folder.parent.name if folder.parent.parent == batch.folder else ""
        goes_on = unit in batch.units and batch.outcome(unit).state not in ("merged", "dropped")
        found += run.unjudged(folder) if goes_on else run.going(folder)
    return sorted((one for one in found if (one / "about.json").exists()), key=_began)


def had_company(batch: Batch, directory: Path) -> bool:
    """Whether any other run was at work at some time between this run's beginning and now."""
    began = _began(directory)
    judged = batch.folder.parent.glob("*/*/runs/*/judged.json")
    return any(one != directory for one in at_work(batch)) or any(
        path.parent != directory and path.stat().st_mtime >= began for path in judged
    )


def _began(directory: Path) -> float:
    """In seconds since 1970, by the same clock as a file's time."""
    found = manifest.read(directory)
    return found.started if found else 0.0

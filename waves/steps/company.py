"""Which agent runs were at work side by side: what they share, none of them can be blamed for; it compares nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from waves.records import read_json


def at_work(folder: Path) -> list[Path]:
    """The runs that have begun and were not judged, in any batch kept in `folder`; the one that began first first."""
    return sorted((one for one in _runs(folder) if not (one / "judged.json").exists()), key=_began)


def had_company(directory: Path, folder: Path) -> bool:
    """Whether any other run was at work at some time between this run's beginning and now."""
    began = _began(directory)
    return any(_ended(one) >= began for one in _runs(folder) if one != directory)


def _runs(folder: Path) -> Iterator[Path]:
    return (path.parent for path in folder.glob("*/*/runs/*/about.json"))


def _began(directory: Path) -> float:
    """In seconds since 1970, by the same clock as a file's time."""
    return float((read_json(directory / "about.json") or {}).get("started", 0.0))


def _ended(directory: Path) -> float:
    try:
        return (directory / "judged.json").stat().st_mtime
    except OSError:
        return float("inf")

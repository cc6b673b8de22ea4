"""Lists what Waves keeps of a unit that is on no branch, for the status, the audit and the pull request alike."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from waves import git
from waves.foundation.records import read_json, write_json
from waves.foundation.shapes import made, rows

if TYPE_CHECKING:
    from waves.agents.guard.aside import Aside
    from waves.batch.batch import Batch

FILE = "aside.json"  # in the unit's folder: what its runs left beside their branch
LEFT = "left"  # in the unit's folder: files that were moved there before their worktree was removed
NAMED = 5  # files in a line


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that is kept: what it is, where, and a command that shows it."""

    what: str
    where: str
    command: str


def note(folder: Path, run: str, found: Sequence[Aside]) -> None:
    """Write down what one run left, beside what is known of it already."""
    value = read_json(folder / FILE) or {}
    known = rows(value, run)
    if new := [row for one in found if (row := asdict(one)) not in known]:
        write_json(folder / FILE, {**value, run: [*known, *new]})


def of(batch: Batch, unit: str) -> tuple[Kept, ...]:
    """What is kept of a unit and still there: what a person has removed is not named any more."""
    folder = batch.folder / unit
    return (*_aside(batch, folder), *_files(batch, folder))


def _aside(batch: Batch, folder: Path) -> Iterator[Kept]:
    value = read_json(folder / FILE)
    if not value:
        return
    from waves.agents.guard.aside import Aside

    there = git.refs(batch.repository, f"refs/waves/{batch.plan.batch}/{folder.name}/")
    for run in sorted(value):
        for one in (found for row in rows(value, run) if (found := made(Aside, row))):
            place = Path(one.place) if one.place else folder / "runs" / run / "git"
            if one.ref in there:
                yield Kept(f"{one.what}, of {run}", one.ref, f"git show {one.ref}")
            elif not one.ref and place.is_dir():
                shown = shlex.quote(_relative(batch, place))
                command = f"ls {shown}/modules" if one.place else f"git --git-dir={shown} log --all"
                yield Kept(f"{one.what}, of {run}", shown, command)


def _files(batch: Batch, folder: Path) -> Iterator[Kept]:
    cleaned = read_json(folder / "cleaned.json") or {}
    place = Path(str(cleaned.get("kept_in") or folder / LEFT))
    if not place.is_dir():
        return
    names = sorted(path.name for path in place.iterdir())
    listed = ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")
    shown = shlex.quote(_relative(batch, place))
    what = "ignored files that were made after set-up"
    yield Kept(f"{what}: {listed}", shown, f"ls -A {shown}")


def _relative(batch: Batch, path: Path) -> str:
    return str(path.relative_to(batch.checkout)) if path.is_relative_to(batch.checkout) else str(path)

"""Set up the base once for all checks: a checkout and a home folder that each check changes in a private layer only."""

from __future__ import annotations

import contextlib
import fnmatch
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from waves import git
from waves.foundation import confinement, locks, records

KEPT = 7 * 24 * 3600.0  # seconds that a layer is kept after its last use


@dataclass(frozen=True, slots=True)
class Ground:
    """What a check runs on: a checkout and a home folder, `shared` (the commit they were set up at) or its own."""

    checkout: Path
    home: Path
    shared: str = ""


@dataclass(frozen=True, slots=True)
class Layers:
    """The shared layers below a folder, by what they were made from."""

    origin: git.Repository
    folder: Path
    setup: tuple[str, ...]
    inputs: tuple[str, ...]
    network: bool
    base: str  # the branch

    def ground(self, commit: str, build: Callable[[Ground], bool]) -> Ground | None:
        """The base's set-up, if the commit has the same inputs; None if it needs a set-up of its own.

        `build` is asked to make it, once; False: it failed.
        """
        base = git.resolve(self.origin, f"refs/heads/{self.base}")
        if not self.setup or not self.inputs or base is None:
            return None
        key = self._key(base)
        if self._key(commit) != key:
            return None
        place = self.folder / key
        with locks.waiting(self.folder / f"{key}.lock"):
            if (known := records.read_json(place / "done.json")) is None:
                confinement.remove(place)
                place.mkdir(parents=True)
                if not build(Ground(place / "checkout", place / "home", base)):
                    return None
                known = {"commit": base}
                self._forget_old(place)
            records.write_json(place / "done.json", known)  # its time says when it was last used
        return Ground(place / "checkout", place / "home", str(known.get("commit", "")))

    def _key(self, commit: str) -> str:
        return records.digest([list(self.setup), self.network, inputs_at(self.origin, commit, self.inputs)])

    def _forget_old(self, but: Path) -> None:
        for done in self.folder.glob("*/done.json"):
            with contextlib.suppress(OSError):
                if done.parent != but and done.stat().st_mtime < time.time() - KEPT:
                    confinement.remove(done.parent)


def inputs_at(repository: git.Repository, commit: str, inputs: Sequence[str]) -> list[list[str]]:
    """Path, mode and object of each file of a commit that one of the paths, folders or globs names."""
    found = git.entries_at(repository, commit)
    return [
        [path, mode, oid] for path, (mode, oid) in sorted(found.items()) if any(_means(one, path) for one in inputs)
    ]


def _means(pattern: str, path: str) -> bool:
    bare = pattern.removeprefix("./").rstrip("/")
    return path == bare or path.startswith(f"{bare}/") or fnmatch.fnmatchcase(path, bare)

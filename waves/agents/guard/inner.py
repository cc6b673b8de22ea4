"""Finds the repositories inside a folder, however deep: nested and bare ones, submodules, linked worktrees."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from waves.agents.guard import plainfiles, stores

BARE = ("HEAD", "objects", "refs")  # what makes a folder a git directory


@dataclass(frozen=True, slots=True)
class Inner:
    """A repository below a folder. `path` is that of its work tree or, for one without, of its git directory."""

    path: str
    git_dir: Path
    has_files: bool  # a work tree

    @property
    def shared(self) -> Path:
        return stores.shared_by(self.git_dir)


def inner(root: Path, found: Iterable[str]) -> list[Inner]:
    """The repositories among the paths found below `root`, outer ones first."""
    paths = set(found)
    listed = []
    for path in sorted(paths):
        folder, _, name = path.rpartition("/")
        if name == ".git":
            if (git_dir := _led_to(root / path)) is not None:
                listed.append(Inner(folder, git_dir, True))
        elif name == "HEAD" and folder.rpartition("/")[2] != ".git":
            start = path.removesuffix("HEAD")
            if all(f"{start}{one}" in paths for one in BARE):
                listed.append(Inner(folder, root / folder, False))
    return without_doubles(listed)


def without_doubles(several: Iterable[Inner]) -> list[Inner]:
    """One for each git directory: the one with files, if there is one."""
    ordered = list(several)
    with_files = {os.path.realpath(one.git_dir) for one in ordered if one.has_files}
    return [one for one in ordered if one.has_files or os.path.realpath(one.git_dir) not in with_files]


def _led_to(path: Path) -> Path | None:
    """The git directory that a `.git` is or names; one that is not there is named all the same."""
    there = plainfiles.look(path)
    if there.kind == "folder":
        return path
    text = there.text or ""
    if not text.startswith("gitdir: ") or "\0" in text:
        return None
    return Path(os.path.realpath(path.parent / text.removeprefix("gitdir: ")))


def files_of(one: str, found: Mapping[str, os.stat_result], inside: Iterable[Inner]) -> dict[str, os.stat_result]:
    """The files and links of the work tree `one` (empty: the top), without those of the repositories inside it."""
    start = f"{one}/" if one else ""
    deeper = {other.path for other in inside if other.path != one and other.path.startswith(start)}
    return {path: status for path, status in _below(start, found) if not _is_under(path, deeper)}


def _below(start: str, found: Mapping[str, os.stat_result]) -> Iterator[tuple[str, os.stat_result]]:
    for path, status in found.items():
        rest = path.removeprefix(start) if path.startswith(start) else ""
        if rest and ".git" not in rest.split("/") and plainfiles.kind_of(status.st_mode) in {"file", "link"}:
            yield path, status


def _is_under(path: str, folders: set[str]) -> bool:
    parts = path.split("/")
    return any("/".join(parts[:count]) in folders for count in range(1, len(parts)))

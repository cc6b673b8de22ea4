"""Finds what would be lost with a worktree: commits, stashes, staged content and files that exist nowhere else.

Everything below its folder is looked at, and the submodules in its git directory. No setting of a repository in there
is read: see `stores`. What set-up made, and nobody has changed since, can be made again and is not counted.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from waves import git
from waves.agents.guard import index, plainfiles, stores
from waves.agents.guard.inner import Inner, files_of, inner, without_doubles
from waves.agents.guard.stores import Store
from waves.foundation import records
from waves.foundation.errors import WavesError
from waves.foundation.shapes import words
from waves.foundation.text import shown
from waves.git import Repository
from waves.git.far_side import local_path

SET_UP = "waves-set-up"  # in the worktree's git directory: that it was set up, and what was there then
CACHE_TAG = "CACHEDIR.TAG"  # bford.info/cachedir: whatever is beside it can be made again
CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"
CACHES = {"__pycache__"}
NAMED = 3

Ask = Callable[[str], set[str]]  # a remote's address to the ids that it advertises; raises WavesError


@dataclass(frozen=True, slots=True)
class OnlyCopy:
    """Something that exists nowhere else: where it lies, and what it is."""

    path: str
    why: str

    def __str__(self) -> str:
        return f"{shown(self.path)} {self.why}"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a worktree holds beside what git keeps of it."""

    only: tuple[OnlyCopy, ...] = ()
    ignored: tuple[str, ...] = ()  # files that were made or changed after set-up, caches left out
    inside: tuple[Inner, ...] = ()


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was there when set-up ended: files by size, time and inode, and the refs of the repositories inside."""

    files: Mapping[str, Any] = field(default_factory=dict)
    tips: Mapping[str, Any] = field(default_factory=dict)  # by git directory

    def has(self, path: str, status: os.stat_result) -> bool:
        return bool(self.files.get(path) == _mark(status))


def _mark(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def note_set_up(worktree: Repository) -> None:
    """Write down what set-up left, which nobody has to keep."""
    assert worktree.work_tree is not None
    found, _ = plainfiles.walk(worktree.work_tree)
    tracked = index.entries(worktree) or {}
    files = {
        path: _mark(status)
        for path, status in found.items()
        if path not in tracked and ".git" not in path.split("/") and plainfiles.kind_of(status.st_mode) != "folder"
    }
    tips = {str(one.shared): sorted(_tips(one.git_dir)) for one in _all_inside(worktree, found)}
    records.write_json(worktree.git_dir / SET_UP, {"files": files, "tips": tips})


def _baseline(worktree: Repository) -> Baseline:
    value = records.read_json(worktree.git_dir / SET_UP) or {}
    files, tips = value.get("files"), value.get("tips")
    return Baseline(files if isinstance(files, dict) else {}, tips if isinstance(tips, dict) else {})


def _tips(git_dir: Path) -> set[str]:
    at = stores.head(git_dir)
    return {*stores.refs(stores.shared_by(git_dir)).values(), *([at] if at else [])}


def _all_inside(worktree: Repository, found: Mapping[str, os.stat_result]) -> list[Inner]:
    """The repositories in the folder, and those in the worktree's own git directory."""
    assert worktree.work_tree is not None
    return without_doubles([*inner(worktree.work_tree, found), *submodules_of(worktree.git_dir)])


def submodules_of(git_dir: Path) -> list[Inner]:
    """The git directories of submodules that lie in another git directory."""
    modules = git_dir / "modules"
    if plainfiles.look(modules).kind != "folder":
        return []
    listed = inner(modules, plainfiles.walk(modules)[0])
    return [replace(one, path=str(modules / one.path), has_files=False) for one in listed if not one.has_files]


# ---- looking


def look(worktree: Repository, ask: Ask) -> Contents:
    """What of a worktree would be lost with it, apart from what is uncommitted at its top."""
    root = worktree.work_tree
    assert root is not None
    found, closed = plainfiles.walk(root)
    if closed:
        return Contents(tuple(OnlyCopy(path or ".", "cannot be read") for path in closed))
    if trap := index.trap(found):
        return Contents((OnlyCopy(trap, "is a pipe or a device where git reads a file"),))
    scene = _Scene(worktree, found, _all_inside(worktree, found), _baseline(worktree), ask)
    only, ignored = list(_hidden(worktree)), scene.ignored_at_top()
    for one in scene.inside:
        copies, more = scene.one(one)
        only += copies
        ignored += more
    caches = _caches(root, found)
    made = tuple(path for path in ignored if caches.isdisjoint(_above(path)) and CACHES.isdisjoint(path.split("/")))
    return Contents(tuple(only), made, tuple(scene.inside))


def lost_submodules(worktree: Repository, ask: Ask) -> tuple[OnlyCopy, ...]:
    """What the submodules in a worktree's git directory hold, for a worktree whose folder is gone."""
    scene = _Scene(worktree, {}, submodules_of(worktree.git_dir), _baseline(worktree), ask)
    return tuple(copy for one in scene.inside for copy in scene.one(one)[0])


@dataclass(frozen=True, slots=True)
class _Scene:
    """A worktree as it was found, with all that lies in it."""

    worktree: Repository
    found: Mapping[str, os.stat_result]
    inside: Sequence[Inner]
    baseline: Baseline
    ask: Ask

    @property
    def root(self) -> Path:
        assert self.worktree.work_tree is not None
        return self.worktree.work_tree

    @property
    def main(self) -> Repository:
        return index.main_of(self.worktree)

    def new(self, paths: Iterable[str]) -> list[str]:
        """Those that were made or changed after set-up."""
        return [path for path in paths if not self.baseline.has(path, self.found[path])]

    def ignored_at_top(self) -> list[str]:
        known = {*(index.entries(self.worktree) or {}), *index.untracked(self.worktree)}
        return [path for path in self.new(files_of("", self.found, self.inside)) if path not in known]

    def one(self, one: Inner) -> tuple[list[OnlyCopy], list[str]]:
        """Only copies in one repository inside, and its ignored files that set-up did not make."""
        files = files_of(one.path, self.found, self.inside) if one.has_files else {}
        if one.has_files and one.shared == self.main.common_dir:
            why = "is another worktree of this repository: `git worktree remove` it first"
            return [OnlyCopy(one.path, why)], []
        if not files and plainfiles.look(one.git_dir).kind == "absent":
            return [], []
        try:
            with stores.opened(one.shared, self.main.common_dir) as store:
                only = list(self._commits(store, one)) if self._goes_too(one.shared) else []
                copies, ignored = self._files(store, one, self.new(files))
                return [*only, *copies], ignored
        except (WavesError, OSError, ValueError) as problem:
            words_of = f"{problem}".replace("\n", "; ")
            return [OnlyCopy(one.path, f"is a repository that cannot be read ({words_of})")], []

    def _goes_too(self, place: Path) -> bool:
        """Whether a git directory goes with the worktree."""
        real = Path(os.path.realpath(place))
        return any(real.is_relative_to(os.path.realpath(one)) for one in (self.root, self.worktree.git_dir))

    def _commits(self, store: Store, one: Inner) -> Iterator[OnlyCopy]:
        mine = stores.own(store)
        reader = store.reader.with_objects(self.main.common_dir / "objects")
        safe = {*git.refs(self.main).values(), *words(dict(self.baseline.tips), str(one.shared))}
        left = _unsafe(reader, mine, safe)
        if left:
            for url in _remotes(store, one.shared):
                if (place := local_path(url)) is not None and self._goes_too(self.root / one.path / place):
                    continue
                with contextlib.suppress(WavesError):
                    safe |= self.ask(url)
            left = _unsafe(reader, mine, safe)
        if left:
            names = [name.removeprefix("refs/") for name, oid in stores.refs(one.shared).items() if oid in left][:NAMED]
            on = f" ({', '.join(shown(name) for name in names)})" if names else ""
            yield OnlyCopy(one.path, f"is a repository with commits that are nowhere else{on}")

    def _files(self, store: Store, one: Inner, changed: Sequence[str]) -> tuple[list[OnlyCopy], list[str]]:
        """What is uncommitted in a repository inside, and its ignored files."""
        at = stores.head(one.git_dir)
        head = at if at and git.existing(store.reader, [at]) else None
        only, start = [], f"{one.path}/"
        if staged := self._staged(store, one, head, changed):
            only.append(OnlyCopy(one.path, f"has staged content that is nowhere else ({staged})"))
        if not changed:
            return only, []
        tree = replace(store.reader, work_tree=self.root / one.path)
        extra = {"GIT_INDEX_FILE": str(store.reader.git_dir / "index")}

        def listed(*arguments: str) -> set[str]:
            raw = git.call(tree, *arguments, "-z", extra=extra).out
            return {start + path for path in raw.decode("utf-8", "surrogateescape").split("\0") if path}

        git.call(tree, "read-tree", head or "--empty", extra=extra)
        git.call(tree, "update-index", "-q", "--refresh", extra=extra, ok=(0, 1))
        work = listed("diff-files", "--name-only", "--diff-filter=d", "--ignore-submodules=all")
        work |= listed("ls-files", "-o", "--exclude-standard")
        known = work | listed("ls-files")
        if named := ", ".join(shown(path) for path in sorted(work.intersection(changed))[:NAMED]):
            only.append(OnlyCopy(one.path, f"is a repository with uncommitted files ({named})"))
        return only, [path for path in changed if path not in known]

    def _staged(self, store: Store, one: Inner, head: str | None, changed: Sequence[str]) -> str:
        """Paths whose staged content neither the commit nor a file has; only if the index goes as well."""
        if not self._goes_too(one.git_dir) or plainfiles.look(one.git_dir / "index", stores.LONGEST).kind != "file":
            return ""
        extra = {"GIT_INDEX_FILE": str(one.git_dir / "index")}
        raw = git.call(store.reader, "ls-files", "--stage", "-z", extra=extra).out.decode("utf-8", "surrogateescape")
        known = {oid for _, oid in index.tree(store.reader, head).values()} if head else set()
        lines = (line.partition("\t") for line in raw.split("\0") if line)
        only = []
        for about, _, path in lines:
            mode, oid, _ = about.split(" ")
            if mode == index.GITLINK or oid in known:
                continue
            data = plainfiles.look(self.root / one.path / path, stores.LONGEST).data if one.has_files else b""
            if index.blob_id(data, store.algorithm) != oid:
                only.append(shown(path))
        return ", ".join(only[:NAMED])


def _unsafe(reader: Repository, mine: Mapping[str, str], safe: set[str]) -> list[str]:
    commits = [oid for oid, kind in mine.items() if kind == "commit"]
    tags = [oid for oid, kind in mine.items() if kind == "tag" and oid not in safe]
    return [*(stores.beyond(reader, commits, safe) if commits else []), *tags]


def _remotes(store: Store, common: Path) -> list[str]:
    """The addresses of its remotes, from its settings as a plain file."""
    text = plainfiles.look(common / "config")
    if text.kind != "file":
        return []
    listed = git.call(store.reader, "config", "--file=-", "--no-includes", "-z", "--get-regexp",
                      r"^remote\..*\.url$", stdin=text.data, ok=(0, 1))  # fmt: skip
    return [entry.partition("\n")[2] for entry in listed.text.split("\0") if entry]


# ---- the top


def _hidden(worktree: Repository) -> Iterator[OnlyCopy]:
    """Changes that the index is told to overlook: no status shows them."""
    assert worktree.work_tree is not None
    entries = index.entries(worktree) or {}
    flagged = [path for path, entry in entries.items() if entry[0].islower() or entry[0] == "S"]
    there = [path for path in flagged if os.path.lexists(worktree.work_tree / path)]
    for path in sorted(index.differing(worktree, there)):
        yield OnlyCopy(path, "is changed, and the index is told to overlook it")


def _caches(root: Path, found: Iterable[str]) -> set[str]:
    """The folders that their makers marked as caches."""
    tags = [path for path in found if path.endswith(f"/{CACHE_TAG}")]
    return {tag.rpartition("/")[0] for tag in tags if plainfiles.look(root / tag).data.startswith(CACHE_SIGNATURE)}


def _above(path: str) -> set[str]:
    parts = path.split("/")
    return {"/".join(parts[:count]) for count in range(1, len(parts))}


# ---- making room


def move_ignored(worktree: Repository, paths: Iterable[str], aside: Path) -> None:
    """Move these files below `aside`, which is on the same file system."""
    assert worktree.work_tree is not None
    for path in paths:
        plainfiles.move_out(worktree.work_tree, path, aside)

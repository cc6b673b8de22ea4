"""What a worktree and its repository are at one moment, and how two moments differ; it never changes anything."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from waves import git
from waves.agents.guard import index, plainfiles, worktrees
from waves.agents.guard.entries import NOTHING_SEEN, Entry, Reader, Seen
from waves.agents.guard.plainfiles import Plain
from waves.foundation.errors import GitError
from waves.foundation.text import shown
from waves.git import Repository

OUTPUT_FILE = ".codex-review-output.json"  # the one file that an agent may leave at the top of its worktree
OWN_FILES = ("HEAD", "commondir", "gitdir", "config.worktree", "locked", "info/sparse-checkout")
# Not `info/refs`: housekeeping writes it.
SHARED_FILES = ("config", "config.worktree", "hooks", "info", "info/exclude", "info/attributes", "info/grafts",
                "objects/info/alternates")  # fmt: skip
SHARED = ("shared/", "origin/")  # beginnings of names: what all worktrees share, and a remote that is a folder here
FOLDERS = frozenset({"hooks"})  # of those, the ones where every file counts


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The facts that `compare` compares and `restore` puts back."""

    taken_ns: int
    files: Mapping[str, Entry]
    closed: frozenset[str]  # folders that could not be read
    index: Mapping[str, str] | None  # as `index.entries` gives it
    untracked: frozenset[str]  # of the files: neither in the index nor ignored
    guarded: Mapping[str, Plain]  # small files that steer git: `tree/.git`, `own/HEAD`, `shared/config` …
    refs: Mapping[str, str]
    unit_refs: tuple[str, ...]  # names, or everything below a name: `refs/waves/batch/unit/*`
    origin: str = ""  # the git directory of the remote, if that is a folder on this machine
    # Of files that no object of the repository holds.
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def is_units(self, ref: str) -> bool:
        return any(ref == one or (one.endswith("/*") and ref.startswith(one[:-1])) for one in self.unit_refs)

    def status(self, path: str) -> str:
        if self.index is not None and path in self.index:
            return "tracked"
        return "untracked" if path in self.untracked else "ignored"

    def with_shared_of(self, other: Snapshot) -> Snapshot:
        """This one, with the files that all worktrees share as they were in the other."""
        own = {name: one for name, one in self.guarded.items() if not name.startswith(SHARED)}
        theirs = {name: one for name, one in other.guarded.items() if name.startswith(SHARED)}
        return replace(self, guarded=own | theirs)


# ---- taking one


def roots(worktree: Repository, origin: str) -> dict[str, Path]:
    """Where the kinds of guarded files are."""
    assert worktree.work_tree is not None
    found = {"tree": worktree.work_tree, "own": worktree.git_dir, "shared": worktree.common_dir}
    return found | ({"origin": Path(origin)} if origin else {})


def _origin(worktree: Repository) -> str:
    place = git.where(index.main_of(worktree), "origin", push=True)
    if place is None or not place.is_dir():
        return ""
    return str((place / ".git" if (place / ".git").is_dir() else place).resolve())


def take(worktree: Repository, unit_refs: Sequence[str], previous: Snapshot | None = None) -> Snapshot:
    """Look at all of it. With a `previous` snapshot only files whose status changed since are read again."""
    assert worktree.work_tree is not None
    started = time.time_ns()
    found, closed = plainfiles.walk(worktree.work_tree)
    # Once looked up, it stays: a run may have changed the settings that say where it is.
    origin = previous.origin if previous else _origin(worktree)
    guarded = _guarded(worktree, origin)
    git_can_look = worktree.work_tree.is_dir() and plainfiles.oddity(worktree.git_dir) is None
    entries = index.entries(worktree) if git_can_look else None
    refs = git.refs(index.main_of(worktree)) | _refs_of(origin)
    tracked: Mapping[str, str] = entries or {}
    safe = git_can_look and index.trap(found) is None
    others = index.untracked(worktree) if safe and entries is not None else None
    untracked = _untracked(found, tracked, others)
    seen = Seen(previous.files, previous.contents, previous.taken_ns) if previous else NOTHING_SEEN
    reader = Reader(worktree.work_tree, tracked, untracked, index.algorithm(refs.values()), seen)
    files = {path: reader.entry(path, found[path]) for path in sorted(found, key=reader.rank)}
    return Snapshot(
        started,
        files,
        frozenset(closed),
        entries,
        untracked,
        guarded,
        refs,
        tuple(unit_refs),
        origin,
        reader.contents,
    )


def _guarded(worktree: Repository, origin: str) -> dict[str, Plain]:
    folders = roots(worktree, origin)
    names = ["tree/.git", *(f"own/{name}" for name in OWN_FILES)]
    for root in folders.keys() & {"shared", "origin"}:
        for name in SHARED_FILES:
            names.append(f"{root}/{name}")
            if name in FOLDERS and plainfiles.look(folders[root] / name).kind == "folder":
                names += [f"{root}/{name}/{path}" for path in plainfiles.walk(folders[root] / name)[0]]
    seen = {}
    for name in names:
        root, _, path = name.partition("/")
        seen[name] = plainfiles.look(folders[root] / path)
    if worktrees.in_reftable(worktree) and plainfiles.oddity(worktree.git_dir) is None:
        seen["own/HEAD"] = replace(seen["own/HEAD"], data=f"{worktrees.head(worktree)}\n".encode())
    return {name: plain for name, plain in seen.items() if plain.kind != "absent"}


def _refs_of(origin: str) -> dict[str, str]:
    """The remote's own refs, each with `origin/` before its name; none where git can't be asked."""
    place = Path(origin)
    try:
        found = git.refs(Repository(place, place)) if origin else {}
    except GitError:
        return {}
    return {f"origin/{name}": oid for name, oid in found.items()}


def _untracked(
    found: Mapping[str, os.stat_result], tracked: Mapping[str, str], others: Sequence[str] | None
) -> frozenset[str]:
    """The untracked among the paths found: all that are not tracked, where git could not be asked."""
    if others is None:
        return frozenset(path for path in found if path not in tracked)
    nested = tuple(path for path in others if path.endswith("/"))
    inside = {path for path in found if path.startswith(nested)} if nested else set()
    return frozenset((inside | set(others)) - set(nested))


# ---- comparing two


@dataclass(frozen=True, slots=True)
class Difference:
    kind: Literal["file", "index", "ref", "guarded"]
    path: str  # of the work tree, a ref's name, or a guarded file's
    what: str  # in words

    @property
    def shared(self) -> bool:
        """Whether it is about what all worktrees of the repository share."""
        return self.kind == "guarded" and self.path.startswith(SHARED)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is not allowed, and moves of refs that are neither the unit's nor Waves' own (to report, never to undo)."""

    differences: tuple[Difference, ...]
    foreign: tuple[Difference, ...]


def compare(before: Snapshot, after: Snapshot, allow: Literal["nothing", "own-work"],
            ours: Collection[tuple[str, str]] = ()) -> Comparison:  # fmt: skip
    """How `after` differs from `before`.

    `nothing` is the rule for reviewers; `own-work`, for implementers and correctors, allows the files, HEAD and index
    of the worktree and the unit's refs. `ours` are the ref updates (name and new object, ZERO for a deletion) that
    Waves made meanwhile.
    """
    strict = allow == "nothing"
    found = _guarded_differences(before, after, strict)
    if strict:
        found += _index_differences(before, after) + _file_differences(before, after)
    refs = _ref_differences(before, after, ours)
    own = [one for one in refs if before.is_units(one.path)]
    foreign = tuple(one for one in refs if not before.is_units(one.path))
    return Comparison(tuple(found + own) if strict else tuple(found), foreign)


def _guarded_differences(before: Snapshot, after: Snapshot, strict: bool) -> list[Difference]:
    found = []
    for name in sorted(before.guarded.keys() | after.guarded.keys()):
        was, now = before.guarded.get(name, Plain("absent")), after.guarded.get(name, Plain("absent"))
        if was == now or (name == "own/HEAD" and not strict):
            continue
        found.append(Difference("guarded", name, _guarded_words(name, was, now)))
    return found


def _guarded_words(name: str, was: Plain, now: Plain) -> str:
    root, _, path = name.partition("/")
    if name == "own/HEAD" and was.text is not None and now.text is not None:
        return f"HEAD changed from {shown(was.text)!r} to {shown(now.text)!r}"
    label = shown(path)
    if name == "shared/config":
        label = "the repository's config"
    elif path.startswith("hooks/"):
        label = f"hook {shown(path.removeprefix('hooks/'))}"
    elif root not in ("shared", "origin"):
        label = f"the worktree's {label}"
    if root == "origin":
        label = f"{'config' if path == 'config' else label} of the remote"
    if was.kind == "absent":
        return f"{label} {'added' if now.kind == 'file' else 'added as a ' + now.kind}"
    return f"{label} {_change(was.kind, was.mode, now.kind, now.mode, was.data == now.data)}"


def _change(kind: str, mode: int, now: str, now_mode: int, same: bool) -> str:
    if now == "absent":
        return "deleted"
    if kind != now:
        return f"was a {kind} and is {'no file of any kind' if now == 'other' else 'a ' + now} now"
    return f"changed its mode from {mode:o} to {now_mode:o}" if same and mode != now_mode else "changed"


def _index_differences(before: Snapshot, after: Snapshot) -> list[Difference]:
    if before.index is None or after.index is None:
        same = before.index is after.index
        return (
            []
            if same
            else [Difference("index", "", "the index is damaged" if after.index is None else "an index was made")]
        )
    found = []
    for path in sorted(before.index.keys() | after.index.keys()):
        was, now = before.index.get(path), after.index.get(path)
        if was == now:
            continue
        if was is None or now is None:
            what = "added to the index" if was is None else "removed from the index"
        elif was[1:] == now[1:]:
            what = f"{_flags(now)} in the index"
        else:
            what = "changed in the index"
        found.append(Difference("index", path, f"{shown(path)} {what}"))
    return found


def _flags(entry: str) -> str:
    if entry[0].upper() == "S":
        return "marked skip-worktree"
    return "marked assume-unchanged" if entry[0].islower() else "no longer marked assume-unchanged or skip-worktree"


def _file_differences(before: Snapshot, after: Snapshot) -> list[Difference]:
    found = [
        Difference("file", path, f"folder {shown(path)} can't be read any more")
        for path in sorted(after.closed - before.closed)
    ]
    were, are = _filled(before.files), _filled(after.files)
    for path in sorted(before.files.keys() | after.files.keys()):
        was, now = before.files.get(path), after.files.get(path)
        if path == OUTPUT_FILE or (was and now and was.like(now)):
            continue
        if was is None and now is not None:
            if path not in are:  # a folder with something in it is told by what is in it
                found.append(Difference("file", path, f"new {_named(after, path, now)}"))
        elif now is None and was is not None:
            if path not in were:
                found.append(Difference("file", path, f"{_named(before, path, was)} deleted"))
        elif was is not None and now is not None:
            same = was.content == now.content and was.kind in {now.kind, "folder"}
            what = _change(was.kind, was.mode, now.kind, now.mode, same)
            found.append(Difference("file", path, f"{_named(before, path, was)} {what}"))
    return found


def _filled(files: Mapping[str, Entry]) -> set[str]:
    return {path.rpartition("/")[0] for path in files}


def _named(snapshot: Snapshot, path: str, entry: Entry) -> str:
    if entry.kind in {"folder", "other"}:  # neither is ever tracked or ignored
        return f"{'folder' if entry.kind == 'folder' else 'special file'} {shown(path)}"
    return f"{snapshot.status(path)} {entry.kind} {shown(path)}"


def _ref_differences(before: Snapshot, after: Snapshot, ours: Collection[tuple[str, str]]) -> list[Difference]:
    found = []
    for ref in sorted(before.refs.keys() | after.refs.keys()):
        was, now = before.refs.get(ref), after.refs.get(ref)
        if was == now or (ref, now or git.ZERO) in ours:
            continue
        name = ref.removeprefix("origin/").removeprefix("refs/")
        for prefix, word in (("heads/", "branch"), ("tags/", "tag"), ("remotes/", "remote branch")):
            if name.startswith(prefix):
                name = f"{word} {name.removeprefix(prefix)}"
        name += " of the remote" if ref.startswith("origin/") else ""
        if was is None:
            what = f"{name} made at {now}"
        else:
            what = f"{name} deleted, was at {was}" if now is None else f"{name} moved from {was} to {now}"
        found.append(Difference("ref", ref, what))
    return found

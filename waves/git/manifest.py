"""List what changed between two trees, from the trees alone: no attribute, setting or rename can hide a path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waves.git.hardened import BIG, Repository
from waves.git.plumbing import AS_TEXT, plumbing

KINDS = {"100644": "file", "100755": "executable", "120000": "symlink", "160000": "submodule"}
AT_ONCE = 200  # paths on one command line


@dataclass(frozen=True, slots=True)
class ChangedPath:
    """One path that differs. A rename is two of them. A side without the path has mode `000000` and size 0."""

    path: str
    old: str  # object id; all zeros: not there
    new: str
    old_mode: str
    new_mode: str
    old_size: int = 0  # bytes; 0 for a submodule
    size: int = 0
    added: int = 0  # lines
    deleted: int = 0
    counted: bool = True  # False: a blob is longer than BIG, so its lines were not counted
    binary: bool = False  # git finds a NUL near its beginning, or did not look, because it is longer than BIG

    @property
    def status(self) -> str:
        """`added`, `deleted`, `modified` or `type changed`."""
        if not self.old_kind:
            return "added"
        if not self.kind:
            return "deleted"
        return "modified" if {self.old_kind, self.kind} <= {"file", "executable"} or self.old_kind == self.kind else (
            "type changed"
        )  # fmt: skip

    @property
    def old_kind(self) -> str:
        return _kind(self.old_mode)

    @property
    def kind(self) -> str:
        """`file`, `executable`, `symlink`, `submodule` or another mode; empty: deleted."""
        return _kind(self.new_mode)


def _kind(mode: str) -> str:
    return KINDS.get(mode, "" if set(mode) == {"0"} else f"mode {mode}")


def manifest(repository: Repository, old: str, new: str) -> tuple[ChangedPath, ...]:
    """Every path at which the trees of two commits differ, in git's order of paths."""
    found = list(_differing(repository, old, new))
    blobs = {one for entry in found for one, kind in ((entry["old"], entry["old_mode"]), (entry["new"],
             entry["new_mode"])) if _kind(kind) not in ("", "submodule")}  # fmt: skip
    sizes = object_sizes(repository, sorted(blobs))
    for entry in found:
        entry["old_size"], entry["size"] = sizes.get(entry["old"], 0), sizes.get(entry["new"], 0)
    counted = _counts(repository, old, new)
    binary = [one["path"] for one in found if counted.get(one["path"]) is None and _is_short(one)]
    for start in range(0, len(binary), AT_ONCE):
        counted |= _counts(repository, old, new, binary[start : start + AT_ONCE])
    unseen = set(binary)
    return tuple(_changed(one, counted.get(one["path"]), one["path"] in unseen) for one in found)


def changed_paths(repository: Repository, old: str, new: str) -> tuple[str, ...]:
    """The paths of the manifest alone."""
    return tuple(entry["path"] for entry in _differing(repository, old, new))


def _changed(entry: Mapping[str, Any], lines: tuple[int, int] | None, has_nul: bool) -> ChangedPath:
    added, deleted = lines or (0, 0)
    counted = lines is not None
    return ChangedPath(**entry, added=added, deleted=deleted, counted=counted, binary=has_nul or not counted)


def _is_short(entry: Mapping[str, Any]) -> bool:
    return int(entry["old_size"]) <= BIG and int(entry["size"]) <= BIG


def _differing(repository: Repository, old: str, new: str) -> Iterator[dict[str, Any]]:
    raw = plumbing(repository, "diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-relative",
                   "--ignore-submodules=none", "--end-of-options", old, new).out  # fmt: skip
    parts = raw.decode("utf-8", "surrogateescape").split("\0")
    for about, path in zip(parts[::2], parts[1::2], strict=False):
        old_mode, new_mode, old_id, new_id, _ = about.removeprefix(":").split(" ")
        yield {"path": path, "old": old_id, "new": new_id, "old_mode": old_mode, "new_mode": new_mode}


def _counts(repository: Repository, old: str, new: str, paths: Sequence[str] = ()) -> dict[str, tuple[int, int] | None]:
    """Path to lines added and deleted; None for what git calls binary, which is nothing among `paths`."""
    raw = plumbing(repository, "diff-tree", "-r", "-z", "--numstat", "--no-renames", "--no-relative",
                   "--ignore-submodules=none", "--end-of-options", old, new, "--", *paths,
                   attributes=AS_TEXT if paths else "").out  # fmt: skip
    found: dict[str, tuple[int, int] | None] = {}
    for entry in raw.decode("utf-8", "surrogateescape").split("\0"):
        if entry:
            added, deleted, path = entry.split("\t", 2)
            found[path] = None if added == "-" else (int(added), int(deleted))
    return found


def object_sizes(repository: Repository, ids: Iterable[str]) -> dict[str, int]:
    """Object id to size in bytes, of those that the repository has."""
    stdin = "".join(f"{one}\n" for one in ids).encode()
    lines = plumbing(repository, "cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=stdin).text.splitlines()
    return {oid: int(size) for oid, _, size in (line.partition(" ") for line in lines) if size.isdecimal()}

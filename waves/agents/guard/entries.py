"""The paths of a work tree, by status and content, reading only what changed; it never follows a link."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from waves.agents.guard import index, plainfiles

SMALL = 1 << 20  # bytes; longer ignored files are known by their status alone, and no longer file is kept
KEPT = 16 << 20  # bytes of contents that a snapshot keeps in all
# A file written in the same tick of the clock as the last look can differ without looking different.
TICK = 2_000_000_000  # nanoseconds; the coarsest clock of a file system in use


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of the work tree. `content` is a file's blob id or a link's target, empty where it was not read."""

    kind: str  # file | link | folder | other
    mode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    content: str = ""

    def like(self, other: Entry) -> bool:
        """The same to whoever reads it, whenever it was touched."""
        if (self.kind, self.mode, self.content) != (other.kind, other.mode, other.content):
            return False
        return self.kind != "file" or bool(self.content) or self.untouched(other)

    def untouched(self, other: Entry) -> bool:
        return (self.size, self.mtime_ns, self.ctime_ns, self.inode) == (
            other.size, other.mtime_ns, other.ctime_ns, other.inode)  # fmt: skip

    def is_of(self, status: os.stat_result) -> bool:
        """Whether nothing about the path was changed since: not even a mode can change without the ctime."""
        return (
            self.ctime_ns == status.st_ctime_ns
            and self.inode == status.st_ino
            and self.mtime_ns == status.st_mtime_ns
            and self.size == status.st_size
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What an earlier look found, and when (nanoseconds since the epoch)."""

    files: Mapping[str, Entry] = field(default_factory=dict)
    contents: Mapping[str, bytes] = field(default_factory=dict)
    taken_ns: int = 0


NOTHING_SEEN = Seen()


class Reader:
    """Turns a status into an entry, reading what has to be read, and keeps what could not be found again elsewhere."""

    def __init__(self, root: Path, tracked: Mapping[str, str], untracked: Collection[str], algorithm: str,
                 seen: Seen) -> None:  # fmt: skip
        self._root, self._tracked, self._untracked, self._algorithm = str(root), tracked, untracked, algorithm
        self._seen, self._kept, self._until = seen.files, seen.contents, seen.taken_ns - TICK
        self._room = KEPT
        self.contents: dict[str, bytes] = {}

    def rank(self, path: str) -> tuple[bool, str]:
        """Ignored files last: the room for contents goes to work first."""
        return not self._counts(path), path

    def entry(self, path: str, status: os.stat_result) -> Entry:
        seen = self._seen.get(path)
        if seen is not None and status.st_ctime_ns < self._until and seen.is_of(status) and self._can_reuse(path, seen):
            return seen
        mode = status.st_mode
        content = ""
        if stat.S_ISREG(mode):
            content = self._file(path, status.st_size)
        elif stat.S_ISLNK(mode):
            content = _target(f"{self._root}/{path}")
        return Entry(plainfiles.kind_of(mode), stat.S_IMODE(mode), status.st_size, status.st_mtime_ns,
                     status.st_ctime_ns, status.st_ino, content)  # fmt: skip

    def _can_reuse(self, path: str, seen: Entry) -> bool:
        """Whether nothing would be gained by reading it again: neither its content's id nor the content."""
        if seen.kind != "file" or (seen.content and self._in_store(path, seen.content)):
            return True
        if seen.size > SMALL:
            return bool(seen.content) or not self._counts(path)
        if path in self._kept:
            self._keep(path, self._kept[path])
        return path in self._kept

    def _counts(self, path: str) -> bool:
        return path in self._tracked or path in self._untracked

    def _file(self, path: str, size: int) -> str:
        if size > SMALL:
            return _digest(f"{self._root}/{path}", self._algorithm) if self._counts(path) else ""
        try:
            data = plainfiles.read(f"{self._root}/{path}", SMALL)
        except OSError:
            return ""
        if data is None:
            return ""
        content = index.blob_id(data, self._algorithm)
        if not self._in_store(path, content):
            self._keep(path, data)
        return content

    def _in_store(self, path: str, content: str) -> bool:
        entry = self._tracked.get(path)
        return entry is not None and entry.split(" ")[2] == content

    def _keep(self, path: str, data: bytes) -> None:
        if len(data) <= self._room:
            self._room -= len(data)
            self.contents[path] = data


def _target(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 - a Path would cost more than the call, for each of many files
    except OSError:
        return ""


def _digest(path: str, algorithm: str) -> str:
    """The blob id of a long file, read in pieces; empty where it can't be read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return ""
            found = hashlib.new(algorithm, b"blob %d\0" % status.st_size)
            while piece := file.read(SMALL):
                found.update(piece)
    except OSError:
        return ""
    return found.hexdigest()

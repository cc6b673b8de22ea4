"""The rulings of a batch: an append-only file, written by many processes at once and read without a lock.

One JSON object a line. A line is written under a lock and flushed before anybody is told that it is there; one that a
crash cut short is no ruling, for nobody was told of it.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from waves.foundation import locks
from waves.foundation.errors import about_file
from waves.foundation.records import FORMAT, format_words, refuse_constant, unknown_format
from waves.foundation.shapes import made
from waves.plan.model import Ruling
from waves.plan.schema import RULINGS

NAME = "rulings.jsonl"
WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that a newer Waves wrote about a unit."""

    id: str
    unit: str
    format: Any
    line: str


@dataclass(frozen=True, slots=True)
class Given:
    """One line. `id` tells an entry from an equal one that was given later."""

    unit: str
    item: str
    ruling: str
    why: str = ""
    digest: str | None = None
    id: str = ""
    by: str = ""
    at: str = ""  # when, in UTC
    format: int = FORMAT

    @property
    def plain(self) -> Ruling:
        return Ruling(self.unit, self.item, self.ruling, self.why, self.digest, self.id)


def given(ruling: Ruling) -> Given:
    """A ruling as it is given here and now."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    own = {name: getattr(ruling, name) for name in ("unit", "item", "ruling", "why", "digest")}
    return Given(**own, id=secrets.token_hex(8), by=getpass.getuser(), at=at)


def standing(rulings: Iterable[Ruling]) -> tuple[Ruling, ...]:
    """The rulings that count, of all that were given, oldest first: the newest on a thing, and every `retry`."""
    found: list[Ruling] = []
    for one in rulings:
        if one.ruling == WITHDRAW:
            last = next((earlier for earlier in reversed(found) if _same(earlier, one)), None)
            found = [earlier for earlier in found if earlier is not last]
        else:
            found = [earlier for earlier in found if earlier.ruling == "retry" or not _same(earlier, one)] + [one]
    return tuple(found)


def _same(earlier: Ruling, later: Ruling) -> bool:
    """Whether both are about one thing: an item is the same only while its words are."""
    if earlier.unit != later.unit:
        return False
    if earlier.item.startswith("H") and earlier.digest is not None and earlier.digest == later.digest:
        return True  # what a person said keeps its ruling when it has another name in a later cycle
    digests = {earlier.digest, later.digest}
    return _thing(earlier) == _thing(later) and (len(digests) == 1 or None in digests)


def _thing(one: Ruling) -> str:
    """What a ruling is on: `drop` is about the whole unit, and a merge may be named without its cycle."""
    if one.ruling == "drop":
        return "unit"
    return "merge" if one.item.startswith("merge@") else one.item


def joined(planned: Sequence[Ruling], entries: Iterable[Given]) -> tuple[Ruling, ...]:
    """All rulings on units, oldest first: those of the plan, then the entries that were not exported to it."""
    exported = {one.id for one in planned if one.id}
    return (*planned, *(one.plain for one in entries if one.unit and one.id not in exported))


# ---- lines


def to_lines(entries: Iterable[Given | Unreadable]) -> str:
    lines = (one.line if isinstance(one, Unreadable) else json.dumps(asdict(one), sort_keys=True) for one in entries)
    return "".join(f"{line}\n" for line in lines)


def from_lines(text: str) -> Iterator[Given | Unreadable]:
    """What the whole lines of a text hold, in order."""
    for line in text.split("\n"):
        try:
            value = json.loads(line, parse_constant=refuse_constant)
        except (ValueError, RecursionError):
            continue
        if not isinstance(value, dict):
            continue
        if unknown_format(value):
            yield Unreadable(str(value.get("id", "")), str(value.get("unit", "")), value["format"], line)
        elif (found := made(Given, value)) and found.id and found.ruling in RULINGS:
            yield found


@dataclass(slots=True)
class Rulings:
    """`rulings.jsonl` in the folder of a batch, read again whenever it has changed."""

    folder: Path
    _seen: tuple[int, ...] = ()
    _entries: tuple[Given, ...] = ()
    _unreadable: tuple[Unreadable, ...] = ()
    _reading: threading.Lock = field(default_factory=threading.Lock)

    @property
    def path(self) -> Path:
        return self.folder / NAME

    @property
    def version(self) -> tuple[int, ...]:
        """Another one whenever the file is."""
        try:
            about = self.path.stat()
        except OSError:
            return ()
        return (about.st_ino, about.st_size, about.st_mtime_ns)

    @property
    def entries(self) -> tuple[Given, ...]:
        self._read()
        return self._entries

    def unknown(self, unit: str) -> str:
        """What to say of a ruling on the unit that a newer Waves wrote; nothing where there is none."""
        self._read()
        found = next((one for one in self._unreadable if one.unit in (unit, "")), None)
        return format_words(f"a ruling in {self.path}", {"format": found.format}) if found else ""

    def append(self, entries: Sequence[Given | Unreadable]) -> tuple[Given, ...]:
        """Write down those that are not there yet, all at once; what the file holds of them afterwards."""
        with locks.waiting(self.folder / "rulings.lock"):
            known = {one.id for one in self.entries} | {one.id for one in self._unreadable}
            new = [one for one in entries if one.id not in known]
            if new:
                _append(self.path, to_lines(new).encode())
        wanted = {one.id for one in entries}
        return tuple(one for one in self.entries if one.id in wanted)

    def _read(self) -> None:
        with self._reading:
            version = self.version
            if version == self._seen:
                return
            try:
                text = self.path.read_bytes().decode("utf-8", "replace")
            except FileNotFoundError:
                text = ""
            found = list(from_lines(text))
            self._entries = tuple(one for one in found if isinstance(one, Given))
            self._unreadable = tuple(one for one in found if isinstance(one, Unreadable))
            self._seen = version


def _append(path: Path, data: bytes) -> None:
    """Add whole lines, behind whatever a crash left of one, and see them on the disk."""
    begins = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(handle).st_size
        with about_file(path):
            torn = size and os.pread(handle, 1, size - 1) != b"\n"
            left = memoryview(b"\n" + data if torn else data)
            while left:
                left = left[os.write(handle, left) :]
            os.fsync(handle)
    finally:
        os.close(handle)
    if begins:
        _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with about_file(folder):
            os.fsync(handle)
    finally:
        os.close(handle)

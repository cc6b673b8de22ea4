"""Find the filters that attributes ask for, in every file that git reads attributes from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from waves.foundation import records
from waves.git import filters
from waves.git.hardened import Repository, call, said_of
from waves.git.history import blobs

SYSTEM = Path("/etc/gitattributes")
FILE = ".gitattributes"
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
LONGEST = 1 << 20  # bytes; git ignores longer files of attributes than 100 MB, and a person writes none


@dataclass(frozen=True, slots=True)
class FilterRequest:
    """One place that asks for a filter."""

    filter: str
    file: str
    line: int  # 1-based

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"


def asked(repository: Repository, commit: str) -> tuple[FilterRequest, ...]:
    """Every place that asks for a filter: in the commit's tree, in the repository, and in the person's own files."""
    found = list(asked_in(repository, commit))
    person = filters.attributes_file(said_of(repository))
    for path, name in ((repository.common_dir / "info" / "attributes", "info/attributes"), (person, str(person)),
                       (SYSTEM, str(SYSTEM))):  # fmt: skip
        if path.is_file():
            found += _named(name, path.read_bytes()[:LONGEST])
    return tuple(found)


def asked_in(repository: Repository, commit: str) -> Iterator[FilterRequest]:
    """The same for the tree of a commit alone."""
    raw = call(repository, "ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit).out
    files: dict[str, str] = {}
    for entry in raw.decode("utf-8", "surrogateescape").split("\0"):
        about, _, path = entry.partition("\t")
        if path.rpartition("/")[2] == FILE and about.startswith("100"):  # git follows no link here
            files[path] = about.split(" ")[2]
    held = blobs(repository, sorted(set(files.values()))) if files else {}
    for path, oid in files.items():
        yield from _named(path, held.get(oid, b"")[:LONGEST])


def _named(file: str, data: bytes) -> Iterator[FilterRequest]:
    for number, line in enumerate(data.decode("utf-8-sig", "replace").split("\n"), 1):
        yield from (FilterRequest(name, file, number) for name in filters_in(line))


def filters_in(line: str) -> list[str]:
    """The filters that one line of attributes asks for, a macro's definition included."""
    text = line.strip(" \t\r")
    if not text or text.startswith("#"):
        return []
    pattern = QUOTED.match(text)
    words = text[pattern.end() :].split() if pattern else text.split()[1:]
    return [word.partition("=")[2] for word in words if word.startswith("filter=") and word != "filter="]


def filters_of(repository: Repository, commit: str, paths: Sequence[str]) -> dict[str, str]:
    """Path to filter, of those of the paths for which the attributes of a commit ask for one."""
    if not paths:
        return {}
    stdin = b"".join(os.fsencode(path) + b"\0" for path in paths)
    with records.folder("waves-index-", repository.common_dir) as folder:
        extra = {"GIT_INDEX_FILE": str(folder / "index")}
        call(repository, "read-tree", commit, extra=extra)
        raw = call(repository, "check-attr", "--cached", "-z", "--stdin", "filter", stdin=stdin, extra=extra).out
    words = raw.decode("utf-8", "surrogateescape").split("\0")
    found = dict(zip(words[::3], words[2::3], strict=False))
    return {path: name for path, name in found.items() if name not in ("set", "unset", "unspecified")}

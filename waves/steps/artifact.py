"""Make what a reviewer is shown of a change: each file's patch as readable text, and what was noticed in it."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from waves import git
from waves.foundation.suspicious import (
    Kind,
    Notice,
    is_code,
    kind_of,
    notices,
    readable,
    spelled,
    text_of,
)
from waves.git import ChangedPath, FilePatch, Repository

LARGE = git.BIG  # bytes; a longer file is not shown
ALL_LARGE = 100_000_000  # bytes of all files together; later files are not shown
AT_ONCE = 32_000_000  # bytes of blobs in memory
LINES_NAMED = 5  # for each rule
EXECUTABLE = "100755"
TOO_LONG = "too long to be shown"
TEXT = Kind("text", "utf-8")
DIFF = ("git --no-pager --literal-pathspecs -c core.quotePath=false diff-tree -r -p --text --no-renames --no-ext-diff "
        "--no-textconv --no-color --ignore-submodules=none")  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownFile:
    """One file of a change, and all that a reader needs to see of it, printable."""

    path: str
    source: str  # the path before it was renamed, else the same
    patch: str  # without lines if the file can't be shown
    added: int | None  # lines; None: it can't be shown
    deleted: int | None
    command: str  # shows it, in a worktree of the repository
    reasons: tuple[str, ...] = ()  # why it can't be shown, or what to look at
    note: str = ""  # what it is, if it can't be shown

    @property
    def is_shown(self) -> bool:
        return self.added is not None


@dataclass(frozen=True, slots=True)
class _Side:
    """A file before or after the change; a link, a submodule and no file at all are like an empty text."""

    oid: str = ""
    size: int = 0
    kind: Kind = TEXT
    start: str = ""
    digest: str = ""


def shown_files(repository: Repository, old: str, new: str) -> tuple[ShownFile, ...]:
    """Every file that differs between two commits, renames found."""
    sides = _sides(repository, git.manifest(repository, old, new))
    unread = [path for path, pair in sides.items() if any(side.kind.encoding != "utf-8" for side in pair)]
    found = []
    for one in git.patches(repository, old, new, unread):
        paths = " ".join(shlex.quote(path) for path in dict.fromkeys((one.source, one.path)))
        command = f"{DIFF} {old} {new} -- {paths}"
        found.append(_shown(repository, one, sides[one.source][0], sides[one.path][1], command))
    return tuple(found)


def whole(files: Sequence[ShownFile]) -> str:
    return "".join(one.patch for one in files)


def flags(files: Sequence[ShownFile]) -> tuple[str, ...]:
    """What was noticed, a line for each file."""
    return tuple(f"{spelled(one.path)}: {'; '.join(one.reasons)}" for one in files if one.reasons)


# ---- what each file is


def _sides(repository: Repository, changed: Sequence[ChangedPath]) -> dict[str, tuple[_Side, _Side]]:
    """Path to the file before and after, each looked at if it is short enough."""
    wanted, total = [], 0
    for one in changed:
        total += one.old_size + one.size
        if max(one.old_size, one.size) <= LARGE and total <= ALL_LARGE:
            wanted += [(one.path, one.old, one.old_size, one.old_kind), (one.path, one.new, one.size, one.kind)]
    seen: dict[tuple[str, str], _Side] = {}
    for group in _groups([one for one in wanted if one[3] in ("file", "executable")]):
        contents = git.blobs(repository, sorted({oid for _, oid, _, _ in group}))
        seen |= {(path, oid): _looked_at(path, oid, contents[oid]) for path, oid, _, _ in group}
    return {
        one.path: (_side(seen, one.path, one.old, one.old_size, one.old_kind),
                   _side(seen, one.path, one.new, one.size, one.kind))
        for one in changed
    }  # fmt: skip


Wanted = tuple[str, str, int, str]  # path, object id, size, kind


def _groups(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    group: list[Wanted] = []
    for one in wanted:
        if group and sum(size for _, _, size, _ in group) + one[2] > AT_ONCE:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _looked_at(path: str, oid: str, data: bytes) -> _Side:
    kind = kind_of(path, data)
    start = text_of(data[:100], kind.encoding)[:2] if kind.encoding else ""
    return _Side(oid, len(data), kind, start, hashlib.sha256(data).hexdigest())


def _side(seen: Mapping[tuple[str, str], _Side], path: str, oid: str, size: int, kind: str) -> _Side:
    if kind not in ("file", "executable"):
        return _Side(oid, size)
    return seen.get((path, oid)) or _Side(oid, size, Kind(TOO_LONG))


# ---- how it is shown


def _shown(repository: Repository, one: FilePatch, before: _Side, after: _Side, command: str) -> ShownFile:
    gone = not after.oid.strip("0")
    if after.kind.encoding is None or (gone and before.kind.encoding is None):
        return _not_shown(one, before if gone else after, before, command)
    patch, notes = one.patch, []
    if {before.kind.encoding, after.kind.encoding} != {"utf-8"}:
        patch = _as_utf8(repository, one, before, after)
        notes = [f"({side.kind.name} {when})" for side, when in ((before, "before"), (after, "now")) if side.digest]
        command = "; ".join(_reading(side) for side in (before, after) if side.digest)
    rows = list(readable.rows(patch.decode("utf-8", "surrogateescape")))
    code = is_code(one.path, after.start) or one.new_mode == EXECUTABLE
    added = [(row.number, row.text) for row in rows if row.mark == "+"]
    # What runs it may read the bytes otherwise than what is shown.
    wide = () if after.kind.encoding == "utf-8" else (f"{after.kind.name}, shown as UTF-8",)
    found = notices(one.path, added, code=code)
    return ShownFile(
        one.path, one.source, readable.shown(rows, notes, code=code), len(added),
        sum(row.mark == "-" for row in rows), command, (*_of_name(one.path), *wide, *_reasons(found)),
    )  # fmt: skip


def _as_utf8(repository: Repository, one: FilePatch, before: _Side, after: _Side) -> bytes:
    """The patch of a file that was or is in another encoding; of a side that is no text nothing is shown."""
    texts = [
        text_of(git.blobs(repository, [side.oid])[side.oid], side.kind.encoding).encode("utf-8", "surrogateescape")
        if side.digest and side.kind.encoding else b""
        for side in (before, after)
    ]  # fmt: skip
    head = re.sub(rb"^Binary files .*\n", b"", one.patch, flags=re.MULTILINE)
    return head + git.hunks(repository, texts[0], texts[1])


def _not_shown(one: FilePatch, side: _Side, before: _Side, command: str) -> ShownFile:
    if side.kind.name != TOO_LONG:
        command = _reading(side)
    digest = f", sha256 {side.digest}" if side.digest else ""
    was = f" (before: {before.size} bytes, {before.oid})" if before is not side and before.oid.strip("0") else ""
    what = f"{side.kind.name}, {side.size} bytes, git object {side.oid}{digest}{was}"
    note = f"not shown: {what}"
    rows = list(readable.rows(one.patch.decode("utf-8", "surrogateescape")))
    rows = [row for row in rows if not row.text.startswith("Binary files ")]
    patch = readable.shown(rows, [f"({note})"], code=False)
    reasons = (*_of_name(one.path), f"{note}; to see it: {command}")
    return ShownFile(one.path, one.source, patch, None, None, command, reasons, note)


def _reading(side: _Side) -> str:
    """The command that shows a file on a terminal."""
    encoding = side.kind.encoding or ""
    through = {"": "od -A d -t x1z", "utf-8": "cat -v"}.get(
        encoding, f"iconv -f {encoding[:-3]}{encoding[-2:]} -t utf-8"
    )
    return f"git cat-file blob {side.oid} | {through}"


# ---- what is noticed


def _of_name(path: str) -> Iterator[str]:
    for one in notices(path, [(0, path)], code=True):
        yield f"its name has a {one.rule} ({one.what})"


def _reasons(found: Sequence[Notice]) -> Iterator[str]:
    for rule in dict.fromkeys(one.rule for one in found):
        of_rule = [one for one in found if one.rule == rule]
        lines = list(dict.fromkeys(str(one.line) for one in of_rule))
        what = ", ".join(dict.fromkeys(one.what for one in of_rule[:LINES_NAMED]))
        more = f" and {len(lines) - LINES_NAMED} more" if len(lines) > LINES_NAMED else ""
        yield f"{rule} ({what}) at line {', '.join(lines[:LINES_NAMED])}{more}"

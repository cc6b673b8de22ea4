"""Files that survive a crash: atomic writes, digests, and a unit's folder of records; it never decides anything."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from waves.foundation.errors import about_file
from waves.foundation.shapes import fits, made, words

T = TypeVar("T")
Json = dict[str, Any]
FORMAT = 1  # of records, claims and rulings; a file that names none was written before they named one


def unknown_format(value: Mapping[str, Any]) -> bool:
    """Whether a newer Waves wrote this: what it means cannot be told then, and it must not count as missing."""
    return bool(value.get("format", FORMAT) != FORMAT)


def format_words(where: object, value: Mapping[str, Any]) -> str:
    """What to say of something in an unknown format, and what to do."""
    named = json.dumps(value.get("format"))[:40]
    return f"{where} is in format {named}, and this Waves knows format {FORMAT}: go on with the Waves that wrote it"


def write_bytes(path: Path, data: bytes) -> None:
    """Replace `path` whole or not at all, also when the machine loses power; its permissions stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with about_file(path), os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), path.stat().st_mode & 0o777 if path.exists() else 0o644)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Json | None:
    """The object in `path`, or None where the file is absent, torn or not a JSON object."""
    try:
        value = json.loads(path.read_bytes(), parse_constant=refuse_constant)
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def refuse_constant(name: str) -> NoReturn:
    """For `parse_constant`: Python reads NaN and Infinity, and nothing can be done with such a number."""
    raise ValueError(f"{name} is not JSON")


def read_regular(path: Path, limit: int, *, end: bool = False, follow: bool = False) -> bytes | None:
    """At most `limit` bytes of the beginning (or end) of a regular file; None for anything else.

    A link is something else too, unless `follow`. A named pipe or a device never makes us wait.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        handle = os.open(path, flags)
    except (OSError, ValueError):
        return None
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            return None
        with os.fdopen(handle, "rb", closefd=False) as file:
            if end:
                file.seek(max(0, about.st_size - limit))
            return file.read(limit)
    except OSError:
        return None
    finally:
        os.close(handle)


def read_text(path: Path) -> str:
    """The text of `path`, or an empty string where there is none; bytes that are not UTF-8 are replaced."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def digest(value: Any) -> str:
    """A short digest of plain data (or of bytes), the same in every process and version."""
    data = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(data).hexdigest()[:20]


def digest_of_file(path: Path) -> str | None:
    try:
        return digest(path.read_bytes())
    except OSError:
        return None


@contextlib.contextmanager
def folder(prefix: str, parent: Path) -> Iterator[Path]:
    """A temporary folder under `parent`, gone at the end whatever happens inside."""
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True) as name:
        yield Path(name)


@dataclass(frozen=True, slots=True)
class Record:
    """The proof that a step is done: what it depended on, what it made, and when (seconds since the epoch)."""

    step: str
    inputs: Mapping[str, str]  # name for people to digest
    outputs: Mapping[str, str]  # file name in the unit's folder to digest
    result: Mapping[str, Any]
    started: float
    ended: float
    generation: int = 0  # how many implementer runs this unit had when the step was done


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a step could not go on. `kind`: escalated | waiting | broken | closed."""

    step: str
    kind: str
    reason: str
    attempts: int = 1  # how often the step has come to this; a `retry` ruling allows one more
    rule: str = ""  # what a person can do about it, as a command
    inputs: str = ""  # digest of the step's inputs then: with others, the trouble is over
    person: bool = False  # a person has to do something outside of Waves first


# What the results of these kinds of steps always hold: later steps, and the status, go by it.
RESULTS: Mapping[str, Mapping[str, Any]] = {
    "worktree": {"branch": str, "head": str, "base": str},
    "implement": {"head": str, "before": str},
    "pr": {"number": int, "branch": str, "head": str, "url": str, "files": int, "lines": int},
    "checks": {"head": str, "state": str},
    "review": {"head": str, "verdict": str},
    "decide": {"head": str, "decision": str, "reason": str, "items": dict},
    "correct": {"head": str},
    "merged": {"head": str, "merge_commit": str},
}
# What some keys hold in the result of any step, where it has them.
KEYS: Mapping[str, Any] = {"tokens": (int, type(None)), "voided": int, "generation": int, "flags": list, "fork": str}


VERSIONED = ("outcome.json", "claim.json")  # in a unit's folder, besides records and troubles


class UnitFolder:
    """The records and targets of one unit, kept in memory once read: a batch has one writer, who holds its lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._records: dict[str, Record] | None = None
        self._troubles: dict[str, Trouble] | None = None
        self._intact: dict[str, str] = {}
        self._unknown: str | None = None
        self.version = 0  # grows with every change, for whoever derives something from the records

    @property
    def records(self) -> Mapping[str, Record]:
        with self._lock:
            if self._records is None:
                self._records = {record.step: record for record in self._read("records", Record)}
            return dict(self._records)

    @property
    def troubles(self) -> Mapping[str, Trouble]:
        with self._lock:
            if self._troubles is None:
                self._troubles = {trouble.step: trouble for trouble in self._read("troubles", Trouble)}
            return dict(self._troubles)

    @property
    def unknown(self) -> str:
        """What to say of the first of its records that a newer Waves wrote; nothing where all can be read."""
        with self._lock:
            if self._unknown is None:
                paths = (self.path / name for folder in ("records", "troubles") for name in self._names(folder))
                found = ((path, read_json(path)) for path in (*paths, *(self.path / name for name in VERSIONED)))
                words = (format_words(path, value) for path, value in found if value and unknown_format(value))
                self._unknown = next(words, "")
            return self._unknown

    def _names(self, folder: str) -> list[str]:
        """The files in one of its folders, from its own."""
        try:
            names = (entry.name for entry in os.scandir(self.path / folder))
            return sorted(f"{folder}/{name}" for name in names if name.endswith(".json"))
        except OSError:
            return []

    def _read(self, folder: str, kind: type[Any]) -> Iterator[Any]:
        for name in self._names(folder):
            # A record that a person edited into another shape is no proof of anything.
            found = written(kind, read_json(self.path / name))
            if found is not None and (not isinstance(found, Record) or _is_whole(found)):
                yield found

    def forget_cache(self) -> None:
        """Read everything again at the next question: what another process wrote before we took the lock counts."""
        with self._lock:
            self._records = self._troubles = self._unknown = None
            self._intact = {}
            self.version += 1

    def damage(self, record: Record) -> str | None:
        """What is wrong with the outputs of a record: one is gone, or was changed; None when all is well."""
        # Locked, so that what was read before a target was written is never remembered as what is in it now.
        with self._lock:
            for name, expected in record.outputs.items():
                if name not in self._intact:
                    self._intact[name] = digest_of_file(self.path / name) or ""
                if not self._intact[name]:
                    return f"{name} is gone"
                if self._intact[name] != expected:
                    return f"{name} was changed by hand"
        return None

    def write_target(self, name: str, content: str) -> None:
        with self._lock:
            write_text(self.path / name, content)
            self._intact.pop(name, None)

    def done(self, record: Record) -> None:
        """Write the record, last of all; whatever trouble the step had is over."""
        with self._lock:
            write_json(self.path / "records" / f"{file_stem(record.step)}.json", plain_data(record))
            (self.path / "troubles" / f"{file_stem(record.step)}.json").unlink(missing_ok=True)
            self._records = {**self.records, record.step: record}
            self._troubles = {name: one for name, one in self.troubles.items() if name != record.step}
            self._intact.update(record.outputs)
            self.version += 1

    def settle_troubles(self, kinds: Collection[str]) -> None:
        """Forget the troubles of steps of these kinds: what they were about is gone."""
        with self._lock:
            for name in [one for one in self.troubles if one.partition("@")[0] in kinds]:
                (self.path / "troubles" / f"{file_stem(name)}.json").unlink(missing_ok=True)
                self._troubles = {key: one for key, one in self.troubles.items() if key != name}
            self.version += 1

    def in_trouble(self, trouble: Trouble) -> None:
        with self._lock:
            # Known at once: on a full disk it may not be written, and this process must not take the step for sound.
            self._troubles = {**self.troubles, trouble.step: trouble}
            self.version += 1
            write_json(self.path / "troubles" / f"{file_stem(trouble.step)}.json", plain_data(trouble))


def written(kind: type[T], value: Json | None) -> T | None:
    """The record or the trouble that a file holds; None where it is none, or in a format that is not known."""
    if value is None or unknown_format(value):
        return None
    return made(kind, {key: one for key, one in value.items() if key != "format"})


def _is_whole(record: Record) -> bool:
    """Whether the result of a step holds all that others go by."""
    kind = "merged" if record.result.get("merged") else record.step.partition("@")[0]
    known = {key: shape for key, shape in KEYS.items() if key in record.result}
    return fits(record.result, {**RESULTS.get(kind, {}), **known})


def made_by_runs(folder: Path) -> tuple[set[str], set[str]]:
    """Commit ids and patch ids of everything that a unit's recorded agent runs made."""
    found = [read_json(path) or {} for path in sorted(folder.glob("runs/*/made.json"))]
    patches = {one for value in found for one in words(value, "patch_ids")}
    return {one for value in found for one in words(value, "commits")}, patches


def file_stem(step: str) -> str:
    """`review@0` to `review-0`, as the files of a step are named."""
    return step.replace("@", "-")


def plain_data(value: Record | Trouble) -> Json:
    return {"format": FORMAT} | {field.name: getattr(value, field.name) for field in fields(value)}


def to_json(value: Mapping[str, Any]) -> str:
    """JSON as Waves writes it where people read it."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

"""Keep, lend and take over the objects of git-lfs, which lie beside git's own."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from waves.git import filters
from waves.git.attributes import filters_of
from waves.git.hardened import Repository, call, said_of
from waves.git.history import blobs
from waves.git.manifest import object_sizes

POINTER = re.compile(
    rb"version https?://[^\n]+\n(?:ext-[^\n]+\n)*oid sha256:(?P<oid>[0-9a-f]{64})\nsize (?P<size>[0-9]+)\n"
)
OBJECT = re.compile(r"[0-9a-f]{64}")
LONGEST = 1024  # bytes of a pointer, as git-lfs has it
PIECE = 1 << 20  # bytes
_PLAIN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PLAIN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
VERSION = "lfs.repositoryformatversion"  # git-lfs writes it when it first does anything in a repository


@dataclass(frozen=True, slots=True)
class Pointer:
    """What git holds in place of a large file."""

    path: str
    oid: str
    size: int


def store(repository: Repository) -> Path:
    return filters.lfs_store(repository.common_dir, said_of(repository))


def place(folder: Path, oid: str) -> Path:
    """Where an object is below a store."""
    return folder / "objects" / oid[:2] / oid[2:4] / oid


def mark(repository: Repository) -> None:
    """Write what git-lfs would write into the repository's settings, so that no agent's git-lfs changes them."""
    if all(key != VERSION for scope, key, _ in said_of(repository) if scope == "local"):
        call(repository, "config", "--local", VERSION, "0")


def lend(repository: Repository, git_dir: Path) -> None:
    """Let another git directory read the objects: a link for each, so that nothing written there reaches them.

    git-lfs would make hard links of what it finds through `objects/info/alternates`.
    """
    folder = store(repository)
    (git_dir / filters.LFS).mkdir(exist_ok=True)
    with (git_dir / filters.LFS / filters.LENT).open("ab") as lent:
        lent.write(os.fsencode(f"{folder}\n"))
    for path in (folder / "objects").glob("??/??/*"):
        if OBJECT.fullmatch(path.name):
            there = place(git_dir / filters.LFS, path.name)
            there.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                there.symlink_to(path)


def pointers(repository: Repository, include: Sequence[str], exclude: Sequence[str]) -> list[Pointer]:
    """Everything that looks like a pointer among the files of commits; of paths, one is named."""
    stdin = "".join(f"{one}\n" for one in include) + "".join(f"^{one}\n" for one in exclude)
    listed = call(repository, "rev-list", "--objects", "--stdin", stdin=stdin.encode()).out
    lines = (line.partition(" ") for line in listed.decode("utf-8", "surrogateescape").splitlines())
    paths = {oid: path for oid, _, path in lines if path}
    asked = "".join(f"{one}\n" for one in paths).encode()
    about = call(repository, "cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)", stdin=asked).text
    entries = (line.split(" ") for line in about.splitlines())
    short = [one[0] for one in entries if len(one) == 3 and one[1] == "blob" and int(one[2]) <= LONGEST]
    held = blobs(repository, short) if short else {}
    read = ((paths[oid], POINTER.match(data)) for oid, data in held.items())
    return [Pointer(path, found["oid"].decode(), int(found["size"])) for path, found in read if found]


def not_pointers(repository: Repository, files: Mapping[str, str]) -> list[str]:
    """Those of the files (path to blob id) that hold anything but a pointer."""
    sizes = object_sizes(repository, files.values())
    held = blobs(repository, [oid for oid, size in sizes.items() if size <= LONGEST])
    return [path for path, oid in files.items() if sizes.get(oid) and not POINTER.match(held.get(oid, b""))]


def missing(repository: Repository, commit: str, exclude: Sequence[str]) -> list[Pointer]:
    """Pointers that commits bring whose objects are not here."""
    folder = store(repository)
    gone = [one for one in pointers(repository, [commit], exclude) if not place(folder, one.oid).is_file()]
    named = filters_of(repository, commit, [one.path for one in gone])
    return [one for one in gone if named.get(one.path) == filters.LFS and one.size]


# ---- from an agent's git directory


def take_over(repository: Repository, git_dir: Path, commit: str, exclude: Sequence[str]) -> None:
    """Copy the objects that commits need from a git directory which an agent could write, each checked by its hash."""
    folder = store(repository)
    for one in pointers(repository, [commit], exclude):
        if not place(folder, one.oid).exists():
            with contextlib.suppress(OSError):  # not there, or no plain file: it counts as missing
                _copy(git_dir, folder, one)


def _copy(git_dir: Path, folder: Path, pointer: Pointer) -> None:
    target = place(folder, pointer.oid)
    with _opened(git_dir, (filters.LFS, "objects", pointer.oid[:2], pointer.oid[2:4]), pointer.oid) as source:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        handle, name = tempfile.mkstemp(prefix="waves-", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as copy:
                while size <= pointer.size and (piece := os.read(source, PIECE)):
                    size += len(piece)
                    digest.update(piece)
                    copy.write(piece)
                copy.flush()
                os.fsync(handle)
            if digest.hexdigest() == pointer.oid and size == pointer.size:
                Path(name).chmod(0o644)
                Path(name).rename(target)
        finally:
            Path(name).unlink(missing_ok=True)


@contextlib.contextmanager
def _opened(root: Path, folders: Sequence[str], name: str) -> Iterator[int]:
    """A plain file, opened step by step without following a link."""
    handles = [os.open(root, _PLAIN_FOLDER)]
    try:
        for folder in folders:
            handles.append(os.open(folder, _PLAIN_FOLDER, dir_fd=handles[-1]))
        handles.append(os.open(name, _PLAIN_FILE, dir_fd=handles[-1]))
        yield handles[-1]
    finally:
        for handle in handles:
            os.close(handle)

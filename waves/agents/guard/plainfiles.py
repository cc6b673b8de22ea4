"""Files where an agent could write: looks, writes and moves below one folder; never follows a link or opens a pipe."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from waves.foundation.errors import about_file

LIMIT = 1 << 20  # bytes; no file that git or Waves keeps beside the objects is longer
ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # without O_NONBLOCK a pipe would hold us for ever
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Plain:
    """What stands at a path: `data` is a file's content or a link's target, `mode` the permission bits."""

    kind: str  # file | link | folder | other | absent
    mode: int = 0
    data: bytes = b""

    @property
    def text(self) -> str | None:
        """The line in a file, without its end; None where there is no file."""
        return self.data.decode("utf-8", "surrogateescape").rstrip("\n") if self.kind == "file" else None


def kind_of(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISLNK(mode):
        return "link"
    return "folder" if stat.S_ISDIR(mode) else "other"


def look(path: Path, limit: int = LIMIT) -> Plain:
    """What stands at `path`; a file longer than `limit` bytes is `other`."""
    try:
        found = path.lstat()
        kind, mode = kind_of(found.st_mode), stat.S_IMODE(found.st_mode)
        if kind == "link":
            return Plain(kind, mode, os.fsencode(path.readlink()))
        if kind != "file":
            return Plain(kind, mode)
        data = read(path, limit)
    except OSError as problem:
        return Plain("absent" if problem.errno in ABSENT else "other")
    return Plain("other", mode) if data is None else Plain(kind, mode, data)


def read(path: Path | str, limit: int) -> bytes | None:
    """The content of a regular file, or None where it is longer than `limit` or something else; raises OSError."""
    handle = os.open(path, _READ)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        pieces, left = [], limit + 1
        while left and (piece := os.read(handle, left)):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces) if left else None
    finally:
        os.close(handle)


def walk(root: Path) -> tuple[dict[str, os.stat_result], list[str]]:
    """Every path below `root` with its own status, but a `.git` at the top; and the folders that can't be read."""
    found: dict[str, os.stat_result] = {}
    closed: list[str] = []
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(f"{root}/{folder}") as entries:
                for entry in entries:
                    path = folder + entry.name
                    if path == ".git":
                        continue
                    try:
                        found[path] = status = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    if stat.S_ISDIR(status.st_mode):
                        waiting.append(path + "/")
        except OSError:
            closed.append(folder.rstrip("/"))
    return found, closed


def oddity(root: Path) -> str | None:
    """The first path below `root` that is neither file, folder nor socket: git would follow it, or wait in it."""
    for path, status in walk(root)[0].items():
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) or stat.S_ISSOCK(status.st_mode)):
            return path
    return None


@contextlib.contextmanager
def parent(root: Path, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The folder that holds `path`, opened step by step from `root` without following a link, and the last name."""
    *folders, name = path.split("/")
    if {"", ".", ".."} & {*folders, name}:
        raise OSError(errno.EINVAL, "not a path below a folder", path)
    handle = os.open(root, _FOLDER)
    try:
        for folder in folders:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(folder, 0o777, dir_fd=handle)
            inner = os.open(folder, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle, name
    finally:
        os.close(handle)


def write(root: Path, path: str, data: bytes, mode: int, scratch: Path | None = None) -> None:
    """Put a file at `path`, whole or not at all, in place of a file or link that stands there; raises OSError.

    It is made in `scratch`, or else beside `path`: a kill would leave it there. If `scratch` is on another file system,
    from which nothing can be renamed, the folder that `root` is in takes its place.
    """
    near = (scratch, root.parent) if scratch is not None else ()
    with parent(root, path, make=True) as (folder, name), _opened(near, folder) as place:
        temporary = f".waves-{os.getpid()}-{os.urandom(6).hex()}"
        handle = os.open(temporary, _WRITE, 0o600, dir_fd=place)
        try:
            with about_file(root / path), os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            os.rename(temporary, name, src_dir_fd=place, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=place)
            raise


@contextlib.contextmanager
def _opened(folders: Sequence[Path], otherwise: int) -> Iterator[int]:
    """The first of the folders that is on the file system of `otherwise`, or else that."""
    device = os.fstat(otherwise).st_dev
    for folder in folders:
        handle = os.open(folder, _FOLDER)
        try:
            if os.fstat(handle).st_dev == device:
                yield handle
                return
        finally:
            os.close(handle)
    yield otherwise


def link(root: Path, path: str, target: bytes) -> None:
    with parent(root, path, make=True) as (folder, name):
        os.symlink(target, os.fsencode(name), dir_fd=folder)


def make_folder(root: Path, path: str, mode: int) -> None:
    with parent(root, path, make=True) as (folder, name):
        os.mkdir(name, 0o700, dir_fd=folder)
    set_mode(root, path, mode)


def set_mode(root: Path, path: str, mode: int) -> None:
    with parent(root, path) as (folder, name):
        if not stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            os.chmod(name, mode, dir_fd=folder)


def drop_empty(root: Path, path: str) -> bool:
    """Remove a folder if nothing is in it."""
    try:
        with parent(root, path) as (folder, name):
            os.rmdir(name, dir_fd=folder)
    except OSError:
        return False
    return True


def move_out(root: Path, path: str, aside: Path) -> Path | None:
    """Move whatever stands at `path` to the same place below `aside`; the place, or None: nothing stood there."""
    try:
        with parent(root, path) as (folder, name):
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):  # its `..` changes with the move, which needs the right to write
                os.chmod(name, stat.S_IMODE(status.st_mode) | 0o700, dir_fd=folder)
            place = _free(aside, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.rename(name, place, src_dir_fd=folder)
            except OSError as problem:
                if problem.errno != errno.EXDEV:
                    raise
                _copy_out(root / path, place)
            return place
    except OSError as problem:
        if problem.errno in ABSENT:
            return None
        raise


def _copy_out(source: Path, place: Path) -> None:
    """Move to another file system: whole at `place` before anything of the source goes; pipes hold nothing to keep."""
    kind = kind_of(source.lstat().st_mode)
    copy = place.with_name(f".waves-{os.getpid()}-{os.urandom(6).hex()}")
    if kind == "folder":
        for folder, _, _ in os.walk(source):
            Path(folder).chmod(stat.S_IMODE(Path(folder).lstat().st_mode) | 0o700)
        shutil.copytree(source, copy, symlinks=True, ignore=_special)
        copy.rename(place)
        shutil.rmtree(source)
        return
    if kind == "other":
        os.mkfifo(copy)
    else:
        shutil.copy2(source, copy, follow_symlinks=False)
    copy.rename(place)
    source.unlink()


def _special(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if kind_of((Path(folder) / name).lstat().st_mode) == "other"}


def _free(aside: Path, path: str) -> Path:
    """The place of `path` below `aside`, or the first of path.1, path.2 … where nothing stands."""
    *folders, name = path.split("/")
    place = aside
    for folder in folders:
        place = place / folder
        while place.is_symlink() or (place.exists() and not place.is_dir()):
            place = place.with_name(place.name + "+")
    number, wanted = 0, place / name
    while os.path.lexists(place / name):
        number += 1
        name = f"{wanted.name}.{number}"
    return place / name

"""What the machine refuses is said with the file and what to do; it is never called a bug of Waves."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from loop_world import World

from waves import git
from waves.foundation import errors, records
from waves.foundation.errors import DamagedError


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.EIO, "look at the disk"), (errno.ENOSPC, "free some space"), (errno.EDQUOT, "free some of your quota"),
        (errno.EROFS, "mount it writable"), (errno.ENOLCK, "file system that has locks"),
        (errno.ENOTSUP, "file system that has locks"), (errno.ENOMEM, "free memory"), (errno.EFBIG, "file sizes"),
        (errno.EMFILE, "open files"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_file_and_what_to_do(code: int, advice: str) -> None:
    with pytest.raises(OSError, match=f"Errno {code}") as caught, errors.about_file(Path("/a/file")):
        raise OSError(code, os.strerror(code))
    words = errors.disk_words(caught.value)
    assert words.startswith(f"/a/file: {os.strerror(code)}; ")
    assert advice in words
    assert errors.limit_words(caught.value) == words


def test_memory_and_threads_are_limits_and_other_errors_are_not() -> None:
    assert "out of memory" in (errors.limit_words(MemoryError()) or "")
    assert "no more threads" in (errors.limit_words(RuntimeError("can't start new thread")) or "")
    assert errors.limit_words(RuntimeError("something else")) is None
    assert errors.limit_words(OSError(errno.ENOENT, "x")) is None


def test_a_write_that_the_system_refuses_names_the_file(tmp_path: Path) -> None:
    """By the limit of file sizes, which is refused while the data is written: the call has a handle and no name."""
    path = tmp_path / "record.json"
    path.write_text("before")
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            records.write_bytes(path, b"x" * 100)
        except OSError as error:
            os._exit(0 if (error.filename, error.errno) == (str(path), errno.EFBIG) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert path.read_text() == "before"


def test_a_lock_that_is_refused_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(OSError, match="No locks") as caught, errors.about_file(path):
        raise OSError(errno.ENOLCK, "No locks available")
    assert errors.disk_words(caught.value) == (
        f"{path}: No locks available; put it on a file system that has locks, then run again"
    )


def damage(world: World, how: str) -> None:
    world.git("repack", "-adq")
    folder = world.checkout / ".git/objects/pack"
    pack = next(folder.glob("*.pack"))
    if how == "flipped":
        data = bytearray(pack.read_bytes())
        data[40:-20] = bytes(one ^ 0x5A for one in data[40:-20])
        pack.chmod(0o600)
        pack.write_bytes(data)
    elif how == "cut":
        pack.chmod(0o600)
        os.truncate(pack, 30)
    elif how == "no pack":
        pack.unlink()
    elif how == "index":
        pack.with_suffix(".idx").chmod(0o600)
        os.truncate(pack.with_suffix(".idx"), 100)
    else:
        moved = world.folder / "moved.pack"
        pack.rename(moved)
        for left in folder.iterdir():
            left.unlink()
        with moved.open("rb") as file:
            git.call(git.discover(world.checkout), "unpack-objects", "-q", stdin=file.read())
        name = world.git("rev-parse", {"blob": "HEAD:plans/b.yaml", "tree": "HEAD:plans", "commit": "HEAD"}[how])
        (world.checkout / ".git/objects" / name[:2] / name[2:]).unlink()


@pytest.mark.parametrize("how", ["flipped", "cut", "no pack", "index", "blob", "tree", "commit"])
def test_a_damaged_object_is_reported_as_that(world: World, how: str) -> None:
    world.plan("a")
    damage(world, how)
    done = world.run(code=None)
    assert done.code not in (0, 70)
    assert "not committed" not in done.out
    assert "bug of Waves" not in done.out
    assert "Traceback" not in done.out
    assert "damaged" in done.out or "bad object" in done.out, done.out
    assert world.paid() == []


def test_a_file_that_a_commit_does_not_have_is_no_damage(world: World) -> None:
    world.plan("a")
    repository = git.discover(world.checkout)
    assert git.file_at(repository, "HEAD", "nowhere/x") is None
    assert git.file_at(repository, "HEAD", "plans") is None
    empty = git.init(world.folder / "empty")
    assert git.file_at(empty, "HEAD", "x") is None
    damage(world, "blob")
    with pytest.raises(DamagedError, match=r"the repository is damaged: .*; `git fsck` lists what is broken"):
        git.file_at(repository, "HEAD", "plans/b.yaml")


@pytest.mark.parametrize("kilobytes", [24_000, 27_000, 30_000, 33_000, 36_000, 40_000, 50_000])
def test_under_a_limit_of_memory_nothing_is_called_a_bug(world: World, kilobytes: int) -> None:
    world.plan("a")
    program = Path(sys.executable).with_name("waves")
    done = subprocess.run(
        ["sh", "-c", f'ulimit -v {kilobytes}; exec "$@"', "sh", program, "check"],
        cwd=world.checkout, env=world.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "bug of Waves" not in done.stdout + done.stderr
    assert done.returncode != 70

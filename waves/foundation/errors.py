"""The errors that a user of Waves can meet, each one line that says what, where and what to do; never a traceback."""

from __future__ import annotations

import contextlib
import errno
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from waves.foundation.refusals import DAMAGE, refusal

# What git says of objects that it has and cannot read.
CREDENTIALS = re.compile(r"//[^/@\s]+@")  # in an address


class WavesError(Exception):
    """Something a user can cause or mend: printed as one line, exit code 1."""

    exit_code = 1


# What the system refuses for reasons of its own, and what to do about it.
REFUSALS = {
    errno.ENOSPC: "free some space", errno.EDQUOT: "free some of your quota",
    errno.EFBIG: "raise the limit of file sizes (`ulimit -f`)",
    errno.EIO: "look at the disk (`dmesg`)", errno.ESTALE: "mount the file system again",
    errno.EROFS: "mount it writable, or work elsewhere",
    errno.ENOLCK: "put it on a file system that has locks", errno.ENOTSUP: "put it on a file system that has locks",
    errno.ENOSYS: "put it on a file system that has locks",
    errno.ENOMEM: "free memory, or raise its limit", errno.EAGAIN: "raise the limit of processes (`ulimit -u`)",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`)", errno.ENFILE: "close some files",
}  # fmt: skip


def disk_words(error: OSError) -> str:
    """The system's word for a file that cannot be read or written, with the file."""
    named = error.filename2 or error.filename  # of two, the one that was to be written
    where = f"{named}: " if named else ""
    what = REFUSALS.get(error.errno or 0, "see to the disk and to who may write there")
    return f"{where}{error.strerror or error}; {what}, then run again"


UNMAPPED = re.compile(r"failed to map segment|cannot allocate memory|out of memory", re.IGNORECASE)


def limit_words(error: BaseException) -> str | None:
    """What to say of an error that a limit of this machine caused, and no file; None: it is something else."""
    # The loader of extension modules has its own words for it.
    if isinstance(error, MemoryError) or (isinstance(error, ImportError) and UNMAPPED.search(str(error))):
        return "out of memory; free memory, or raise its limit (`ulimit -v`), then run again"
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return "no more threads; raise the limit of processes (`ulimit -u`), or run with fewer (`-n`), then run again"
    if isinstance(error, OSError) and error.errno in REFUSALS:
        return disk_words(error)
    return None


@contextlib.contextmanager
def about_file(path: Path) -> Iterator[None]:
    """Name `path` in an error of a call that was only given a handle, such as `fsync` or `flock`."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


class DamagedError(WavesError):
    """The repository has a damaged or missing object or pack."""

    def __init__(self, where: str, complaint: str) -> None:
        lines = [line for line in complaint.splitlines() if DAMAGE.search(line)] or complaint.splitlines()[-1:]
        words = CREDENTIALS.sub("//", lines[-1] if lines else "git could not read an object")
        super().__init__(f"{where}: the repository is damaged: {words}; `git fsck` lists what is broken, "
                         "and a fresh clone has what was pushed")  # fmt: skip


class UsageError(WavesError):
    """The command line or the repository is not what a command needs: exit code 2."""

    exit_code = 2


class PlanError(UsageError):
    """One or more faults of one plan file, each already formatted as `file:line:column: what` with its source line."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class GitError(WavesError):
    """A git command failed: one line about it, and git's own words in `original`."""

    def __init__(self, command: Sequence[str], code: int, stderr: str) -> None:
        self.command, self.code = tuple(CREDENTIALS.sub("//", one) for one in command), code
        self.stderr = CREDENTIALS.sub("//", stderr.strip())
        self.original = f"git {' '.join(self.command)} failed ({code}): {self.stderr or 'no message'}"
        self.refusal = refusal(self.stderr)
        super().__init__(str(self.refusal or " ".join(self.original.split())))


class ForgeError(WavesError):
    """The forge refused or could not be reached."""


class UnknownIssueError(ForgeError):
    """The forge has no issue of this number."""


class HeadMovedError(ForgeError):
    """The pull request's head is not the one that was asked to be merged."""


class BaseMovedError(ForgeError):
    """The base branch moved between the look and the merge: look again, then repeat."""


class BehindError(ForgeError):
    """The forge merges only a branch that has everything of its base: bring it up to date, then repeat."""


class ConflictError(ForgeError):
    """The forge finds that the branch conflicts with its base; `paths` are those it names."""

    def __init__(self, message: str, paths: Sequence[str] = ()) -> None:
        self.paths = tuple(paths)
        super().__init__(message)


class BlockedError(ForgeError):
    """The forge does not merge before a person acts; the message says what is missing."""


class LockedError(WavesError):
    """Another process holds the batch; the message says which."""

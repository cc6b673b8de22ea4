"""The errors that a user of Waves can meet, each one line that says what, where and what to do; never a traceback."""

from __future__ import annotations

import re
from collections.abc import Sequence

from waves.refusals import refusal

CREDENTIALS = re.compile(r"//[^/@\s]+@")  # in an address


class WavesError(Exception):
    """Something a user can cause or mend: printed as one line, exit code 1."""

    exit_code = 1


def disk_words(error: OSError) -> str:
    """The system's word for a file that cannot be read or written, with the file."""
    named = error.filename2 or error.filename  # of two, the one that was to be written
    where = f"{named}: " if named else ""
    return f"{where}{error.strerror or error}; see to the disk and to who may write there, then run again"


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

"""What each prompt is made of, as frozen data; it never reads anything and holds no words for agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from waves.plan.model import Unit

DIFF_LIMIT = 400_000  # bytes; a longer diff goes in as its list of files
FILES_LISTED = 500
SHORT = 16  # characters of an object id


class CommentText(Protocol):
    """A comment as the forge gives it."""

    @property
    def author(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def trusted(self) -> bool: ...


class IssueText(Protocol):
    """An issue as the forge gives it: named by its shape, because words need no forge."""

    @property
    def number(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def author(self) -> str: ...
    @property
    def labels(self) -> Sequence[str]: ...
    @property
    def comments(self) -> Sequence[CommentText]: ...
    @property
    def trusted(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Dispatch:
    """For the implementer."""

    unit: Unit
    branch: str
    base: str
    base_commit: str
    repository: str  # owner/name, or the folder's name
    worktree: Path
    issues: tuple[IssueText, ...]
    scratch: Path  # a folder that is this run's alone
    commit_prefix: str  # with its colon: `fix:`
    numbers: tuple[tuple[str, int], ...] = ()  # (series pattern, number)
    rules: tuple[Path, ...] = ()  # files of project rules that exist
    continued: tuple[str, ...] = ()  # subjects of the branch's commits, oldest first, when the work goes on
    flags: tuple[str, ...] = ()
    publishes: bool = False  # it pushes, and opens the pull request


@dataclass(frozen=True, slots=True)
class Point:
    """One review item, in the reviewer's own words."""

    id: str  # B1, S2, N1, V1, with its cycle where that matters: B1@0
    list: str  # blocking | should_fix | nits | scope_violations
    file: str
    line: int | None
    issue: str
    fix: str
    detail: str = ""
    priority: int = 0

    @property
    def text(self) -> str:
        """The item verbatim, a field a line."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        fields = (("place", place), ("issue", self.issue), ("fix", self.fix), ("detail", self.detail))
        return "\n".join(f"{name}: {value}" for name, value in fields if value)


@dataclass(frozen=True, slots=True)
class Deferred:
    """An item that nobody is to work on now, and why."""

    point: Point
    why: str


def is_whole(diff: str) -> bool:
    """Whether a diff is short enough to go into a prompt as it is."""
    return len(diff.encode("utf-8", "surrogatepass")) <= DIFF_LIMIT


FULL, CUT, FLAGGED = "full", "cut", "flagged"  # how much of a path's change a prompt shows


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One line of the change manifest. What is `cut` or `flagged` must be named in `reviewed`, and not by `**`."""

    path: str
    added: int
    deleted: int
    status: str = "modified"
    kind: str = "file"
    old: str = ""  # object ids
    new: str = ""
    old_size: int = 0  # bytes
    size: int = 0
    counted: bool = True  # the lines
    binary: bool = False
    generated: bool = False
    shown: str = FULL
    command: str = ""  # shows it
    note: str = ""  # why it can't be shown as text

    @property
    def name(self) -> str:
        """The path on one line, quoted if it would not be seen as it is."""
        return self.path if self.path.isprintable() and self.path == self.path.strip() else ascii(self.path)

    @property
    def entry(self) -> str:
        lines = [f"+{self.added} -{self.deleted} lines"] if self.counted else []
        ids = [f"{self.old[:SHORT]} -> {self.new[:SHORT]}"] if self.new else []
        words = (("binary", self.binary), ("generated, by its name", self.generated), (
            "NOT SHOWN IN FULL", self.shown == CUT), ("SUSPICIOUS: see below", self.shown == FLAGGED))  # fmt: skip
        about = [f"{self.status} {self.kind}".strip(), *lines, f"{self.old_size} -> {self.size} bytes", *ids]
        return f"{self.name}: {', '.join([*about, *(word for word, holds in words if holds)])}"


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """For the reviewer."""

    unit: str
    branch: str
    base: str
    base_commit: str  # where the branch left the base
    head: str
    repository: str
    worktree: Path
    dispatch_prompt: str  # empty for a pull request that Waves did not start
    issues: tuple[IssueText, ...]
    diff: str
    files: tuple[ChangedFile, ...]
    schema: str  # the JSON schema of the answer, as text
    answer_file: Path | None = None  # None: the answer is the last message
    rules: tuple[Path, ...] = ()
    flags: tuple[str, ...] = ()
    deferred: tuple[Deferred, ...] = ()  # raised in earlier cycles and settled
    corrected: tuple[Point, ...] = ()  # items of earlier cycles that a correction was to settle
    manifest_file: Path | None = None  # where the whole manifest is, if it is too long for the prompt
    previous_fault: str | None = None  # what was wrong with the answer of the run before

    @property
    def manifest(self) -> str:
        """A line for each path that the change touches."""
        lines = [file.entry for file in self.files[:FILES_LISTED]]
        if len(self.files) > FILES_LISTED:
            lines.append(f"and {len(self.files) - FILES_LISTED} more")
        return "\n".join(lines)

    @property
    def whole_diff(self) -> bool:
        return is_whole(self.diff)

    @property
    def file_list(self) -> str:
        """A line of counts and a line with the command for each file."""
        lines = [
            f"{file.name} ({file.note or f'+{file.added} -{file.deleted}'})\n    {file.command}"
            for file in self.files[:FILES_LISTED]
        ]
        if len(self.files) > FILES_LISTED:
            command = f"git --no-pager diff-tree -r --name-only --no-renames {self.base_commit} {self.head}"
            lines.append(f"and {len(self.files) - FILES_LISTED} more files\n    {command}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class RedCheck:
    name: str
    tail: str = ""  # the end of its output
    url: str = ""


@dataclass(frozen=True, slots=True)
class Renumbering:
    """A file whose number somebody else has taken meanwhile."""

    path: str
    series: str
    number: int  # the new one


@dataclass(frozen=True, slots=True)
class Correction:
    """For the corrector; red checks, conflicts and collisions have their own fields and are not repeated as points."""

    unit: str
    branch: str
    base: str
    repository: str
    worktree: Path
    scratch: Path
    commit_prefix: str
    prompt: Path  # the implementer's
    review: Path | None  # None: nothing of this comes from a review
    points: tuple[Point, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    reword: bool = False  # only commit messages, of commits that are not pushed
    rebase: bool = False
    conflicts: tuple[str, ...] = ()  # paths that may conflict in the rebase
    red_checks: tuple[RedCheck, ...] = ()
    renumber: tuple[Renumbering, ...] = ()
    checks: tuple[str, ...] = ()  # commands to see pass
    rules: tuple[Path, ...] = ()
    previous_fault: str | None = None  # such as: the run before made no commit


@dataclass(frozen=True, slots=True)
class Arbitration:
    """For the arbiter, who never sees the diff."""

    unit: str
    repository: str
    issues: tuple[IssueText, ...]
    points: tuple[Point, ...]
    schema: str
    answer_file: Path | None = None
    previous_fault: str | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """For the triager, who looks at all issues of a batch at once."""

    repository: str
    worktree: Path
    base: str
    base_commit: str
    issues: tuple[IssueText, ...]
    found: tuple[str, ...]  # what was found without an agent, one line each
    schema: str
    answer_file: Path | None = None
    previous_fault: str | None = None

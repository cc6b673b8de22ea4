"""What Waves asks of a place where issues and pull requests live; never anything about one such place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from waves import git
from waves.errors import UsageError
from waves.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Comment:
    author: str
    body: str
    trusted: bool = True  # written by somebody with write access


@dataclass(frozen=True, slots=True)
class Issue:
    number: int
    title: str
    body: str
    state: str  # open | closed
    author: str = ""
    labels: tuple[str, ...] = ()
    comments: tuple[Comment, ...] = ()
    trusted: bool = True
    milestone: str = ""


@dataclass(frozen=True, slots=True)
class Pull:
    number: int
    branch: str
    base: str
    state: str  # open | merged | closed
    title: str
    body: str
    url: str
    head: str = ""  # of the branch now, or as it was merged
    merge_commit: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    state: str  # green | red | pending
    url: str = ""
    tail: str = ""  # the end of its output, for people and correctors


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks of exactly one commit. `state`: green | red | pending | none."""

    commit: str
    state: str
    checks: tuple[Check, ...] = ()


# GitHub's closing keywords, at the start of a line.
CLOSES = re.compile(
    r"^[ \t]*(?:[-*][ \t]+)?(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?[ \t]+#([0-9]{1,9})\b",
    re.IGNORECASE | re.MULTILINE,
)


def closed_by(text: str) -> tuple[int, ...]:
    """The issues that the merge of a pull request with this body closes."""
    return tuple(dict.fromkeys(int(found) for found in CLOSES.findall(text)))


class Forge(Protocol):
    """Every call may be repeated after a crash: each looks before it acts. All raise ForgeError."""

    def issue(self, number: int) -> Issue: ...

    def issues(self, numbers: Sequence[int] = (), *, label: str = "", milestone: str = "") -> Sequence[Issue]:
        """Those of these numbers, open or not, and the open ones with the label and milestone where one is given.

        Each once, by number. Raises UnknownIssueError.
        """

    def open_pulls(self) -> Sequence[Pull]: ...

    def pull(self, number: int) -> Pull: ...

    def pull_of(self, branch: str) -> Pull | None:
        """The newest pull request with this head branch; an open one before any other."""

    def open_pull(self, branch: str, base: str, title: str, body: str) -> Pull:
        """Find the open pull request of this branch, or open it."""

    def describe_pull(self, number: int, title: str, body: str) -> None: ...

    def comment(self, number: int, marker: str, body: str) -> None:
        """Write the comment that carries the hidden marker, or bring it up to date."""

    def comments(self, number: int) -> Sequence[tuple[str, str]]:
        """(marker, body) of the comments that Waves wrote."""

    def checks(self, commit: str) -> Checks:
        """The checks of this commit now. The embedded forge runs them here, and remembers the outcome."""

    def checks_of_merge(self, base: str, head: str) -> Checks:
        """The checks on the result of merging `head` into `base`, both commit ids; nothing is merged."""

    def merge(self, number: int, head: str, base: str, method: str, title: str, body: str) -> Pull:
        """Merge exactly `head` into the base branch while that is at exactly `base`; an already merged one is returned.

        Raises HeadMovedError, BaseMovedError.
        """


def connect(plan: Plan, repository: git.Repository) -> Forge:
    """The forge that the plan names."""
    if plan.forge == "local":
        from waves.forges.local import LocalForge

        return LocalForge(repository, plan)
    raise UsageError(f"forge: {plan.forge} is not there yet; use `forge: local`")

"""What Waves asks of a place where issues and pull requests live; never anything about one such place."""

from __future__ import annotations

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


class Forge(Protocol):
    """Every call may be repeated after a crash: each looks before it acts. All raise ForgeError."""

    def issue(self, number: int) -> Issue: ...

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

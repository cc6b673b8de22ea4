"""What Waves asks of a place where issues and pull requests live; never anything about one such place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from waves import git
from waves.plan.model import Plan

MAX_BLOB = {"github": 100 << 20}  # bytes of a file, where a forge takes none that is longer


@dataclass(frozen=True, slots=True)
class Comment:
    """`trusted`, here as elsewhere: written by somebody who may write to the repository."""

    author: str
    body: str
    trusted: bool = True


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
    sub_issues: tuple[int, ...] = ()  # in the order that people gave them


@dataclass(frozen=True, slots=True)
class Pull:
    """`integration` says who tests the result of merging it into a base that has moved since its checks ran.

    trial: `checks_of_merge`, without touching the branch. update: nobody, until `update_branch` has made it the head
    and the checks of that head have ended. queue: the forge itself, after `merge` has put it in its merge queue.
    """

    number: int
    branch: str
    base: str
    state: str  # open | merged | closed
    title: str
    body: str
    url: str
    head: str = ""  # of the branch now, or as it was merged
    merge_commit: str = ""
    author: str = ""
    draft: bool = False
    queued: bool = False  # in the forge's merge queue: merged, or out of it with `state` open, by and by
    integration: str = "trial"  # trial | update | queue
    fork: str = ""  # owner/name of the repository that has the branch, where that is another one; `?`: it is gone
    pushable: bool = True  # False: a fork whose owner lets nobody push to it


@dataclass(frozen=True, slots=True)
class InFlight:
    """An open pull request as triage looks at it, whoever opened it."""

    number: int
    branch: str
    title: str
    url: str
    author: str
    files: tuple[str, ...]  # touched, by path
    closes: tuple[int, ...]  # issues that it says it closes


@dataclass(frozen=True, slots=True)
class Feedback:
    """One thing that a person said on a pull request; a thread that was resolved says nothing any more."""

    id: str  # letters, digits, _ and -; stays the same when it is edited
    author: str
    text: str
    trusted: bool
    path: str = ""  # of a comment on the diff
    line: int | None = None  # in the new file
    requests_changes: bool = False  # and has not approved, or been dismissed, since
    head: str = ""  # the commit that was looked at, of a review and its comments
    url: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a workflow of the forge."""

    id: int
    state: str  # pending | green | red
    url: str
    head: str = ""
    started: float = 0.0  # seconds since 1970


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
    """Every call may be repeated after a crash: each looks before it acts. All raise ForgeError.

    Calls come from many threads at once; what they ask for at the same time is asked of the outside once.
    """

    # ---- issues

    def issue(self, number: int) -> Issue:
        """Raises UnknownIssueError."""

    def issues(self, numbers: Sequence[int] = (), *, label: str = "", milestone: str = "") -> Sequence[Issue]:
        """Those of these numbers, open or not, and the open ones with the label and milestone where one is given.

        Each once, by number. Raises UnknownIssueError.
        """

    def close_issue(self, number: int) -> None: ...

    # ---- pull requests

    def pull(self, number: int) -> Pull:
        """As it is now, asked for anew."""

    def pulls(self, numbers: Sequence[int]) -> Mapping[int, Pull]:
        """As they are now, all in one look."""

    def pull_of(self, branch: str) -> Pull | None:
        """The newest pull request with this head branch; an open one before any other."""

    def open_pulls(self) -> Sequence[InFlight]:
        """All open pull requests of the repository."""

    def open_pull(
        self, branch: str, base: str, title: str, body: str, *, draft: bool = False, labels: Sequence[str] = ()
    ) -> Pull:
        """Find the open pull request of this branch, or open it; `draft` and `labels` are for one that is opened."""

    def merged_by(self, commits: Sequence[str], base: str) -> Mapping[str, int]:
        """Commit to the merged pull request that brought it to `base`; those without one are left out."""

    def describe_pull(self, number: int, title: str, body: str) -> None: ...

    def ready(self, number: int) -> None:
        """Take it out of draft."""

    def label(self, number: int, labels: Sequence[str]) -> None:
        """Put these labels on it; those that are there stay."""

    def feedback(self, numbers: Sequence[int]) -> Mapping[int, Sequence[Feedback]]:
        """What people said on each, oldest first, without what Waves or another program wrote; all in one look."""

    def comment(self, number: int, marker: str, body: str) -> None:
        """Write the comment that carries the hidden marker, or bring it up to date."""

    def comments(self, number: int) -> Sequence[tuple[str, str]]:
        """(marker, body) of the comments that Waves wrote."""

    def approve(self, number: int, head: str, body: str) -> bool:
        """Approve exactly `head` by a second account; False where there is none: nobody may approve his own."""

    # ---- checks

    def checks(self, commit: str, *, anew: bool = False) -> Checks:
        """The checks of this commit now; `none`: there are none, and the forge has given them time to appear.

        With `anew` what somebody saw a moment ago is not enough. The embedded forge runs them, and remembers what came.
        """

    def checks_of_merge(self, base: str, head: str) -> Checks:
        """The checks on the result of merging `head` into `base`, both commit ids; nothing is merged.

        Only where `Pull.integration` is `trial`.
        """

    def wait(self, seconds: float) -> None:
        """Return when the outside has been looked at again, at the forge's own pace, or after so many seconds."""

    # ---- merging

    def update_branch(self, number: int, head: str) -> str:
        """Merge the base into the branch, which is at exactly `head`; the new head, or `head` if nothing was missing.

        Raises HeadMovedError, and ConflictError where the two conflict.
        """

    def merge(self, number: int, head: str, base: str, method: str, title: str, body: str) -> Pull:
        """Merge exactly `head` into the base branch while that is at exactly `base`; an already merged one is returned.

        One that is `queued` is returned as soon as it is in the merge queue: wait, and look at `pull` again. Raises
        HeadMovedError, BaseMovedError, BehindError (`update_branch` first), ConflictError, and BlockedError (a person
        has to act).
        """

    # ---- workflows

    def dispatch(self, workflow: str, ref: str, inputs: Mapping[str, str]) -> Run:
        """Start a workflow, by its file name; the one call that does not look before it acts: see `dispatched`."""

    def dispatched(self, workflow: str, head: str) -> Sequence[Run]:
        """The runs of this workflow that `dispatch` or a person started on this commit, the newest first."""

    def workflow_run(self, number: int) -> Run:
        """By `Run.id`."""


# GitHub's closing keywords, at the start of a line.
CLOSES = re.compile(
    r"^[ \t]*(?:[-*][ \t]+)?(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?[ \t]+#([0-9]{1,9})\b",
    re.IGNORECASE | re.MULTILINE,
)


def closed_by(body: str) -> tuple[int, ...]:
    """The issues that a pull request's text says it closes."""
    return tuple(dict.fromkeys(int(found) for found in CLOSES.findall(body)))


def connect(plan: Plan, repository: git.Repository) -> Forge:
    """The forge that the plan names."""
    if plan.forge == "local":
        from waves.forges.local.forge import LocalForge

        return LocalForge(repository, plan)
    from waves.forges.github import GithubForge

    return GithubForge(repository, plan)


def lend_token(plan: Plan, repository: git.Repository) -> None:
    """Have git use the forge's token for an https remote that it has no credentials for; it is asked for only then."""

    def lender(url: str) -> str | None:
        from waves.forges.github import access

        return access.for_git(plan.repo, repository, url)

    if plan.forge == "github":
        git.lend(repository, lender)

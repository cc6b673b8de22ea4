"""What the stand-in remembers of one GitHub repository, apart from what git remembers; never how it is shown."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

WRITERS = ("admin", "maintain", "write")
GREEN = ("success", "neutral", "skipped")


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class User:
    id: int
    login: str
    permission: str = "none"  # admin | maintain | write | triage | read | none, on the one repository
    association: str = "NONE"  # OWNER | MEMBER | COLLABORATOR | CONTRIBUTOR | ... | NONE
    type: str = "User"  # or Bot


@dataclass
class Token:
    """`scopes` of a classic token; `permissions` (read | write by name) of a fine-grained one or an installation's."""

    secret: str
    user: User
    scopes: tuple[str, ...] | None = ("repo", "workflow")
    permissions: dict[str, str] | None = None
    installation: bool = False
    used: dict[str, int] = field(default_factory=dict)  # of the rate limit, by resource
    creations: list[float] = field(default_factory=list)


@dataclass
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass
class Milestone:
    id: int
    number: int
    title: str
    state: str = "open"
    created_at: str = field(default_factory=now)


@dataclass
class Comment:
    id: int
    number: int  # of the issue or pull request
    author: User
    body: str
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass
class Issue:
    """Also what a pull request shares with an issue."""

    id: int
    number: int
    title: str
    body: str | None
    author: User
    state: str = "open"
    state_reason: str | None = None
    labels: list[Label] = field(default_factory=list)
    assignees: list[User] = field(default_factory=list)
    milestone: Milestone | None = None
    comments: list[Comment] = field(default_factory=list)
    children: list[int] = field(default_factory=list)
    parent: int | None = None
    blocked_by: list[int] = field(default_factory=list)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    closed_at: str | None = None
    closed_by: User | None = None


@dataclass
class ReviewComment:
    id: int
    review: int
    author: User
    path: str
    line: int | None
    body: str
    commit: str
    reply_to: int | None = None
    resolved: bool = False
    created_at: str = field(default_factory=now)


@dataclass
class Review:
    id: int
    author: User
    state: str  # APPROVED | CHANGES_REQUESTED | COMMENTED | DISMISSED | PENDING
    body: str
    commit: str
    comments: list[ReviewComment] = field(default_factory=list)
    submitted_at: str = field(default_factory=now)


@dataclass
class Pull(Issue):
    head: str = ""
    base: str = ""
    head_sha: str = ""  # now, or when it was merged or closed
    base_sha: str = ""
    draft: bool = False
    merged_at: str | None = None
    merged_by: User | None = None
    merge_commit: str | None = None
    reviews: list[Review] = field(default_factory=list)
    requested: list[User] = field(default_factory=list)
    looked: tuple[str, str, int] = ("", "", 0)  # reads since this head and base came together
    state_said: str | None = None  # what a test said its mergeable_state is
    queued: str | None = None  # the head that waits in the merge queue
    queue_reads: int = 0
    fork: str = ""  # whose, if the head is in one
    modifiable: bool = False  # by those who may write here, though it is in a fork

    @property
    def head_ref(self) -> str:
        """In the bare repository, where a fork is a namespace of git's."""
        return f"refs/namespaces/{self.fork}/refs/heads/{self.head}" if self.fork else f"refs/heads/{self.head}"


@dataclass(frozen=True)
class Check:
    """What a rule says of the check run that every new head gets: after how many reads it ends, and how.

    `conclusion` None: it never ends by itself. `log` makes it the check of an Actions job with that log.
    """

    name: str = "ci"
    conclusion: str | None = "success"
    pending_reads: int = 0
    log: str | None = None
    summary: str = ""
    annotations: tuple[tuple[str, int, str], ...] = ()  # path, line, message


@dataclass
class CheckRun:
    id: int
    commit: str
    name: str
    status: str = "completed"  # queued | in_progress | completed
    conclusion: str | None = "success"
    summary: str = ""
    annotations: tuple[tuple[str, int, str], ...] = ()
    log: str | None = None
    reads_left: int = 0
    outcome: str | None = None  # once the reads are used up
    run: int | None = None  # the workflow run that it is a job of
    url: str | None = None
    started_at: str = field(default_factory=now)

    def read(self) -> None:
        """A look at it: some end only after so many."""
        if self.status != "completed" and self.outcome is not None:
            self.reads_left -= 1
            if self.reads_left < 0:
                self.status, self.conclusion = "completed", self.outcome


@dataclass
class Status:
    id: int
    commit: str
    context: str
    state: str  # error | failure | pending | success
    description: str | None = None
    url: str | None = None
    created_at: str = field(default_factory=now)


@dataclass
class Protection:
    """Of the branch `branch`; `ruleset`: shown as one, in `/rules/branches`.

    `queue_reads`: after how many looks the merge queue merges a pull request; None: only when the test says so.
    """

    branch: str
    checks: tuple[str, ...] = ()
    strict: bool = False
    reviews: int = 0
    queue: bool = False
    queue_reads: int | None = None
    ruleset: bool = False


@dataclass
class Environment:
    id: int
    name: str
    reviewers: tuple[User, ...] = ()


@dataclass
class Workflow:
    """`ends`: what each run that is dispatched ends with, after `pending_reads` looks at it."""

    id: int
    path: str
    name: str
    inputs: tuple[str, ...] = ()
    dispatchable: bool = True
    ends: str | None = "success"
    pending_reads: int = 0
    environment: str | None = None
    log: str = "deploying\ndone\n"


@dataclass
class Run:
    id: int
    workflow: Workflow
    commit: str
    branch: str
    number: int
    event: str = "workflow_dispatch"
    inputs: dict[str, str] = field(default_factory=dict)
    status: str = "queued"
    conclusion: str | None = None
    reads_left: int = 0
    attempt: int = 1
    actor: User | None = None
    created_at: str = field(default_factory=now)

    def read(self) -> None:
        if self.status == "completed" or self.workflow.ends is None or self.status == "waiting":
            return
        self.status = "in_progress"
        self.reads_left -= 1
        if self.reads_left < 0:
            self.status, self.conclusion = "completed", self.workflow.ends


@dataclass
class Deployment:
    id: int
    run: Run
    environment: str
    commit: str
    states: list[str] = field(default_factory=list)
    created_at: str = field(default_factory=now)


@dataclass
class State:
    """One repository with its people. Whoever reads or changes it holds `lock`."""

    owner: str = "acme"
    name: str = "widgets"
    default_branch: str = "main"
    private: bool = True
    methods: tuple[str, ...] = ("merge", "squash", "rebase")
    auto_delete: bool = False
    auto_close: bool = True  # issues, by closing keywords
    computing_reads: int = 1  # with `mergeable: null`, after each new head or base
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    milestones: dict[int, Milestone] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)  # pull requests too
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    protections: dict[str, Protection] = field(default_factory=dict)
    workflows: dict[int, Workflow] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    every_head: tuple[Check, ...] = ()
    installations: dict[int, Token] = field(default_factory=dict)
    app_key: str | None = None  # public, as PEM; None: there is no app
    limits: dict[str, int] = field(default_factory=lambda: {"core": 5000, "graphql": 5000, "search": 30})
    creations_a_minute: int = 80
    resets_at: int = 0
    checked: set[str] = field(default_factory=set)  # heads that the rule was applied to
    lock: threading.RLock = field(default_factory=threading.RLock)
    ids: Callable[[], int] = field(default_factory=lambda: itertools.count(1001).__next__)

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    def next_number(self) -> int:
        return max(self.issues, default=0) + 1

    def pulls(self) -> list[Pull]:
        return [one for one in self.issues.values() if isinstance(one, Pull)]

    def label(self, name: str) -> Label:
        """That label, made if there is none."""
        key = name.casefold()
        if key not in self.labels:
            self.labels[key] = Label(self.ids(), name)
        return self.labels[key]

    def user(self, login: str) -> User:
        """That user; a stranger if there was none."""
        if login not in self.users:
            self.users[login] = User(self.ids(), login)
        return self.users[login]

    def close(self, issue: Issue, by: User, reason: str | None = "completed") -> None:
        issue.state, issue.closed_at, issue.closed_by = "closed", now(), by
        issue.state_reason = None if isinstance(issue, Pull) else reason
        issue.updated_at = now()

    def runs_of(self, commit: str) -> list[CheckRun]:
        """The newest check run of each name."""
        return list({run.name: run for run in self.check_runs.values() if run.commit == commit}.values())

    def statuses_of(self, commit: str) -> list[Status]:
        """The newest status of each context, newest first."""
        found = {one.context: one for one in self.statuses if one.commit == commit}
        return sorted(found.values(), key=lambda one: -one.id)

    def apply_rule(self, commit: str) -> None:
        """Give a head its check runs, once."""
        if commit in self.checked:
            return
        self.checked.add(commit)
        for check in self.every_head:
            self.add_run(commit, check)

    def add_run(self, commit: str, check: Check) -> CheckRun:
        ended = check.pending_reads == 0 and check.conclusion is not None
        run = CheckRun(
            self.ids(), commit, check.name, "completed" if ended else "in_progress",
            check.conclusion if ended else None, check.summary, check.annotations, check.log,
            check.pending_reads, check.conclusion,
        )  # fmt: skip
        self.check_runs[run.id] = run
        return run

"""GitHub as a forge: the protocol, each call handed to the module that knows how; it decides nothing of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

from waves import git
from waves.forges import Checks, Feedback, InFlight, Issue, Pull, Run
from waves.forges.github import access, checks, poll, queries, workflows
from waves.forges.github.client import FIRST_PAUSE, Client
from waves.forges.github.comments import Comments, marked
from waves.forges.github.issues import Issues
from waves.forges.github.merging import Merging
from waves.forges.github.pulls import Pulls, Seen, approve
from waves.forges.github.trust import Trust
from waves.foundation.errors import ForgeError
from waves.plan.model import Plan

GRACE = 60.0  # seconds that checks are given to appear on a head, from when it was first seen there
OPTIONAL_LEFT = "UNSTABLE"  # GitHub's word for: it could be merged, and a check that is not required is not green
RED = ("FAILURE", "ERROR")  # GitHub's words for a roll-up that is worth a look at what is in it


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account may do in the repository."""

    login: str
    source: str  # where its token is from
    repository: str
    permission: str  # ADMIN | MAINTAIN | WRITE | TRIAGE | READ; empty: GitHub does not say
    archived: bool


class Looks:
    """What all plans of one repository share in this process: the client, what was seen, and the poll."""

    def __init__(self, whose: access.Access, first_pause: float) -> None:
        self.client = Client(whose, first_pause)
        self.pulls = Pulls(self.client)
        self.poll = poll.Poll(self._look)

    def _look(self) -> poll.Snapshot:
        found = poll.look(self.client)
        self.pulls.remember(found.pulls.values())
        return found


_LOOKS: WeakValueDictionary[tuple[access.Access, float], Looks] = WeakValueDictionary()
_OPENING = threading.Lock()


def looks_of(whose: access.Access, first_pause: float) -> Looks:
    with _OPENING:
        found = _LOOKS.get((whose, first_pause))
        if found is None:
            found = _LOOKS[whose, first_pause] = Looks(whose, first_pause)
        return found


class GithubForge:
    """The `Forge` protocol. Nothing is asked of GitHub before the first call."""

    def __init__(
        self, repository: git.Repository, plan: Plan, *, grace: float = GRACE, first_pause: float = FIRST_PAUSE
    ) -> None:
        address = access.address_of(plan.repo, repository)
        self._looks = looks_of(access.of(address), first_pause)
        self.client, self._pulls, self._poll = self._looks.client, self._looks.pulls, self._looks.poll
        reviewer = access.of_reviewer(address)
        self.reviewer = Client(reviewer, first_pause) if reviewer else None
        trust = Trust(self.client)
        self._issues = Issues(self.client, trust, tuple(number for unit in plan.units for number in unit.issues))
        self._comments = Comments(self.client, trust, self._pulls)
        self._merging = Merging(self.client, self._pulls)
        self._grace = grace
        self._without_checks: dict[str, float] = {}  # commit to when it was first seen so
        self._requires: dict[str, bool] = {}  # base branch to whether it requires any check
        self._red: dict[str, Checks] = {}  # what was in a roll-up that said so, by commit

    def standings(self) -> Sequence[Standing]:
        """Of the account whose token is used, and of the second one; raises ForgeError naming what it may not read."""
        return [_standing(client) for client in (self.client, self.reviewer) if client]

    # ---- issues

    def issue(self, number: int) -> Issue:
        return self._issues.issue(number)

    def issues(self, numbers: Sequence[int] = (), *, label: str = "", milestone: str = "") -> Sequence[Issue]:
        return self._issues.issues(numbers, label, milestone)

    def close_issue(self, number: int) -> None:
        self._issues.close(number)

    # ---- pull requests

    def pull(self, number: int) -> Pull:
        return self._pulls.look(number).pull

    def pulls(self, numbers: Sequence[int]) -> Mapping[int, Pull]:
        return {number: seen.pull for number, seen in self._pulls.look_at(numbers).items()}

    def pull_of(self, branch: str) -> Pull | None:
        return self._pulls.of_branch(branch)

    def open_pulls(self) -> Sequence[InFlight]:
        return self._pulls.in_flight()

    def open_pull(
        self, branch: str, base: str, title: str, body: str, *, draft: bool = False, labels: Sequence[str] = ()
    ) -> Pull:
        pull, made = self._pulls.open(branch, base, title, body, draft=draft, labels=labels)
        if made:
            self._comments.none_yet(pull.number)
        return pull

    def merged_by(self, commits: Sequence[str], base: str) -> Mapping[str, int]:
        found = {commit: self._pulls.that_brought(commit, base) for commit in commits}
        return {commit: number for commit, number in found.items() if number}

    def describe_pull(self, number: int, title: str, body: str) -> None:
        self._pulls.describe(number, title, body)

    def label(self, number: int, labels: Sequence[str]) -> None:
        self._pulls.label(number, labels)

    def ready(self, number: int) -> None:
        self._pulls.ready(number)

    def feedback(self, numbers: Sequence[int]) -> Mapping[int, Sequence[Feedback]]:
        return self._comments.feedback(numbers)

    def comment(self, number: int, marker: str, body: str) -> None:
        self._comments.write(number, marker, body)

    def comments(self, number: int) -> Sequence[tuple[str, str]]:
        return self._comments.read(number)

    def approve(self, number: int, head: str, body: str) -> bool:
        if self.reviewer is None:
            return False
        return approve(self.reviewer, number, head, marked("waves:approval", body))

    # ---- checks

    def checks(self, commit: str, *, anew: bool = False) -> Checks:
        """By GitHub's roll-up where that is enough: of green ones the names are not asked for."""
        found = self._poll.anew() if anew else self._poll.latest()
        if commit not in found.rollups:  # just pushed
            found = self._poll.anew()
        word = found.rollups.get(commit)
        if word == "":
            return self._without(commit)
        if word is not None and word not in RED:
            self._red.pop(commit, None)
            seen = found.pulls.get(commit)
            if word != "SUCCESS" and seen and seen.status == OPTIONAL_LEFT and self._base_requires_some(seen):
                return checks.of_commit(self.client, commit, seen.pull.number)
            return Checks(commit, "green" if word == "SUCCESS" else "pending")
        if word is not None and commit in self._red:
            return self._red[commit]
        seen = found.pulls.get(commit)
        now = checks.of_commit(self.client, commit, seen.pull.number if seen else None)
        if now.state == "none":
            return self._without(commit)
        if word is not None and now.state != "pending":
            self._red[commit] = now
        return now

    def _base_requires_some(self, seen: Seen) -> bool:
        """Whether the base requires any check: only then does an optional one hold nobody up. Asked once a base."""
        base = seen.pull.base
        if base not in self._requires:
            self._requires[base] = checks.any_required(self.client, seen.pull.head, seen.pull.number)
        return self._requires[base]

    def _without(self, commit: str) -> Checks:
        """None yet, or none at all: CI takes a while to notice a push."""
        since = self._without_checks.setdefault(commit, time.monotonic())
        return Checks(commit, "none" if time.monotonic() - since >= self._grace else "pending")

    def checks_of_merge(self, base: str, head: str) -> Checks:
        raise ForgeError(f"{head[:12]}: GitHub checks only what was pushed; bring the branch up to date instead")

    def wait(self, seconds: float) -> None:
        self._poll.wait(seconds)

    # ---- merging

    def update_branch(self, number: int, head: str) -> str:
        return self._pulls.update_branch(number, head)

    def merge(self, number: int, head: str, base: str, method: str, title: str, body: str) -> Pull:
        return self._merging.merge(number, head, base, method, title, body)

    # ---- workflows

    def dispatch(self, workflow: str, ref: str, inputs: Mapping[str, str]) -> Run:
        return workflows.dispatch(self.client, workflow, ref, inputs)

    def dispatched(self, workflow: str, head: str) -> Sequence[Run]:
        return workflows.dispatched(self.client, workflow, head)

    def workflow_run(self, number: int) -> Run:
        return workflows.run(self.client, number)


def _standing(client: Client) -> Standing:
    found = client.ask(queries.ABOUT)
    about, permission = found["repository"], found["repository"]["viewerPermission"] or ""
    name = client.access.address.repository
    return Standing(found["viewer"]["login"], client.access.source, name, permission, about["isArchived"])

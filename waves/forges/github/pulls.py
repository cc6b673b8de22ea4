"""Finds, opens and describes pull requests; it never merges one and never touches a branch but GitHub's update."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from waves.forges import InFlight, Pull
from waves.forges.github import queries
from waves.forges.github.client import ATTEMPTS, Client, FaultError, Json
from waves.foundation.errors import BlockedError, ConflictError, ForgeError, HeadMovedError

FRESH = 5.0  # seconds for which a look serves those who act on it
AT_ONCE = 50  # pull requests asked for by number in one question


@dataclass(frozen=True, slots=True)
class Seen:
    """A pull request with what GitHub says about merging it now."""

    pull: Pull
    id: str
    base_head: str  # of the base branch now; empty: it is gone
    mergeable: str  # MERGEABLE | CONFLICTING | UNKNOWN
    status: str  # GitHub's mergeStateStatus
    review: str  # GitHub's reviewDecision; empty where no review is demanded
    comments: int = 0
    reviews: int = 0


def seen_from(node: Json) -> Seen:
    fork = node["isCrossRepository"]
    pull = Pull(
        number=node["number"], branch=node["headRefName"], base=node["baseRefName"], state=node["state"].lower(),
        title=node["title"], body=(node["body"] or "").replace("\r\n", "\n"), url=node["url"], head=node["headRefOid"],
        merge_commit=(node["mergeCommit"] or {}).get("oid", "") if node["state"] == "MERGED" else "",
        author=login_of(node["author"]), draft=node["isDraft"], queued=node["isInMergeQueue"],
        integration="queue" if node["isMergeQueueEnabled"] else "update",
        fork=(node["headRepository"] or {}).get("nameWithOwner", "?") if fork else "",
        pushable=not fork or bool(node["maintainerCanModify"] and node["headRepository"]),
    )  # fmt: skip
    base = ((node["baseRef"] or {}).get("target") or {}).get("oid", "")
    return Seen(
        pull, node["id"], base, node["mergeable"], node["mergeStateStatus"], node["reviewDecision"] or "",
        node["comments"]["totalCount"], node["reviews"]["totalCount"],
    )  # fmt: skip


def login_of(author: Json | None) -> str:
    return author["login"] if author else "ghost"  # as GitHub calls who has left


@dataclass(frozen=True, slots=True)
class Pulls:
    client: Client
    _seen: dict[int, tuple[float, Seen]] = field(default_factory=dict)  # and when

    # ---- looking

    def remember(self, found: Iterable[Seen]) -> None:
        now = time.monotonic()
        self._seen.update({seen.pull.number: (now, seen) for seen in found})

    def remembered(self, number: int, seconds: float = FRESH) -> Seen | None:
        """What the last look saw, if that was not longer ago."""
        at, seen = self._seen.get(number, (0.0, None))
        return seen if time.monotonic() - at <= seconds else None

    def look(self, number: int) -> Seen:
        return self.look_at([number])[number]

    def look_at(self, numbers: Iterable[int]) -> dict[int, Seen]:
        found: dict[int, Seen] = {}
        wanted = sorted(set(numbers))
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            nodes = self.client.ask(queries.several("pullRequest", queries.PULL, some))["repository"]
            for number in some:
                if nodes[f"n{number}"] is None:
                    about = self.client.access.address
                    raise ForgeError(f"pull request #{number}: not in {about.repository}; correct the number")
                found[number] = seen_from(nodes[f"n{number}"])
        self.remember(found.values())
        return found

    def of_branch(self, branch: str) -> Pull | None:
        """Of the repository's own branch: a fork may have one of the same name."""
        nodes = self.client.ask(queries.OF_BRANCH, branch=branch)["repository"]["pullRequests"]["nodes"]
        found = [pull for node in nodes if not (pull := seen_from(node).pull).fork]
        return next((pull for pull in found if pull.state == "open"), found[0] if found else None)

    def in_flight(self) -> Sequence[InFlight]:
        return [
            in_flight_from(node) for node in self.client.pages(queries.IN_FLIGHT, "pullRequests", size=queries.PAGE)
        ]

    def that_brought(self, commit: str, base: str) -> int | None:
        """The merged pull request that GitHub shows for a commit of the base."""
        try:
            found = self.client.get(f"/commits/{commit}/pulls", per_page=100)
        except FaultError as error:
            if error.fault.kind in ("missing", "refused"):  # GitHub does not have that commit
                return None
            raise
        return next((int(one["number"]) for one in found if one["merged_at"] and one["base"]["ref"] == base), None)

    # ---- writing

    def open(
        self, branch: str, base: str, title: str, body: str, *, draft: bool, labels: Sequence[str]
    ) -> tuple[Pull, bool]:
        """The open pull request of this branch, and whether it was made just now."""

        def there() -> Pull | None:
            found = self.of_branch(branch)
            return found if found and found.state == "open" else None

        # GitHub itself refuses a second one: so the look is only needed when it does.
        data = {"head": branch, "base": base, "title": title, "body": body, "draft": draft}
        try:
            made: Any = self.client.send("POST", "/pulls", data, there)
        except FaultError as error:
            if error.fault.status != 422:
                raise
            if found := there():
                if labels:  # whoever opened it may have been stopped before it got them
                    self.label(found.number, labels)
                return found, False
            raise ForgeError(f"{branch}: GitHub opens no pull request onto {base}: {error.fault.text}") from None
        pull = made if isinstance(made, Pull) else self._opened(made)
        if labels:
            self.label(pull.number, labels)
        return pull, not isinstance(made, Pull)

    def describe(self, number: int, title: str, body: str) -> None:
        now = (self.remembered(number) or self.look(number)).pull
        if (now.title, now.body) != (title, body):
            data = {"title": title, "body": body}
            self.client.send("PATCH", f"/pulls/{number}", data, lambda: None)  # the same twice is the same
            self._seen.pop(number, None)

    def label(self, number: int, labels: Sequence[str]) -> None:
        self.client.send("POST", f"/issues/{number}/labels", {"labels": list(labels)}, lambda: None)

    def ready(self, number: int) -> None:
        seen = self.remembered(number) or self.look(number)
        if seen.pull.draft:
            self.client.mutate(queries.READY, lambda: None if self.look(number).pull.draft else True, id=seen.id)
            self._seen.pop(number, None)

    def update_branch(self, number: int, head: str) -> str:
        """GitHub does it by and by: the new head is waited for. It refuses by itself if the branch is not at `head`."""
        try:
            data = {"expected_head_sha": head}
            self.client.send("PUT", f"/pulls/{number}/update-branch", data, lambda: self._moved(number, head))
        except FaultError as error:
            if error.fault.status != 422:
                raise
            if "no new commits" in error.fault.text.lower():
                return head
            if self._moved(number, head):
                raise HeadMovedError(f"pull request #{number}: its branch has moved from {head[:12]}") from None
            kind = ConflictError if "conflict" in error.fault.text.lower() else ForgeError
            raise kind(
                f"pull request #{number}: GitHub can't bring its branch up to date: {error.fault.text}"
            ) from None
        for attempt in range(ATTEMPTS):
            if attempt:
                self.client.pause(attempt - 1)
            if new := self._moved(number, head):
                return new
        raise BlockedError(
            f"pull request #{number}: GitHub has not brought its branch up to date yet; look again later"
        )

    def _opened(self, answer: Mapping[str, Any]) -> Pull:
        """What REST says of a pull request that was just made, and that nobody has said anything on."""
        pull = Pull(
            answer["number"], answer["head"]["ref"], answer["base"]["ref"], answer["state"], answer["title"],
            answer["body"] or "", answer["html_url"], answer["head"]["sha"], author=login_of(answer["user"]),
            draft=bool(answer.get("draft")), integration="update",
        )  # fmt: skip
        self.remember([Seen(pull, answer["node_id"], answer["base"]["sha"], "UNKNOWN", "UNKNOWN", "")])
        return pull

    def _moved(self, number: int, head: str) -> str | None:
        now = self.look(number).pull.head
        return now if now != head else None


def approve(reviewer: Client, number: int, head: str, body: str) -> bool:
    """Have the second account approve exactly `head`; what it has approved already stays as it is."""

    def approved() -> bool | None:
        said = reviewer.get(f"/pulls/{number}/reviews", per_page=100)
        who = reviewer.login
        mine = [one for one in said if one["user"] and one["user"]["login"] == who and one["commit_id"] == head]
        return True if mine and mine[-1]["state"] == "APPROVED" else None

    if approved():
        return True
    data = {"commit_id": head, "event": "APPROVE", "body": body}
    try:
        reviewer.send("POST", f"/pulls/{number}/reviews", data, approved)
    except FaultError as error:
        if error.fault.status != 422:
            raise
        raise ForgeError(
            f"pull request #{number}: {reviewer.access.source} can't approve it: {error.fault.text}"
        ) from None
    return True


def in_flight_from(node: Json) -> InFlight:
    files = tuple(one["path"] for one in (node["files"] or {}).get("nodes", ()))
    closes = tuple(one["number"] for one in node["closingIssuesReferences"]["nodes"])
    return InFlight(
        node["number"], node["headRefName"], node["title"], node["url"], login_of(node["author"]), files, closes
    )

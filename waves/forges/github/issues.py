"""Reads issues with their comments and says whose words they are; it closes them, and changes nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from waves.forges import Comment, Issue
from waves.forges.github import queries
from waves.forges.github.client import Client, Json
from waves.forges.github.pulls import login_of
from waves.forges.github.trust import Trust
from waves.foundation.errors import ForgeError, UnknownIssueError

AT_ONCE = 20  # issues asked for by number in one question, each with up to 100 comments
FRESH = 60.0  # seconds for which what was read together is handed out one by one


@dataclass(frozen=True, slots=True)
class Issues:
    """`together`: the issues of the plan, because whoever asks for one soon asks for the others."""

    client: Client
    trust: Trust
    together: tuple[int, ...] = ()
    _read: dict[int, tuple[float, Issue | None]] = field(default_factory=dict)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def issue(self, number: int) -> Issue:
        """Each reading of an issue is handed out once, so that who asks again gets what is there by then."""
        with self._one_at_a_time:
            at, found = self._read.pop(number, (0.0, None))
            if time.monotonic() - at > FRESH or not at:
                numbers = self.together if number in self.together else (number,)
                now = time.monotonic()
                self._read.update({one: (now, issue) for one, issue in self._fetch(numbers).items()})
                _, found = self._read.pop(number)
        if found is None:
            raise self._unknown(number)
        return found

    def issues(self, numbers: Sequence[int], label: str, milestone: str) -> Sequence[Issue]:
        named = self._fetch(numbers)
        found = {number: issue or self._raise(number) for number, issue in named.items()}
        if label or milestone:
            found |= {issue.number: issue for issue in self._open(label, milestone)}
        return [found[number] for number in sorted(found)]

    def _open(self, label: str, milestone: str) -> Sequence[Issue]:
        # No filter at all without a milestone: one that is null stands for issues that have none.
        which = {"milestoneNumber": self._milestone(milestone)} if milestone else None
        labels = [label] if label else None
        nodes = self.client.pages(queries.OPEN_ISSUES, "issues", size=queries.PAGE, labels=labels, filter=which)
        return [self._issue(node) for node in nodes]

    def close(self, number: int) -> None:
        """Closing one that is closed changes nothing."""
        data = {"state": "closed", "state_reason": "completed"}
        self.client.send("PATCH", f"/issues/{number}", data, lambda: None)

    def _fetch(self, numbers: Iterable[int]) -> dict[int, Issue | None]:
        found: dict[int, Issue | None] = {}
        wanted = sorted(set(numbers))
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            nodes = self.client.ask(queries.several("issue", queries.ISSUE, some))["repository"]
            found |= {number: self._issue(node) if (node := nodes[f"n{number}"]) else None for number in some}
        return found

    def _issue(self, node: Json) -> Issue:
        comments = list(node["comments"]["nodes"])
        page = node["comments"]["pageInfo"]
        if page["hasNextPage"]:
            comments += self.client.pages(
                queries.MORE_COMMENTS, "issue", "comments", number=node["number"], after=page["endCursor"]
            )
        said = tuple(Comment(login_of(one["author"]), _text(one["body"]), self.trust.of(one)) for one in comments)
        return Issue(
            number=node["number"], title=node["title"], body=_text(node["body"]), state=node["state"].lower(),
            author=login_of(node["author"]), labels=tuple(one["name"] for one in node["labels"]["nodes"]),
            comments=said, trusted=self.trust.of(node), milestone=(node["milestone"] or {}).get("title", ""),
            sub_issues=tuple(one["number"] for one in node["subIssues"]["nodes"] if self._ours(one)),
        )  # fmt: skip

    def _ours(self, node: Json) -> bool:
        """A sub-issue may be another repository's, whose numbers mean other issues here."""
        ours = self.client.access.address.repository
        return bool(node["repository"]["nameWithOwner"].lower() == ours.lower())

    def _milestone(self, title: str) -> str:
        """Its number, which is how GitHub wants it named."""
        page = 1
        while found := self.client.get("/milestones", state="all", per_page=100, page=page):
            for one in found:
                if one["title"] == title:
                    return str(one["number"])
            page += 1
        raise ForgeError(f"milestone {title!r}: not in {self.client.access.address.repository}; correct its title")

    def _unknown(self, number: int) -> UnknownIssueError:
        about = self.client.access.address.repository
        return UnknownIssueError(f"issue #{number}: not in {about} (a pull request is none); correct the number")

    def _raise(self, number: int) -> Issue:
        raise self._unknown(number)


def _text(body: str | None) -> str:
    return (body or "").replace("\r\n", "\n")

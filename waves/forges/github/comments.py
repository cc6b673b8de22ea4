"""The comments that Waves writes, each found again by its hidden marker, and what people say; it judges neither."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from waves.forges import Feedback
from waves.forges.github import queries
from waves.forges.github.client import Client, FaultError, Json
from waves.forges.github.pulls import Pulls, login_of
from waves.forges.github.trust import Trust

MARKED = re.compile(r"\A<!-- (?P<marker>waves:[^\n]*?) -->\n?")
LONGEST = 65_000  # characters: GitHub takes 65536
CUT = "\n\n… cut: GitHub takes no more in one comment."
AT_ONCE = 10  # pull requests whose remarks are asked for in one question


def marked(marker: str, body: str) -> str:
    text = f"<!-- {marker.replace('-->', '')} -->\n{body}"
    return text if len(text) <= LONGEST else text[: LONGEST - len(CUT)] + CUT


@dataclass(frozen=True, slots=True)
class Written:
    id: str
    text: str  # with its marker


@dataclass(frozen=True, slots=True)
class Comments:
    """What was read of a pull request is kept: only the holder of the batch's lock writes comments of its units."""

    client: Client
    trust: Trust
    pulls: Pulls
    _known: dict[int, dict[str, Written]] = field(default_factory=dict)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def write(self, number: int, marker: str, body: str) -> None:
        text = marked(marker, body)
        with self._one_at_a_time:
            known = self._known[number] if number in self._known else self._load(number)
            there = known.get(marker)
            if there is not None and there.text == text:
                return
            if there is not None and self._changed(there.id, text):
                known[marker] = Written(there.id, text)
                return

            def found() -> Json | None:
                written = self._load(number).get(marker)
                return {"id": written.id} if written else None

            made: Any = self.client.send("POST", f"/issues/{number}/comments", {"body": text}, found)
            self._known[number][marker] = Written(str(made["id"]), text)

    def _changed(self, comment: str, text: str) -> bool:
        """False: a person has deleted it."""
        try:
            self.client.send("PATCH", f"/issues/comments/{comment}", {"body": text}, lambda: None)
        except FaultError as error:
            if error.fault.kind != "missing":
                raise
            return False
        return True

    def read(self, number: int) -> Sequence[tuple[str, str]]:
        with self._one_at_a_time:
            return [(marker, MARKED.sub("", one.text)) for marker, one in self._load(number).items()]

    def _load(self, number: int) -> dict[str, Written]:
        """By marker, oldest first. A marker in a stranger's comment is a stranger's text."""
        nodes = self.client.pages(queries.COMMENTS, "pullRequest", "comments", number=number)
        self._known[number] = found = self._marked(nodes)
        return found

    def _marked(self, nodes: Iterable[Json]) -> dict[str, Written]:
        found: dict[str, Written] = {}
        for node in nodes:
            text = node["body"].replace("\r\n", "\n")
            match = MARKED.match(text)
            if match and match["marker"] not in found and (node["viewerDidAuthor"] or self.trust.of(node)):
                found[match["marker"]] = Written(str(node["fullDatabaseId"]), text)
        return found

    def none_yet(self, number: int) -> None:
        """It was opened just now."""
        self._known.setdefault(number, {})

    # ---- what people say

    def feedback(self, numbers: Sequence[int]) -> Mapping[int, Sequence[Feedback]]:
        found: dict[int, Sequence[Feedback]] = {number: () for number in numbers if self._nobody_spoke(number)}
        wanted = sorted(set(numbers) - set(found))
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            nodes = self.client.ask(queries.several("pullRequest", queries.REMARKS, some))["repository"]
            for number in some:
                node = nodes[f"n{number}"]
                found[number] = [self._feedback(remark) for remark in remarks_of(node)] if node else ()
                if node and node["comments"]["totalCount"] == len(node["comments"]["nodes"]):
                    with self._one_at_a_time:
                        self._known[number] = self._marked(node["comments"]["nodes"])
        return found

    def _nobody_spoke(self, number: int) -> bool:
        """Whether the look that was just made saw nothing on it but what Waves wrote."""
        seen, known = self.pulls.remembered(number), self._known.get(number)
        return seen is not None and known is not None and not seen.reviews and seen.comments == len(known)

    def _feedback(self, remark: Remark) -> Feedback:
        node = remark.node
        return Feedback(
            id=f"{remark.kind}-{node['fullDatabaseId']}", author=login_of(node["author"]), text=remark.text,
            trusted=self.trust.of(node), path=remark.path, line=remark.line, requests_changes=remark.requests_changes,
            head=remark.head, url=node["url"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remark:
    """A node of one of the three lists in which GitHub keeps what was said on a pull request."""

    kind: str  # comment | review | line
    node: Json
    text: str
    path: str = ""
    line: int | None = None
    requests_changes: bool = False
    head: str = ""


def remarks_of(pull: Json) -> Sequence[Remark]:
    """What persons said and what still stands, oldest first: nothing marked, by programs, resolved or without words."""
    found = [*_comments(pull), *_reviews(pull), *_threads(pull)]
    persons = [one for one in found if one.node["author"] is None or one.node["author"]["__typename"] != "Bot"]
    said = [one for one in persons if not MARKED.match(one.text) and (one.text.strip() or one.requests_changes)]
    return sorted(said, key=lambda one: (one.node["createdAt"], one.kind, int(one.node["fullDatabaseId"])))


def _comments(pull: Json) -> Iterator[Remark]:
    for node in pull["comments"]["nodes"]:
        yield Remark("comment", node, _text(node))


def _reviews(pull: Json) -> Iterator[Remark]:
    """A reviewer's last word stands: a request for changes ends with an approval, or when it is dismissed."""
    last: dict[str, str] = {}
    for node in pull["reviews"]["nodes"]:
        if node["state"] in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            last[login_of(node["author"])] = node["fullDatabaseId"]
    for node in pull["reviews"]["nodes"]:
        if node["state"] in ("PENDING", "DISMISSED"):
            continue
        stands = node["state"] == "CHANGES_REQUESTED" and last[login_of(node["author"])] == node["fullDatabaseId"]
        yield Remark("review", node, _text(node), requests_changes=stands, head=(node["commit"] or {}).get("oid", ""))


def _threads(pull: Json) -> Iterator[Remark]:
    for thread in pull["reviewThreads"]["nodes"]:
        for node in () if thread["isResolved"] else thread["comments"]["nodes"]:
            head = (node["originalCommit"] or {}).get("oid", "")
            yield Remark("line", node, _text(node), thread["path"], thread["line"], head=head)


def _text(node: Json) -> str:
    return (node["body"] or "").replace("\r\n", "\n")

"""What the checks and statuses of one commit come to, and the end of what the red ones wrote; it waits for nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from waves.forges import Check, Checks
from waves.forges.github import queries
from waves.forges.github.client import Client, FaultError, Json
from waves.foundation.text import plain

# GitHub's words for a check run's conclusion and for a status; every word that is not here is red.
GREEN = ("SUCCESS", "NEUTRAL", "SKIPPED")
PENDING = ("", "EXPECTED", "PENDING")
TAIL = 4096  # characters
LINES_BEFORE = 40  # of a log, before the last error in it
JOB = re.compile(r"/actions/runs/\d+/job/(\d+)")
STAMP = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ", re.MULTILINE)  # at each line of a log


@dataclass(frozen=True, slots=True)
class Context:
    """One check run or one status, as GitHub has it."""

    name: str
    word: str  # conclusion of a check run that has ended, state of a status; empty: it has not ended
    url: str = ""
    required: bool = False
    text: str = ""  # what its answer carries of the reason
    job: int | None = None  # of GitHub's own workflows: its log can be read

    @property
    def state(self) -> str:
        return "green" if self.word in GREEN else "pending" if self.word in PENDING else "red"


def counting(contexts: Sequence[Context]) -> Sequence[Context]:
    """Those that decide: the required ones, where the repository requires any.

    Two workflows may have jobs of one name: none of them stands for the other.
    """
    return [one for one in contexts if one.required] or contexts


def state_of(contexts: Sequence[Context]) -> str:
    """green | red | pending | none; red only when all have ended, so that all that is red is corrected at once."""
    states = {one.state for one in counting(contexts)}
    return next((state for state in ("pending", "red", "green") if state in states), "none")


def context_from(node: Json) -> Context:
    if node["__typename"] == "StatusContext":
        return Context(
            node["context"], node["state"], node["targetUrl"] or "", node.get("isRequired", False),
            node["description"] or "",
        )  # fmt: skip
    ended = node["status"] == "COMPLETED"
    return Context(
        node["name"], (node["conclusion"] or "") if ended else "", node["detailsUrl"] or "",
        node.get("isRequired", False), _reason(node),
        _job(node),
    )  # fmt: skip


def _job(node: Json) -> int | None:
    """From its page's address: the number that GraphQL gives is too small a type for GitHub's own numbers."""
    app = (node["checkSuite"] or {}).get("app") or {}
    found = JOB.search(node["detailsUrl"] or "") if app.get("slug") == "github-actions" else None
    return int(found[1]) if found else None


def _reason(node: Json) -> str:
    """What a check run says about itself: title, summary, and where in the code it found what."""
    found = [node["title"] or "", node["summary"] or ""]
    for one in (node["annotations"] or {}).get("nodes", ()):
        line = one["location"]["start"]["line"]
        found.append(f"{one['path']}:{line}: {(one['annotationLevel'] or 'notice').lower()}: {one['message']}")
    return "\n".join(part for part in found if part.strip())


def end_of_log(text: str) -> str:
    """The lines up to the last error of a workflow's log: after it come only steps that tidy up."""
    lines = STAMP.sub("", plain(text)).strip("\n").split("\n")
    errors = [place for place, line in enumerate(lines) if line.startswith("##[error]")]
    return "\n".join(lines[max(0, errors[-1] - LINES_BEFORE) : errors[-1] + 1] if errors else lines)[-TAIL:]


def of_commit(client: Client, commit: str, number: int | None) -> Checks:
    """The checks of a commit now; `number`: the pull request whose base says which of them are required."""
    contexts = _contexts(client, commit, number)
    state = state_of(contexts)
    checks = [Check(one.name, one.state, one.url, _tail(client, one) if state == "red" else "")
              for one in counting(contexts)]  # fmt: skip
    return Checks(commit, state, tuple(checks))


def any_required(client: Client, commit: str, number: int) -> bool:
    return any(one.required for one in _contexts(client, commit, number))


def _contexts(client: Client, commit: str, number: int | None) -> list[Context]:
    path = ("object", "statusCheckRollup", "contexts")
    nodes = client.pages(queries.CHECKS, *path, commit=commit, number=number, known=number is not None)
    return [context_from(node) for node in nodes]


def _tail(client: Client, context: Context) -> str:
    if context.state != "red":
        return ""
    log = ""
    if context.job is not None:
        try:
            log = end_of_log(client.log(f"/actions/jobs/{context.job}/logs"))
        except FaultError:  # it is gone after a while, and not every token may read it: what the check says is enough
            log = ""
    ended = f"[{context.word.lower()}]"
    return "\n".join(part for part in (log, plain(context.text)[-TAIL:], ended) if part)

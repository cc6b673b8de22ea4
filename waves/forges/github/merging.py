"""Merges exactly one head, or says why not: a decision table over what GitHub says, and the few acts that follow it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from waves.forges import Pull
from waves.forges.github import queries
from waves.forges.github.client import ATTEMPTS, Client, FaultError
from waves.forges.github.pulls import Pulls, Seen
from waves.foundation.errors import (
    BaseMovedError,
    BehindError,
    BlockedError,
    ConflictError,
    ForgeError,
    HeadMovedError,
)

CONFLICT = re.compile(r"(can't|cannot) be rebased|merge conflict", re.IGNORECASE)
MERGE, ENQUEUE, DONE, WAIT, REFUSE = "merge", "enqueue", "done", "wait", "refuse"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind`: merge | enqueue | done | wait (GitHub has not made up its mind) | refuse, with the error to raise."""

    kind: str
    reason: str = ""
    error: type[ForgeError] = BlockedError


def decide(seen: Seen, head: str, base: str) -> Verdict:
    """What is to be done about merging exactly `head` into a base that is at exactly `base`; the first that holds."""
    pull, queue = seen.pull, seen.pull.integration == "queue"
    table = (
        (pull.state == "merged", Verdict(DONE)),
        (pull.state == "closed", Verdict(REFUSE, "it is closed: reopen it to merge it")),
        (pull.head != head, Verdict(REFUSE, f"its branch is at {pull.head[:12]}, not at {head[:12]}", HeadMovedError)),
        (pull.queued, Verdict(DONE)),
        (not seen.base_head, Verdict(REFUSE, f"its base {pull.base} is gone")),
        # A queue brings head and base together by itself, whatever the base is by then.
        (seen.base_head != base and not queue, Verdict(
            REFUSE, f"{pull.base} is at {seen.base_head[:12]}, not at {base[:12]}", BaseMovedError)),
        (pull.draft, Verdict(REFUSE, "it is a draft: mark it as ready")),
        (seen.mergeable == "CONFLICTING" or seen.status == "DIRTY", Verdict(
            REFUSE, f"GitHub finds that it conflicts with {pull.base}", ConflictError)),
        (seen.status == "BEHIND" and not queue, Verdict(
            REFUSE, f"{pull.base} takes only branches that have all of it", BehindError)),
        (seen.mergeable == "UNKNOWN" or seen.status == "UNKNOWN", Verdict(
            WAIT, "GitHub does not say whether it can be merged")),
        (seen.status == "BLOCKED" and seen.review == "REVIEW_REQUIRED", Verdict(
            REFUSE, f"{pull.base} wants an approving review by a person, or by the account of WAVES_REVIEWER_TOKEN")),
        (seen.status == "BLOCKED" and seen.review == "CHANGES_REQUESTED", Verdict(
            REFUSE, "a person asks for changes: let them approve, or dismiss their review")),
        # Also for a moment after the last check has ended.
        (seen.status == "BLOCKED", Verdict(
            WAIT, f"the rules of {pull.base} do not let it in: see its page for what they miss")),
        (queue, Verdict(ENQUEUE)),
    )  # fmt: skip
    return next((verdict for holds, verdict in table if holds), Verdict(MERGE))


@dataclass(frozen=True, slots=True)
class Merging:
    client: Client
    pulls: Pulls

    def merge(self, number: int, head: str, base: str, method: str, title: str, body: str) -> Pull:
        """As the protocol has it. What GitHub refuses is looked at again: `Base branch was modified` may be over."""
        words = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self.client.pause(attempt - 1)
            # Who merges has looked a moment ago. That is enough to go on, and never enough to refuse.
            seen = self.pulls.remembered(number) if attempt == 0 else None
            if seen is None or decide(seen, head, base).kind not in (MERGE, ENQUEUE):
                seen = self.pulls.look(number)
            verdict = decide(seen, head, base)
            if verdict.kind == REFUSE:
                raise verdict.error(f"pull request #{number}: {verdict.reason}")
            if verdict.kind == DONE:
                return seen.pull
            words = verdict.reason or words
            try:
                if verdict.kind == ENQUEUE:
                    return self._enqueue(seen, head)
                if verdict.kind == MERGE:
                    return self._merge(seen, method, title, body)
            except FaultError as error:
                if error.fault.kind != "refused":
                    raise
                words = error.fault.text
                if CONFLICT.search(words):
                    raise ConflictError(f"pull request #{number}: {words}") from None
        raise BlockedError(f"pull request #{number}: {words}")

    def _merge(self, seen: Seen, method: str, title: str, body: str) -> Pull:
        number, head = seen.pull.number, seen.pull.head
        data = {"sha": head, "merge_method": method, "commit_title": title, "commit_message": body}
        answer = self.client.send("PUT", f"/pulls/{number}/merge", data, lambda: self._if_ended(number))
        if isinstance(answer, Pull):
            return answer
        return replace(seen.pull, state="merged", merge_commit=answer["sha"])

    def _enqueue(self, seen: Seen, head: str) -> Pull:
        number = seen.pull.number
        answer = self.client.mutate(queries.ENQUEUE, lambda: self._if_ended(number), id=seen.id, head=head)
        return answer if isinstance(answer, Pull) else replace(seen.pull, queued=True)

    def _if_ended(self, number: int) -> Pull | None:
        """The pull request if it is merged, or on its way."""
        pull = self.pulls.look(number).pull
        return pull if pull.queued or pull.state == "merged" else None

"""Merges exactly one head, or says why not: a decision table over what GitHub says, and the few acts that follow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from waves.errors import BaseMovedError, BehindError, BlockedError, ForgeError, HeadMovedError
from waves.forges import Pull
from waves.forges.closing import closed_by
from waves.forges.github import queries
from waves.forges.github.client import ATTEMPTS, Client, FaultError
from waves.forges.github.pulls import Pulls, Seen, seen_from

MERGE, ENQUEUE, DONE, WAIT, REFUSE = "merge", "enqueue", "done", "wait", "refuse"
CLOSING = 4  # looks at the issues that GitHub is about to close


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
            REFUSE, f"GitHub finds that it conflicts with {pull.base}", ForgeError)),
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
            seen = self.pulls.look(number)
            verdict = decide(seen, head, base)
            if verdict.kind == REFUSE:
                raise verdict.error(f"pull request #{number}: {verdict.reason}")
            if verdict.kind == DONE:
                return self._landed(number) if seen.pull.state == "merged" else seen.pull
            words = verdict.reason or words
            if verdict.kind != WAIT:
                try:
                    return self._enqueue(seen, head) if verdict.kind == ENQUEUE else self._merge(
                        number, {"sha": head, "merge_method": method, "commit_title": title, "commit_message": body}
                    )  # fmt: skip
                except FaultError as error:
                    if error.fault.kind != "refused":
                        raise
                    words = error.fault.text
            self.client.pause(attempt)
        raise BlockedError(f"pull request #{number}: {words}")

    def _merge(self, number: int, data: dict[str, str]) -> Pull:
        self.client.send("PUT", f"/pulls/{number}/merge", data, self._in_state(number, "merged"))
        return self._landed(number)

    def _enqueue(self, seen: Seen, head: str) -> Pull:
        number = seen.pull.number

        def there() -> bool | None:
            pull = self.pulls.look(number).pull
            return True if pull.queued or pull.state == "merged" else None

        self.client.mutate(queries.ENQUEUE, there, id=seen.id, head=head)
        return self.pulls.look(number).pull

    def _in_state(self, number: int, state: str) -> Callable[[], Pull | None]:
        def look() -> Pull | None:
            pull = self.pulls.look(number).pull
            return pull if pull.state == state else None

        return look

    # ---- afterwards

    def _landed(self, number: int) -> Pull:
        """The merged pull request as GitHub shows it, once the issues that its text names are closed."""
        for attempt in range(CLOSING):
            found = self.client.ask(queries.LANDED, number=number)["repository"]
            pull = seen_from(found["pullRequest"]).pull
            if pull.state != "merged":  # a look that came from before
                self.client.pause(attempt)
                continue
            closed = {one["number"] for one in found["pullRequest"]["closingIssuesReferences"]["nodes"]
                      if one["state"] == "CLOSED"}  # fmt: skip
            left = [one for one in closed_by(pull.body) if one not in closed]
            if not left:
                return pull
            if pull.base != (found["defaultBranchRef"] or {}).get("name"):
                break  # GitHub closes nothing then
            self.client.pause(attempt)
        else:
            if pull.state != "merged":
                raise ForgeError(f"pull request #{number}: GitHub said that it is merged, and shows it {pull.state}")
        for issue in left:
            try:
                close(self.client, issue)
            except FaultError as error:
                if error.fault.kind != "missing":  # a number that is no issue closes nothing
                    raise
        return pull


def close(client: Client, issue: int) -> None:
    """Closing one that is closed changes nothing."""
    client.send("PATCH", f"/issues/{issue}", {"state": "closed", "state_reason": "completed"}, lambda: None)

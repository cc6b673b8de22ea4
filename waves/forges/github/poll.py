"""One look at all open pull requests for everybody who waits, at a pace of its own; it decides nothing about them.

There is no thread for it: one of those that wait makes the look that is due, and the others get what it finds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from waves.forges.github import queries
from waves.forges.github.client import ATTEMPTS, Client, FaultError
from waves.forges.github.pulls import FRESH, Seen, seen_from

SHORTEST, LONGEST = 1.0, 60.0  # seconds between two looks
SMALLEST_PAGE = 5


@dataclass(frozen=True, slots=True)
class Budget:
    """What GitHub leaves us: `cost` of the last look, `remaining` points, until `seconds` from now."""

    cost: int = 1
    remaining: int = 5000
    seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All open pull requests at one moment. `rollups`: commit to GitHub's word for its checks; empty: it has none."""

    pulls: Mapping[str, Seen] = field(default_factory=dict)  # by head
    rollups: Mapping[str, str] = field(default_factory=dict)
    budget: Budget = Budget()


def pause(quiet: float, budget: Budget) -> float:
    """Seconds until the next look, `quiet` seconds after the last news.

    What takes long may be noticed later, by a quarter of the time that it took. And a look never spends more than its
    share of half of the points that are left until there are new ones: the other half is for everything else.
    """
    affordable = budget.remaining / 2 / max(1, budget.cost)
    share = max(0.0, budget.seconds) / affordable if affordable >= 1 else budget.seconds + SHORTEST
    return max(min(max(quiet / 4, SHORTEST), LONGEST), share)


def look(client: Client, size: int = queries.PAGE) -> Snapshot:
    """Every open pull request, on smaller pages where GitHub can't make large ones in its ten seconds."""
    pulls: dict[str, Seen] = {}
    rollups: dict[str, str] = {}
    left: Mapping[str, Any] = {}
    after, more, cost = None, True, 0
    while more:
        try:
            # A server error is worth one attempt a size; where none is left, as many as anything else.
            attempts = ATTEMPTS if size <= SMALLEST_PAGE else 1
            answer: Any = client.ask(queries.OPEN, attempts=attempts, size=size, after=after)
        except FaultError as error:
            if error.fault.kind != "unsure" or size <= SMALLEST_PAGE:
                raise
            size = max(SMALLEST_PAGE, size // 2)
            continue
        found, left = answer["repository"]["pullRequests"], answer["rateLimit"] or {}
        for node in found["nodes"]:
            seen = seen_from(node)
            pulls[seen.pull.head] = seen
            for one in node["commits"]["nodes"]:
                rollups[one["commit"]["oid"]] = (one["commit"]["statusCheckRollup"] or {}).get("state", "")
        more, after = found["pageInfo"]["hasNextPage"], found["pageInfo"]["endCursor"]
        cost += left.get("cost", 1)
    return Snapshot(pulls, rollups, _budget(left, cost))


def _budget(left: Mapping[str, Any], cost: int) -> Budget:
    if not left:  # a server of one's own without limits
        return Budget(cost)
    ends = datetime.fromisoformat(left["resetAt"]).timestamp()
    return Budget(cost, left["remaining"], max(0.0, ends - time.time()))


class Poll:
    """The last snapshot, and who makes the next one."""

    def __init__(self, look: Callable[[], Snapshot]) -> None:
        self._look = look
        self._changed = threading.Condition()
        self._looking = False
        self._begun = 0  # looks; the last one that ended well is `_ended`
        self._ended = 0
        self._due = self._news = time.monotonic()
        self._at = float("-inf")  # when the look began that found it
        self._snapshot = Snapshot()

    def latest(self) -> Snapshot:
        """What the last look found, if that was a moment ago; else who asks makes one."""
        return self._snapshot if time.monotonic() - self._at <= FRESH else self.anew()

    def anew(self) -> Snapshot:
        """What a look finds that begins from now on; those who ask at the same time share one."""
        with self._changed:
            wanted = self._begun + 1
            while self._ended < wanted and self._looking:
                self._changed.wait()
            if self._ended >= wanted:
                return self._snapshot
            self._begin()
        self._news = time.monotonic()  # who asks expects something to happen
        return self._make()

    def wait(self, seconds: float) -> None:
        """Until another look has been made, when it is due; at most so long. Without a network it goes on waiting."""
        until = time.monotonic() + seconds
        with self._changed:
            seen = self._ended
            while self._ended == seen:
                now = time.monotonic()
                if now >= until:
                    return
                if not self._looking and now >= self._due:
                    self._begin()
                    break
                self._changed.wait(until - now if self._looking else min(until, self._due) - now)
            else:
                return
        try:
            self._make()
        except FaultError as error:
            if error.fault.kind not in ("unsure", "limited"):
                raise

    def _begin(self) -> None:
        self._looking = True
        self._begun += 1

    def _make(self) -> Snapshot:
        """Look, outside the lock; whatever happens, others may look after it."""
        began = time.monotonic()
        try:
            found = self._look()
        except BaseException as error:
            with self._changed:
                self._looking = False
                self._due = time.monotonic() + max(LONGEST, error.fault.wait if isinstance(error, FaultError) else 0.0)
                self._changed.notify_all()
            raise
        with self._changed:
            now = time.monotonic()
            if (found.pulls, found.rollups) != (self._snapshot.pulls, self._snapshot.rollups):
                self._news = now
            self._snapshot, self._at, self._looking, self._ended = found, began, False, self._begun
            self._due = now + pause(now - self._news, found.budget)
            self._changed.notify_all()
            return found

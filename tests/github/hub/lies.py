"""Ways in which an answer of GitHub's can deceive, and when they are told; never an honest answer."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass, field

SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@dataclass(frozen=True)
class What:
    """`status` 0: the connection is dropped without an answer. `acts`: what was asked for is done all the same."""

    status: int | None = None  # None: the honest answer
    acts: bool = True
    message: str = "Server Error"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    before: Callable[[], object] | None = None


def act_then(status: int) -> What:
    """Done, and then answered with an error: 502, 504."""
    return What(status)


def act_then_drop() -> What:
    """Done, and then the connection ends."""
    return What(0)


def refuse(status: int, message: str = "Server Error", *, retry_after: int | None = None) -> What:
    """Not done, and answered with an error: 500, 502, 429, 405 "Base branch was modified..." and the like."""
    return What(status, False, message, {} if retry_after is None else {"Retry-After": str(retry_after)})


def secondary(status: int = 403, *, retry_after: int | None = None) -> What:
    """GitHub's secondary limit, which it answers with 403 or 429, with and without Retry-After."""
    return refuse(status, SECONDARY, retry_after=retry_after)


def drop() -> What:
    """Not done; the connection ends."""
    return What(0, False)


def slow(seconds: float) -> What:
    """Done and answered honestly, but late."""
    return What(seconds=seconds)


def first(action: Callable[[], object]) -> What:
    """Something happens between the asking and the doing: a head that moves, a person who comments."""
    return What(before=action)


@dataclass
class Lie:
    method: str
    path: str  # a pattern: `/repos/*/pulls/*/merge`, `/graphql`, `/acme/widgets.git/*`
    what: What
    times: int
    body: str  # must be part of what is sent

    def fits(self, method: str, path: str, body: bytes) -> bool:
        there = self.body.encode() in body
        return self.times > 0 and there and method == self.method and fnmatch.fnmatchcase(path, self.path)

"""What an answer that is none says, and what to do about it: a table over status, headers and text; it asks nobody."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waves.foundation.text import plain

# What is needed for the fields of a GraphQL answer that may be kept from a token.
NEEDED = {
    "issue": "issues: read", "issues": "issues: read", "statusCheckRollup": "checks: read and commit statuses: read",
    "contexts": "checks: read and commit statuses: read", "pullRequest": "pull requests: read",
    "pullRequests": "pull requests: read", "markPullRequestReadyForReview": "pull requests: write",
    "enqueuePullRequest": "pull requests: write and contents: write",
}  # fmt: skip
# Where the answer does not say it itself, by the end of the address.
NEEDED_BY_PATH = (
    ("/merge", "contents: write"), ("/update-branch", "pull requests: write and contents: write"),
    ("/comments", "issues: write and pull requests: write"), ("/labels", "issues: write"),
    ("/reviews", "pull requests: write"), ("/pulls", "pull requests: write"), ("/dispatches", "actions: write"),
    ("/permission", "metadata: read"), ("/logs", "actions: read"), ("/runs", "actions: read"),
)  # fmt: skip
LIMITS = ("api rate limit exceeded", "secondary rate limit", "abuse detection")
SECONDARY = 60.0  # seconds: what GitHub asks for where it names no time


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind` says what to do.

    unsure: it may have happened all the same (5xx, a dropped connection): look, then repeat. limited: it did not
    happen; repeat after `wait` seconds. credentials, permission, missing: a person has to act. refused: GitHub's
    answer to this very request, for whoever sent it to understand.
    """

    kind: str  # unsure | limited | credentials | permission | missing | refused
    text: str
    wait: float = 0.0
    status: int = 0


def of_answer(status: int, headers: Mapping[str, Any], data: Any, path: str, now: float) -> Fault:
    """`now`: seconds since 1970, for limits that name the moment of their end."""
    message = said(data)
    if status >= 500 or status in (408, 425):
        return Fault("unsure", f"GitHub answered {status}", status=status)
    if status == 401:
        return Fault("credentials", "GitHub does not accept the token", status=status)
    limited = any(words in message.lower() for words in LIMITS) or "retry-after" in headers
    if status == 429 or (status == 403 and (limited or headers.get("x-ratelimit-remaining") == "0")):
        return Fault("limited", message or "too many requests", _wait(headers, now), status)
    if status == 403:
        return Fault("permission", _permission(headers, message, path), status=status)
    kind = "missing" if status in (404, 410) else "refused"
    return Fault(kind, message or f"GitHub answered {status}", status=status)


def of_errors(errors: Sequence[Mapping[str, Any]], headers: Mapping[str, Any], now: float) -> Fault | None:
    """What the errors of a GraphQL answer come to; None where only something asked for by number is not there."""
    kinds = {str(one.get("type") or "") for one in errors}
    text = one_line(" ".join(str(one.get("message") or "") for one in errors))
    if kinds == {"NOT_FOUND"}:
        return None
    if "RATE_LIMITED" in kinds or any(words in text.lower() for words in LIMITS):
        return Fault("limited", text, _wait(headers, now), 200)
    if kinds & {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
        fields = [str(part) for one in errors for part in reversed(one.get("path") or ()) if part in NEEDED]
        return Fault("permission", f"it needs `{NEEDED[fields[0]]}`" if fields else text, status=200)
    # Without a type: GitHub's own time-outs and accidents.
    return Fault("unsure" if kinds == {""} else "refused", text, status=200)


def said(data: Any) -> str:
    """GitHub's words in an answer, as one line, with what it says about each field."""
    if not isinstance(data, dict):
        return ""
    errors = data.get("errors")
    more = [str(one.get("message") or one.get("code") or "") if isinstance(one, dict) else str(one)
            for one in errors] if isinstance(errors, list) else []  # fmt: skip
    return one_line(": ".join(part for part in (str(data.get("message") or ""), "; ".join(filter(None, more))) if part))


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", plain(text)).strip()[:300]


def _wait(headers: Mapping[str, Any], now: float) -> float:
    after = str(headers.get("retry-after", ""))
    if after.isdigit():
        return float(after)
    reset = str(headers.get("x-ratelimit-reset", ""))
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(0.0, float(reset) - now) + 1.0  # it is a whole second, and not said at which end of it
    return SECONDARY


def _permission(headers: Mapping[str, Any], message: str, path: str) -> str:
    if sso := re.search(r"url=(\S+)", str(headers.get("x-github-sso", ""))):
        return f"the organisation wants the token authorised for its single sign-on: {sso[1]}"
    if accepted := str(headers.get("x-accepted-github-permissions", "")):
        return f"it needs `{accepted.replace('=', ': ').replace('_', ' ')}`"
    if scopes := str(headers.get("x-accepted-oauth-scopes", "")):
        return f"it needs one of the scopes `{scopes}`"
    needed = next((words for end, words in NEEDED_BY_PATH if path.endswith(end)), "")
    return f"it needs `{needed}` ({message})" if needed else message

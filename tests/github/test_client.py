from __future__ import annotations

import time
from typing import Any

import pytest
from github_desk import Desk
from hub import GitHub, act_then, drop, refuse, secondary

from waves.forges.github.client import FaultError
from waves.forges.github.faults import SECONDARY, of_answer, of_errors, said
from waves.foundation.errors import ForgeError

NOW = 1_800_000_000.0
LIMIT = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
NO_POINTS = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000600"}


@pytest.mark.parametrize(
    ("status", "headers", "message", "kind", "wait"),
    [
        (500, {}, "", "unsure", 0),
        (502, {}, "Server Error", "unsure", 0),
        (504, {"retry-after": "5"}, "", "unsure", 0),
        (408, {}, "", "unsure", 0),
        (401, {}, "Bad credentials", "credentials", 0),
        (403, {}, "Resource not accessible by personal access token", "permission", 0),
        (403, {"x-ratelimit-remaining": "4999"}, "Must have admin rights to Repository.", "permission", 0),
        (403, {}, LIMIT, "limited", SECONDARY),
        (403, {"retry-after": "7"}, LIMIT, "limited", 7),
        (403, NO_POINTS, "API rate limit exceeded for user ID 1.", "limited", 601),
        (429, {}, "", "limited", SECONDARY),
        (429, {"retry-after": "7"}, LIMIT, "limited", 7),
        (429, NO_POINTS, "", "limited", 601),
        (404, {}, "Not Found", "missing", 0),
        (410, {}, "This issue was deleted", "missing", 0),
        (405, {}, "Base branch was modified. Review and try the merge again.", "refused", 0),
        (409, {}, "Head branch was modified. Review and try the merge again.", "refused", 0),
        (422, {}, "Validation Failed", "refused", 0),
    ],
)
def test_what_an_answer_that_is_none_asks_for(
    status: int, headers: dict[str, str], message: str, kind: str, wait: float
) -> None:
    fault = of_answer(status, headers, {"message": message}, "/pulls", NOW)
    assert (fault.kind, fault.wait, fault.status) == (kind, wait, status)
    assert fault.text
    assert "\n" not in fault.text


@pytest.mark.parametrize(
    ("headers", "path", "text"),
    [
        ({"x-accepted-github-permissions": "pull_requests=write"}, "/x", "it needs `pull requests: write`"),
        ({"x-accepted-oauth-scopes": "repo"}, "/x", "it needs one of the scopes `repo`"),
        ({"x-github-sso": "required; url=https://github.com/orgs/a/sso?x=1"}, "/x",
         "the organisation wants the token authorised for its single sign-on: https://github.com/orgs/a/sso?x=1"),
        ({}, "/pulls/7/merge", "it needs `contents: write` (No.)"),
        ({}, "/x", "No."),
    ],
)  # fmt: skip
def test_the_permission_that_is_missing_is_named(headers: dict[str, str], path: str, text: str) -> None:
    assert of_answer(403, headers, {"message": "No."}, path, NOW).text == text


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ([{"type": "NOT_FOUND", "message": "Could not resolve"}], None),
        ([{"type": "NOT_FOUND"}, {"type": "NOT_FOUND"}], None),
        ([{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}], "limited"),
        ([{"message": "API rate limit already exceeded for user ID 1. API rate limit exceeded"}], "limited"),
        ([{"message": "Something went wrong while executing your query. This may be a timeout"}], "unsure"),
        ([{"type": "UNPROCESSABLE", "message": "Pull request is in clean status"}], "refused"),
        ([{"type": "NOT_FOUND"}, {"type": "UNPROCESSABLE"}], "refused"),
    ],
)  # fmt: skip
def test_what_the_errors_of_a_graphql_answer_ask_for(errors: list[dict[str, Any]], kind: str | None) -> None:
    fault = of_errors(errors, {}, NOW)
    assert (fault.kind if fault else None) == kind


def test_the_permission_that_a_graphql_field_needs_is_named() -> None:
    path = ["repository", "object", "statusCheckRollup", "contexts"]
    fault = of_errors([{"type": "FORBIDDEN", "message": "Resource not accessible", "path": path}], {}, NOW)
    assert fault is not None
    assert (fault.kind, fault.text) == ("permission", "it needs `checks: read and commit statuses: read`")


def test_the_words_of_an_answer_are_one_harmless_line() -> None:
    data = {
        "message": "Validation\x1b[2J\nFailed",
        "errors": [{"message": "No commits"}, {"code": "invalid"}, "too long"],
    }
    assert said(data) == "Validation Failed: No commits; invalid; too long"
    assert said("<html>") == ""


# ---- on the stand-in


@pytest.mark.parametrize("lie", [refuse(502), refuse(500), drop(), act_then(504), secondary(403, retry_after=0)])
def test_a_look_is_repeated(github: GitHub, desk: Desk, lie: Any) -> None:
    pull = desk.opened()
    github.lie("POST", "/graphql", lie, times=2)
    assert desk.forge().pull(pull.number).head == pull.head


def test_a_server_that_stays_away_is_given_up(github: GitHub, desk: Desk) -> None:
    github.lie("POST", "/graphql", refuse(502), times=99)
    with pytest.raises(ForgeError, match=r"acme/widgets: GitHub answered 502; try again$"):
        desk.forge().pull(1)


def test_a_write_that_was_refused_for_a_limit_is_sent_again_without_a_look(github: GitHub, desk: Desk) -> None:
    github.issue("Broken", number=41)
    github.lie("PATCH", "/repos/*/issues/41", secondary(429, retry_after=0))
    desk.forge().close_issue(41)
    assert [one.status for one in github.requests] == [429, 200]


def test_a_limit_that_ends_late_is_told(github: GitHub, desk: Desk) -> None:
    github.lie("POST", "/graphql", secondary(403, retry_after=3600))
    began = time.monotonic()
    with pytest.raises(FaultError, match=r"; the limit ends in 60 minutes$"):
        desk.forge().pull(1)
    assert time.monotonic() - began < 60

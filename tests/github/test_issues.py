from __future__ import annotations

from typing import Any

import pytest
from github_desk import Desk
from hub import GitHub, refuse

from waves.foundation.errors import ForgeError, UnknownIssueError


def test_an_issue_is_read_with_its_comments_and_who_may_write(github: GitHub, desk: Desk) -> None:
    github.user("eve", "none", "NONE")
    github.user("joe", "read", "MEMBER")
    github.user("kim", "maintain", "MEMBER")
    github.issue("Broken", "It is.\r\nReally.", number=41, labels=("bug", "good first issue"), author="eve")
    for who in ("acme", "ana", "joe", "kim", "eve", "eve"):
        github.comments(41, f"says {who}", who)
    issue = desk.forge().issue(41)
    assert (issue.number, issue.title, issue.body, issue.state) == (41, "Broken", "It is.\nReally.", "open")
    assert (issue.author, issue.trusted, issue.labels) == ("eve", False, ("bug", "good first issue"))
    assert [(one.author, one.trusted) for one in issue.comments] == [
        ("acme", True), ("ana", True), ("joe", False), ("kim", True), ("eve", False), ("eve", False),
    ]  # fmt: skip
    asked = [one.path.split("/")[-2] for one in github.requests if one.path.endswith("/permission")]
    assert sorted(asked) == ["ana", "joe", "kim"], "neither the owner nor strangers need be asked about, others once"


def test_the_issues_of_a_plan_are_read_together_and_each_reading_is_used_once(github: GitHub, desk: Desk) -> None:
    for number in (41, 42, 43):
        github.issue(f"Issue {number}", number=number, author="acme")
    forge = desk.forge(41, 42)
    assert [forge.issue(number).title for number in (41, 42)] == ["Issue 41", "Issue 42"]
    assert len(github.requests) == 1
    github.closes(41)
    assert forge.issue(41).state == "closed"
    assert forge.issue(43).state == "open"
    assert len(github.requests) == 3


def test_what_is_no_issue_is_told(github: GitHub, desk: Desk) -> None:
    pull = desk.opened(body="")
    for number in (pull.number, 99):
        with pytest.raises(
            UnknownIssueError, match=rf"^issue #{number}: not in acme/widgets \(a pull request is none\)"
        ):
            desk.forge().issue(number)
    with pytest.raises(UnknownIssueError):
        desk.forge().issues([99])


def test_issues_are_found_by_number_label_and_milestone(github: GitHub, desk: Desk) -> None:
    github.issue("One", number=1, labels=("bug",), milestone="v2")
    github.issue("Two", number=2, labels=("bug",))
    github.issue("Three", number=3, milestone="v2")
    github.issue("Four", number=4, labels=("bug",), state="closed")
    forge = desk.forge()
    assert [one.number for one in forge.issues([3, 1])] == [1, 3]
    assert [one.number for one in forge.issues()] == []
    assert [one.number for one in forge.issues(label="bug")] == [1, 2]
    assert [one.number for one in forge.issues(milestone="v2")] == [1, 3]
    assert [one.number for one in forge.issues([4], label="bug", milestone="v2")] == [1, 4]
    with pytest.raises(ForgeError, match=r"^milestone 'v9': not in acme/widgets; correct its title$"):
        forge.issues(milestone="v9")


def test_all_comments_of_a_long_discussion_are_read(github: GitHub, desk: Desk) -> None:
    github.issue("Long", number=41, author="acme")
    for number in range(130):
        github.comments(41, f"comment {number}", "acme")
    assert [one.body for one in desk.forge().issue(41).comments] == [f"comment {number}" for number in range(130)]


@pytest.mark.parametrize("lie", [refuse(404, "Not Found"), refuse(403, "Must have push access to view it.")])
def test_an_account_that_nobody_vouches_for_is_a_stranger(github: GitHub, desk: Desk, lie: Any) -> None:
    github.issue("Old", number=41, author="ana")
    github.lie("GET", "/repos/*/permission", lie)
    assert not desk.forge().issue(41).trusted


def test_closing_is_for_who_asks(github: GitHub, desk: Desk) -> None:
    github.issue("Broken", number=41)
    desk.forge().close_issue(41)
    desk.forge().close_issue(41)
    assert desk.forge().issue(41).state == "closed"

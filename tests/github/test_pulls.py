from __future__ import annotations

import pytest
from github_desk import Desk
from hub import GitHub, act_then, act_then_drop, secondary

from waves.foundation.errors import ForgeError, HeadMovedError


def test_a_pull_request_is_opened_once_whoever_asks(github: GitHub, desk: Desk) -> None:
    github.person_pushes("fix/a", {"a.txt": "new\n"})
    made = desk.forge().open_pull("fix/a", "main", "fix: a", "Fixes #41", draft=True, labels=["waves", "bug"])
    assert (made.number, made.branch, made.base, made.state, made.draft) == (1, "fix/a", "main", "open", True)
    assert made.head == github.head("fix/a")
    again = desk.forge().open_pull("fix/a", "main", "another title", "another text")
    assert again.number == made.number
    assert again.title == "fix: a"
    assert [label.name for label in github.pulled(1).labels] == ["waves", "bug"]
    assert [one.status for one in github.asked("POST", "/pulls")] == [201, 422], "GitHub itself refuses a second one"
    assert desk.forge().pull_of("fix/a") == again == desk.forge().pull(1)


@pytest.mark.parametrize(
    "lie", [act_then(502), act_then_drop(), secondary(403, retry_after=0), secondary(429, retry_after=0)]
)
def test_a_pull_request_is_opened_once_though_the_answer_is_lost(github: GitHub, desk: Desk, lie: object) -> None:
    github.person_pushes("fix/a", {"a.txt": "new\n"})
    github.lie("POST", "/repos/*/pulls", lie)
    assert desk.forge().open_pull("fix/a", "main", "fix: a", "").number == 1
    assert len(github.state.pulls()) == 1


def test_a_branch_without_a_commit_of_its_own_is_told(github: GitHub, desk: Desk) -> None:
    with pytest.raises(ForgeError, match=r"^nothing: GitHub opens no pull request onto main: "):
        desk.forge().open_pull("nothing", "main", "fix: a", "")


def test_what_is_described_already_is_not_written(github: GitHub, desk: Desk) -> None:
    pull = desk.opened()
    desk.forge().describe_pull(pull.number, pull.title, pull.body)
    assert github.asked("PATCH") == []
    desk.forge().describe_pull(pull.number, "fix: b", pull.body)
    assert desk.forge().pull(pull.number).title == "fix: b"


def test_a_draft_becomes_ready_once(github: GitHub, desk: Desk) -> None:
    github.person_pushes("fix/a", {"a.txt": "new\n"})
    forge = desk.forge()
    forge.open_pull("fix/a", "main", "fix: a", "", draft=True)
    assert forge.pull(1).draft
    forge.ready(1)
    forge.ready(1)
    assert not forge.pull(1).draft


def test_many_are_looked_at_in_one_request(github: GitHub, desk: Desk) -> None:
    for name in ("a", "b", "c"):
        desk.opened(f"fix/{name}", "")
    before = len(github.requests)
    found = desk.forge().pulls([1, 2, 3])
    assert [found[number].branch for number in (1, 2, 3)] == ["fix/a", "fix/b", "fix/c"]
    assert len(github.requests) - before == 1
    with pytest.raises(ForgeError, match=r"^pull request #9: not in acme/widgets; correct the number$"):
        desk.forge().pulls([1, 9])


def test_what_others_have_in_flight_is_seen_with_files_and_issues(github: GitHub, desk: Desk) -> None:
    github.issue("Broken", number=41)
    desk.opened("fix/a", "Fixes #41", {"src/a.py": "x = 1\n", "b.txt": ""})
    (found,) = desk.forge().open_pulls()
    assert (found.branch, sorted(found.files), found.closes, found.author) == (
        "fix/a", ["b.txt", "src/a.py"], (41,), "ana",
    )  # fmt: skip


def test_a_branch_is_brought_up_to_date_and_its_new_head_waited_for(github: GitHub, desk: Desk) -> None:
    pull = desk.opened()
    forge = desk.forge()
    assert forge.update_branch(pull.number, pull.head) == pull.head
    base = github.person_pushes("main", {"other.txt": ""})
    new = forge.update_branch(pull.number, pull.head)
    assert github.head("fix/a") == new != pull.head
    assert github.bare.described(new)["parents"].split() == [pull.head, base]
    with pytest.raises(HeadMovedError):
        forge.update_branch(pull.number, pull.head)


def test_a_branch_that_conflicts_is_not_brought_up_to_date(github: GitHub, desk: Desk) -> None:
    pull = desk.opened(files={"README.md": "mine\n"})
    github.person_pushes("main", {"README.md": "theirs\n"})
    with pytest.raises(ForgeError, match="can't bring its branch up to date: merge conflict between base and head"):
        desk.forge().update_branch(pull.number, pull.head)


def test_a_commit_of_the_base_is_known_by_the_pull_request_that_brought_it(github: GitHub, desk: Desk) -> None:
    pull = desk.opened()
    merged = github.merges(pull.number)
    still_open = desk.opened("fix/open", "")
    by_hand = github.person_pushes("main", {"b.txt": "by hand\n"})
    forge = desk.forge()
    assert forge.merged_by([merged, by_hand, still_open.head, "0" * 40], "main") == {merged: pull.number}
    assert forge.merged_by([merged], "release") == {}, "it was merged into another branch"

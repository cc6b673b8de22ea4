from __future__ import annotations

from typing import Any

import pytest
from github_desk import Desk
from hub import GitHub, act_then, act_then_drop, first, refuse

from waves.forges import Pull
from waves.forges.github.merging import DONE, ENQUEUE, MERGE, REFUSE, WAIT, decide
from waves.forges.github.pulls import Seen
from waves.foundation.errors import (
    BaseMovedError,
    BehindError,
    BlockedError,
    ConflictError,
    ForgeError,
    HeadMovedError,
)

HEAD, BASE = "a" * 40, "b" * 40


def seen(status: str = "CLEAN", mergeable: str = "MERGEABLE", review: str = "", base: str = BASE, **pull: Any) -> Seen:
    known = {"state": "open", "head": HEAD, "integration": "update"} | pull
    return Seen(Pull(1, "fix/a", "main", title="", body="", url="", **known), "PR_1", base, mergeable, status, review)


@pytest.mark.parametrize(
    ("found", "kind", "error"),
    [
        (seen(), MERGE, None),
        (seen("HAS_HOOKS"), MERGE, None),
        (seen("UNSTABLE"), MERGE, None),  # a check that nobody requires is red
        (seen("CLEAN", review="APPROVED"), MERGE, None),
        (seen(integration="queue"), ENQUEUE, None),
        (seen("BEHIND", integration="queue"), ENQUEUE, None),
        (seen(base="c" * 40, integration="queue"), ENQUEUE, None),
        (seen(queued=True, integration="queue"), DONE, None),
        (seen(state="merged"), DONE, None),
        (seen(state="merged", head="c" * 40), DONE, None),
        (seen("UNKNOWN"), WAIT, None),
        (seen(mergeable="UNKNOWN"), WAIT, None),
        (seen("BLOCKED"), WAIT, None),
        (seen("BLOCKED", review="APPROVED"), WAIT, None),
        (seen("BLOCKED", review="REVIEW_REQUIRED"), REFUSE, BlockedError),
        (seen("BLOCKED", review="CHANGES_REQUESTED"), REFUSE, BlockedError),
        (seen(state="closed"), REFUSE, BlockedError),
        (seen(head="c" * 40), REFUSE, HeadMovedError),
        (seen(head="c" * 40, queued=True, integration="queue"), REFUSE, HeadMovedError),
        (seen(base="c" * 40), REFUSE, BaseMovedError),
        (seen(base=""), REFUSE, BlockedError),
        (seen("DRAFT", draft=True), REFUSE, BlockedError),
        (seen("DIRTY"), REFUSE, ConflictError),
        (seen("UNKNOWN", "CONFLICTING"), REFUSE, ConflictError),
        (seen("BEHIND"), REFUSE, BehindError),
        (seen("BEHIND", base="c" * 40), REFUSE, BaseMovedError),
    ],
)
def test_what_is_done_about_a_merge(found: Seen, kind: str, error: type[ForgeError] | None) -> None:
    verdict = decide(found, HEAD, BASE)
    assert verdict.kind == kind
    assert error is None or verdict.error is error
    assert (kind == REFUSE) == (error is not None)


# ---- on the stand-in


@pytest.mark.parametrize("method", ["squash", "merge", "rebase"])
def test_exactly_the_head_is_merged(github: GitHub, desk: Desk, method: str) -> None:
    pull = desk.opened()
    merged = desk.merged(pull, method=method)
    assert (merged.state, merged.head, merged.merge_commit) == ("merged", pull.head, github.head("main"))
    assert github.files("main") == {"README.md": "# widgets\n", "fix-a.txt": "new\n"}
    if method != "rebase":
        assert github.bare.described(merged.merge_commit)["message"].strip() == f"{pull.title} (#1)\n\nFixes #41"


def test_one_that_is_merged_already_is_given_back(github: GitHub, desk: Desk) -> None:
    pull = desk.opened()
    commit = github.merges(pull.number)
    assert desk.merged(pull).merge_commit == commit
    assert github.asked("PUT") == []


def test_a_head_or_base_that_moved_is_not_merged(github: GitHub, desk: Desk) -> None:
    pull, base = desk.opened(), github.head("main")
    github.person_pushes("main", {"other.txt": ""})
    with pytest.raises(BaseMovedError):
        desk.forge().merge(pull.number, pull.head, base, "squash", "t", "")
    github.person_pushes("fix/a", {"more.txt": ""})
    with pytest.raises(HeadMovedError):
        desk.merged(pull)
    assert github.pulled(pull.number).state == "open"


def test_a_head_that_moves_in_the_very_moment_is_not_merged(github: GitHub, desk: Desk) -> None:
    pull = desk.opened()
    github.lie("PUT", "/repos/*/merge", first(lambda: github.person_pushes("fix/a", {"more.txt": ""})))
    with pytest.raises(HeadMovedError):
        desk.merged(pull)
    assert github.pulled(pull.number).state == "open"


@pytest.mark.parametrize("lie", [act_then(502), act_then_drop()])
def test_a_merge_whose_answer_was_lost_is_found(github: GitHub, desk: Desk, lie: Any) -> None:
    pull = desk.opened()
    github.lie("PUT", "/repos/*/merge", lie)
    assert desk.merged(pull).merge_commit == github.head("main")
    assert len(github.asked("PUT")) == 1


def test_a_passing_refusal_is_looked_at_again(github: GitHub, desk: Desk) -> None:
    pull = desk.opened()
    github.lie("PUT", "/repos/*/merge", refuse(405, "Base branch was modified. Review and try the merge again."))
    assert desk.merged(pull).state == "merged"


def test_mergeability_that_is_being_computed_is_waited_for(github: GitHub, desk: Desk) -> None:
    github.state.computing_reads = 3
    assert desk.merged(desk.opened()).state == "merged"


def test_a_strict_base_wants_the_branch_brought_up_to_date_first(github: GitHub, desk: Desk) -> None:
    github.protect(checks=("ci",), strict=True)
    pull = desk.opened()
    github.check(pull.head)
    github.person_pushes("main", {"other.txt": ""})
    with pytest.raises(BehindError):
        desk.merged(pull)
    new = desk.forge().update_branch(pull.number, pull.head)
    github.check(new)
    assert desk.merged(desk.forge().pull(pull.number)).head == new


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"reviews": 1}, "main wants an approving review by a person, or by the account of WAVES_REVIEWER_TOKEN"),
        ({"checks": ("ci",)}, "the rules of main do not let it in: see its page for what they miss"),
    ],
)
def test_what_the_rules_of_the_base_miss_is_told(github: GitHub, desk: Desk, rule: dict[str, Any], words: str) -> None:
    github.protect(**rule)
    with pytest.raises(BlockedError, match=rf"^pull request #1: {words}$"):
        desk.merged(desk.opened())
    assert github.asked("PUT") == []


def test_a_second_account_approves_exactly_the_head(
    github: GitHub, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    github.protect(reviews=1)
    github.user("rita", "write", "COLLABORATOR")
    pull = desk.opened()
    assert not desk.forge().approve(pull.number, pull.head, "all clean"), "there is no second account"
    monkeypatch.setenv("WAVES_REVIEWER_TOKEN", github.new_token("rita").secret)
    github.lie("POST", "/repos/*/reviews", act_then(502))
    forge = desk.forge()
    assert forge.approve(pull.number, pull.head, "all clean")
    assert forge.approve(pull.number, pull.head, "all clean")
    (review,) = github.pulled(pull.number).reviews
    assert (review.author.login, review.state, review.commit) == ("rita", "APPROVED", pull.head)
    assert forge.feedback([pull.number])[pull.number] == []
    assert desk.merged(pull, forge).state == "merged"


def test_nobody_approves_his_own(github: GitHub, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    pull = desk.opened()
    monkeypatch.setenv("WAVES_REVIEWER_TOKEN", github.token)
    with pytest.raises(ForgeError, match=r"^pull request #1: WAVES_REVIEWER_TOKEN can't approve it: "):
        desk.forge().approve(pull.number, pull.head, "")


def test_a_merge_queue_gets_the_pull_request_once(github: GitHub, desk: Desk) -> None:
    github.protect(queue=True)
    pull = desk.opened()
    github.lie("POST", "/graphql", act_then(502), body="enqueuePullRequest")
    queued = desk.merged(pull)
    assert (queued.state, queued.queued, queued.integration) == ("open", True, "queue")
    assert desk.merged(pull).queued
    github.queue_merges(pull.number)
    assert desk.merged(pull).state == "merged"
    assert len([one for one in github.requests if b"mutation" in one.body]) == 1


def test_a_branch_that_the_repository_deletes_by_itself_does_not_matter(github: GitHub, desk: Desk) -> None:
    github.state.auto_delete = True
    pull = desk.opened()
    assert (desk.merged(pull).head, github.head("fix/a")) == (pull.head, None)

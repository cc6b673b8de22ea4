from __future__ import annotations

import pytest
from github_desk import Desk
from hub import Check, GitHub, refuse

from waves.forges.github.checks import Context, end_of_log, state_of

WORDS = {
    "SUCCESS": "green", "NEUTRAL": "green", "SKIPPED": "green", "": "pending", "EXPECTED": "pending",
    "PENDING": "pending", "FAILURE": "red", "ERROR": "red", "STALE": "red", "STARTUP_FAILURE": "red",
    "TIMED_OUT": "red", "ACTION_REQUIRED": "red", "CANCELLED": "red", "A_NEW_WORD": "red",
}  # fmt: skip


@pytest.mark.parametrize(("word", "state"), WORDS.items())
def test_every_word_of_github_for_a_check_means_something(word: str, state: str) -> None:
    assert state_of([Context("ci", word)]) == state


def one(word: str, name: str = "", required: bool = False) -> Context:
    return Context(name or word, word, required=required)


@pytest.mark.parametrize(
    ("contexts", "state"),
    [
        ([], "none"),
        ([one("SUCCESS"), one("FAILURE")], "red"),
        ([one("SUCCESS"), one("FAILURE"), one("")], "pending"),  # all that is red is corrected at once
        ([one("SUCCESS", required=True), one("FAILURE"), one("")], "green"),
        ([one("FAILURE", required=True), one("SUCCESS")], "red"),
        ([one("EXPECTED", required=True), one("SUCCESS", required=True)], "pending"),
        ([one("FAILURE", "build"), one("SUCCESS", "build")], "red"),  # jobs of two workflows
    ],
)
def test_what_several_checks_come_to(contexts: list[Context], state: str) -> None:
    assert state_of(contexts) == state


def test_the_end_of_a_log_is_where_its_last_error_is() -> None:
    lines = [f"2026-01-01T00:00:00.0000000Z line {number}" for number in range(100)]
    lines[50] = "2026-01-01T00:00:00.0000000Z ##[error]Process completed with exit code 1."
    found = end_of_log("\n".join(lines)).split("\n")
    assert (found[0], found[-1]) == ("line 10", "##[error]Process completed with exit code 1.")
    assert end_of_log("one\n\x1b[31mtwo\x1b[0m\n") == "one\ntwo"
    assert len(end_of_log("x" * 100_000)) == 4096


# ---- on the stand-in


def test_checks_that_go_on_are_pending_until_they_end(github: GitHub, desk: Desk) -> None:
    github.every_head(Check("ci", "success", pending_reads=1))
    pull, forge = desk.opened(), desk.forge()
    states = [forge.checks(pull.head).state]
    forge.wait(5)
    states.append(forge.checks(pull.head).state)
    assert states == ["pending", "green"]


def test_an_optional_check_that_never_ends_holds_nobody_up_where_others_are_required(
    github: GitHub, desk: Desk
) -> None:
    github.protect(checks=("ci",))
    github.every_head(Check("ci", "success"), Check("nightly", None))
    pull, forge = desk.opened(), desk.forge()
    forge.checks(pull.head)  # GitHub has not computed yet whether it can be merged
    forge.wait(5)
    found = forge.checks(pull.head)
    assert (found.state, [one.name for one in found.checks]) == ("green", ["ci"])


def test_where_none_is_required_all_are_waited_for(github: GitHub, desk: Desk) -> None:
    github.every_head(Check("ci", "success"), Check("nightly", None))
    pull, forge = desk.opened(), desk.forge()
    for _ in range(2):
        assert forge.checks(pull.head).state == "pending"
        forge.wait(5)
    asked = [one for one in github.requests if "isRequired" in str(one)]
    assert len(asked) == 1, "once a base"


def test_red_checks_carry_where_and_why(github: GitHub, desk: Desk) -> None:
    log = "2026-01-01T00:00:00.0Z collecting\n2026-01-01T00:00:01.0Z ##[error]1 failed\n"
    github.every_head(
        Check("test", "failure", log=log),
        Check("lint", "failure", summary="Unused import", annotations=(("a.py", 3, "F401"),)),
        Check("docs", "skipped"),
    )
    pull = desk.opened()
    github.status(pull.head, "error", "ci/legacy", "out of money")
    found = desk.forge().checks(pull.head)
    assert (found.commit, found.state) == (pull.head, "red")
    tails = {check.name: check.tail for check in found.checks}
    assert tails["test"].startswith("collecting\n##[error]1 failed\n")
    assert "Unused import\na.py:3: " in tails["lint"]
    assert tails["lint"].endswith(": F401\n[failure]")
    assert tails["ci/legacy"] == "out of money\n[error]"
    assert tails["docs"] == ""
    assert all(check.url for check in found.checks if check.name in ("test", "lint"))


def test_a_log_that_may_not_be_read_does_not_matter(github: GitHub, desk: Desk) -> None:
    github.every_head(Check("test", "failure", log="secret", summary="1 failed"))
    github.lie("GET", "/repos/*/logs", refuse(403, "Must have admin rights to Repository."))
    (check,) = desk.forge().checks(desk.opened().head).checks
    assert check.tail.endswith("1 failed\n[failure]")
    assert "secret" not in check.tail


def test_only_required_checks_count_where_some_are(github: GitHub, desk: Desk) -> None:
    github.protect(checks=("ci",))
    pull = desk.opened()
    github.check(pull.head, "ci")
    github.check(pull.head, "flaky", "failure")
    found = desk.forge().checks(pull.head)
    assert (found.state, [check.name for check in found.checks]) == ("green", ["ci"])


def test_a_head_without_checks_is_given_time(github: GitHub, desk: Desk) -> None:
    pull = desk.opened()
    assert desk.forge(grace=60).checks(pull.head).state == "pending"
    assert desk.forge(grace=0).checks(pull.head).state == "none"


def test_checks_are_of_exactly_the_head_that_was_pushed_last(github: GitHub, desk: Desk) -> None:
    github.every_head(Check("ci", "failure"))
    pull, forge = desk.opened(), desk.forge()
    assert forge.checks(pull.head).state == "red"
    github.every_head(Check("ci", "success"))
    new = github.person_pushes("fix/a", {"more.txt": ""})
    assert forge.checks(new).state == "green"
    assert forge.checks(pull.head).state == "red", "of a commit that is no head any more as well"


def test_a_check_that_was_run_again_is_looked_at_again(github: GitHub, desk: Desk) -> None:
    pull, forge = desk.opened(), desk.forge()
    github.check(pull.head, "ci", "failure")
    assert forge.checks(pull.head).state == "red"
    github.check(pull.head, "ci", "success")
    forge.wait(5)
    assert forge.checks(pull.head).state == "green"


def test_an_outcome_that_is_known_costs_no_request(github: GitHub, desk: Desk) -> None:
    github.every_head(Check("ci", "success"))
    pull, forge = desk.opened(), desk.forge()
    forge.checks(pull.head)
    before = len(github.requests)
    assert forge.checks(pull.head).state == "green"
    assert len(github.requests) == before

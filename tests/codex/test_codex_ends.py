"""How a run of the real codex can end other than well, and what each end is told as."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from codex_world import commit
from desk import Desk
from stand_in import Drop, Fail, Refuse, Say, Shell, Step

from waves.agents import Failure, FailureKind

# What the server says, and what it is told as.
FAILURES: list[tuple[str, FailureKind, Step]] = [
    ("usage limit", "usage-limit", Refuse(429, {"type": "usage_limit_reached", "message": "x", "plan_type": "plus"})),
    ("quota", "quota", Fail("insufficient_quota", "You exceeded your current quota")),
    ("plan without codex", "quota", Refuse(429, {"type": "usage_not_included", "message": "x"})),
    ("wrong key", "authentication", Refuse(401, {"message": "Incorrect API key provided", "code": "invalid_api_key"})),
    ("unknown model", "model", Refuse(404, {"message": "The model `gpt-9` does not exist or you do not have access."})),
    ("context", "context", Fail("context_length_exceeded", "Your input exceeds the context window of this model.")),
    ("server error", "server", Refuse(500)),
    ("unavailable", "server", Refuse(503, {"message": "try later"})),
    ("too many requests", "server", Refuse(429, {"type": "rate_limit_exceeded", "message": "slow down"})),
    ("at capacity", "server", Fail("server_is_overloaded", "overloaded")),
    ("dropped", "server", Drop()),
    ("something else", "crashed", Fail("invalid_prompt", "Invalid prompt: flagged")),
]


def failed(desk: Desk, *steps: Step, **changes: object) -> Failure:
    result = desk.do(*steps, **changes)
    assert result.failure is not None
    return result.failure


@pytest.mark.parametrize(("kind", "step"), [one[1:] for one in FAILURES], ids=[one[0] for one in FAILURES])
def test_what_the_server_says_is_told_apart(desk: Desk, kind: FailureKind, step: Step) -> None:
    failure = failed(desk, step)
    assert (failure.kind, failure.until) == (kind, None)
    assert failure.message
    assert failure.what_next
    assert "\n" not in failure.message


@pytest.mark.parametrize("ahead", [timedelta(hours=3), timedelta(days=4)])
def test_a_usage_limit_says_until_when(desk: Desk, ahead: timedelta) -> None:
    at = int((datetime.now() + ahead).replace(second=0).timestamp())
    failure = failed(desk, Refuse(429, {"type": "usage_limit_reached", "plan_type": "plus", "resets_at": at}))
    assert (failure.kind, failure.consequence) == ("usage-limit", "pause")
    assert failure.until is not None
    assert at <= failure.until <= at + 120


def test_what_was_committed_before_a_failure_stays(desk: Desk) -> None:
    failure = failed(desk, commit("new.py", "x"), Refuse(500))
    assert failure.consequence == "retry"
    assert len(desk.collect(desk.job()).commits) == 1


def test_a_provider_that_is_not_configured_is_a_matter_for_the_plan(desk: Desk) -> None:
    desk.configured(model_provider="nowhere")
    assert failed(desk, Say("x")).kind == "configuration"


def test_a_key_that_is_missing_is_a_matter_of_authentication(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STAND_IN_KEY")
    failure = failed(desk, Say("x"))
    assert (failure.kind, "STAND_IN_KEY" in failure.message) == ("authentication", True)


def test_a_network_that_is_not_there_ends_the_run(desk: Desk) -> None:
    desk.configured(model_providers__stand_in__base_url="http://127.0.0.1:1/v1")
    failure = failed(desk, Say("x"), stall_timeout=4.0)
    assert (failure.kind, failure.consequence) == ("network", "retry")
    # codex says again and again that it waits, which is output: nobody else would have ended it.
    assert desk.events(desk.job()).count("waiting for network") >= 1


def test_a_command_without_a_word_is_a_stall(desk: Desk) -> None:
    failure = failed(desk, Shell("sleep 300"), stall_timeout=2.0)
    assert (failure.kind, failure.consequence) == ("stalled", "strike")


def test_a_run_that_takes_too_long_leaves_its_commits(desk: Desk) -> None:
    failure = failed(desk, commit("new.py", "x"), Shell("sleep 300"), timeout=8.0)
    assert failure.kind == "timeout"
    assert len(desk.collect(desk.job()).commits) == 1


def test_an_agent_that_goes_round_in_circles_is_stopped_and_the_permission_is_named(desk: Desk) -> None:
    tries = [Shell(f"curl -sS https://{name}.example.org") for name in "abcdef"]
    failure = failed(desk, *tries, Shell("sleep 300"))
    assert (failure.kind, failure.consequence) == ("sandbox", "person")
    assert "`policy.network: true`" in failure.what_next


def test_without_a_sandbox_nothing_is_taken_for_a_spiral(desk: Desk) -> None:
    tries = [Shell(f"echo 'Could not resolve host: {name}' >&2; false") for name in "abcdef"]
    assert desk.do(*tries, Say("Done."), sandbox="danger-full-access").failure is None

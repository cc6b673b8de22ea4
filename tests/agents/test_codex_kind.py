"""What is made of a codex run's files, where no codex has to be there to make them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from waves import agents
from waves.agents import Job, Progress
from waves.agents.codex.kind import Codex
from waves.agents.run import Exit
from waves.foundation.errors import UsageError
from waves.plan.model import Agent

THREAD = "01a2090d-851c-7881-b83d-664e984c04a8"
WAITING = {"type": "error", "message": "Reconnecting... waiting for network (Connection failed: error sending request)"}
STARTED = {"type": "thread.started", "thread_id": THREAD}
COMPLETED = {"type": "turn.completed", "usage": {"input_tokens": 100, "output_tokens": 20}}
SAID = {"type": "item.completed", "item": {"type": "agent_message", "text": "I could not run the tests."}}


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "codex-home"))
    return Job("implementer", "a", "", tmp_path, tmp_path, timeout=60.0, stall_timeout=60.0, git_environment={})


def happened(job: Job, *events: dict[str, Any]) -> None:
    (job.directory / "started.json").write_text('{"time": 5.0}')
    (job.directory / "events.jsonl").write_text("".join(json.dumps(one) + "\n" for one in events))


def waited(job: Job, stall_timeout: float) -> Job:
    return Job(job.role, job.unit, job.cycle, job.worktree, job.directory, job.timeout, stall_timeout, {})


def test_nothing_is_said_of_a_run_that_has_not_started(job: Job) -> None:
    assert Codex().watch(job) is None
    assert agents.progress_of(job.directory) is None


def test_waiting_for_the_network_ends_a_run_when_it_has_been_long_enough(job: Job) -> None:
    happened(job, STARTED, WAITING, WAITING)
    assert Codex().watch(waited(job, 60.0)) is None
    failure = Codex().watch(waited(job, 0.0))
    assert failure is not None
    assert failure.kind == "network"


def test_a_network_that_came_back_ends_nothing(job: Job) -> None:
    happened(job, STARTED, WAITING, SAID)
    assert Codex().watch(waited(job, 0.0)) is None


@pytest.mark.parametrize("reason", ["stalled", "timeout"])
def test_a_run_that_ended_while_it_waited_for_the_network_failed_for_that(job: Job, reason: str) -> None:
    happened(job, STARTED, WAITING)
    failure = Codex().result(job, Exit(reason)).failure
    assert failure is not None
    assert failure.kind == "network"


def test_without_a_rollout_the_sum_of_the_events_counts(job: Job) -> None:
    happened(job, STARTED, SAID, COMPLETED)
    result = Codex().result(job, Exit("exited", code=0))
    assert (result.message, result.failure, result.tokens) == ("I could not run the tests.", None, 120)
    assert result.flags == ("says itself: I could not run the tests.",)
    progress = agents.progress_of(job.directory)
    assert progress is not None
    assert (progress.thread, progress.tokens) == (THREAD, 120)


def test_the_sum_of_a_whole_thread_is_not_taken_for_a_resumed_runs(job: Job) -> None:
    happened(job, STARTED, COMPLETED)
    resumed = Job("implementer", "a", "", job.worktree, job.directory, 60.0, 60.0, {}, resume=THREAD)
    assert Codex().result(resumed, Exit("exited", code=0)).tokens is None


def test_an_end_without_an_end_of_the_turn_is_none(job: Job) -> None:
    happened(job, STARTED, SAID)
    failure = Codex().result(job, Exit("exited", code=0)).failure
    assert failure is not None
    assert failure.kind == "aborted"


def test_what_codex_says_outside_of_events_counts_where_there_are_none(job: Job) -> None:
    happened(job)
    failure = Codex().result(job, Exit("exited", code=1, tail="Error: Model provider `x` not found")).failure
    assert failure is not None
    assert failure.kind == "configuration"


def test_asking_again_gives_the_same(job: Job) -> None:
    happened(job, STARTED, SAID, COMPLETED)
    kind = Codex()
    first = kind.result(job, Exit("exited", code=0))
    log = (job.directory / "codex.out").read_text()
    assert kind.result(job, Exit("exited", code=0)) == Codex().result(job, Exit("exited", code=0)) == first
    assert (job.directory / "codex.out").read_text() == log
    assert agents.progress_of(job.directory) != Progress()


def test_a_forge_token_is_refused(job: Job) -> None:
    with pytest.raises(UsageError, match="GH_TOKEN is a forge token"):
        Codex().spec(Agent("codex", env=("GH_TOKEN",)), job)

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import get_args

import pytest
from agent_scripts import ended_at_last, python_agent, spec, told

from waves import agents
from waves.agents import CONSEQUENCES, Failure, FailureKind, Job, Progress, Result, run
from waves.agents.run import Exit, Spec
from waves.foundation.errors import UsageError
from waves.plan.model import Agent

CAP = Failure("token-cap", "it has used too much", "raise the cap", until=5.0)


class Watched:
    """A kind whose runs must be stopped as soon as they say they are there."""

    def spec(self, agent: Agent, job: Job) -> Spec:
        return spec(job.worktree, *agent.command)

    def watch(self, job: Job) -> Failure | None:
        return CAP if (job.worktree / "there").exists() else None

    def result(self, job: Job, ended: Exit) -> Result:
        return Result("", agents.failure_of(ended, job.directory))


def job(folder: Path) -> Job:
    return Job("implementer", "a", "", folder, folder / "runs" / "implement-1", 60.0, 60.0, {})


def test_a_run_that_must_be_stopped_is_and_the_reason_is_kept(tmp_path: Path) -> None:
    source = f"tell({str(tmp_path / 'there')!r}, 'yes'); signal.pause()"
    kind, asked = Watched(), job(tmp_path)
    wanted = kind.spec(Agent("command", command=python_agent(tmp_path, source)), asked)
    with ended_at_last(asked.directory) as directory:
        ended = run.ensure(directory, wanted, "do it", 0.05, partial(agents.cut_short, kind, asked))
    assert told(tmp_path / "there") == "yes"
    assert ended.reason == "stopped"
    assert kind.result(asked, ended).failure == CAP


def test_a_run_that_ended_before_it_could_be_stopped_ended_by_itself(tmp_path: Path) -> None:
    kind, asked = Watched(), job(tmp_path)
    wanted = kind.spec(Agent("command", command=("true",)), asked)
    ended = run.ensure(asked.directory, wanted, "do it")
    (tmp_path / "there").touch()
    assert agents.cut_short(kind, asked)
    assert kind.result(asked, ended).failure is None


@pytest.mark.parametrize("written", ["", "[]", '{"kind": "new", "message": "", "what_next": ""}', '{"kind": "died"}'])
def test_a_reason_that_cannot_be_read_is_no_reason(tmp_path: Path, written: str) -> None:
    (tmp_path / "cut-short.json").write_text(written)
    failure = agents.failure_of(Exit("stopped"), tmp_path)
    assert failure is not None
    assert failure.kind == "stopped"


def test_every_failure_has_a_consequence() -> None:
    assert set(CONSEQUENCES) == set(get_args(FailureKind))
    assert CAP.consequence == "person"


def test_the_thread_to_go_on_with_is_that_of_the_newest_run_that_had_one(tmp_path: Path) -> None:
    for name, text in (("1", '{"thread": "old"}'), ("2", '{"thread": "new", "tokens": 3}'), ("3", '{"odd": 1}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "progress.json").write_text(text)
    directories = [tmp_path / name for name in ("1", "2", "3", "4")]
    assert agents.progress_of(directories[1]) == Progress(thread="new", tokens=3)
    assert agents.progress_of(directories[2]) is None
    assert agents.thread_of(directories) == "new"
    assert agents.thread_of(directories[2:]) is None


def test_a_kind_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="write `codex` or `command`"):
        agents.kind_of(Agent("other"))

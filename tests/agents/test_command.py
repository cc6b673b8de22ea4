from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from agent_scripts import ended_at_last

from waves import agents
from waves.agents import Job, Result, command, run
from waves.foundation.errors import UsageError
from waves.lifecycle import contracts
from waves.plan.model import Agent


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    (tmp_path / "worktree").mkdir()
    with ended_at_last(tmp_path / "runs" / "review-0-1") as directory:
        yield Job(
            role="reviewer", unit="form-typos", cycle="2", worktree=tmp_path / "worktree", directory=directory,
            timeout=60.0, stall_timeout=60.0, git_environment={"GIT_OBJECT_DIRECTORY": "/quarantine"},
            sandbox="danger-full-access",
        )  # fmt: skip


def shell(script: str, *env: str) -> Agent:
    return Agent(kind="command", command=("sh", "-c", script), env=env)


def done(job: Job, agent: Agent, prompt: str = "") -> Result:
    kind = agents.kind_of(agent)
    return kind.result(job, run.ensure(job.directory, kind.spec(agent, job), prompt))


def environment(job: Job, *env: str) -> dict[str, str]:
    """What an agent sees, without what the shell adds."""
    message = done(job, Agent(kind="command", command=("env", "-0"), env=env)).message
    return dict(line.split("=", 1) for line in message.split("\0") if line)


def test_the_agent_runs_in_the_worktree_with_the_prompt_on_standard_input(job: Job) -> None:
    result = done(job, shell("pwd; cat"), "do this")
    assert result == Result(f"{job.worktree}\ndo this")


def test_the_agent_is_told_its_job_by_environment(job: Job) -> None:
    seen = environment(job)
    told = {name: value for name, value in seen.items() if name.startswith("WAVES_") and name != "WAVES_RUN"}
    assert told == {
        "WAVES_ROLE": "reviewer", "WAVES_UNIT": "form-typos", "WAVES_CYCLE": "2",
        "WAVES_OUTPUT": str(job.directory / "out" / "answer"), "WAVES_SCHEMA": str(job.directory / "schema.json"),
    }  # fmt: skip
    assert seen["GIT_OBJECT_DIRECTORY"] == "/quarantine"
    assert seen["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize(("role", "schema"), [("reviewer", contracts.REVIEW_OPEN), ("arbiter", contracts.ARBITER)])
def test_a_role_with_a_contract_gets_its_schema_as_a_file(job: Job, role: str, schema: dict[str, object]) -> None:
    assert json.loads(done(replace(job, role=role), shell('cat "$WAVES_SCHEMA"')).message) == schema


def test_a_role_without_a_contract_gets_no_schema(job: Job) -> None:
    assert "WAVES_SCHEMA" not in environment(replace(job, role="implementer"))


def test_no_secret_of_ours_reaches_the_agent_but_those_that_the_plan_names(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "SSH_AUTH_SOCK", "AWS_SECRET_ACCESS_KEY", "MODEL_KEY", "GIT_DIR"):
        monkeypatch.setenv(name, "secret")
    seen = environment(job, "MODEL_KEY")
    assert [name for name, value in seen.items() if value == "secret"] == ["MODEL_KEY"]


def test_the_plan_cannot_overrule_what_waves_says(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAVES_ROLE", "implementer")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", "/elsewhere")
    seen = environment(job, "WAVES_ROLE", "GIT_OBJECT_DIRECTORY")
    assert (seen["WAVES_ROLE"], seen["GIT_OBJECT_DIRECTORY"]) == ("reviewer", "/quarantine")


@pytest.mark.parametrize(
    "name", ["GITHUB_TOKEN", "GH_TOKEN", "gh_token", "GITHUB_PAT", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]
)
def test_a_forge_token_is_refused_in_the_plan(job: Job, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        command.Command().spec(shell("true", "LANG", name), job)
    assert str(caught.value) == (
        f"agent.env: {name} is a forge token, which no agent may have; remove it from the plan"
    )


# ---- the last message


def test_the_output_file_rules_over_the_worktrees_file_and_standard_output(job: Job) -> None:
    script = 'echo printed; echo left > .codex-review-output.json; echo written > "$WAVES_OUTPUT"'
    assert done(job, shell(script)).message == "written\n"
    assert list(job.worktree.iterdir()) == []


def test_an_empty_output_file_is_an_empty_message(job: Job) -> None:
    assert done(job, shell('echo printed; : > "$WAVES_OUTPUT"')).message == ""


@pytest.mark.parametrize("role", ["reviewer", "arbiter"])
def test_the_worktrees_file_is_moved_to_the_run(job: Job, role: str) -> None:
    job = replace(job, role=role)
    agent = shell("echo printed; echo left > .codex-review-output.json")
    assert done(job, agent).message == "left\n"
    assert list(job.worktree.iterdir()) == []
    assert (job.directory / "out" / "answer").read_text() == "left\n"
    assert done(job, agent).message == "left\n"  # asked again, after a crash for example


def test_the_worktrees_file_is_nothing_special_for_an_implementer(job: Job) -> None:
    job = replace(job, role="implementer")
    assert done(job, shell("echo printed; echo left > .codex-review-output.json")).message == "printed\n"
    assert (job.worktree / ".codex-review-output.json").exists()


def test_a_file_from_before_this_run_is_neither_believed_nor_touched(job: Job) -> None:
    old = job.worktree / ".codex-review-output.json"
    old.write_text("an older verdict")
    os.utime(old, (1, 1))
    assert done(job, shell("echo printed")).message == "printed\n"
    assert old.read_text() == "an older verdict"


def test_a_link_in_the_worktree_is_removed_and_not_followed(job: Job, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    assert done(job, shell("ln -s ../secret .codex-review-output.json; echo printed")).message == "printed\n"
    assert list(job.worktree.iterdir()) == []
    assert (tmp_path / "secret").read_text() == "secret"


@pytest.mark.parametrize("make", ["mkfifo", "mkdir"])
def test_what_is_no_file_in_the_worktree_is_left_alone(job: Job, make: str) -> None:
    assert done(job, shell(f"{make} .codex-review-output.json; echo printed")).message == "printed\n"
    assert (job.worktree / ".codex-review-output.json").exists()


def test_a_run_that_says_nothing_has_an_empty_message(job: Job) -> None:
    assert done(job, shell("true")) == Result("")


# ---- failures


def test_a_crash_is_told_with_the_last_line_of_the_log(job: Job) -> None:
    failure = done(job, shell("echo first >&2; echo 'no model: see --help' >&2; exit 3")).failure
    assert failure is not None
    assert (failure.kind, failure.message) == ("crashed", "the agent ended with exit code 3: no model: see --help")
    assert str(job.directory) in failure.what_next


def test_a_program_that_is_installed_beside_waves_needs_no_path(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    beside = Path(sys.executable)
    assert done(job, Agent(kind="command", command=(beside.name, "-c", "print('ran')"))).message == "ran\n"


def test_a_program_may_be_named_by_its_path(job: Job) -> None:
    assert done(job, Agent(kind="command", command=(sys.executable, "-c", "print('ran')"))).message == "ran\n"


def test_a_program_that_is_not_there_is_told(job: Job) -> None:
    failure = done(job, Agent(kind="command", command=("no-such-agent",))).failure
    assert failure is not None
    assert failure.kind == "not-started"
    assert failure.message == "the agent could not be started: no-such-agent: No such file or directory"


@pytest.mark.parametrize(
    ("ended", "kind", "message"),
    [
        (run.Exit("timeout", signal=15), "timeout", "the agent ran longer than `policy.run_timeout`"),
        (run.Exit("stalled", code=0), "stalled", "the agent wrote nothing for as long as `policy.stall_timeout`"),
        (run.Exit("stopped", code=0), "stopped", "the run was stopped"),
        (run.Exit("flood", signal=9), "flood", "the agent wrote more than 100 MB of output"),
        (run.Exit("died"), "died", "the run's parent was killed"),
        (run.Exit("exited", signal=11), "crashed", "the agent ended with signal 11"),
    ],
)
def test_failures_are_told_apart(tmp_path: Path, ended: run.Exit, kind: str, message: str) -> None:
    failure = agents.failure_of(ended, tmp_path)
    assert failure is not None
    assert (failure.kind, failure.message) == (kind, message)
    assert failure.what_next


def test_an_unknown_kind_of_agent_is_a_plan_error() -> None:
    with pytest.raises(UsageError, match="there is no kind 'telepathy' of agent"):
        agents.kind_of(Agent(kind="telepathy"))

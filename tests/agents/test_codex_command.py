from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from waves.agents import Job
from waves.agents.codex import command_line
from waves.foundation.errors import UsageError
from waves.plan.model import Agent

PROGRAM = Path("/opt/codex")
AGENT = Agent("codex", model="gpt-5-codex", effort="high")
JOB = Job(
    role="implementer", unit="a", cycle="", worktree=Path("/w/tree"), directory=Path("/w/run"), timeout=9.0,
    stall_timeout=9.0, git_environment={"GIT_CEILING_DIRECTORIES": '/w "x"\\'},
)  # fmt: skip


def words(agent: Agent = AGENT, **changes: object) -> list[str]:
    job = replace(JOB, **changes)  # type: ignore[arg-type]
    return list(command_line.command(PROGRAM, agent, job, schema=job.role == "reviewer"))


def after(found: list[str], option: str) -> list[str]:
    return [found[place + 1] for place, word in enumerate(found) if word == option]


def settings(found: list[str]) -> dict[str, str]:
    return dict(one.partition("=")[::2] for one in after(found, "-c"))


def test_a_writer_may_write_its_worktree_its_quarantine_and_its_scratch_folder() -> None:
    found = words(scratch=Path("/w/scratch"))
    assert found[:2] == ["/opt/codex", "exec"]
    assert found[-1] == "-"
    assert after(found, "-s") == ["workspace-write"]
    assert after(found, "-C") == ["/w/tree"]
    assert after(found, "--add-dir") == ["/w/run/git", "/w/scratch"]
    assert after(found, "-o") == ["/w/run/output"]
    assert {"--json", "--ignore-user-config", "--ignore-rules"} <= set(found)
    assert "--output-schema" not in found


@pytest.mark.parametrize("role", ["reviewer", "arbiter", "triager"])
def test_everybody_else_may_write_nothing(role: str) -> None:
    found = words(role=role)
    assert after(found, "-s") == ["read-only"]
    assert after(found, "--add-dir") == []
    assert "shell_environment_policy.set.TMPDIR" not in settings(found)


def test_without_a_sandbox_there_is_none_for_any_role() -> None:
    for role in ("implementer", "reviewer"):
        found = words(role=role, sandbox="danger-full-access")
        assert after(found, "-s") == ["danger-full-access"]
        assert after(found, "--add-dir") == []


def test_settings_are_toml_whatever_is_in_them() -> None:
    found = settings(words())
    parsed = tomllib.loads("\n".join(f"{key} = {value}" for key, value in found.items()))
    assert parsed["approval_policy"] == "never"
    assert parsed["model_reasoning_effort"] == "high"
    assert parsed["shell_environment_policy"]["set"]["GIT_CEILING_DIRECTORIES"] == '/w "x"\\'
    assert parsed["sandbox_workspace_write"] == {
        "exclude_slash_tmp": True, "exclude_tmpdir_env_var": True, "network_access": False,
    }  # fmt: skip


def test_the_network_is_there_only_when_the_policy_says_so() -> None:
    found = settings(words(network=True))
    assert found["sandbox_workspace_write.network_access"] == "true"
    assert found["web_search"] == '"live"'
    assert settings(words())["web_search"] == '"disabled"'


def test_a_thread_is_resumed_by_its_id() -> None:
    found = words(resume="01a2")
    assert found[-3:] == ["resume", "01a2", "-"]
    assert "--last" not in found
    assert after(found, "-s") == ["workspace-write"]


def test_the_plans_settings_come_as_they_are() -> None:
    config = {"model_provider": "mine", "model_providers.mine.base_url": "http://127.0.0.1:1/v1"}
    found = settings(words(replace(AGENT, config=config)))
    assert found["model_provider"] == "mine"
    assert found["model_providers.mine.base_url"] == "http://127.0.0.1:1/v1"


@pytest.mark.parametrize(
    "key",
    [
        "approval_policy", '"approval_policy"', "sandbox_mode", "sandbox_workspace_write",
        "sandbox_workspace_write.network_access", "shell_environment_policy", "shell_environment_policy.inherit",
        "shell_environment_policy.set.GIT_CEILING_DIRECTORIES", "projects",
        'projects."/x".trust_level', "permissions.x", "model", "web_search", "features.multi_agent",
    ],
)  # fmt: skip
def test_a_plan_cannot_set_what_every_run_relies_on(key: str) -> None:
    with pytest.raises(UsageError) as caught:
        words(replace(AGENT, config={key: "x"}))
    assert str(caught.value).startswith(f"agent.config: {key} is not for the plan to set: ")
    assert str(caught.value).endswith("; remove it from the plan")


@pytest.mark.parametrize(
    "key", ["sandbox_workspace_write.writable_roots", "shell_environment_policy.set.FOO", "mcp_servers.x.command"]
)
def test_a_plan_can_add_to_them(key: str) -> None:
    assert settings(words(replace(AGENT, config={key: "x"})))[key] == "x"

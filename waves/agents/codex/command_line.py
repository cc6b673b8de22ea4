"""The one place that builds a codex command line and its environment; it never starts anything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from waves.agents import OF_THE_FORGE, Job
from waves.agents.guard import quarantine
from waves.foundation import process
from waves.foundation.errors import UsageError
from waves.plan.model import NO_SANDBOX, WRITERS, Agent

OUTPUT = "output"  # in the run directory, where a run's parent looks for the last message
SCHEMA = "schema.json"
# What codex itself needs to be who it is; the commands that it runs get none of them.
OWN_VARIABLES = ("CODEX_HOME", "OPENAI_API_KEY", "CODEX_API_KEY")
# What codex means by the core of an environment.
CORE_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "SHELL", "USER", "TMPDIR", "TEMP", "TMP")
# What a plan has other words for, or must not have at all: with it, a run would not be what Waves promises.
DECIDED = {
    "sandbox_mode": "`policy.sandbox` says it",
    "sandbox_permissions": "`policy.sandbox` says it",
    "default_permissions": "`policy.sandbox` says it",
    "permissions": "`policy.sandbox` says it",
    "approvals_reviewer": "nobody is there to approve anything",
    "projects": "what a repository configures for the agent is not to be trusted",
    "model": "`agent.model` says it",
    "model_reasoning_effort": "`agent.effort` says it",
}


def command(program: Path, agent: Agent, job: Job, *, schema: bool) -> tuple[str, ...]:
    """The command line of one run; the prompt comes by standard input. Raises UsageError for a setting of the plan."""
    words = [str(program), "exec", "-s", sandbox(job), "-C", str(job.worktree), "--json", "--color", "never"]
    # The person's own settings, MCP servers and rules would make a run depend on who started it.
    words += ["--ignore-user-config", "--ignore-rules", "-o", str(job.directory / OUTPUT)]
    if schema:
        words += ["--output-schema", str(job.directory / SCHEMA)]
    if agent.model:
        words += ["-m", agent.model]
    if sandbox(job) == "workspace-write":
        for folder in (quarantine.writable(job.directory), scratch(job)):
            words += ["--add-dir", str(folder)]
    ours = dict(_settings(agent, job))
    _refuse(agent.config, DECIDED | dict.fromkeys(ours.keys() - DECIDED.keys(), "it is the same for every run"))
    for key, value in (*agent.config.items(), *ours.items()):
        words += ["-c", f"{key}={value}"]
    return (*words, *(("resume", job.resume) if job.resume else ()), "-")


def trial(program: Path, job: Job, words: Sequence[str]) -> tuple[str, ...]:
    """A command in the sandbox of a run of this job, without an agent."""
    roots = _toml_list(quarantine.writable(job.directory), scratch(job))
    settings = {"sandbox_mode": _toml(sandbox(job)), "sandbox_workspace_write.writable_roots": roots,
                **dict(_writable(job))}  # fmt: skip
    given = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    return (str(program), "sandbox", *given, "--", *words)


def sandbox(job: Job) -> str:
    """What a run may write: a writer its worktree and what it commits to, everybody else nothing."""
    if job.sandbox == NO_SANDBOX:
        return NO_SANDBOX
    return "workspace-write" if job.role in WRITERS else "read-only"


def scratch(job: Job) -> Path:
    """The folder for anything temporary: a writer's only one beside its worktree."""
    return job.scratch or job.directory / "scratch"


def environment(job: Job) -> Mapping[str, str]:
    """What codex itself gets, besides the variables that are inherited by name."""
    return process.clean_environment(job.git_environment)


def _settings(agent: Agent, job: Job) -> Iterator[tuple[str, str]]:
    """Settings as dotted key and TOML value."""
    yield "approval_policy", '"never"'
    yield "web_search", '"live"' if job.network else '"disabled"'
    if agent.effort:
        yield "model_reasoning_effort", _toml(agent.effort)
    # Sub-agents are threads of their own: their tokens and commands would escape every look at this one.
    yield "features.multi_agent", "false"
    yield "features.daemon_auto_start", "false"
    # What the person's shell exports at login is no part of a clean environment.
    yield "allow_login_shell", "false"
    yield "features.shell_snapshot", "false"
    yield from _inherited(job)
    for name, value in _seen_by_commands(job).items():
        yield f"shell_environment_policy.set.{name}", _toml(value)
    yield from _writable(job)


def _inherited(job: Job) -> Iterator[tuple[str, str]]:
    """What the agent's commands get of codex's own environment: never a key, and a token only of who publishes."""
    if not job.publishes:
        yield "shell_environment_policy.inherit", '"core"'
        return
    # By name, because a value would be seen on the command line.
    allowed = json.dumps([*CORE_VARIABLES, *OF_THE_FORGE])
    yield "shell_environment_policy.inherit", '"all"'
    yield "shell_environment_policy.ignore_default_excludes", "true"
    yield "shell_environment_policy.include_only", allowed


def _writable(job: Job) -> Iterator[tuple[str, str]]:
    # /tmp belongs to everybody: what one run leaves there another would find.
    yield "sandbox_workspace_write.exclude_slash_tmp", "true"
    yield "sandbox_workspace_write.exclude_tmpdir_env_var", "true"
    yield "sandbox_workspace_write.network_access", "true" if job.network or job.publishes else "false"


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # the escapes are the same


def _toml_list(*paths: Path) -> str:
    return f"[{', '.join(_toml(str(path)) for path in paths)}]"


def _seen_by_commands(job: Job) -> dict[str, str]:
    """What the agent's commands get besides the core variables, of which PATH must stay as codex extends it."""
    kept = process.clean_environment()
    named = {name: kept[name] for name in ("TZ", "SSL_CERT_FILE", "SSL_CERT_DIR") if name in kept}
    temporary = {"TMPDIR": str(scratch(job))} if sandbox(job) != "read-only" else {}
    return named | temporary | dict(job.git_environment)


def _refuse(config: Mapping[str, str], decided: Mapping[str, str]) -> None:
    for key in config:
        plain = key.replace('"', "")
        for one, why in decided.items():
            if f"{plain}.".startswith(f"{one}.") or one.startswith(f"{plain}."):
                raise UsageError(f"agent.config: {key} is not for the plan to set: {why}; remove it from the plan")

"""Agents of kind `command`: any program, told its job by standard input and environment; never given a forge token."""

from __future__ import annotations

import shutil
import stat
import sys
from pathlib import Path

from waves.agents import ANSWER, OF_THE_FORGE, Job, Result, confined, failure_of
from waves.agents.run import OUTPUT_LIMIT, Exit, Spec
from waves.agents.statements import could_not
from waves.foundation import process, records
from waves.foundation.errors import UsageError
from waves.foundation.scrub import FORGE_TOKEN
from waves.lifecycle import contracts
from waves.plan.model import Agent

# Where an agent that cannot write to $WAVES_OUTPUT may leave its last message, in the worktree.
WORKTREE_OUTPUT = ".codex-review-output.json"


class Command:
    def spec(self, agent: Agent, job: Job) -> Spec:
        """The plan's command in the worktree, with the `WAVES_*` variables and those that `agent.env` names."""
        refuse_forge_tokens(agent)
        told = {
            "WAVES_ROLE": job.role, "WAVES_UNIT": job.unit, "WAVES_CYCLE": job.cycle,
            "WAVES_OUTPUT": str(job.directory / ANSWER),
        }  # fmt: skip
        schema = contracts.schema_of(job.role, job.contract, strict=False)
        if schema is not None:
            records.write_json(job.directory / "schema.json", schema)
            told["WAVES_SCHEMA"] = str(job.directory / "schema.json")
        (job.directory / ANSWER).parent.mkdir(parents=True, exist_ok=True)
        spec = Spec(
            argv=(_program(agent.command[0]), *agent.command[1:]), cwd=job.worktree,
            env=process.clean_environment(dict(job.git_environment) | told),
            timeout=job.timeout, stall_timeout=job.stall_timeout, stdout="stdout", stderr="log", output=ANSWER,
            inherit=(*agent.env, *(OF_THE_FORGE if job.publishes else ())),
        )  # fmt: skip
        return confined.confined(spec, agent, job)

    def watch(self, _job: Job) -> None:
        """Of a program that nobody knows, nothing can be told while it runs."""

    def result(self, job: Job, ended: Exit) -> Result:
        """The message is `$WAVES_OUTPUT`, else for roles with a contract the worktree's file, else standard output."""
        confined.clear(job.directory)
        message = ended.output
        if job.role in contracts.SCHEMAS:
            left = _take_from_worktree(job)
            message = left if message is None else message
        if message is None:
            message = (records.read_regular(job.directory / "stdout", OUTPUT_LIMIT) or b"").decode("utf-8", "replace")
        flags = could_not(message) if job.role not in contracts.SCHEMAS else ()
        return Result(message, failure_of(ended, job.directory), flags=flags)


def refuse_forge_tokens(agent: Agent) -> None:
    """Raises UsageError for a plan that would hand one to its agent."""
    for name in agent.env:
        if FORGE_TOKEN.fullmatch(name):
            raise UsageError(f"agent.env: {name} is a forge token, which no agent may have; remove it from the plan")


def _program(name: str) -> str:
    """A bare name that is not on the path is looked for beside our own interpreter, where its scripts are installed."""
    if "/" in name or shutil.which(name) is not None:
        return name
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else name


def _take_from_worktree(job: Job) -> str | None:
    """Move the file that this very run left in the worktree to the run's `output`, unless that is there already.

    An older one is not this run's: it is neither believed nor touched. Links are removed and not followed.
    """
    path = job.worktree / WORKTREE_OUTPUT
    try:
        # Both times come from the same file system clock, and `started.json` is written before the agent runs.
        began = (job.directory / "started.json").stat().st_mtime_ns
        about = path.lstat()
    except OSError:
        return None
    if about.st_mtime_ns < began or not (stat.S_ISREG(about.st_mode) or stat.S_ISLNK(about.st_mode)):
        return None
    found = records.read_regular(path, OUTPUT_LIMIT)
    output = job.directory / ANSWER
    if found is not None and not output.exists():
        records.write_bytes(output, found)
    path.unlink()
    return None if found is None else found.decode("utf-8", "replace")

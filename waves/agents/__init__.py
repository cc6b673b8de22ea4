"""How the steps use an agent of any kind: what to run for a job, and what came of it; never one kind's ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from waves.agents.run import Exit, Spec
from waves.errors import UsageError
from waves.plan.model import Agent

FailureKind = Literal[
    "timeout", "stalled", "stopped", "flood", "not-started", "crashed", "died",
    "aborted",  # ended well in its own eyes, without what it was asked for
    "blocked",  # by its own word
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work for an agent, in a run directory of its own."""

    role: str
    unit: str
    cycle: str
    worktree: Path
    directory: Path  # the run's
    timeout: float  # seconds
    stall_timeout: float  # seconds
    git_environment: Mapping[str, str]  # what makes `git` in the worktree safe, such as the run's quarantine


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run gave no result, as one line, and what a person can do about it."""

    kind: FailureKind
    message: str
    what_next: str


@dataclass(frozen=True, slots=True)
class Result:
    message: str  # the agent's last one, as it is: hostile
    failure: Failure | None = None
    tokens: int | None = None  # None: this kind of agent does not say
    thread: str | None = None  # what a later run can resume


class AgentKind(Protocol):
    def spec(self, agent: Agent, job: Job) -> Spec:
        """What to run for a job; files that the agent reads are written to the run directory. Raises UsageError."""

    def result(self, job: Job, ended: Exit) -> Result:
        """What came of a run that ended; to be asked of every run, and as often as one likes."""


def kind_of(agent: Agent) -> AgentKind:
    """The kind that the plan names; raises UsageError where there is none of that name."""
    if agent.kind == "command":
        from waves.agents.command import Command

        return Command()
    raise UsageError(f"agent.kind: there is no kind {agent.kind!r} of agent; write `command`")


WHAT_NEXT: Mapping[FailureKind, str] = {
    "timeout": "raise `policy.run_timeout` or split the unit, then rule `retry`",
    "stalled": "look at {log}; raise `policy.stall_timeout` if it was at work, then rule `retry`",
    "stopped": "run `doit` to go on",
    "flood": "look at {log} for what it repeats, then rule `retry`",
    "not-started": "correct the agent in the plan or install its program, then run `doit`",
    "crashed": "look at {log}, then run `doit` to try again",
    "died": "run `doit` to go on from where it was",
}


def failure_of(ended: Exit, directory: Path) -> Failure | None:
    """What the way a run ended says by itself, for every kind; None for exit code 0."""
    if ended.reason == "exited" and ended.code == 0:
        return None
    messages: dict[str, tuple[FailureKind, str]] = {
        "timeout": ("timeout", "the agent ran longer than `policy.run_timeout`"),
        "stalled": ("stalled", "the agent wrote nothing for as long as `policy.stall_timeout`"),
        "stopped": ("stopped", "the run was stopped"),
        "flood": ("flood", "the agent wrote more than 100 MB of output"),
        "not-started": ("not-started", f"the agent could not be started: {ended.error}"),
        "died": ("died", "the run's parent was killed"),
    }
    kind, message = messages.get(ended.reason, ("crashed", _crash(ended)))
    return Failure(kind, message, WHAT_NEXT[kind].format(log=directory))


def _crash(ended: Exit) -> str:
    how = f"signal {ended.signal}" if ended.signal is not None else f"exit code {ended.code}"
    last = ended.tail.strip().rpartition("\n")[2].strip()[:300]
    return f"the agent ended with {how}" + (f": {last}" if last else "")

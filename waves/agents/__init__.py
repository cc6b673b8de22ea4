"""How the steps use an agent of any kind: what to run for a job, and what came of it; never one kind's ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

from waves.agents.run import Exit, Spec
from waves.foundation import records
from waves.foundation.errors import UsageError
from waves.foundation.shapes import made
from waves.lifecycle import contracts
from waves.plan.model import Agent

# What an agent that publishes by itself gets of our environment.
OF_THE_FORGE = ("GH_TOKEN", "GITHUB_TOKEN", "GH_HOST", "GH_ENTERPRISE_TOKEN", "GITHUB_API_URL")
ANSWER = "out/answer"  # in a run directory: where `WAVES_OUTPUT` leads; a folder, so that it can be replaced as well
READABLE = "codex.out"  # in a run directory: what the run did, for people

FailureKind = Literal[
    "timeout", "stalled", "stopped", "flood", "not-started", "crashed", "died",
    "aborted",  # ended well in its own eyes, without what it was asked for
    "blocked",  # by its own word
    "usage-limit",  # of the account, for a time: `Failure.until`
    "quota",  # used up, or a plan that does not include the agent: a person must see to it
    "authentication", "model", "configuration",
    "context",  # longer than the model takes
    "server",  # its errors, rate limits and dropped streams
    "network",
    "token-cap",  # of the plan
    "sandbox",  # it goes round in circles for want of a permission
    "not-resumed",  # the thread that it was to go on with can't be had any more
]  # fmt: skip

# What a failure asks of whoever dispatches: once more in the same thread, a while later, once the limit is over, once
# the account is seen to (nothing else can run until then), a person's ruling, or an attempt that counts.
Consequence = Literal["resume", "retry", "pause", "account", "person", "strike"]
CONSEQUENCES: Mapping[FailureKind, Consequence] = {
    "died": "resume", "stopped": "resume",
    "server": "retry", "network": "retry", "not-resumed": "retry",
    "usage-limit": "pause", "quota": "account", "authentication": "account",
    "model": "person", "configuration": "person", "context": "person", "token-cap": "person", "sandbox": "person",
    "blocked": "person",
    "timeout": "strike", "stalled": "strike", "flood": "strike", "not-started": "strike", "crashed": "strike",
    "aborted": "strike",
}  # fmt: skip


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
    sandbox: str = "workspace-write"  # `policy.sandbox`
    network: bool = False  # for the commands that the agent runs
    publishes: bool = False  # it pushes and opens the pull request itself: it gets the network and the forge's token
    readable: tuple[Path, ...] = ()  # what git in the worktree needs to read, wherever it lies
    scratch: Path | None = None  # a folder for anything temporary, beside the run directory where none is named
    resume: str | None = None  # the thread to go on with, of an earlier run's `Result.thread`
    contract: int = contracts.VERSION  # of a reviewer


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run gave no result, as one line, and what a person can do about it."""

    kind: FailureKind
    message: str
    what_next: str
    until: float | None = None  # seconds since 1970: when it is over by itself, where that is known

    @property
    def consequence(self) -> Consequence:
        return CONSEQUENCES[self.kind]


@dataclass(frozen=True, slots=True)
class Result:
    message: str  # the agent's last one, as it is: hostile
    failure: Failure | None = None
    tokens: int | None = None  # of this run alone; None: this kind of agent does not say
    thread: str | None = None  # what a later run can resume
    transcript: Path | None = None  # the agent's own record of the thread
    flags: tuple[str, ...] = ()  # what a reviewer should know of it, one line each


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, as `progress.json` in its directory says; strings are hostile, made safe for one line."""

    thread: str | None = None
    tokens: int | None = None
    last_command: str | None = None
    last_activity: float | None = None  # seconds since 1970


class AgentKind(Protocol):
    def watch(self, job: Job) -> Failure | None:
        """Why a run that goes on must be stopped now, if it must; asked again and again, on the same object."""

    def spec(self, agent: Agent, job: Job) -> Spec:
        """What to run for a job; files that the agent reads are written to the run directory. Raises UsageError."""

    def result(self, job: Job, ended: Exit) -> Result:
        """What came of a run that ended; to be asked of every run, and as often as one likes."""


def kind_of(agent: Agent) -> AgentKind:
    """The kind that the plan names; raises UsageError where there is none of that name."""
    if agent.kind == "command":
        from waves.agents.command import Command

        return Command()
    if agent.kind == "codex":
        from waves.agents.codex.kind import Codex

        return Codex()
    raise UsageError(f"agent.kind: there is no kind {agent.kind!r} of agent; write `codex` or `command`")


def cut_short(kind: AgentKind, job: Job, also: Callable[[], Failure | None] = lambda: None) -> bool:
    """Whether a run must be stopped now, by its kind or `also`; the reason is in its directory before anybody does."""
    failure = kind.watch(job) or also()
    if failure is not None:
        records.write_json(job.directory / "cut-short.json", asdict(failure))
    return failure is not None


def progress_of(directory: Path) -> Progress | None:
    """What is known of a run that goes on or has ended; None where its kind of agent does not say."""
    return made(Progress, records.read_json(directory / "progress.json"))


def thread_of(directories: Sequence[Path]) -> str | None:
    """The thread that the newest of these runs was in, whatever came of it: what `Job.resume` takes."""
    found = (progress.thread for one in reversed(directories) if (progress := progress_of(one)))
    return next((thread for thread in found if thread), None)


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
    if ended.reason == "stopped" and (cut := _cut(directory)):
        return cut
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


def _cut(directory: Path) -> Failure | None:
    """Why Waves itself ended a run."""
    value = records.read_json(directory / "cut-short.json")
    try:
        failure = None if value is None else Failure(**value)
    except TypeError:
        return None
    return failure if failure and failure.kind in get_args(FailureKind) else None


def _crash(ended: Exit) -> str:
    how = f"signal {ended.signal}" if ended.signal is not None else f"exit code {ended.code}"
    last = ended.tail.strip().rpartition("\n")[2].strip()[:300]
    return f"the agent ended with {how}" + (f": {last}" if last else "")

"""Agents of kind `codex`: the real program through `codex exec`; it never reads a verdict or moves a commit."""

from __future__ import annotations

import time
from dataclasses import asdict

from waves import agents
from waves.agents import Failure, Job, Progress, Result, failure_of
from waves.agents.codex import binary, command_line, rollout
from waves.agents.codex.events import Lines, Seen, follow, one_line, readable
from waves.agents.codex.failures import Spirals, failure_from
from waves.agents.command import refuse_forge_tokens
from waves.agents.run import OUTPUT_LIMIT, Exit, Spec
from waves.agents.statements import could_not
from waves.foundation import records
from waves.lifecycle import contracts
from waves.plan.model import NO_SANDBOX, WRITERS, Agent

EVENTS = "events.jsonl"  # in the run directory


class Codex:
    def __init__(self) -> None:
        self._observed: Observation | None = None

    def spec(self, agent: Agent, job: Job) -> Spec:
        """`codex exec` in the worktree, the prompt by standard input, events and log to files of the run."""
        refuse_forge_tokens(agent)
        schema = contracts.schema_of(job.role, job.contract)
        if schema is not None:
            records.write_json(job.directory / command_line.SCHEMA, schema)
        if job.role in WRITERS:
            command_line.scratch(job).mkdir(parents=True, exist_ok=True)
        return Spec(
            argv=command_line.command(binary.find().path, agent, job, schema=schema is not None),
            cwd=job.worktree, env=command_line.environment(job), timeout=job.timeout, stall_timeout=job.stall_timeout,
            inherit=(*command_line.OWN_VARIABLES, *agent.env, *(agents.OF_THE_FORGE if job.publishes else ())),
            stdout=EVENTS, stderr="log",
        )  # fmt: skip

    def watch(self, job: Job) -> Failure | None:
        """Read on, write down how far the run is, and say so if it gets nowhere."""
        if not (job.directory / "started.json").exists():
            return None
        seen = self._observe(job)
        return seen.spiral or seen.without_network()

    def result(self, job: Job, ended: Exit) -> Result:
        """What came of the run: by its end, its events and its rollout; the log for people is made whole."""
        seen = self._observe(job)
        message = ended.output if ended.output is not None else seen.events.message or ""
        flags = could_not(message) if job.role not in contracts.SCHEMAS else ()
        return Result(
            message[:OUTPUT_LIMIT], _failure(job, ended, seen.events), seen.tokens, seen.events.thread,
            seen.rollout.path, flags,
        )  # fmt: skip

    def _observe(self, job: Job) -> Observation:
        if self._observed is None or self._observed.job.directory != job.directory:
            self._observed = Observation(job)
        self._observed.read_on()
        return self._observed


class Observation:
    """What the files of one run say, read from their beginning and then on; it writes codex.out and progress.json."""

    def __init__(self, job: Job) -> None:
        self.job, self.events = job, Seen()
        self.spiral: Failure | None = None
        started = records.read_json(job.directory / "started.json") or {}
        self.rollout = rollout.Rollout(float(started.get("time", 0.0)))
        self._lines, self._spirals = Lines(job.directory / EVENTS), Spirals()
        self._answered = 0
        self._active: float | None = None
        (job.directory / agents.READABLE).write_text("")

    @property
    def tokens(self) -> int | None:
        """Of this run alone; codex's own sum, where the rollout has none, is that of the whole thread."""
        return self._answered or (None if self.job.resume else self.events.usage)

    def read_on(self) -> None:
        now, before = time.time(), self._progress()
        with (self.job.directory / agents.READABLE).open("a", encoding="utf-8") as log:
            for event in self._lines.new():
                self.events, self._active = follow(self.events, event, now), now
                log.write(readable(event))
        for one in self.rollout.new(self.events.thread) if self.events.thread else ():
            self._active = now
            if isinstance(one, rollout.Answered):
                self._answered += one.tokens
            elif command_line.sandbox(self.job) != NO_SANDBOX:
                self.spiral = self.spiral or self._spirals.look(one.command, one.output)
        if self._progress() != before:
            records.write_json(self.job.directory / "progress.json", asdict(self._progress()))

    def _progress(self) -> Progress:
        return Progress(self.events.thread, self.tokens, self.events.command, self._active)

    def without_network(self) -> Failure | None:
        """codex itself waits for a network for ever, and says so often enough never to be taken for stalled."""
        since = self.events.waiting_since
        if since is None or time.time() - since < self.job.stall_timeout:
            return None
        return failure_from(self.events.error or "", since)


def _failure(job: Job, ended: Exit, events: Seen) -> Failure | None:
    by_end = failure_of(ended, job.directory)
    if ended.reason == "exited":
        if by_end is None:
            unfinished = f"codex ended without a finished turn; see {job.directory / EVENTS}"
            return None if events.turn_ended else Failure("aborted", unfinished, "run `doit` to try again")
        words = events.failed or events.error or ended.tail
        return failure_from(words, ended.ended or time.time()) or _unknown(by_end, events)
    if ended.reason in ("timeout", "stalled") and events.waiting_since is not None:
        return failure_from(events.error or "", events.waiting_since) or by_end
    return by_end


def _unknown(by_end: Failure, events: Seen) -> Failure:
    """A failure in words that no signature has: they are passed on."""
    words = events.failed or events.error
    return by_end if words is None else Failure("crashed", f"codex failed: {one_line(words)}", by_end.what_next)

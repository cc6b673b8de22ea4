"""One role's run for one step: adopted, collected or started, and judged; never two at once, none is paid for twice."""

from __future__ import annotations

import functools
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waves import agents, git
from waves.agents import prompts, scrubbing
from waves.agents import run as runs
from waves.agents.guard import quarantine
from waves.agents.guard.snapshot import Snapshot
from waves.batch import claim, reach
from waves.batch.allowance import BACK_OFF
from waves.foundation.records import made_by_runs, read_json, read_text, write_json, write_text
from waves.foundation.text import shown
from waves.lifecycle.held import HeldError
from waves.lifecycle.outcome import at_work
from waves.plan.model import WRITERS, Agent
from waves.steps.runs import guarded, manifest
from waves.steps.runs.manifest import About
from waves.steps.work import Work, one_line

BLOCKED = re.compile(r"^BLOCKED:\s*(.+)$", re.MULTILINE)  # what the prompts of those that write ask for
STRIKES = 2  # runs that may come to nothing before a person is asked


@dataclass(frozen=True, slots=True)
class Task:
    """What an agent is asked, and what makes its answer good."""

    role: str
    label: str  # of the cycle, or the generation of an implementer
    key: str  # digest of what the run is for: a run for something else is never taken for this one
    prompt: Callable[[str | None, Path], str]  # what was wrong last time, run directory
    accept: Callable[[Ran], str | None]  # what is wrong with this run, None when it is good
    head: str  # the commit that it is to start from

    @property
    def writes(self) -> bool:
        return self.role in WRITERS


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that ended, and what it left."""

    directory: Path
    result: agents.Result
    collected: quarantine.Collected | None = None  # of a role that writes


def ask(work: Work, task: Task) -> Ran:
    """The good run for this task, whoever started it; raises HeldError when the strikes are used up."""
    pauses = iter(BACK_OFF)
    while True:
        directory, fault = _next(work, task)
        ran, problem = _see_through(work, task, directory, fault)
        if problem is None:
            return ran
        work.say(f"{task.role}: {problem}")
        if (failure := ran.result.failure) and failure.kind in ("server", "network"):
            _back_off(work, failure, pauses)


def _back_off(work: Work, failure: agents.Failure, pauses: Iterator[float]) -> None:
    seconds = next(pauses, None)
    if work.batch.once:
        raise HeldError("waiting", f"{failure.message}; {failure.what_next}")
    if seconds is None:
        raise HeldError("waiting", f"{failure.message}; it failed {len(BACK_OFF) + 1} times in a row, "
                        "and the next `doit` tries again")  # fmt: skip
    work.say(f"tries again in {seconds:g} s")
    threading.Event().wait(seconds)


def _next(work: Work, task: Task) -> tuple[Path, str | None]:
    """The run directory to go on with, and what was wrong with the run before it."""
    name = f"{task.role}-{task.label}"
    earlier = _not_used_up(work, runs.attempts(work.path / "runs", name))
    faults: list[str] = []
    asked: list[str] = []  # why a person was asked
    for directory in earlier:
        begun = manifest.read(directory)
        judged = read_json(directory / "judged.json")
        if begun is None and judged is None:
            return directory, faults[-1] if faults else None  # interrupted before it began, or what it was is lost
        if begun is None or begun.key != task.key:
            if judged is None:
                _end(work, directory, task.role, "what it was for has changed")
        elif judged is None or judged.get("fault") is None:
            return directory, begun.previous_fault
        elif judged.get("strike"):
            faults.append(str(judged["fault"]))
        elif judged.get("person"):
            asked.append(str(judged["fault"]))
    if len(asked) > work.retries():
        raise work.escalate(asked[-1])
    if len(faults) >= STRIKES * (1 + work.retries()):
        raise work.escalate(f"{task.role} came to nothing {len(faults)} times: {faults[-1]}")
    return runs.next_attempt(work.path / "runs", name), faults[-1] if faults else None


def _not_used_up(work: Work, attempts: list[Path]) -> list[Path]:
    """Those after the run that the step's record is about: who deletes the target asks for another run."""
    record = work.facts.record(work.step.name)
    names = [one.name for one in attempts]
    used = str(record.result.get("run", "")) if record else ""
    return attempts[names.index(used) + 1 :] if used in names else attempts


def see_off(work: Work, why: str, but: str = "") -> None:
    """See the runs of the unit to their end before the worktree moves under them, `but` of one role.

    Raises HeldError as `_end` does.
    """
    for directory in runs.unjudged(work.path / "runs"):
        role = directory.name.partition("-")[0]
        if (directory / manifest.FILE).exists() and role != but:
            _end(work, directory, role, why)


def _end(work: Work, directory: Path, role: str, why: str) -> None:
    """A run that nobody waits for any more: a writer's commits are kept, a reader is stopped.

    Raises HeldError where a writer goes on, and nobody is to wait for it.
    """
    if role in WRITERS:
        if work.batch.once and runs.state(directory) in runs.GOING:
            raise _at_work(role)
        runs.wait(directory)
        runs.kill_leftovers(directory)
    else:
        runs.stop(directory)
    scrubbing.scrub_files(directory, work.batch.scrub)
    guarded.look_after(work, directory, role, writes=role in WRITERS)
    if role in WRITERS:
        guarded.collect(work, directory)
    write_json(directory / "judged.json", {"fault": why, "strike": False})


def _see_through(work: Work, task: Task, directory: Path, fault: str | None) -> tuple[Ran, str | None]:
    """Have one run done and judge it; the second value says what is wrong with it."""
    result, was_over, before = _have_run(work, task, directory, fault)
    problems = guarded.look_after(work, directory, task.role, writes=task.writes, remembered=before)
    collected = guarded.collect(work, directory, result) if task.writes else None
    ran = Ran(directory, result, collected)
    failure = result.failure
    if failure is not None and failure.consequence != "strike":
        return ran, _after_failure(work, task, ran, failure, was_over=was_over)
    if problems:
        return ran, _judge(ran, f"it changed what it must not: {'; '.join(problems[:3])}")
    if task.writes and (blocked := BLOCKED.search(result.message)):
        raise _asks_person(work, ran, f"the {task.role} is blocked: {one_line(blocked[1])}", "blocked")
    return ran, _judge(ran, task.accept(ran), failure=failure.kind if failure else None)


def _have_run(
    work: Work, task: Task, directory: Path, fault: str | None
) -> tuple[agents.Result, bool, Snapshot | None]:
    """What came of one run, whether it was over before anybody waited for it, and the time before if it begins now."""
    before = None
    agent, allowance = work.batch.plan.agent_for(task.role), work.batch.allowance
    kind = agents.kind_of(agent)
    with _place(work, task, directory):
        if manifest.read(directory) is None:
            if runs.state(directory) in runs.NOT_BEGUN:
                _refuse_to_begin(work, agent)
                before = _begin(work, task, directory, fault)
            else:
                _take_for(work, task, directory)
        job = _job(work, task, directory)
        was_over = runs.state(directory) is runs.State.ENDED
        spec, asked = kind.spec(agent, job), read_text(directory / "asked.md")
        if runs.state(directory) in runs.NOT_BEGUN:
            claim.refuse_taken(work.batch, work.unit.name)  # it may have waited for its place, or been suspended
        must_stop = functools.partial(agents.cut_short, kind, job, lambda: allowance.over_budget(work.unit.name))
        if work.batch.once:
            runs.begin(directory, spec, asked)
            if runs.state(directory) in runs.GOING and not must_stop():
                raise _at_work(task.role)
        ended = runs.ensure(directory, spec, asked, must_stop=must_stop)
        result = scrubbing.scrubbed(kind.result(job, ended), work.batch.scrub)
        scrubbing.scrub_files(directory, work.batch.scrub)
        if result.failure is not None and result.failure.consequence in ("pause", "account"):
            allowance.note(agent, result.failure)  # before anybody else gets the place in the pool
    return result, was_over, before


def _at_work(role: str) -> HeldError:
    return HeldError("waiting", at_work(role))


@contextmanager
def _place(work: Work, task: Task, directory: Path) -> Iterator[None]:
    """A place in the pool, from the look before to the agent's end: what follows must not keep another one waiting.

    Who does not wait for agents takes places only for those that it starts, and leaves them there.
    """
    pool = work.batch.pool(task.role)
    if not work.batch.once:
        with pool:
            yield
        return
    if runs.state(directory) in runs.NOT_BEGUN:
        if not pool.acquire(blocking=False):
            raise HeldError("waiting", f"as many agents as the policy allows are at work; its {task.role} comes next")
        work.say(f"starts its {task.role}")
    yield


def _refuse_to_begin(work: Work, agent: Agent) -> None:
    """Raise HeldError where the account behind an agent, or a cap of the plan, lets no more run begin."""
    if failure := work.batch.allowance.refused(agent):
        raise _held_by_account(failure)
    if failure := work.batch.allowance.over_budget(work.unit.name):
        raise work.escalate(f"{failure.message}; {failure.what_next}")


def _held_by_account(failure: agents.Failure) -> HeldError:
    """A limit is waited for; everything else a person must see to first."""
    kind = "waiting" if failure.consequence == "pause" else "broken"
    return HeldError(kind, f"{failure.message}; {failure.what_next}")


def _after_failure(work: Work, task: Task, ran: Ran, failure: agents.Failure, *, was_over: bool) -> str | None:
    """What a failure that is nobody's strike leads to: a person is asked, the unit waits, or the next run goes on."""
    resumed = (begun := manifest.read(ran.directory)) is not None and begun.resume is not None
    if failure.consequence == "person" and not (failure.kind == "context" and resumed):
        raise _asks_person(work, ran, f"{failure.message}; {failure.what_next}", failure.kind)
    fault = _judge(ran, failure.message, strike=False, failure=failure.kind, until=failure.until)
    if failure.kind == "stopped" and not was_over:
        # A person stops it for a reason: starting the next one at once would make that impossible.
        then = "goes on from what it committed" if task.writes else "asks anew"
        raise HeldError("waiting", f"its {task.role} was stopped; the next `doit` {then}")
    if failure.consequence in ("pause", "account"):
        raise _held_by_account(work.batch.allowance.refused(work.batch.plan.agent_for(task.role)) or failure)
    return fault


def _asks_person(work: Work, ran: Ran, why: str, failure: str) -> HeldError:
    """What is to be raised; written down first, so that a kill in between does not begin another run."""
    _judge(ran, why, strike=False, person=True, failure=failure)
    return work.escalate(why)


def _judge(
    ran: Ran, fault: str | None, *, strike: bool = True, person: bool = False, failure: str | None = None,
    until: float | None = None,
) -> str | None:  # fmt: skip
    """Write down what came of a run; a fault that is nobody's (killed, stopped) is no strike.

    `until`: when it is over by itself, in seconds since 1970. `person`: one was asked.
    """
    write_json(ran.directory / "judged.json", {
        "fault": fault, "strike": strike and fault is not None, "person": person, "failure": failure, "until": until,
        "tokens": ran.result.tokens,
    })  # fmt: skip
    return fault


def _begin(work: Work, task: Task, directory: Path, fault: str | None) -> Snapshot:
    """Everything that has to be known of the time before the run, written down before it can begin."""
    guarded.worktree_at(work, task.head, made_by_runs(work.path)[0] if task.writes else frozenset())
    if task.writes and (left := git.uncommitted(work.worktree)):
        named = ", ".join(shown(one) for one in left[:5])
        work.say(f"flag: the {task.role} begins with what is uncommitted in the worktree: {named}")
    before = git.resolve(work.batch.repository, f"refs/heads/{work.branch}")
    interrupted = _runs_for(work, task)
    thread = _interrupted_thread(interrupted) if interrupted else _writers_thread(work, task)
    asked = task.prompt(fault, directory)
    write_text(directory / "asked.md", prompts.RESUMED + asked if interrupted and thread else asked)
    extra, taken = guarded.look_before(work, directory, writes=task.writes)
    manifest.write(directory, About(task.key, task.role, before, fault, dict(extra), time.time(), thread))
    return taken


def _take_for(work: Work, task: Task, directory: Path) -> None:
    """A run that was begun for this role and cycle, and whose file about that a person deleted or edited.

    It is taken for what is asked now, rather than paid for again; its branch has not moved, for nobody took it in.
    """
    work.say(f"flag: {directory / manifest.FILE} was deleted or edited; {directory.name} is used instead")
    before = git.resolve(work.batch.repository, f"refs/heads/{work.branch}")
    manifest.write(directory, About(task.key, task.role, before))


# An end after which the thread is as good as it was; after any other, the next run begins anew.
GOES_ON = ("died", "stopped", "server", "network", "usage-limit", "timeout", "stalled")


def _runs_for(work: Work, task: Task) -> list[Path]:
    """The runs that were begun for this very task, oldest first; nothing where the last one was for something else."""
    begun = [one for one in runs.attempts(work.path / "runs", f"{task.role}-{task.label}") if _key(one)]
    return begun if begun and _key(begun[-1]) == task.key else []


def _key(directory: Path) -> str:
    begun = manifest.read(directory)
    return begun.key if begun else ""


def _interrupted_thread(earlier: Sequence[Path]) -> str | None:
    judged = read_json(earlier[-1] / "judged.json") or {}
    return agents.thread_of(earlier[-1:]) if judged.get("failure") in GOES_ON else None


def _writers_thread(work: Work, task: Task) -> str | None:
    """The thread that wrote what is to be corrected: its agent knows the unit already."""
    plan = work.batch.plan
    if task.role != "corrector" or plan.policy.corrector != "resume":
        return None
    if plan.agent_for("corrector") != plan.agent_for("implementer"):
        return None
    writers = [one for one in work.facts.records.values() if one.step == "implement" or one.step.startswith("correct@")]
    wrote = [one for one in writers if one.result.get("run") and one.step != work.step.name]
    last = max(wrote, key=lambda one: one.ended, default=None)
    return agents.thread_of([work.path / "runs" / str(last.result["run"])]) if last else None


def _job(work: Work, task: Task, directory: Path) -> agents.Job:
    policy = work.batch.plan.policy
    begun = manifest.read(directory)
    assert begun is not None
    return agents.Job(
        role=task.role,
        unit=work.unit.name,
        cycle=work.step.at,
        worktree=work.batch.worktree_path(work.unit),
        directory=directory,
        timeout=policy.run_timeout,
        stall_timeout=policy.stall_timeout,
        git_environment=begun.environment,
        sandbox=work.batch.plan.sandbox_for(task.role),
        readable=reach.readable(work.batch),
        network=policy.network,
        publishes=policy.publish == "agent" and task.role == "implementer",
        scratch=work.path / "scratch",
        resume=begun.resume,
        contract=prompts.contract(work.path / "templates"),
    )


def strikes(work: Work, role: str, label: str) -> int:
    """How many runs of this role came to nothing for this cycle."""
    judged = [read_json(one / "judged.json") or {} for one in runs.attempts(work.path / "runs", f"{role}-{label}")]
    return sum(bool(one.get("strike")) for one in judged)


def readable_log(ran: Ran) -> str:
    """What the run did, for people: its kind's own log where it keeps one, else its last message."""
    return read_text(ran.directory / agents.READABLE) or ran.result.message


def flags_of(collected: quarantine.Collected) -> tuple[str, ...]:
    """What a person, and whoever goes on from there, should know of the state that a writer left."""
    left = {
        "left uncommitted:": collected.uncommitted,
        "conflict markers in": collected.conflict_markers,
    }
    named = [f"{words} {', '.join(shown(one) for one in paths[:5])}" for words, paths in left.items() if paths]
    if collected.aside:
        named.append(f"left beside its branch: {', '.join(one.what for one in collected.aside)}")
    return (*collected.problems, *named)


def without_commit(ran: Ran, words: str) -> str:
    """What was wrong with a writer's run that ended without a commit: `words`, and what it left."""
    assert ran.collected is not None
    return "; ".join((words, *flags_of(ran.collected)))


def facts_of(ran: Ran) -> dict[str, Any]:
    """The run in a record's plain data."""
    assert ran.collected is not None
    return {
        "run": ran.directory.name, "head": ran.collected.head, "commits": list(ran.collected.commits),
        "tokens": ran.result.tokens, "flags": [*flags_of(ran.collected), *ran.result.flags],
    }  # fmt: skip

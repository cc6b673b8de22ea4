"""One role's run for one step: adopted, collected or started, guarded, judged; never two at once, none paid twice."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waves import agents, git, prompts
from waves.agents import quarantine, restore, saved, snapshot, worktrees
from waves.agents import run as runs
from waves.agents.snapshot import shown
from waves.records import made_by_runs, read_json, read_text, write_json, write_text
from waves.steps.work import HeldError, Work, one_line

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
        return self.role in ("implementer", "corrector")


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that ended, and what it left."""

    directory: Path
    result: agents.Result
    collected: quarantine.Collected | None = None  # of a role that writes


def ask(work: Work, task: Task) -> Ran:
    """The good run for this task, whoever started it; raises HeldError when the strikes are used up."""
    with work.batch.pool(task.role):
        while True:
            directory, fault = _next(work, task)
            ran, problem = _see_through(work, task, directory, fault)
            if problem is None:
                return ran
            work.say(f"{task.role}: {problem}")


def _next(work: Work, task: Task) -> tuple[Path, str | None]:
    """The run directory to go on with, and what was wrong with the run before it."""
    name = f"{task.role}-{task.label}"
    earlier = _not_used_up(work, runs.attempts(work.path / "runs", name))
    faults: list[str] = []
    asked: list[str] = []  # why a person was asked
    for directory in earlier:
        about = read_json(directory / "about.json")
        judged = read_json(directory / "judged.json")
        if about is None:
            return directory, faults[-1] if faults else None  # interrupted before it began
        if about.get("key") != task.key:
            if judged is None:
                _outdated(work, task, directory)
        elif judged is None or judged.get("fault") is None:
            return directory, about.get("previous_fault")
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


def _outdated(work: Work, task: Task, directory: Path) -> None:
    """A run for something that has changed since: a writer's commits are kept, a reader is stopped."""
    if task.writes:
        runs.wait(directory)
        runs.kill_leftovers(directory)
        _collect(work, directory)
    else:
        runs.stop(directory)
    write_json(directory / "judged.json", {"fault": "what it was for has changed", "strike": False})


def _see_through(work: Work, task: Task, directory: Path, fault: str | None) -> tuple[Ran, str | None]:
    """Have one run done and judge it; the second value says what is wrong with it."""
    worktree = work.worktree
    if read_json(directory / "about.json") is None:
        _begin(work, task, worktree, directory, fault)
    agent = work.batch.plan.agent_for(task.role)
    kind, job = agents.kind_of(agent), _job(work, task, directory)
    was_over = runs.state(directory) is runs.State.ENDED
    must_stop = functools.partial(agents.cut_short, kind, job)
    ended = runs.ensure(directory, kind.spec(agent, job), read_text(directory / "asked.md"), must_stop=must_stop)
    result = kind.result(job, ended)
    problems = _guard(work, task, worktree, directory)
    collected = _collect(work, directory) if task.writes else None
    ran = Ran(directory, result, collected)
    failure = result.failure
    if failure is not None and failure.consequence != "strike":
        return ran, _after_failure(work, task, directory, failure, was_over=was_over)
    if problems:
        return ran, _judge(directory, f"it changed what it must not: {'; '.join(problems[:3])}")
    if task.writes and (blocked := BLOCKED.search(result.message)):
        raise _asks_person(work, directory, f"the {task.role} is blocked: {one_line(blocked[1])}", "blocked")
    return ran, _judge(directory, task.accept(ran), failure=failure.kind if failure else None)


def _after_failure(work: Work, task: Task, directory: Path, failure: agents.Failure, *, was_over: bool) -> str | None:
    """What a failure that is nobody's strike leads to: a person is asked, the unit waits, or the next run goes on."""
    what = f"{failure.message}; {failure.what_next}"
    if failure.consequence == "person":
        raise _asks_person(work, directory, what, failure.kind)
    fault = _judge(directory, failure.message, strike=False, failure=failure.kind)
    if failure.kind == "stopped" and not was_over:
        # A person stops it for a reason: starting the next one at once would make that impossible.
        raise HeldError("waiting", f"its {task.role} was stopped; the next `doit` goes on from what it committed")
    if failure.consequence != "resume" and failure.kind != "not-resumed":
        raise HeldError("waiting", what)
    return fault


def _asks_person(work: Work, directory: Path, why: str, failure: str) -> HeldError:
    """What is to be raised; written down first, so that a kill in between does not begin another run."""
    write_json(directory / "judged.json", {"fault": why, "strike": False, "person": True, "failure": failure})
    return work.escalate(why)


def _judge(directory: Path, fault: str | None, *, strike: bool = True, failure: str | None = None) -> str | None:
    """Write down what came of a run; a fault that is nobody's (killed, stopped) is no strike."""
    value = {"fault": fault, "strike": strike and fault is not None, "failure": failure}
    write_json(directory / "judged.json", value)
    return fault


def _begin(work: Work, task: Task, worktree: git.Repository, directory: Path, fault: str | None) -> None:
    """Everything that has to be known of the time before the run, written down before it can begin."""
    worktree_at(work, task.head, made_by_runs(work.path)[0] if task.writes else frozenset())
    before = git.resolve(work.batch.repository, f"refs/heads/{work.branch}")
    extra = quarantine.prepare(worktree, directory) if task.writes else {}
    thread = _thread_to_resume(work, task)
    asked = task.prompt(fault, directory)
    write_text(directory / "asked.md", prompts.RESUMED + asked if thread else asked)
    saved.save(snapshot.take(worktree, _own_refs(work)), directory / "before.json")
    write_json(directory / "about.json", {
        "key": task.key, "role": task.role, "before": before, "previous_fault": fault, "environment": dict(extra),
        "started": time.time(), "resume": thread,
    })  # fmt: skip


# An end after which the thread is as good as it was; after any other, the next run begins anew.
GOES_ON = ("died", "stopped", "server", "network", "usage-limit", "timeout", "stalled")


def _thread_to_resume(work: Work, task: Task) -> str | None:
    """The thread of the run before, if that was for the same and was interrupted."""
    earlier = runs.attempts(work.path / "runs", f"{task.role}-{task.label}")
    begun = [(one, about) for one in earlier if (about := read_json(one / "about.json"))]
    if not begun or begun[-1][1].get("key") != task.key:
        return None
    judged = read_json(begun[-1][0] / "judged.json") or {}
    return agents.thread_of([begun[-1][0]]) if judged.get("failure") in GOES_ON else None


def _job(work: Work, task: Task, directory: Path) -> agents.Job:
    policy = work.batch.plan.policy
    about = read_json(directory / "about.json") or {}
    return agents.Job(
        role=task.role,
        unit=work.unit.name,
        cycle=work.step.at,
        worktree=work.batch.worktree_path(work.unit),
        directory=directory,
        timeout=policy.run_timeout,
        stall_timeout=policy.stall_timeout,
        git_environment=dict(about["environment"]),
        sandbox=policy.sandbox,
        scratch=work.path / "scratch",
        resume=about.get("resume"),
        token_limit=_tokens_left(work),
    )


def _tokens_left(work: Work) -> int | None:
    """What the unit's cap leaves, after all runs of it that have been judged."""
    cap = work.batch.plan.policy.tokens_per_unit
    if cap is None:
        return None
    over = [one.parent for one in work.path.glob("runs/*/judged.json")]
    return cap - sum((agents.progress_of(one) or agents.Progress()).tokens or 0 for one in over)


def _own_refs(work: Work) -> tuple[str, ...]:
    """The refs that are this unit's own: its branch, and what Waves keeps of it."""
    return f"refs/heads/{work.branch}", f"{kept_refs(work)}*"


def kept_refs(work: Work) -> str:
    """Below this, Waves keeps the commits of a unit that no branch has any more."""
    return f"refs/waves/{work.batch.plan.batch}/{work.unit.name}/"


def _guard(work: Work, task: Task, worktree: git.Repository, directory: Path) -> tuple[str, ...]:
    """Compare with the time before, put back what the role may not change, and name it.

    What was found is written down before anything is put back, and once all is: what changes after that is not this
    run's doing, also where Waves was killed before it came to a judgement.
    """
    before = saved.load(directory / "before.json")
    earlier = read_json(directory / "guarded.json") or {"problems": [], "over": before is None}
    if before is None or earlier["over"]:
        return tuple(earlier["problems"])
    after = snapshot.take(worktree, _own_refs(work), previous=before)
    found = snapshot.compare(before, after, "own-work" if task.writes else "nothing")
    units = {f"refs/heads/{unit.branch}" for unit in work.batch.plan.units}
    for one in found.foreign:
        if not one.path.startswith(("refs/remotes/", "refs/waves/")) and one.path not in units:
            work.say(f"flag: {one.what} while the {task.role} ran; it was left so")
    problems = list(dict.fromkeys([*earlier["problems"], *(one.what for one in found.differences)]))
    if found.differences:
        write_json(directory / "guarded.json", {"problems": problems, "over": False})
    for line in _put_back(work, task, worktree, before, found.differences, directory / "removed"):
        work.say(f"restored: {line}")
    write_json(directory / "guarded.json", {"problems": problems, "over": True})
    return tuple(problems)


def _put_back(
    work: Work, task: Task, worktree: git.Repository, before: snapshot.Snapshot,
    differences: Sequence[snapshot.Difference], removed: Path,
) -> Iterator[str]:  # fmt: skip
    """Undo differences: refs first, because a worktree that is gone is made anew from its branch."""
    refs = [one for one in differences if one.kind == "ref"]
    if refs:
        yield from restore.restore(worktree, before, refs, removed)
    path = work.batch.worktree_path(work.unit)
    if not task.writes and not path.exists():
        worktrees.rebuild(work.batch.repository, path, work.branch)
    if others := [one for one in differences if one.kind != "ref"]:
        yield from restore.restore(worktree, before, others, removed)


def _collect(work: Work, directory: Path) -> quarantine.Collected:
    """Take in what a writer committed, and write down which commits this run made: the audit reads that."""
    about = read_json(directory / "about.json") or {}
    base = f"refs/remotes/origin/{work.batch.plan.base}"
    found = quarantine.collect(
        work.worktree, work.branch, str(about["before"]), directory, bases=[base], kept=kept_refs(work) + directory.name
    )
    made = {"head": found.head, "commits": list(found.commits), "patch_ids": sorted(set(found.patch_ids.values()))}
    write_json(directory / "made.json", made)
    if found.damaged:
        rebuilt = worktrees.rebuild(work.batch.repository, work.batch.worktree_path(work.unit), work.branch)
        work.say(
            "the worktree was damaged and is made anew" + (f"; its files are in {rebuilt.left}" if rebuilt.left else "")
        )
    return found


# ---- for the steps


def worktree_at(work: Work, head: str, made: Collection[str]) -> None:
    """See that the unit's worktree is sound and on its branch at `head`, or at what an earlier run `made` of it.

    A branch that was moved by hand is left to its mover.
    """
    current = git.resolve(work.batch.repository, f"refs/heads/{work.branch}")
    if current not in (head, None, *made):
        raise work.escalate(f"branch {work.branch} is at {str(current)[:8]} here, not at {head[:8]}: "
                            "push it, and a new cycle looks at it, or put it back")  # fmt: skip
    if current is None:
        git.update_ref(work.batch.repository, f"refs/heads/{work.branch}", head, git.ZERO)
    worktrees.rebuild(work.batch.repository, work.batch.worktree_path(work.unit), work.branch)


def move_to(work: Work, head: str) -> None:
    """Take branch and worktree to a head that a person pushed; what they held before is kept under a ref."""
    repository, branch = work.batch.repository, work.branch
    before = git.resolve(repository, f"refs/heads/{branch}")
    if before == head:
        return
    worktree = work.worktree
    restore.keep(worktree, f"{kept_refs(work)}uncommitted-before-{head[:12]}")
    if before is not None and not git.is_ancestor(repository, before, head):
        kept = f"{kept_refs(work)}before-{head[:12]}"
        if git.resolve(repository, kept) is None:
            git.update_ref(repository, kept, before, git.ZERO)
    git.reset_hard(worktree, head)


def strikes(work: Work, role: str, label: str) -> int:
    """How many runs of this role came to nothing for this cycle."""
    judged = [read_json(one / "judged.json") or {} for one in runs.attempts(work.path / "runs", f"{role}-{label}")]
    return sum(bool(one.get("strike")) for one in judged)


def readable_log(ran: Ran) -> str:
    return ran.result.message


def flags_of(collected: quarantine.Collected) -> tuple[str, ...]:
    """What a person, and whoever goes on from there, should know of the state that a writer left."""
    left = {
        "left uncommitted:": collected.uncommitted,
        "conflict markers in": collected.conflict_markers,
    }
    named = [f"{words} {', '.join(shown(one) for one in paths[:5])}" for words, paths in left.items() if paths]
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
        "tokens": ran.result.tokens, "flags": list(flags_of(ran.collected)),
    }  # fmt: skip

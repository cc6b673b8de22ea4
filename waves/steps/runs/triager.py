"""Has an agent look at all issues of a batch, read-only and in a checkout of its own; its word is checked by others."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from waves import agents, git
from waves.agents import ANSWER, prompts, scrubbing
from waves.agents import run as runs
from waves.agents.guard import saved, snapshot
from waves.agents.prompts.facts import Survey
from waves.batch import content, reach
from waves.batch.batch import Batch
from waves.forges import Issue
from waves.foundation import locks
from waves.foundation.errors import WavesError
from waves.foundation.records import digest, read_json, write_json
from waves.git import given
from waves.lifecycle import contracts
from waves.lifecycle.contracts import Claims, Invalid
from waves.steps.runs import guarded, manifest
from waves.steps.runs.ask import STRIKES
from waves.steps.runs.manifest import About
from waves.triage.model import Triage

FOLDER = "_triage"  # of the batch's: no unit is called so


def ask(batch: Batch, issues: Sequence[Issue], found: Triage, say: Callable[[str], None]) -> Claims:
    """What the agent claims about these issues; for the same question the same run's answer. Raises WavesError."""
    folder = batch.folder / FOLDER
    key = digest([found.base, [asdict(one) for one in issues]])
    with locks.waiting(folder / "lock"):
        fault: str | None = None
        for directory in _directories(folder / "runs", key):
            answer = _answer(batch, issues, found, directory, key, fault, say)
            if isinstance(answer, Claims):
                return answer
            fault = answer.reason
            say(f"triager: {fault}")
    raise WavesError(
        f"the triager came to nothing {STRIKES} times: {fault}; look at {folder / 'runs'}, or leave out --agent"
    )


def _directories(folder: Path, key: str) -> list[Path]:
    """The run to go on with or to take the answer of, if there is one for this very question, and then new ones."""
    earlier = runs.attempts(folder, "triager")
    last = earlier[-1:] if earlier and (begun := manifest.read(earlier[-1])) and begun.key == key else []
    usable = [one for one in last if not (read_json(one / "judged.json") or {}).get("fault")]
    new = runs.next_attempt(folder, "triager")
    number = int(new.name.rpartition("-")[2])
    return [*usable, *(folder / f"triager-{number + place}" for place in range(STRIKES - len(usable)))]


def _answer(
    batch: Batch, issues: Sequence[Issue], found: Triage, directory: Path, key: str, fault: str | None,
    say: Callable[[str], None],
) -> Claims | Invalid:  # fmt: skip
    """One run to its end, and what it says; a fault is written down, so that the next command begins another run."""
    agent = batch.plan.agent_for("triager")
    kind, job = agents.kind_of(agent), _job(batch, directory)
    if manifest.read(directory) is None:
        content.bring(batch, "origin", found.base)
        apart = git.checkout_apart(batch.repository, _fresh(job.worktree), found.base)
        saved.save(snapshot.take(apart, ()), directory / guarded.BEFORE)
        manifest.write(directory, About(key, "triager"))
    prompt = _prompt(batch, issues, found, job, fault, in_file=agent.kind == "command")
    known = "the answer is that of" if read_json(directory / "judged.json") else f"looks at {len(issues)} issues in"
    say(f"triager: {known} {directory}")
    over = functools.partial(_over_budget, batch.plan.policy.tokens_per_unit, directory)
    must_stop = functools.partial(agents.cut_short, kind, job, over)
    ended = runs.ensure(directory, kind.spec(agent, job), prompt, must_stop=must_stop)
    result = scrubbing.scrubbed(kind.result(job, ended), batch.scrub)
    scrubbing.scrub_files(directory, batch.scrub)
    if result.failure and result.failure.consequence != "strike":
        write_json(directory / "judged.json", {"fault": result.failure.message})
        raise WavesError(f"triager: {result.failure.message}; {result.failure.what_next}")
    answer = Invalid(result.failure.message) if result.failure else contracts.read_claims(result.message)
    if changed := _changed(job, directory):
        answer = Invalid(f"it changed what it must not: {changed}; its checkout is kept as {job.worktree}")
    write_json(directory / "judged.json", {"fault": answer.reason if isinstance(answer, Invalid) else None})
    if not changed:  # else it may hold what is nowhere else
        shutil.rmtree(job.worktree, ignore_errors=True)
    return answer


def _over_budget(cap: int | None, directory: Path) -> agents.Failure | None:
    used = (agents.progress_of(directory) or agents.Progress()).tokens or 0
    if cap is None or used < cap:
        return None
    mend = "raise `policy.tokens_per_unit`, or triage fewer issues at once"
    return agents.Failure("token-cap", f"the triager has used {used} tokens of its {cap}", mend)


def _job(batch: Batch, directory: Path) -> agents.Job:
    policy = batch.plan.policy
    return agents.Job(
        "triager", FOLDER, "", directory / "checkout", directory, policy.run_timeout, policy.stall_timeout,
        given.places(), sandbox=batch.plan.sandbox_for("triager"),
        readable=reach.readable(batch),
    )  # fmt: skip


def _fresh(path: Path) -> Path:
    """A place for a checkout: what is there was cut short."""
    shutil.rmtree(path, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _changed(job: agents.Job, directory: Path) -> str:
    """What the run did to its checkout; empty where that is gone because the run was judged before."""
    if not job.worktree.exists():
        return ""
    before = saved.load(directory / guarded.BEFORE)
    if before is None:
        return guarded.EDITED
    git_dir = job.worktree / ".git"
    after = snapshot.take(git.Repository(git_dir, git_dir, job.worktree), (), previous=before)
    return "; ".join(one.what for one in snapshot.compare(before, after, "nothing").differences[:3])


def _prompt(
    batch: Batch, issues: Sequence[Issue], found: Triage, job: agents.Job, fault: str | None, *, in_file: bool
) -> str:
    facts = Survey(
        repository=batch.plan.repo or batch.checkout.name,
        worktree=job.worktree,
        base=batch.plan.base,
        base_commit=found.base,
        issues=tuple(issues),
        found=tuple(f"{one.kind} {', '.join(f'#{number}' for number in one.issues)}: {one.evidence}"
                    for one in found.findings),
        schema=json.dumps(contracts.SCHEMAS["triager"], indent=1),
        answer_file=job.directory / ANSWER if in_file else None,
        previous_fault=fault,
    )  # fmt: skip
    return prompts.triager(facts, prompts.template("triager", batch.plan_top / "plans" / "prompts"))

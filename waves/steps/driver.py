"""Runs one step: verdict, act, record; the only place that writes records, and it never lets an error out."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Callable, Mapping

from waves import lifecycle
from waves.agents import run as runs
from waves.batch import claim  # fmt: skip
from waves.batch.batch import Batch
from waves.foundation import process
from waves.foundation.errors import GitError, WavesError, disk_words, limit_words
from waves.foundation.records import Record, Trouble, digest, digest_of_file, write_text
from waves.lifecycle import Step, Verdict
from waves.lifecycle.held import HeldError
from waves.plan.model import Unit
from waves.steps import (
    checks,
    cleanup,
    correct,
    decide,
    implement,
    issue,
    land,
    pr,
    prompt,
    review,
    settled,
    worktree,
)
from waves.steps.work import Done, Work, refused

ACTIONS: Mapping[str, Callable[[Work], Done]] = {
    "issue": issue.run, "worktree": worktree.run, "prompt": prompt.run, "implement": implement.run, "pr": pr.run,
    "checks": checks.run, "review": review.run, "decide": decide.run, "correct": correct.run, "land": land.run,
    "cleanup": cleanup.run, "settled": settled.run,
}  # fmt: skip
# Steps that cost tokens: what makes them due is said before they run.
PAID = {"implement": "implementer", "review": "reviewer", "correct": "corrector"}

# Steps that write to the forge; agents are looked after where one is about to begin.
OUTSIDE = ("pr", "decide", "correct", "land")


def perform(batch: Batch, unit: Unit, step: Step) -> Verdict:
    """Run the step if it is due, and record how it ended; the verdict that was acted on is returned."""
    verdict = batch.survey(unit)[step.name]
    if verdict.kind == lifecycle.RUN:
        try:
            _perform(Work(batch, unit, step, batch.facts(unit)), verdict)
        except OSError as error:
            # Not even the trouble could be written down; this process knows of it, and the next `doit` tries again.
            batch.say(unit.name, step.name, f"broken: {disk_words(error)}")
            with contextlib.suppress(OSError):
                batch.units[unit.name].in_trouble(Trouble(step.name, "broken", disk_words(error)))
    return verdict


def _perform(work: Work, verdict: Verdict) -> None:
    step, started = work.step, time.time()
    inputs = lifecycle.inputs(step, work.facts)
    if step.kind in PAID and not _still_waits(work):
        words = "takes up the run that was begun" if _begun(work) else "runs"
        work.say(words if verdict.reason == lifecycle.NOT_DONE else f"{words}: {verdict.reason}")
    if step.kind == "decide" and claim.is_behind(work.batch, work.unit.name, f"review@{step.at}"):
        _keep(work)
    try:
        if step.kind in OUTSIDE:
            claim.refuse_taken(work.batch, work.unit.name)
        done = ACTIONS[step.kind](work)
    except HeldError as held:
        _in_trouble(work, held, inputs)
    except GitError as error:
        _in_trouble(work, refused(work, error), inputs)
    except WavesError as error:
        _in_trouble(work, HeldError("broken", str(error)), inputs)
    except OSError as error:
        _in_trouble(work, HeldError("broken", disk_words(error)), inputs)
    except Exception as error:
        _in_trouble(work, HeldError("broken", limit_words(error) or _our_own_bug(work, error)), inputs)
    else:
        _record(work, done, inputs, started)
    finally:
        process.reap()


def _begun(work: Work) -> bool:
    """Whether an agent's run for this step goes on, or waits to be looked at."""
    states = runs.unjudged(work.path / "runs")
    return any(path.name.startswith(PAID[work.step.kind]) for path, now in states.items() if now not in runs.NOT_BEGUN)


def _still_waits(work: Work) -> bool:
    """With `once`: an earlier look has said why it runs, and left it waiting for its agent or for a place."""
    trouble = work.facts.troubles.get(work.step.name)
    return work.batch.once and trouble is not None and trouble.kind == "waiting"


def _record(work: Work, done: Done, inputs: Mapping[str, str], started: float) -> None:
    step, folder = work.step, work.folder
    if step.kind == "settled":
        return  # the outcome is its own record
    if step.kind == "implement":
        folder.settle_troubles(lifecycle.CYCLE_KINDS)
    outputs = {name: digest_of_file(work.path / name) or "" for name in done.outputs}
    generation = int(done.result.get("generation", work.facts.generation))
    folder.done(Record(step.name, dict(inputs), outputs, dict(done.result), started, time.time(), generation))
    work.say("done")
    if done.paid:
        _keep(work)


def _keep(work: Work) -> None:
    """Bring what was paid for to the remote as well; where that fails, it goes there with the next push."""
    try:
        claim.push(work.batch, work.unit.name, work.facts.newest_head() or str(work.result("worktree")["head"]))
    except (WavesError, HeldError) as error:
        work.say(f"flag: it is not written to the remote yet: {error}")


def _in_trouble(work: Work, held: HeldError, inputs: Mapping[str, str]) -> None:
    before = work.facts.troubles.get(work.step.name)
    attempts = 1 + (before.attempts if before and before.kind == held.kind == "escalated" else 0)
    # A retry that a person ruled while the step ran is not used up by the attempt that was already going.
    attempts = max(attempts, work.retries() + 1)
    trouble = Trouble(work.step.name, held.kind, held.reason, attempts, held.rule, digest(dict(inputs)), held.person)
    work.folder.in_trouble(trouble)
    work.say(f"{held.kind}: {held.reason}")
    if held.kind == "escalated" and work.step.kind in PAID:
        _keep(work)


def _our_own_bug(work: Work, error: Exception) -> str:
    log = work.path / "bugs" / f"{work.step.name.replace('@', '-')}.txt"
    write_text(log, work.batch.scrub("".join(traceback.format_exception(error))))
    return f"a bug of Waves in {work.step.name} ({type(error).__name__}: {error}); the log is {log}"

"""Has a reviewer look at exactly one head, read-only, and keeps its answer; it never judges the diff itself."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from waves import contracts, git, prompts
from waves.contracts import Review
from waves.prompts.facts import ChangedFile, Deferred, ReviewRequest
from waves.records import digest, read_json, read_text
from waves.steps import agent_run
from waves.steps.points import point_of, rules_of
from waves.steps.work import Done, Work, to_json
from waves.verdicts import decision_from


def run(work: Work) -> Done:
    cycle, head = work.step.at, work.facts.head(work.step.at)
    template = prompts.template("reviewer", pinned=work.path / "templates")

    def words(fault: str | None, directory: Path) -> str:
        return prompts.reviewer(_request(work, head, fault, directory), template)

    def accept(ran: agent_run.Ran) -> str | None:
        if ran.result.failure:
            return ran.result.failure.message
        answer = contracts.read_review(ran.result.message)
        return None if isinstance(answer, Review) else f"its answer is not the JSON that was asked for: {answer.reason}"

    key = digest([head, dict(work.facts.records["issue"].outputs), dict(work.facts.records["prompt"].outputs)])
    ran = agent_run.ask(work, agent_run.Task("reviewer", cycle, key, words, accept, head))
    answer = contracts.read_review(ran.result.message)
    assert isinstance(answer, Review)
    name = f"review-{cycle}.json"
    work.folder.write_target(name, to_json({"head": head, "run": ran.directory.name, **asdict(answer)}))
    counts = ", ".join(item.id for item in answer.items) or "nothing to say"
    work.say(f"{answer.verdict}: {counts}")
    found = {"head": head, "verdict": answer.verdict, "items": counts, "run": ran.directory.name,
             "tokens": ran.result.tokens, "voided": agent_run.strikes(work, "reviewer", cycle)}  # fmt: skip
    return Done(found, (name,), paid=True)


def _request(work: Work, head: str, fault: str | None, directory: Path) -> ReviewRequest:
    repository, worktree = work.batch.repository, work.batch.worktree_path(work.unit)
    base = git.merge_base(repository, head, work.batch.base_head) or work.batch.base_head
    return ReviewRequest(
        unit=work.unit.name,
        branch=work.branch,
        base=work.batch.plan.base,
        base_commit=base,
        head=head,
        repository=work.batch.plan.repo or work.batch.checkout.name,
        worktree=worktree,
        dispatch_prompt=read_text(work.path / "prompt.md"),
        issues=work.issues(),
        diff=git.diff(repository, base, head).decode("utf-8", "replace"),
        files=tuple(ChangedFile(one.path, one.added, one.deleted) for one in git.changes(repository, base, head)),
        schema=json.dumps(contracts.SCHEMAS["reviewer"], indent=1),
        answer_file=directory / "output" if work.batch.plan.agent_for("reviewer").kind == "command" else None,
        rules=rules_of(worktree),
        flags=tuple(work.result("pr").get("flags", ())),
        deferred=_settled_before(work),
        previous_fault=fault,
    )


def _settled_before(work: Work) -> tuple[Deferred, ...]:
    """Items of earlier cycles that nobody is to raise again: deferred, or found to be asked for."""
    found = []
    for record in sorted(work.facts.records.values(), key=lambda one: one.ended):
        if not record.step.startswith("decide@") or work.facts.record(record.step) is None:
            continue
        cycle = record.step.partition("@")[2]
        decision = decision_from(read_json(work.path / f"decision-{cycle}.json") or {})
        found += [Deferred(point_of(one.item, cycle), one.why) for one in decision.treated if one.treatment in SETTLED]
    return tuple(found)


SETTLED = ("defer", "requested")

"""Has a reviewer look at exactly one head, read-only, and keeps its answer; it never judges the diff itself."""

from __future__ import annotations

import functools
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

from waves import git
from waves.agents import ANSWER, prompts
from waves.agents.prompts import coverage
from waves.agents.prompts.facts import (
    CUT,
    FILES_LISTED,
    FLAGGED,
    FULL,
    ChangedFile,
    Deferred,
    ReviewRequest,
)
from waves.foundation.records import digest, read_json, read_text, to_json, write_text
from waves.lifecycle import contracts
from waves.lifecycle.contracts import Invalid, Review
from waves.lifecycle.verdicts import CORRECT, DEFER, REQUESTED, decision_from
from waves.steps import artifact, nested
from waves.steps.artifact import ShownFile
from waves.steps.points import point_of, rules_of
from waves.steps.runs import ask
from waves.steps.work import Done, Work, one_line


def run(work: Work) -> Done:
    cycle, head = work.step.at, work.facts.head(work.step.at)
    pinned = work.path / "templates"
    template, version = prompts.template("reviewer", pinned=pinned), prompts.contract(pinned)
    shown = functools.cache(functools.partial(_shown, work, head))

    def words(fault: str | None, directory: Path) -> str:
        request = _request(work, head, shown(), fault, directory)
        if request.manifest_file:
            write_text(request.manifest_file, "".join(f"{one.entry}\n" for one in request.files))
        return prompts.reviewer(request, template)

    def accept(ran: ask.Ran) -> str | None:
        if ran.result.failure:
            return ran.result.failure.message
        answer = contracts.read_review(ran.result.message, version)
        if isinstance(answer, Invalid):
            return f"its answer is not the JSON that was asked for: {answer.reason}"
        left = coverage.unread(shown().files, answer.reviewed) if version > 1 else ()
        return coverage.fault(left)

    key = digest([head, dict(work.facts.records["issue"].outputs), dict(work.facts.records["prompt"].outputs)])
    ran = ask.ask(work, ask.Task("reviewer", cycle, key, words, accept, head))
    answer = contracts.read_review(ran.result.message, version)
    assert isinstance(answer, Review)
    name = f"review-{cycle}.json"
    written = {"head": head, "run": ran.directory.name, "contract": version, **asdict(answer)}
    work.folder.write_target(name, to_json(written))
    counts = ", ".join(item.id for item in answer.items) or "nothing to say"
    work.say(f"{answer.verdict}: {counts}")
    found = {"head": head, "verdict": answer.verdict, "items": counts, "run": ran.directory.name,
             "tokens": ran.result.tokens, "voided": ask.strikes(work, "reviewer", cycle),
             "contract": version}  # fmt: skip
    if version > 1:
        found |= {"paths": len(shown().files), "by_name": sum(one.shown != FULL for one in shown().files)}
    return Done(found, (name,), paid=True)


def _about_submodules(work: Work, head: str) -> tuple[str, ...]:
    """What can be said of nested repositories before anybody asks their remotes."""
    return tuple(one_line(f"{one.path} {one.issue}", 300) for one in nested.look(work, head, ask=False))


@dataclass(frozen=True, slots=True)
class Shown:
    """What a prompt shows of the change under review."""

    base: str  # where the branch left the base
    diff: str
    files: tuple[ChangedFile, ...]
    flags: tuple[str, ...]  # what was noticed in it


def _shown(work: Work, head: str) -> Shown:
    repository = work.batch.repository
    base = git.merge_base(repository, head, work.batch.base_head) or work.batch.base_head
    files = artifact.shown_files(repository, base, head)
    diff = artifact.whole(files)
    of_path = {one.source: one for one in files} | {one.path: one for one in files}
    whole = prompts.is_whole(diff)
    changed = tuple(_changed(one, of_path[one.path], whole=whole) for one in git.manifest(repository, base, head))
    return Shown(base, diff, changed, artifact.flags(files))


def _changed(one: git.ChangedPath, seen: ShownFile, *, whole: bool) -> ChangedFile:
    state = FLAGGED if seen.reasons else FULL
    return ChangedFile(
        one.path, one.added, one.deleted, one.status, one.kind, one.old, one.new, one.old_size, one.size,
        one.counted, one.binary, prompts.is_generated(one.path), state if whole and seen.is_shown else CUT,
        seen.command, seen.note,
    )  # fmt: skip


def _request(work: Work, head: str, shown: Shown, fault: str | None, directory: Path) -> ReviewRequest:
    worktree, version = work.batch.worktree_path(work.unit), prompts.contract(work.path / "templates")
    by_file = work.batch.plan.agent_for("reviewer").kind == "command"
    return ReviewRequest(
        unit=work.unit.name,
        branch=work.branch,
        base=work.batch.plan.base,
        base_commit=shown.base,
        head=head,
        repository=work.batch.plan.repo or work.batch.checkout.name,
        worktree=worktree,
        dispatch_prompt=read_text(work.path / "prompt.md"),
        issues=work.issues(),
        diff=shown.diff,
        files=shown.files,
        manifest_file=directory / "changes.txt" if len(shown.files) > FILES_LISTED else None,
        schema=json.dumps(contracts.schema_of("reviewer", version, strict=not by_file), indent=1),
        answer_file=directory / ANSWER if by_file else None,
        rules=rules_of(worktree),
        flags=(*work.result("pr").get("flags", ()), *shown.flags, *_about_submodules(work, head)),
        deferred=_treated_before(work, SETTLED),
        corrected=tuple(one.point for one in _treated_before(work, (CORRECT,))),
        previous_fault=fault,
    )


def _treated_before(work: Work, treatments: Collection[str]) -> tuple[Deferred, ...]:
    """Items of earlier cycles that were treated in one of these ways."""
    found = []
    for record in sorted(work.facts.records.values(), key=lambda one: one.ended):
        if not record.step.startswith("decide@") or work.facts.record(record.step) is None:
            continue
        cycle = record.step.partition("@")[2]
        decision = decision_from(read_json(work.path / f"decision-{cycle}.json") or {})
        found += [
            Deferred(point_of(one.item, cycle), one.why) for one in decision.treated if one.treatment in treatments
        ]
    return tuple(found)


SETTLED = (DEFER, REQUESTED)  # nobody is to raise these again

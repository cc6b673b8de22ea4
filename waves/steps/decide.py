"""Decides on one review cycle and says so on the pull request; the deciding itself is `verdicts.decide`, and pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from waves import lifecycle
from waves.batch import claim, proof
from waves.foundation.errors import WavesError
from waves.foundation.records import Json, digest, read_json, to_json
from waves.foundation.shapes import fits, made, rows
from waves.lifecycle import verdicts
from waves.lifecycle.contracts import Item, Review
from waves.lifecycle.held import HeldError
from waves.lifecycle.submodules import SUBMODULES, Concern, as_items
from waves.lifecycle.verdicts import Case, Decision
from waves.steps import arbitrate, description, feedback, nested, texts
from waves.steps.work import Done, Work, one_line


def run(work: Work) -> Done:
    cycle = work.step.at
    review = read_review(work, cycle)
    checks = read_json(work.path / f"checks-{cycle}.json") or {}
    concerns = nested.look(work, work.facts.head(cycle), ask=True)
    case = _case(work, cycle, review, checks, {}, concerns)
    decision = verdicts.decide(case, work.batch.plan.policy)
    arbitrated = decision.kind == verdicts.ARBITRATE
    if arbitrated:
        requested = arbitrate.run(work, decision.items(verdicts.ARBITRATE))
        claim.refuse_taken(work.batch, work.unit.name)  # it took its time, and what follows is published
        case = _case(work, cycle, review, checks, requested, concerns)
        decision = verdicts.decide(case, work.batch.plan.policy)
    name = f"decision-{cycle}.json"
    work.folder.write_target(name, to_json({"cycle": cycle, "summary": review.summary, **verdicts.to_json(decision)}))
    comment(work, cycle)
    head = work.facts.head(cycle)
    pull = work.batch.forge.pull(work.pull)
    description.update(work, pull, texts.Cycle(cycle, head, case.checks, review.verdict, decision.kind))
    if decision.kind == verdicts.MERGE and pull.draft and work.batch.plan.policy.draft:
        work.batch.forge.ready(pull.number)
    _refuse_unsettled(work, decision)
    correct = decision.items(verdicts.CORRECT)
    work.say(f"{decision.kind}: {decision.reason}")
    for item in decision.items(verdicts.LISTED):
        work.say(f"flag: {item.id}@{cycle} is only listed, {item.detail}: policy.trusted leaves its author out")
    found = {
        "decision": decision.kind, "reason": decision.reason, "head": head,
        "rule": _rule(work, decision), "to_correct": digest([[item.id, item.digest] for item in correct]),
        "items": {f"{one.item.id}@{cycle}": one.treatment for one in decision.treated},
    }  # fmt: skip
    return Done(found, (name,), paid=arbitrated)


def _refuse_unsettled(work: Work, decision: Decision) -> None:
    """Raise HeldError for questions about submodules: each `doit` looks again, for the answer may be on a remote."""
    asked = [one for one in decision.items(verdicts.ASK) if one.list == SUBMODULES]
    if asked:
        said = "; ".join(f"{one.id}@{work.step.at} {one_line(f'{one.file} {one.issue}', 300)}" for one in asked)
        then = "settle that, and the next `doit` looks again; or rule"
        raise HeldError("waiting", f"{said}: {then}", work.rule_command(f"{asked[0].id}@{work.step.at}", "correct"),
                        person=True)  # fmt: skip


def read_review(work: Work, cycle: str) -> Review:
    value = read_json(work.path / f"review-{cycle}.json") or {}
    items = tuple(found for one in rows(value, "items") if (found := made(Item, one)))
    if not fits(value, {"verdict": str, "summary": str, "items": list}) or len(items) != len(value["items"]):
        path = work.path / f"review-{cycle}.json"
        raise WavesError(f"{path}: not a review any more; delete the file to have the review made again")
    return Review(value["verdict"], value["summary"], items)


def _case(work: Work, cycle: str, review: Review, checks: Json, requested: Mapping[str, str | None],
          concerns: Sequence[Concern]) -> Case:  # fmt: skip
    corrections, allowed = lifecycle.corrections(work.facts, cycle)
    said, strangers = feedback.items(work)
    return Case(
        cycle=cycle,
        review=review,
        checks=str(checks.get("state", "pending")),
        feedback=said,
        strangers=strangers,
        extra=(*as_items(concerns), *(_red_check(number, one) for number, one in enumerate(_red(checks), 1))),
        questions=frozenset(f"G{number}" for number, one in enumerate(concerns, 1) if one.asks),
        unsettled=frozenset(f"G{number}" for number, one in enumerate(concerns, 1) if one.waits),
        rulings=work.facts.rulings,
        requested=requested,
        corrections=corrections,
        may_correct=allowed,
        needs_checks=work.batch.plan.needs_checks,
    )


def _red(checks: Json) -> list[Json]:
    return [one for one in rows(checks, "checks") if one.get("state") == "red"]


def _red_check(number: int, check: Json) -> Item:
    where = f": {check['url']}" if str(check["url"]).startswith("http") else ""
    issue = f"check `{check['name']}` is red{where}"
    return Item(f"C{number}", verdicts.CHECKS, "", None, issue, "make it pass", 0, 1.0, check["tail"])


def _rule(work: Work, decision: Decision) -> str:
    if decision.kind == verdicts.ASK:
        return work.rule_command(f"{decision.items(verdicts.ASK)[0].id}@{work.step.at}", "correct")
    return work.rule_command(work.step.name, "retry") if decision.kind == verdicts.ESCALATE else ""


def comment(work: Work, cycle: str, after: str = "") -> None:
    """Write the cycle's one comment, or bring it up to date; `after` is what the correction changed."""
    value = read_json(work.path / f"decision-{cycle}.json") or {}
    checks = read_json(work.path / f"checks-{cycle}.json") or {}
    decision = verdicts.decision_from(value)
    head = work.facts.head(cycle)
    text = texts.cycle_comment(
        cycle, head, str(value.get("summary", "")), str(checks.get("state", "")), decision, after
    )
    start = str(work.result("worktree")["head"])
    proved = proof.line(work.path, cycle, work.facts.head(cycle), start, decision.kind)
    work.batch.forge.comment(work.pull, marker(work, f"cycle-{cycle}"), proved + text)


def marker(work: Work, what: str) -> str:
    """The hidden name of a comment: the same cause always finds the same comment."""
    again = f"/{work.facts.generation}" if work.facts.generation > 1 else ""
    return f"waves:{work.batch.plan.batch}/{work.unit.name}{again}/{what}"

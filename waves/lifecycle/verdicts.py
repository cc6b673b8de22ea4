"""What a review, the checks and the rulings amount to: pure functions; it never reads a diff or a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from waves.foundation.shapes import made, rows
from waves.foundation.text import plain
from waves.lifecycle.contracts import Item, Review
from waves.lifecycle.submodules import SUBMODULES
from waves.plan.model import Policy, Ruling

# Lists of items that Waves itself adds to those of a review.
CHECKS, CONFLICT, NUMBERING = "checks", "conflict", "numbering"
FEEDBACK = "feedback"  # what people said on the pull request
# A merge with one of these open is never allowed, whoever says so.
NEVER_DEFERRED = frozenset({CHECKS, CONFLICT, NUMBERING})

BRIEF = 60  # characters of an item's words in a reason
CORRECT, DEFER, REQUESTED, ASK, ARBITRATE = "correct", "defer", "requested", "ask", "arbitrate"
LISTED = "listed"  # shown to people, and to nobody else
RULED = (CORRECT, DEFER, REQUESTED)  # what a person can say about an item; `retry`, say, is about a step
MERGE, ESCALATE, WAIT = "merge", "escalate", "wait"


@dataclass(frozen=True, slots=True)
class Treated:
    """An item and what is done about it: correct | defer | requested | ask | arbitrate | listed, with the reason."""

    item: Item
    treatment: str
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """`kind`: merge | correct | ask | escalate | arbitrate | wait."""

    kind: str
    reason: str
    treated: tuple[Treated, ...] = ()

    def items(self, treatment: str) -> tuple[Item, ...]:
        return tuple(one.item for one in self.treated if one.treatment == treatment)


def to_json(decision: Decision) -> dict[str, Any]:
    """The decision in plain data, as `decision_from` reads it."""
    return {
        "decision": decision.kind, "reason": decision.reason,
        "treated": [{"item": asdict(one.item), "treatment": one.treatment, "why": one.why} for one in decision.treated],
    }  # fmt: skip


def decision_from(value: Mapping[str, Any]) -> Decision:
    """The decision in a file; what a person made of an item that is none is left out."""
    read = ((made(Item, one.get("item")), one) for one in rows(value, "treated"))
    treated = tuple(Treated(item, str(one.get("treatment", "")), str(one.get("why", ""))) for item, one in read if item)
    return Decision(str(value.get("decision", "")), str(value.get("reason", "")), treated)


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a decision on one cycle depends on."""

    cycle: str
    review: Review
    checks: str  # green | red | pending | none
    extra: tuple[Item, ...] = ()  # red checks, conflicts, collisions
    feedback: tuple[Item, ...] = ()  # what people said and no correction has answered
    strangers: frozenset[str] = frozenset()  # ids of feedback by somebody whom the plan does not trust
    rulings: tuple[Ruling, ...] = ()  # of this unit
    requested: Mapping[str, str | None] = field(default_factory=dict)  # item id to the verified quote, or None
    corrections: int = 0  # corrector runs before this cycle
    may_correct: int = 3  # `correction_cycles` and one for each `retry`
    needs_checks: bool = False  # a head without any check is not merged
    questions: frozenset[str] = frozenset()  # ids of items about submodules that a person decides
    unsettled: frozenset[str] = frozenset()  # those that no ruling can allow


def ruling_on(item: Item, cycle: str, rulings: Iterable[Ruling]) -> Ruling | None:
    """The last ruling on what to do about this very item: one made for an item of other content does not count.

    What a person said stays said: a ruling on that holds in every cycle.
    """
    found = None
    for ruling in rulings:
        on_it = ruling.item == f"{item.id}@{cycle}" and ruling.digest in (None, item.digest)
        on_it = on_it or (item.list in (FEEDBACK, SUBMODULES) and ruling.digest == item.digest)
        if on_it and ruling.ruling in RULED:
            found = ruling
    return found


def treat(item: Item, case: Case, policy: Policy) -> Treated:
    """What is done about one item; a person's ruling is over the policy, and nothing is over a red check."""
    ruling = ruling_on(item, case.cycle, case.rulings)
    if item.list in NEVER_DEFERRED:
        refused = " (a ruling cannot change that)" if ruling and ruling.ruling != CORRECT else ""
        return Treated(item, CORRECT, f"{item.list}: always corrected{refused}")
    if item.list == SUBMODULES and (ruling is None or ruling.ruling != CORRECT):
        if item.id not in case.questions:
            return Treated(item, CORRECT, f"{item.list}: always corrected")
        if ruling is None or item.id in case.unsettled:
            refused = " (a ruling cannot change that)" if ruling else ""
            return Treated(item, ASK, f"whether this is meant, a person must say{refused}")
    if ruling:
        return Treated(item, ruling.ruling, f"ruled: {ruling.why}" if ruling.why else "ruled")
    if item.list == FEEDBACK:
        if item.id in case.strangers:
            return Treated(item, LISTED, "by somebody whom policy.trusted leaves out")
        return Treated(item, ASK, "a person said it")
    if item.list == "scope_violations":
        return _treat_violation(item, case, policy)
    if item.list in ("should_fix", "nits"):
        choice = policy.should_fix if item.list == "should_fix" else policy.nits
        return Treated(item, choice, f"policy.{item.list}: {choice}")
    return Treated(item, CORRECT, f"{item.list}: always corrected")


def _treat_violation(item: Item, case: Case, policy: Policy) -> Treated:
    if policy.scope_violations != "crosscheck":
        return Treated(item, policy.scope_violations, f"policy.scope_violations: {policy.scope_violations}")
    if item.id not in case.requested:
        return Treated(item, ARBITRATE, "policy.scope_violations: crosscheck")
    quote = case.requested[item.id]
    if quote is None:
        return Treated(item, CORRECT, "cross-checked: the issue does not ask for it")
    return Treated(item, REQUESTED, f"cross-checked: the issue asks for it: “{quote}”")


def decide(case: Case, policy: Policy) -> Decision:
    """The whole decision on one cycle. The lists rule, not the review's word: see docs/design.md, Decision."""
    treated = tuple(treat(item, case, policy) for item in (*case.review.items, *case.feedback, *case.extra))

    def named(treatment: str) -> str:
        return ", ".join(one.item.id for one in treated if one.treatment == treatment)

    if named(ARBITRATE):
        return Decision(ARBITRATE, f"{named(ARBITRATE)}: is it what the issue asks for?", treated)
    if named(ASK):
        return Decision(ASK, f"a person must rule on {named(ASK)}", treated)
    if named(CORRECT):
        if case.corrections >= case.may_correct:
            made = f"{case.corrections} correction{'' if case.corrections == 1 else 's'} made"
            left = ", ".join(_brief(one.item) for one in treated if one.treatment == CORRECT)
            return Decision(ESCALATE, f"{made}, still open: {left}", treated)
        return Decision(CORRECT, f"to correct: {named(CORRECT)}", treated)
    return _by_checks(case, treated)


def _brief(item: Item) -> str:
    words = " ".join(plain(item.issue).split())
    return f"{item.id} ({words if len(words) <= BRIEF else words[: BRIEF - 1].rstrip() + '…'})"


def _by_checks(case: Case, treated: tuple[Treated, ...]) -> Decision:
    """What remains to be decided where nothing is left to correct."""
    if case.checks == "green":
        return Decision(MERGE, "approved", treated)
    if case.checks == "none" and case.needs_checks:
        return Decision(WAIT, "no check has reported", treated)
    if case.checks == "none":
        return Decision(MERGE, "approved; the forge has no checks", treated)
    if case.checks == "red":
        return Decision(ESCALATE, "the checks are red, and none of them says why", treated)
    return Decision(WAIT, "the checks have not ended", treated)


def verified_quote(quote: str, issue_texts: Sequence[str]) -> str | None:
    """The quote if an issue holds it word for word (white space aside) and it says anything at all, else None."""
    words = " ".join(quote.split())
    if len(words) < MINIMAL_QUOTE:
        return None
    return words if any(words in " ".join(text.split()) for text in issue_texts) else None


# Shorter quotes ("the", "fix it") are found in any text and prove nothing.
MINIMAL_QUOTE = 12

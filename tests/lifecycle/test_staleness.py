"""Each change makes one step due and says why; what was answered, merged or escalated is not made due by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from lifecycle_model import (
    ADOPTED,
    APPROVED,
    CORRECTED,
    EXHAUSTED,
    MERGED,
    OTHER_SCOPE,
    PARTS,
    PUBLISHED,
    PUSHED,
    REFUSED,
    REVIEWED,
    UNCLEAN,
    Model,
    cycles,
    retry,
    rule,
    told,
)

from waves import lifecycle
from waves.lifecycle import DONE, NOT_NEEDED, RUN
from waves.plan.model import Policy, Ruling

# ---- stale, and why: each change makes exactly one step due, for exactly this reason

STALE: dict[str, tuple[Model, str, str]] = {
    "scope": (told(UNCLEAN).but(parts=OTHER_SCOPE), "prompt", "scope.in of unit 'form' changed"),
    "two parts of the plan": (
        told(UNCLEAN).but(parts={**OTHER_SCOPE, "checks": ""}), "prompt",
        "checks of unit 'form' changed; scope.in of unit 'form' changed"),
    "a part that is new": (told(UNCLEAN).but(parts={**PARTS, "why": ""}), "prompt", "why of unit 'form' is new"),
    "a part that is gone": (told(UNCLEAN).but(parts={"issues": PARTS["issues"]}), "prompt",
                            "checks of unit 'form' is gone; scope.in of unit 'form' is gone"),
    "issue": (told(UNCLEAN).done("issue").but(
        records={**told(UNCLEAN).facts.records, "issue": replace(told("issue").facts.records["issue"],
                                                                outputs={"issue.json": "another"})}),
              "prompt", "issue.json changed"),
    "prompt": (told(UNCLEAN).but(parts=OTHER_SCOPE).done("prompt"), "implement", "prompt.md changed"),
    "implementation": (told(UNCLEAN).done("implement"), "pr", "the implementer ran again"),
    "implementation, published": (told(UNCLEAN).done("implement").done("pr"), "checks@0", "the implementer ran again"),
    "implementation, checked": (
        told(UNCLEAN).done("implement").done("pr").done("checks@0"), "review@0", "the implementer ran again"),
    "implementation, reviewed": (
        told(UNCLEAN).done("implement").done("pr").done("checks@0").done("review@0"), "decide@0",
        "the implementer ran again"),
    "implementation, approved": (
        told(UNCLEAN).done("implement").done("pr").done("checks@0").done("review@0").done("decide@0", "merge"),
        "land@0", "the implementer ran again"),
    "prompt of an adopted branch": (
        told("issue worktree prompt pr checks@0 review@0 decide@0:merge", unit=ADOPTED).but(parts=OTHER_SCOPE)
        .done("prompt"), "review@0", "prompt.md changed"),
    "checks": (told(APPROVED).done("checks@0", "red"), "decide@0", "checks-0.json changed"),
    "somebody said something": (told(APPROVED).but(said="words"), "decide@0", "what people said is new"),
    "somebody edited it": (
        told(REVIEWED, said="words").done("decide@0", "merge").but(said="others"), "decide@0",
        "what people said changed"),
    "a ruling": (told(APPROVED).but(rulings=(rule("S1@0", "correct"),)), "decide@0", "ruling on S1@0 is new"),
    "another ruling": (
        told(REVIEWED, rulings=(rule("S1@0", "defer"),)).done("decide@0", "merge").but(
            rulings=(rule("S1@0", "defer"), rule("S1@0", "correct"))), "decide@0", "ruling on S1@0 changed"),
    "the reason of a ruling": (
        told(REVIEWED, rulings=(rule("S1@0", "defer"),)).done("decide@0", "merge").but(
            rulings=(rule("S1@0", "defer", "belongs to 60"),)), "decide@0", "ruling on S1@0 changed"),
    "a ruling that is taken back": (
        told(REVIEWED, rulings=(rule("S1@0", "defer"),)).done("decide@0", "merge").but(rulings=()),
        "decide@0", "ruling on S1@0 is gone"),
    "should_fix": (told(APPROVED, policy=Policy(should_fix="ask")).but(policy=Policy()), "decide@0",
                   "policy.should_fix changed"),
    "nits": (told(APPROVED, policy=Policy(nits="ask")).but(policy=Policy()), "decide@0", "policy.nits changed"),
    "scope_violations": (told(APPROVED, policy=Policy(scope_violations="ask")).but(policy=Policy()), "decide@0",
                         "policy.scope_violations changed"),
    "more cycles": (told(EXHAUSTED).but(policy=Policy(correction_cycles=5)), "decide@3",
                    "policy.correction_cycles changed"),
    "a retry of a decision": (told(EXHAUSTED).but(rulings=(retry("decide@3"),)), "decide@3",
                              "ruling on decide@3 is new"),
    "checks that had not ended": (told(f"{REVIEWED} decide@0:wait"), "decide@0", "the checks had not ended"),
    "another approval before the landing": (
        told(UNCLEAN).done("decide@0", "correct").done("correct@1").done("checks@1").done("review@1")
        .done("decide@1", "merge"), "land@0", "decision-0.json is gone; decision-1.json is new"),
    "folder of the worktree": (told(UNCLEAN).but(worktree=False), "worktree", "its folder is gone"),
}  # fmt: skip


@pytest.mark.parametrize("name", STALE)
def test_a_change_makes_one_step_due_and_says_what_it_was(name: str) -> None:
    model, step, reason = STALE[name]
    found = lifecycle.survey(model.facts)
    assert (found[step].kind, found[step].reason) == (RUN, reason)
    assert model.due() in ([step, "settled"], [step, step.replace("checks", "review"), "settled"])
    before = list(found)[: list(found).index(step)]
    assert {found[name].kind for name in before} <= {DONE, NOT_NEEDED}


EVERY_STEP = UNCLEAN.replace(":merge", "").replace(":unclean", "").split()


@pytest.mark.parametrize("what", ["is gone", "was changed by hand"])
@pytest.mark.parametrize("step", EVERY_STEP)
def test_a_target_that_a_person_deleted_or_edited_is_made_again(step: str, what: str) -> None:
    model = told(UNCLEAN).but(damaged={step: f"{step}.json {what}"})
    found = lifecycle.survey(model.facts)[step]
    assert (found.kind, found.reason) == (RUN, f"{step}.json {what}")
    assert model.due() == [step, "settled"]


def test_a_correction_whose_output_is_gone_is_made_again_unless_a_person_made_it() -> None:
    gone = {"correct@1": "correct-1.out is gone"}
    assert told(CORRECTED).but(damaged=gone).due() == ["correct@1", "settled"]
    by_hand = told(APPROVED).but(pushed=PUSHED).done("correct@1", "by-hand")
    assert by_hand.but(damaged=gone).due() == ["checks@1", "review@1", "settled"]


# ---- what nothing makes stale

CHANGES: dict[str, Callable[[Model], Model]] = {
    "every output is gone": lambda model: model.but(damaged=dict.fromkeys(
        (name for name in model.facts.records if name not in ("issue", "worktree", "prompt", "implement")), "is gone")),
    "the policy changed": lambda model: model.but(policy=Policy(should_fix="ask", nits="ask", scope_violations="ask")),
    "somebody said something": lambda model: model.but(said="words"),
    "a ruling on an old item": lambda model: model.but(rulings=(rule("B1@0", "correct"), rule("B1@1", "defer"))),
    "other units come first": lambda model: model.but(after={"base": "going"}),
    "the issue is not fresh": lambda model: model.but(issue_is_fresh=False),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("story", [cycles(2, "correct") + " correct@3", UNCLEAN + " correct@turn1"])
def test_what_a_correction_answered_is_history(story: str, change: str) -> None:
    model = told(story)
    last = story.split()[-1]
    changed = CHANGES[change](model)
    changed = changed.but(damaged={name: bad for name, bad in changed.facts.damaged.items() if name != last})
    assert changed.shown() == model.shown()


@pytest.mark.parametrize("lost", ["checks@0", "review@0", "decide@0"])
def test_a_lost_record_of_what_was_answered_is_not_paid_for_again(lost: str) -> None:
    records = told(CORRECTED).facts.records
    without = told(CORRECTED).but(records={name: one for name, one in records.items() if name != lost})
    assert without.due() == ["checks@1", "review@1", "settled"]


UPSTREAM: dict[str, Callable[[Model], Model]] = {
    **CHANGES,
    "every output is gone": lambda model: model.but(damaged=dict.fromkeys(
        (name for name in model.facts.records if name != "cleanup"), "is gone")),
    "the plan changed": lambda model: model.but(parts=OTHER_SCOPE),
    "its worktree is gone": lambda model: model.but(worktree=False),
    "its branch was pushed": lambda model: model.but(pushed=PUSHED),
    "another holds its place": lambda model: model.but(before={"first": "going"}),
    "it was dropped": lambda model: model.but(rulings=(rule("pr", "drop"),)),
    "a step was in trouble": lambda model: model.trouble("review@1", "escalated").trouble("land@1", "broken"),
    "the implementer ran again": lambda model: model.done("implement"),
}  # fmt: skip


@pytest.mark.parametrize("change", UPSTREAM)
@pytest.mark.parametrize("story", [MERGED, MERGED + " cleanup", cycles(2, "merge") + " land@0:merged"])
def test_nothing_upstream_of_a_merged_unit_is_ever_stale(story: str, change: str) -> None:
    model = told(story)
    changed = UPSTREAM[change](model)
    assert changed.due() == model.due()
    assert {one.kind for one in lifecycle.survey(changed.facts).values()} <= {RUN, DONE, NOT_NEEDED}


@pytest.mark.parametrize(
    "ruling",
    [rule("land@0", "retry"), rule("merge@0", "approve"), rule("merge", "approve"), rule("review@0", "retry"),
     rule("S1@1", "correct"), rule("S1@turn1", "correct")],
    ids=lambda one: one.item,
)  # fmt: skip
def test_a_ruling_on_something_else_leaves_a_decision_alone(ruling: Ruling) -> None:
    assert told(APPROVED).but(rulings=(ruling,)).due() == ["land@0", "settled"]


# ---- held, until when

ESCALATED = {  # a step, and how the unit came there
    "implement": "issue worktree prompt",
    "pr": "issue worktree prompt implement",
    "review@0": f"{PUBLISHED} checks@0",
    "correct@1": REFUSED,
    "land@0": APPROVED,
}


@pytest.mark.parametrize("kind", ["escalated", "closed"])
@pytest.mark.parametrize("step", ESCALATED)
def test_an_escalation_holds_until_a_person_rules_retry_and_holds_again(step: str, kind: str) -> None:
    first = told(ESCALATED[step]).trouble(step, kind)
    assert first.due() == ["settled"]
    ruled = first.but(rulings=(retry(step),))
    assert ruled.due() == [step, "settled"]
    assert lifecycle.survey(ruled.facts)[step].reason == f"tried again, it was {kind}: no luck"
    again = ruled.trouble(step, kind)
    assert again.due() == ["settled"]
    assert again.but(rulings=(retry(step), retry(step))).due() == [step, "settled"]
    assert again.but(rulings=(retry(step), retry("other@0"))).due() == ["settled"]


@pytest.mark.parametrize(
    ("model", "change", "due"),
    [
        (told("issue worktree prompt").trouble("implement", "escalated"), {"parts": OTHER_SCOPE}, "prompt"),
        (told(f"{PUBLISHED} checks@0").trouble("review@0", "escalated"), {"parts": OTHER_SCOPE}, "prompt"),
        (told(REFUSED).trouble("correct@1", "escalated"), {"rulings": (rule("S1@0", "defer"),)}, "decide@0"),
    ],
)  # fmt: skip
def test_an_escalation_is_over_when_what_it_was_about_has_changed(model: Model, change: Any, due: str) -> None:
    assert model.due() == ["settled"]
    changed = model.but(**change)
    assert changed.due() == [due, "settled"]
    word = "correct" if due.startswith("decide") else ""
    held = next(iter(model.facts.troubles))
    after = changed.done(due, word)
    if due == "prompt" and held != "implement":
        after = after.done("implement").done("pr").done("checks@0")
    assert after.due() == [held, "settled"]


def test_what_was_closed_goes_on_when_it_is_open_again() -> None:
    closed = told(APPROVED).trouble("land@0", "closed")
    assert closed.but(pull="closed").due() == ["settled"]
    assert closed.but(pull="open").due() == ["land@0", "settled"]
    assert told(APPROVED).trouble("land@0", "escalated").but(pull="open").due() == ["settled"]


def test_the_same_retry_twice_is_two_retries_of_a_decision() -> None:
    once = told(EXHAUSTED).but(rulings=(retry("decide@3"),)).done("decide@3", "escalate")
    assert once.due() == ["settled"]
    assert once.but(rulings=(retry("decide@3"), retry("decide@3"))).due() == ["decide@3", "settled"]


def test_a_dropped_unit_goes_on_where_it_was_when_the_ruling_is_taken_back() -> None:
    dropped = told(CORRECTED, rulings=(rule("pr", "drop"),))
    assert dropped.due() == ["settled"]
    assert dropped.but(rulings=()).shown() == told(CORRECTED).shown()

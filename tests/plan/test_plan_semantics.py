"""What a plan means against the repository, what is still open in it, and what of a unit's entry changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from plan_texts import SMALL

from waves.plan.faults import Fault
from waves.plan.model import Plan
from waves.plan.reader import parse
from waves.plan.semantics import Facts, entry_parts, faults_of_facts, faults_of_plan, open_faults

NUMBERED = SMALL + "numbering: [{series: docs/NNN-*.md, assign: {claim-verdicts: 7, form-typos: next}}]\n"
CONFIRMED = "confirmed: {by: ana, on: 2026-11-20}\n"
NOTHING = Facts({}, {}, None, {})


def plan_of(text: str) -> Plan:
    return parse(text, Path("x"))


# ---- the plan alone


def test_one_unit_gets_a_hint_and_two_get_none() -> None:
    (hint,) = faults_of_plan(plan_of("batch: x\nunits: [{unit: a, issues: [1], type: fix}]"))
    assert hint == Fault(
        ("units",),
        "one unit only: that works, but nothing runs side by side; more issues may go into the same plan",
        "hint",
    )
    assert faults_of_plan(plan_of(SMALL)) == ()


def test_what_is_open_is_named_before_anybody_confirms() -> None:
    plan = plan_of(
        SMALL + "    decisions: [{ask: keep it?, answer: ''}, {ask: b, answer: yes}]\n"
        "findings:\n"
        "  - {issues: [41, 52], kind: same-region, resolution: ' '}\n"
        "  - {issues: [41], kind: umbrella, resolution: done}\n"
    )
    assert tuple(one.message for one in open_faults(plan)) == (
        "the finding on #41, #52 (same-region) has no resolution",
        "unit 'form-typos': the question 'keep it?' has no answer",
    )
    assert faults_of_plan(plan) == ()


def test_next_is_no_open_question() -> None:
    assert open_faults(plan_of(NUMBERED)) == ()


def test_an_adopted_pull_request_may_have_any_branch() -> None:
    text = SMALL + "    pull_request: 7\n  - {unit: other, issues: [9], type: fix, branch: fix/form-typos}\n"
    assert faults_of_plan(plan_of(text)) == ()


# ---- against the repository


def test_without_facts_there_are_no_faults() -> None:
    assert faults_of_facts(plan_of(NUMBERED), NOTHING) == ()


@pytest.mark.parametrize(("confirmed", "weight"), [("", "plan"), (CONFIRMED, "unit")])
def test_the_world_holds_up_a_plan_until_it_is_confirmed_and_then_only_the_unit(confirmed: str, weight: str) -> None:
    plan = plan_of(confirmed + NUMBERED.replace("next", "8"))
    facts = Facts({"docs/NNN-*.md": {7: "docs/007-x.md"}}, {}, frozenset({52, 53}), {53: "spring"})
    assert [(fault.message, fault.path, fault.weight, fault.unit) for fault in faults_of_facts(plan, facts)] == [
        (
            "unit 'claim-verdicts': the number 7 is taken on main by docs/007-x.md",
            ("numbering", 0, "assign", "claim-verdicts"), weight, "claim-verdicts",
        ),
        ("unit 'claim-verdicts': unknown issue #41", ("units", 0, "issues", 0), weight, "claim-verdicts"),
        ("unit 'form-typos': issue #53 is in the batch 'spring' too", ("units", 1, "issues", 1), weight, "form-typos"),
    ]  # fmt: skip


@pytest.mark.parametrize(("confirmed", "weight"), [("", "plan"), (CONFIRMED, "hint")])
def test_a_skipped_issue_that_is_gone_holds_up_nothing_that_runs(confirmed: str, weight: str) -> None:
    plan = plan_of(confirmed + SMALL + "skip: [{issue: 9, why: umbrella}]\n")
    (fault,) = faults_of_facts(plan, Facts({}, {}, frozenset({41, 52, 53}), {}))
    assert (fault.message, fault.path, fault.weight) == ("skip: unknown issue #9", ("skip", 0, "issue"), weight)


def test_a_number_that_is_next_collides_with_nothing() -> None:
    facts = Facts({"docs/NNN-*.md": {8: "docs/008-x.md"}}, {}, None, {})
    assert faults_of_facts(plan_of(NUMBERED), facts) == ()


def test_a_merged_unit_owns_its_number_and_its_issues() -> None:
    plan = plan_of(CONFIRMED + NUMBERED.replace("next", "8"))
    merged = {"claim-verdicts": entry_parts(plan, "claim-verdicts")}
    facts = Facts({"docs/NNN-*.md": {7: "docs/007-x.md"}}, merged, frozenset({52, 53}), {41: "spring"})
    assert faults_of_facts(plan, facts) == ()


EDITS = [
    ("issues: [52, 53]", "issues: [52]", "issues", ("units", 1, "issues")),
    ("type: fix", "type: docs", "type", ("units", 1, "type")),
    ("type: fix", "type: fix\n    scope: {in: [a]}", "scope.in", ("units", 1, "scope", "in")),
    ("type: fix", "type: fix\n    scope: {out: [a]}", "scope.out", ("units", 1, "scope", "out")),
    ("type: fix", "type: fix\n    checks: [make]", "checks", ("units", 1, "checks")),
    ("type: fix", "type: fix\n    decisions: [{ask: a, answer: b}]", "decisions", ("units", 1, "decisions")),
    ("type: fix", "type: fix\n    after: [claim-verdicts]", "after", ("units", 1, "after")),
    ("type: fix", "type: fix\n    branch: fix/x", "branch", ("units", 1, "branch")),
    ("type: fix", "type: fix\n    pull_request: 7", "pull_request", ("units", 1, "pull_request")),
    ("form-typos: 8", "form-typos: 9", "numbering", ("numbering",)),
]


@pytest.mark.parametrize(("old", "new", "part", "path"), EDITS, ids=[one[2] for one in EDITS])
def test_an_edit_to_a_merged_unit_is_a_fault_of_that_unit_alone(old: str, new: str, part: str, path: object) -> None:
    text = CONFIRMED + NUMBERED.replace("next", "8")
    before, after = plan_of(text), plan_of(text.replace(old, new))
    merged = {unit.name: entry_parts(before, unit.name) for unit in before.units}
    (fault,) = faults_of_facts(after, Facts({}, merged, None, {}))
    assert (fault.weight, fault.unit, fault.path) == ("unit", "form-typos", path)
    assert (
        fault.message == f"unit 'form-typos': is merged, so its {part} can't change any more; put back what was there"
    )


def test_moving_an_entry_and_editing_others_changes_no_part_of_it() -> None:
    before = plan_of(SMALL)
    units = "batch: auth\nunits:\n  - {unit: new, issues: [1], type: fix}\n"
    after = plan_of(SMALL.replace("batch: auth\nunits:\n", units).replace("refactor", "perf"))
    assert entry_parts(after, "form-typos") == entry_parts(before, "form-typos")
    assert entry_parts(after, "claim-verdicts") != entry_parts(before, "claim-verdicts")


def test_a_part_that_an_older_version_did_not_record_is_no_change() -> None:
    plan = plan_of(SMALL)
    recorded = entry_parts(plan, "form-typos")
    del recorded["checks"]
    recorded["colour"] = "0"
    assert faults_of_facts(plan, Facts({}, {"form-typos": recorded}, None, {})) == ()


def test_a_merged_unit_that_left_the_plan_is_mentioned() -> None:
    (fault,) = faults_of_facts(plan_of(SMALL), Facts({}, {"gone": {}}, None, {}))
    assert (fault.weight, fault.message) == (
        "hint", "unit 'gone' is merged, but is not in the plan any more; put it back",
    )  # fmt: skip

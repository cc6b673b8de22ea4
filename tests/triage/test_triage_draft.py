"""What triage proposes, as a plan: from findings made by hand; whatever an issue says, the draft reads as meant."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waves.forges import Issue
from waves.plan.edit import extend
from waves.plan.model import Plan
from waves.plan.reader import parse
from waves.triage import draft, naming
from waves.triage.model import Found, Proposal, Region, Triage, Turn
from waves.triage.proposal import Listed, Proposed, propose

PATH = Path("plans/auth.yaml")
HEAD = draft.Head("auth", "issues of a test", "forge: local\n")


def issue(number: int, title: str = "", **more: Any) -> Issue:
    return Issue(number, title or f"Thing {number}", "", **{"state": "open"} | more)


def found(kind: str, action: str, *issues: int, weight: float = 1.0, **more: Any) -> Found:
    text = {"after": f"{issues[-1]} after {issues[0]}"}.get(action, action)
    named = more.pop("named", issues)
    return Found(kind, named, f"evidence of {kind}", Proposal(action, text, issues, **more), weight)


UMBRELLA = found("umbrella", "skip", 40, named=(40, 41))
SIBLINGS = found("trivial-siblings", "combine", 52, 53, weight=0.7)
DEPENDS = found("dependency", "after", 41, 47)
REGION = found("same-region", "after", 47, 60, weight=0.9)
NUMBERS = found("shared-numbering", "number", 41, 60, series="docs/adr/NNN-*.md")
OVERLAP = found("semantic-overlap", "decide", 41, 60, weight=0.5)
ALL = (UMBRELLA, SIBLINGS, DEPENDS, REGION, NUMBERS, OVERLAP)
ISSUES = [issue(number) for number in (60, 40, 41, 47, 52, 53)]


def proposed(*findings: Found, issues: list[Issue] = ISSUES, plan: Plan | None = None) -> Proposed:
    regions = {41: (Region("src/a.py", 0.9, "named"), Region("src/b.py", 0.1, "a guess"))}
    order = tuple(Turn(one.number, "the smallest", 1.0) for one in sorted(issues, key=lambda each: each.number))
    return propose(plan, issues, Triage("0" * 40, (), regions, findings, order))


def read(what: Proposed) -> Plan:
    return parse(draft.draft(HEAD, what), PATH)


def still_open(what: Proposed) -> list[Listed]:
    return [one for one in what.findings if not one.resolution]


# ---- what is proposed


def test_the_whole_proposal_is_in_the_plan() -> None:
    what = proposed(*ALL)
    plan = read(what)
    assert plan.confirmed is None
    assert [(unit.name, unit.issues, unit.after) for unit in plan.units] == [
        ("thing-41", (41,), ()), ("thing-47", (47,), ("thing-41",)),
        ("thing-52", (52, 53), ()), ("thing-60", (60,), ("thing-47",)),
    ]  # fmt: skip
    assert [(one.issue, one.why) for one in plan.skip] == [(40, "evidence of umbrella")]
    assert {one.kind: one.resolution for one in plan.findings} == {
        "umbrella": "skip", "trivial-siblings": "combine", "dependency": "47 after 41",
        "shared-numbering": "a number for each, see numbering",
        "same-region": "", "semantic-overlap": "",
    }  # fmt: skip
    assert dict(plan.numbering[0].assign) == {"thing-41": None, "thing-60": None}
    assert draft.summary(what) == "combine 52 and 53, skip 40, 47 after 41, 60 after 47, run the rest in parallel"
    assert [one.kind for one in still_open(what)] == ["same-region", "semantic-overlap"]


def test_the_draft_says_why_beside_what_it_proposes() -> None:
    text = draft.draft(HEAD, proposed(*ALL))
    for line in (
        "  # #41 Thing 41",
        "  # probably touches src/a.py",
        "    after: [thing-41]  # dependency: 47 after 41",
        "    type: feat  # a guess: neither label nor title says it",
        "  # To decide. Proposed, and the plan is made so: 60 after 47",
        "  # To decide. Proposed, but not written into the plan: decide",
        "numbering:  # `waves confirm` writes the numbers",
    ):
        assert f"{line}\n" in text
    assert "src/b.py" not in text
    assert max(map(len, text.splitlines())) <= 120


def test_without_findings_everything_runs_at_once() -> None:
    what = proposed()
    assert draft.summary(what) == "run all 6 units in parallel"
    assert read(what).merge_order == ()


def test_who_meets_in_one_place_lands_in_order_and_who_meets_nobody_does_not() -> None:
    meeting = found("same-region", "decide", 41, 52, weight=0.6)
    assert read(proposed(meeting)).merge_order == ("thing-41", "thing-52")


def test_a_weak_same_region_is_resolved_by_the_merge_order_and_no_unit_waits_for_a_guess() -> None:
    plan = read(proposed(found("same-region", "after", 41, 52, weight=0.6)))
    assert [unit.after for unit in plan.units] == [()] * 6
    resolution = "thing-41 lands first, see merge_order; thing-52 is rebased if they meet"
    assert [one.resolution for one in plan.findings] == [resolution]


def test_a_guess_that_a_surer_finding_confirms_asks_nothing_of_its_own() -> None:
    what = proposed(REGION, found("dependency", "after", 47, 60, weight=0.5))
    assert [(one.kind, one.resolution) for one in what.findings] == [("same-region", ""), ("dependency", "60 after 47")]


def test_the_merge_order_never_contradicts_the_order_of_the_units() -> None:
    later = found("dependency", "after", 60, 41)
    meeting = found("same-region", "decide", 41, 52, weight=0.6), found("same-region", "decide", 60, 52, weight=0.6)
    assert read(proposed(later, *meeting)).merge_order == ("thing-60", "thing-41", "thing-52")


def test_a_guess_that_would_make_a_circle_is_left_to_a_person() -> None:
    round_about = [found("dependency", "after", 41, 47), found("dependency", "after", 47, 60),
                   found("same-region", "after", 60, 41, weight=0.6)]  # fmt: skip
    what = proposed(*round_about)
    assert [unit.after for unit in read(what).units if unit.name == "thing-41"] == [()]
    assert [(one.kind, one.applied) for one in still_open(what)] == [("same-region", False)]


def test_what_is_combined_comes_after_nothing_of_itself() -> None:
    what = proposed(SIBLINGS, found("dependency", "after", 52, 53))
    assert [unit.after for unit in read(what).units] == [()] * 5
    assert still_open(what) == []


def test_three_siblings_in_two_findings_are_one_unit() -> None:
    what = proposed(SIBLINGS, found("trivial-siblings", "combine", 53, 60))
    assert (52, 53, 60) in [unit.issues for unit in read(what).units]


def test_a_closed_issue_is_skipped() -> None:
    what = proposed(issues=[issue(1), issue(2, state="closed")])
    assert [(one.issue, one.why) for one in read(what).skip] == [(2, "it is closed")]


def test_a_finding_on_an_issue_that_nobody_asked_for_names_only_the_others() -> None:
    what = proposed(found("dependency", "decide", 41, 99))
    assert read(what).findings[0].issues == (41,)


# ---- an update


KNOWN = """\
batch: auth
units:
  - unit: by-hand   # mine
    issues: [41]
    type: feat
  - unit: other
    issues: [47]
    type: fix
skip: [{issue: 40, why: not now}]
findings:
  - {issues: [41, 47, 40], kind: semantic-overlap, resolution: fine}
"""


def updated(text: str, *findings: Found, issues: list[Issue] = ISSUES) -> tuple[Proposed, Plan]:
    what = proposed(*findings, issues=issues, plan=parse(text, PATH))
    return what, parse(extend(text, draft.additions(what)), PATH)


def test_an_update_adds_and_takes_nothing_out() -> None:
    _, plan = updated(KNOWN, DEPENDS, NUMBERS, SIBLINGS)
    assert [(unit.name, unit.issues) for unit in plan.units] == [
        ("by-hand", (41,)), ("other", (47,)), ("thing-52", (52, 53)), ("thing-60", (60,)),
    ]  # fmt: skip
    assert [one.kind for one in plan.findings] == [
        "semantic-overlap", "dependency", "shared-numbering", "trivial-siblings",
    ]  # fmt: skip
    assert [one.resolution for one in plan.findings] == ["fine", "", "", "combine"]
    assert plan.skip[0].why == "not now"


def test_a_new_unit_comes_after_a_known_one_but_no_known_one_after_a_new_one() -> None:
    _, plan = updated(KNOWN, found("dependency", "after", 41, 60), found("dependency", "after", 52, 47))
    assert {unit.name: unit.after for unit in plan.units}["thing-60"] == ("by-hand",)
    assert {unit.name: unit.after for unit in plan.units}["other"] == ()
    assert [one.resolution for one in plan.findings[1:]] == ["", "60 after 41"]


def test_units_of_a_person_are_given_no_numbers() -> None:
    what, plan = updated(KNOWN, found("shared-numbering", "number", 41, 47, series="docs/NNN.md"), issues=ISSUES[2:4])
    assert plan.numbering == ()
    assert [one.kind for one in still_open(what)] == ["shared-numbering"]


def test_what_the_plan_knows_is_not_found_again() -> None:
    known = found("semantic-overlap", "decide", 41, 47)
    what, plan = updated(KNOWN, UMBRELLA, known, issues=ISSUES[1:4])
    assert (what.findings, what.units) == ((), ())
    assert plan == parse(KNOWN, PATH)


def test_what_the_order_of_the_units_settles_is_not_found_again() -> None:
    text = KNOWN.replace("type: fix\n", "type: fix\n    after: [by-hand]\n")
    assert updated(text, DEPENDS, issues=ISSUES[2:4])[0].findings == ()
    assert len(updated(KNOWN, DEPENDS, issues=ISSUES[2:4])[0].findings) == 1


def test_a_merge_order_settles_who_is_rebased_and_no_dependency() -> None:
    text = f"{KNOWN}merge_order: [by-hand, other]\n"
    what, _ = updated(text, found("same-region", "after", 41, 47), DEPENDS, issues=ISSUES[2:4])
    assert [one.kind for one in what.findings] == ["dependency"]


def test_updating_twice_adds_nothing_more() -> None:
    what, _ = updated(KNOWN, *ALL)
    text = extend(KNOWN, draft.additions(what))
    again, plan = updated(text, *ALL)
    assert (again.units, again.findings, again.skip) == ((), (), {})
    assert extend(text, draft.additions(again)) == text
    assert plan == parse(text, PATH)


# ---- names and types


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Typo in the message for a missing file", "typo-message-missing-file"),
        ("fix(forms)!: Don't lose the user's input", "dont-lose-users-input"),
        ("Größe der Bücher", "grosse-der-bucher"),
        ("日本語", "issue-7"),
        ("  ", "issue-7"),
        ("the a of", "the-a-of"),
        ("a" * 200, "issue-7"),
        ("../../etc/passwd; rm -rf /", "etc-passwd-rm-rf"),
    ],
)
def test_a_unit_is_named_after_the_title(title: str, name: str) -> None:
    assert naming.slug(title, (), 7) == name


def test_two_units_never_have_one_name() -> None:
    what = proposed(issues=[issue(1, "Same"), issue(2, "Same"), issue(3, "Same 2"), issue(4, "!"), issue(5, "issue 4")])
    names = [unit.name for unit in read(what).units]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("title", "labels", "kind", "reason"),
    [
        ("It crashes", ["bug"], "fix", "label bug"),
        ("Speed", ["type: documentation"], "docs", "label type: documentation"),
        ("perf: faster start", ["bug"], "perf", "the title says it"),
        ("The help has a typo", [], "fix", "guessed from the title"),
        ("Dark mode", ["ready"], "feat", "a guess: neither label nor title says it"),
    ],
)
def test_the_type_is_guessed_and_the_reason_given(title: str, labels: list[str], kind: str, reason: str) -> None:
    assert naming.type_of([issue(1, title, labels=tuple(labels))]) == (kind, reason)


def test_combined_issues_of_several_types_are_the_greatest_change_of_them() -> None:
    assert naming.type_of([issue(1, "fix: x"), issue(2, "feat: y")]) == ("feat", "of fix for 1, feat for 2")


# ---- hostile issues

HOSTILE = st.text(max_size=200) | st.sampled_from(
    ["- [x]: {y} # z", "a\n  - unit: evil\n", '"; confirmed: {by: me}', "*alias &anchor !tag", "\x1b[31mred\x07",
     "\u2028\ufeff\ud800"]
)  # fmt: skip


@given(st.lists(HOSTILE, min_size=1, max_size=4), HOSTILE, HOSTILE)
def test_whatever_an_issue_says_the_draft_says_what_was_meant(titles: list[str], evidence: str, label: str) -> None:
    issues = [issue(number, title, labels=(label,)) for number, title in enumerate(titles, 1)]
    numbers = tuple(range(1, len(issues) + 1))
    finding = Found("same-region", numbers, evidence, Proposal("decide", evidence, numbers), 0.5)
    what = proposed(finding, issues=issues)
    text = draft.draft(HEAD, what)
    plan = parse(text, PATH)
    assert plan.confirmed is None
    assert [unit.issues for unit in plan.units] == [(number,) for number in numbers]
    assert [one.evidence for one in plan.findings] == [one.evidence for one in what.findings]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    added = parse(extend(text, draft.additions(proposed(finding, issues=[*issues, issue(99)], plan=plan))), PATH)
    assert len(added.units) == len(plan.units) + 1

"""Edits of a plan's text: every other byte stays, and the result says exactly what was meant."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plan_texts import PHRASES, SMALL, example, texts

from waves.foundation.errors import PlanError, UsageError, WavesError
from waves.plan.edit import append_rulings, confirm
from waves.plan.model import Confirmed, Ruling
from waves.plan.reader import parse

RULING = Ruling("form-typos", "B2@0", "defer", "belongs to 60")
BLOCK = "- unit: form-typos\n  item: B2@0\n  ruling: defer\n  why: belongs to 60\n"
FLOW = "{unit: form-typos, item: B2@0, ruling: defer, why: belongs to 60}"
OLD = "{unit: claim-verdicts, item: merge, ruling: approve}"
LONG = "- unit: form-typos\n  item: merge\n  ruling: drop\n  why: |\n    a\n    b\n"
TODAY = date(2026, 11, 20)
MANY = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def indented(text: str, margin: int) -> str:
    return "".join(" " * margin + line for line in text.splitlines(keepends=True))


FLOW_PLAN = "{batch: auth, units: [{unit: form-typos, issues: [52], type: fix}]"
RULED = [
    ("absent", SMALL, SMALL + "\nrulings:\n" + indented(BLOCK, 2)),
    ("absent, without a last line end", SMALL.rstrip(), SMALL + "\nrulings:\n" + indented(BLOCK, 2)),
    ("absent, after a blank line", SMALL + "\n", SMALL + "\nrulings:\n" + indented(BLOCK, 2)),
    ("absent, with a comment at the end", SMALL + "# end\n", SMALL + "# end\n\nrulings:\n" + indented(BLOCK, 2)),
    ("absent, before the end marker", SMALL + "...\n# x\n", SMALL + "\nrulings:\n" + indented(BLOCK, 2) + "...\n# x\n"),
    (
        "absent, after a text that keeps its line ends",
        SMALL + "    why: |+\n      a\n",
        SMALL + "    why: |+\n      a\nrulings:\n" + indented(BLOCK, 2),
    ),
    ("absent, all keys indented", indented(SMALL, 2), indented(SMALL + "\nrulings:\n", 2).replace("\n  \n", "\n\n")
     + indented(BLOCK, 4)),
    ("absent, in a flow plan", f"{FLOW_PLAN} # x\n}}", f"{FLOW_PLAN}, rulings: [{FLOW}] # x\n}}"),
    ("absent, in a flow plan that ends in a comma", f"{FLOW_PLAN},}}", f"{FLOW_PLAN}, rulings: [{FLOW}],}}"),
    ("empty", f"rulings: []\n{SMALL}", f"rulings:\n{indented(BLOCK, 2)}{SMALL}"),
    ("empty, with a comment", f"rulings: [ ]  # none\n{SMALL}", f"rulings:  # none\n{indented(BLOCK, 2)}{SMALL}"),
    ("empty, at the end", f"{SMALL}rulings: []", f"{SMALL}rulings:\n{indented(BLOCK, 2)}"),
    ("empty, around a comment", f"rulings: [ # x\n ]\n{SMALL}", f"rulings: [{FLOW} # x\n ]\n{SMALL}"),
    ("empty, in a flow plan", f"{FLOW_PLAN}, rulings: []}}", f"{FLOW_PLAN}, rulings: [{FLOW}]}}"),
    ("flow", f"rulings: [{OLD}]  # x\n{SMALL}", f"rulings: [{OLD}, {FLOW}]  # x\n{SMALL}"),
    ("flow, one a line", f"rulings: [\n  {OLD}, # x\n]\n{SMALL}", f"rulings: [\n  {OLD}, {FLOW}, # x\n]\n{SMALL}"),
    ("block, not indented", f"rulings:\n- {OLD}\n{SMALL}", f"rulings:\n- {OLD}\n{BLOCK}{SMALL}"),
    ("block, indented by four", f"rulings:\n    - {OLD}  # x\n{SMALL}",
     f"rulings:\n    - {OLD}  # x\n{indented(BLOCK, 4)}{SMALL}"),
    ("block, without a last line end", f"{SMALL}rulings:\n  - {OLD}",
     f"{SMALL}rulings:\n  - {OLD}\n{indented(BLOCK, 2)}"),
    (
        "block, that ends in a long text",
        f"rulings:\n{LONG}\n# units\n{SMALL}",
        f"rulings:\n{LONG}\n{BLOCK}# units\n{SMALL}",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), [pytest.param(*one[1:], id=one[0]) for one in RULED])
def test_a_ruling_goes_to_the_end_of_the_list_whatever_it_looks_like(before: str, after: str) -> None:
    assert append_rulings(before, [RULING]) == after


def test_a_second_ruling_follows_the_first() -> None:
    once = append_rulings(example(), [Ruling("old-pr", "review@1", "retry", digest="12345678")])
    twice = append_rulings(once, [Ruling("old-pr", "merge", "approve")])
    assert twice == example() + (
        '  - unit: old-pr\n    item: review@1\n    ruling: retry\n    digest: "12345678"\n'
        "  - unit: old-pr\n    item: merge\n    ruling: approve\n"
    )


@pytest.mark.parametrize(
    ("why", "written"),
    [
        ("belongs to 60", "belongs to 60"),
        ("a: b # c", '"a: b # c"'),
        ('say "no"\n\tback\\slash', '"say \\"no\\"\\n\\tback\\\\slash"'),
        ("60", '"60"'),
        ("- x, [y] {z}", '"- x, [y] {z}"'),
        ("trailing ", '"trailing "'),
        ("line\u2028separator \ufeff", '"line\\u2028separator \\ufeff"'),
        ("größer 🎉", '"größer 🎉"'),
    ],
)
def test_any_reason_is_written_so_that_it_reads_as_itself(why: str, written: str) -> None:
    after = append_rulings(SMALL, [Ruling("form-typos", "B2@0", "defer", why)])
    assert after.endswith(f"    why: {written}\n")
    assert parse(after, Path("x")).rulings[0].why == why


def test_line_ends_of_another_system_stay_and_are_used() -> None:
    text = SMALL.replace("\n", "\r\n")
    assert append_rulings(text, [RULING]) == text + ("\nrulings:\n" + indented(BLOCK, 2)).replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("ruling", "message"),
    [
        (Ruling("form-typos", "B2@0", "defr"), "ruling: expected correct, defer, requested, retry"),
        (Ruling("form-typos", "the first", "defer"), "item: expected an item such as B2@0"),
        (Ruling("form-typos", "B2@0", "defer", "red \x1b[31m"), "why: expected text, found 'red \\x1b[31m'"),
        (Ruling("form-typos", "B2@0", "defer", "half a pair \ud800"), "why: expected text, found"),
    ],
)  # fmt: skip
def test_a_ruling_that_no_plan_may_hold_is_refused(ruling: Ruling, message: str) -> None:
    with pytest.raises(UsageError, match="^" + re.escape(message)):
        append_rulings(SMALL, [ruling])


def test_a_ruling_on_an_unknown_unit_is_refused() -> None:
    with pytest.raises(PlanError, match=r"ruling: unknown unit 'form-typo'; did you mean 'form-typos'\?"):
        append_rulings(SMALL, [Ruling("form-typo", "B2@0", "defer")])


def test_a_text_that_is_no_plan_is_not_edited() -> None:
    with pytest.raises(PlanError, match="unknown key 'polcy'"):
        append_rulings(SMALL + "polcy: {}\n", [RULING])


def test_a_layout_that_no_edit_fits_is_left_to_a_person() -> None:
    with pytest.raises(
        WavesError, match=r"^the plan is laid out so that the rulings can't be put in; write it there by hand$"
    ):
        append_rulings(SMALL + "    why: |\n      no line end", [RULING])


# ---- confirming


CONFIRMED = "confirmed:\n  by: ana\n  on: 2026-11-20\n"
SETTLED = [
    ("below the batch", SMALL, SMALL.replace("units:", CONFIRMED + "units:")),
    ("below the last key of the header", "base: trunk  # x\n\n" + SMALL, None),
    (
        "below a block in the header",
        SMALL + "forge: local\nlocal:\n  checks:\n    - make  # x\n# end\n",
        SMALL + "forge: local\nlocal:\n  checks:\n    - make  # x\n" + CONFIRMED + "# end\n",
    ),
    ("in a flow plan", FLOW_PLAN + "}",
     FLOW_PLAN.replace("auth,", "auth, confirmed: {by: ana, on: 2026-11-20},") + "}"),
    ("again", "confirmed: {on: 2025-01-01, by: 'bo'}  # x\n" + SMALL,
     "confirmed: {on: 2026-11-20, by: ana}  # x\n" + SMALL),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), [pytest.param(*one[1:], id=one[0]) for one in SETTLED])
def test_a_confirmation_goes_below_the_header(before: str, after: str | None) -> None:
    expected = after or before.replace("batch: auth\n", "batch: auth\n" + CONFIRMED)
    assert confirm(before, "ana", TODAY, {}) == expected


def test_numbers_take_the_place_of_next_and_nothing_else() -> None:
    more = (
        "numbering:  # all of them\n"
        "  - series: docs/NNN-*.md\n"
        "    assign: {claim-verdicts: next, form-typos: 7}  # next: later\n"
        "  - series: db/NN.sql\n"
        "    assign:\n"
        "      form-typos: 'next'   # the next one\n"
    )
    after = confirm(
        SMALL + more, "ana", TODAY, {"docs/NNN-*.md": {"claim-verdicts": 8}, "db/NN.sql": {"form-typos": 3}}
    )
    assert after == SMALL.replace("units:", CONFIRMED + "units:") + (
        "numbering:  # all of them\n"
        "  - series: docs/NNN-*.md\n"
        "    assign: {claim-verdicts: 8, form-typos: 7}  # next: later\n"
        "  - series: db/NN.sql\n"
        "    assign:\n"
        "      form-typos: 3   # the next one\n"
    )


@pytest.mark.parametrize(
    "open_end",
    [
        "findings: [{issues: [41, 52], kind: same-region}]\n",
        "numbering: [{series: NN.md, assign: {form-typos: next}}]\n",
    ],
)
def test_a_plan_with_something_open_is_not_confirmed(open_end: str) -> None:
    with pytest.raises(PlanError, match="but the plan is confirmed"):
        confirm(SMALL + open_end, "ana", TODAY, {})


def test_a_number_for_what_the_plan_does_not_number_is_refused() -> None:
    with pytest.raises(UsageError, match=r"numbering: the plan has no series NN\.md; add it there first"):
        confirm(SMALL, "ana", TODAY, {"NN.md": {"form-typos": 1}})
    with pytest.raises(WavesError, match="by hand"):
        confirm(SMALL + "numbering: [{series: NN.md, assign: {}}]\n", "ana", TODAY, {"NN.md": {"form-typos": 1}})


# ---- any plan, laid out in any way


def notes(text: str) -> list[str]:
    return re.findall(r"# (?:note \d+|above .*)", text)


@given(texts(), PHRASES, st.sampled_from([None, "12345678"]))
@MANY
def test_a_ruling_is_put_in_and_nothing_is_taken_out(
    written: tuple[dict[str, Any], str], why: str, digest: str | None
) -> None:
    said, text = written
    before = parse(text, Path("x"))
    ruling = Ruling(said["units"][-1]["unit"], "S1@2", "correct", why, digest)
    after = append_rulings(text, [ruling])
    plan = parse(after, Path("x"))
    assert plan.rulings == (*before.rulings, ruling)
    assert notes(after) == notes(text)
    if not text.lstrip().startswith("{"):
        rest = iter(after.splitlines())
        assert all(line in rest for line in text.splitlines() if "rulings" not in line)


@given(texts(), PHRASES)
@MANY
def test_a_confirmation_changes_what_it_says_and_nothing_else(written: tuple[dict[str, Any], str], by: str) -> None:
    said, text = written
    before = parse(text, Path("x"))
    numbers = {
        one["series"]: {unit: 70 + place for place, unit in enumerate(one["assign"]) if one["assign"][unit] == "next"}
        for one in said.get("numbering", [])
    }
    after = confirm(text, by, TODAY, numbers)
    plan = parse(after, Path("x"))
    assert plan.confirmed == Confirmed(by, TODAY)
    for old, new in zip(before.numbering, plan.numbering, strict=True):
        assert dict(new.assign) == dict(old.assign) | numbers[old.pattern]
    assert (plan.units, plan.rulings, plan.merge_order) == (before.units, before.rulings, before.merge_order)
    assert notes(after) == notes(text)

"""What triage adds to a plan that a person has edited: the rest stays byte for byte, and all of it reads as meant."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plan_texts import PHRASES, SMALL, texts
from test_plan_edit import FLOW_PLAN, notes

from waves.foundation.errors import PlanError, WavesError
from waves.plan.edit import Additions, extend, settings_of
from waves.plan.reader import parse
from waves.plan.writing import WIDTH, Entry, block, comment

UNIT = Entry(
    {"unit": "new-one", "issues": (7,), "type": "feat", "after": ("form-typos",)},
    ("#7 A title", "probably touches src/a.py"), {"type": "label bug"},
)  # fmt: skip
SKIP = Entry({"issue": 8, "why": "not now"}, ("#8 Another",))
FINDING = Entry({"issues": (7, 52), "kind": "same-region", "evidence": "a: b", "resolution": ""}, ("To decide.",))
ALL = Additions((UNIT,), (SKIP,), (FINDING,), {"docs/NNN.md": ("new-one",)})
ADDED = """\
  # #7 A title
  # probably touches src/a.py
  - unit: new-one
    issues: [7]
    type: feat  # label bug
    after: [form-typos]

skip:
  # #8 Another
  - issue: 8
    why: not now

findings:
  # To decide.
  - issues: [7, 52]
    kind: same-region
    evidence: "a: b"
    resolution: ""

numbering:
  - series: docs/NNN.md
    assign: {new-one: next}
"""
CONFIRMED = "confirmed:  # by me\n  by: ana\n  on: 2026-11-20\n"
MANY = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def test_everything_goes_to_the_end_of_its_list() -> None:
    assert extend(SMALL, ALL) == SMALL + ADDED


def test_nothing_to_add_changes_nothing() -> None:
    text = "# x\n" + CONFIRMED + SMALL
    assert extend(text, Additions()) == text


def test_a_confirmation_becomes_a_comment_because_it_was_said_of_less() -> None:
    text = extend(SMALL.replace("units:", CONFIRMED + "units:"), Additions(skip=(SKIP,)))
    assert "# no longer: confirmed:  # by me\n#   by: ana\n#   on: 2026-11-20\nunits:" in text
    assert parse(text, Path("x")).confirmed is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("assign: {form-typos: 3}  # x", "assign: {form-typos: 3, claim-verdicts: next}  # x"),
        ("assign: {}  # x", "assign: {claim-verdicts: next}  # x"),
        ("assign:\n      form-typos: 3  # x", "assign:\n      form-typos: 3  # x\n      claim-verdicts: next"),
    ],
)
def test_a_number_is_asked_for_in_the_series_that_is_there(before: str, after: str) -> None:
    text = f"{SMALL}numbering:\n  - series: docs/NNN.md\n    {before}\nbase: main\n"
    assert extend(text, Additions(numbers={"docs/NNN.md": ("claim-verdicts",)})) == text.replace(before, after)


def test_a_plan_on_one_line_is_extended_on_it() -> None:
    text = extend(f"{FLOW_PLAN}}}", Additions((UNIT,), (SKIP,), (FINDING,)))
    assert text.count("\n") == 0
    assert [one.issue for one in parse(text, Path("x")).skip] == [8]


def test_what_only_a_person_can_lay_out_is_left_to_a_person() -> None:
    with pytest.raises(WavesError, match="`confirmed` can't be taken out; do it by hand, then once more"):
        extend(f"{FLOW_PLAN}, confirmed: {{by: ana, on: 2026-11-20}}}}", Additions(skip=(SKIP,)))
    with pytest.raises(PlanError, match="unknown key"):
        extend(SMALL + "polcy: {}\n", ALL)


def test_settings_are_taken_over_with_their_comments() -> None:
    text = "forge: local # here\nlocal:\n  checks:\n    # fast ones\n    - make\n" + SMALL + "policy: {nits: ask}\n"
    assert settings_of(text) == (
        "forge: local # here\nlocal:\n  checks:\n    # fast ones\n    - make\npolicy: {nits: ask}\n"
    )
    assert settings_of(f"{FLOW_PLAN}}}") == ""


@given(texts(), PHRASES)
@MANY
def test_any_plan_keeps_what_it_says(written: tuple[dict[str, Any], str], words: str) -> None:
    _, text = written
    before = parse(text, Path("x"))
    finding = Entry({"issues": (1,), "kind": "umbrella", "evidence": words, "resolution": words}, (words,))
    unit = Entry({"unit": "new-one", "issues": (800,), "type": "fix", "why": words}, beside={"type": words})
    after = extend(text, Additions(units=(unit,), findings=(finding,)))
    plan = parse(after, Path("x"))
    assert (plan.units[:-1], plan.findings[:-1]) == (before.units, before.findings)
    assert (plan.units[-1].why, plan.findings[-1].evidence) == (words, words)
    assert (plan.skip, plan.rulings, plan.numbering) == (before.skip, before.rulings, before.numbering)
    assert set(notes(text)) <= set(notes(after))


# ---- how it is written


@MANY
@given(
    st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=400)
    | st.from_regex(r'([a-z"#:]{1,30} ?){5,40}', fullmatch=True)
)
def test_a_long_text_goes_over_several_lines_and_reads_as_itself(words: str) -> None:
    lines = block(Entry({"issues": (41,), "kind": "umbrella", "evidence": words}), "  ")
    plan = parse(SMALL + "findings:\n" + "\n".join(lines) + "\n", Path("x"))
    assert plan.findings[0].evidence == words
    long = max((len(word) for word in re.split(r"\s", words)), default=0)
    assert all(len(line) <= WIDTH + 6 * long for line in lines)


@MANY
@given(st.text(max_size=300))
def test_a_comment_is_one_whatever_it_says(words: str) -> None:
    assert all(line.startswith("  # ") for line in comment(words, "  "))
    parse(SMALL + "\n".join(comment(words)) + "\n", Path("x"))

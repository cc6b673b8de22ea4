"""What is written on pull requests: it closes what it should, and nothing that strangers wrote has any power."""

from __future__ import annotations

import pytest

from waves.forges import Issue
from waves.lifecycle.contracts import Item
from waves.lifecycle.verdicts import Decision, Treated
from waves.plan.model import Answer, Scope, Unit
from waves.steps import texts

UNIT = Unit("form-typos", (52, 53), "fix", why="two one-line fixes in src/form.py")
ISSUES = (Issue(52, "Typo in the form", "", "open"), Issue(53, "Another one", "", "open"))


def item(name: str = "S1", **changes: object) -> Item:
    values: dict[str, object] = {
        "id": name, "list": "should_fix", "file": "src/form.py", "line": 12, "issue": "the name is unclear",
        "fix": "rename it", "priority": 2, "confidence": 0.9,
    }  # fmt: skip
    return Item(**values | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("fixes #7", "fixes no. 7"),
        ("thanks @ana", "thanks (at)ana"),
        ("a\nb", "a b"),
        ("@ home, # 7", "@ home, # 7"),
        (" \n", ""),
    ],
)
def test_words_by_strangers_mention_nobody_and_close_nothing(text: str, harmless: str) -> None:
    assert texts.harmless(text) == harmless


def test_the_title_is_the_issues_and_for_several_the_reason() -> None:
    assert texts.pull_title(Unit("x", (52,), "feat"), ISSUES[:1]) == "feat: Typo in the form"
    assert texts.pull_title(UNIT, ISSUES) == "fix: two one-line fixes in src/form.py"
    assert texts.pull_title(Unit("x", (52, 53), "fix"), ISSUES) == "fix: Typo in the form, Another one"


def test_a_long_title_is_cut_and_an_empty_one_is_the_units_name() -> None:
    long = texts.pull_title(Unit("x", (1,), "fix"), (Issue(1, "word " * 40, "", "open"),))
    assert len(long) <= texts.TITLE_LIMIT
    assert long.endswith("…")
    assert texts.pull_title(Unit("x", (1,), "fix"), (Issue(1, "\n", "", "open"),)) == "fix: x"


def test_every_issue_has_a_closing_line_of_its_own() -> None:
    assert texts.closing_lines(UNIT) == "Fixes #52\nFixes #53"
    assert texts.merge_message(UNIT, 7) == "Fixes #52\nFixes #53\n\nPull request 7, unit form-typos.\n"


def test_the_body_has_what_was_agreed() -> None:
    unit = Unit(
        "x", (52,), "fix", why="it is easy", scope=Scope(("src/**",), ("the API",)),
        decisions=(Answer("keep it?", "no"),), checks=("pytest -q",),
    )  # fmt: skip
    cycles = (texts.Cycle("0", "0a1b2c3d4e5f60", "red", "approved", "correct"), texts.Cycle("1", "0b1b2c3d4e5f60"))
    assert texts.pull_body("auth", unit, ISSUES[:1], cycles) == (
        "<!-- waves: this part is kept up to date -->\n\nFixes #52\n\n"
        "## What was asked\n\n- #52 Typo in the form\n\nit is easy\n\n"
        "## Scope\n\n- in: `src/**`\n- out: `the API`\n\n## Decided\n\n- keep it? no\n\n"
        "## Checks asked for\n\n- `pytest -q`\n\n"
        "## What was checked\n\n| cycle | head | checks | review | decision |\n|---|---|---|---|---|\n"
        "| 0 | `0a1b2c3d4e5f` | red | approved | correct |\n| 1 | `0b1b2c3d4e5f` | … | … | … |\n\n"
        "Unit `x` of batch `auth`. Each review cycle has its own comment below.\n\n<!-- waves: end -->"
    )


OLD, NEW = f"{texts.BEGIN} old {texts.END}", f"{texts.BEGIN} new {texts.END}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", NEW),
        (OLD, NEW),
        (f"Hello.\n\n{OLD}\n\nBye.", f"Hello.\n\n{NEW}\n\nBye."),
        (f"Hello.\r\n{OLD}\r\n", f"Hello.\n{NEW}\n"),
        ("Written by hand.\n", f"Written by hand.\n\n{NEW}"),
        (f"{texts.BEGIN} its end was deleted", f"{texts.BEGIN} its end was deleted\n\n{NEW}"),
        (f"{OLD} {OLD}", f"{NEW} {OLD}"),
    ],
)
def test_only_waves_own_part_of_a_description_changes(before: str, after: str) -> None:
    assert texts.with_part(before, NEW) == after


@pytest.mark.parametrize(
    ("title", "merged"),
    [
        ("fix: a better word", "fix: a better word (#7)"),
        ("feat(form)!: a new one", "feat(form)!: a new one (#7)"),
        ("Update form.py", "fix: two one-line fixes in src/form.py (#7)"),
        ("fixed: it", "fix: two one-line fixes in src/form.py (#7)"),
    ],
)
def test_what_is_merged_has_a_conventional_title(title: str, merged: str) -> None:
    assert texts.merge_title(UNIT, ISSUES, title, 7) == merged


def test_a_cycles_comment_names_each_item_what_is_done_about_it_and_why() -> None:
    decision = Decision("correct", "to correct: S1", (
        Treated(item(), "correct", "policy.should_fix: correct"),
        Treated(item("N1", file="", line=None, issue="a | b @ana"), "defer", "policy.nits: defer"),
    ))  # fmt: skip
    comment = texts.cycle_comment("1", "0a1b2c3d", "fine @all", "green", decision, "Corrected:\n\n- `1234` fix")
    assert comment == (
        "### Review, cycle 1: correct\n\nHead `0a1b2c3d`, checks: green. to correct: S1.\n\nfine (at)all\n\n"
        "| item | where | what | decision | why |\n|---|---|---|---|---|\n"
        "| S1@1 | `src/form.py:12` | the name is unclear | to correct | policy.should_fix: correct |\n"
        "| N1@1 |  | a \\| b (at)ana | deferred | policy.nits: defer |\n\n"
        "Corrected:\n\n- `1234` fix\n"
    )

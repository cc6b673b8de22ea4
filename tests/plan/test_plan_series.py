"""Numbered series: which part of a pattern is the number, which files have one, and what comes next."""

from __future__ import annotations

from pathlib import Path

import pytest
from plan_texts import SMALL

from waves.plan.reader import parse
from waves.plan.series import collisions, concrete_numbers, numbers_in, run_of


@pytest.mark.parametrize(
    ("pattern", "run"),
    [
        ("docs/adr/NNN-*.md", "NNN"),
        ("N.md", "N"),
        ("docs/Notes/NN.md", "NN"),
        ("db/VNNN__*.sql", "NNN"),
        ("docs/*.md", None),
        ("NN/NN.md", None),
        ("N/N.md", None),
    ],
)
def test_a_pattern_has_one_run_of_n(pattern: str, run: str | None) -> None:
    found = run_of(pattern)
    assert (pattern[found[0] : found[1]] if found else None) == run


def test_files_have_the_number_that_stands_at_the_run() -> None:
    paths = [
        "docs/adr/001-one.md", "docs/adr/012-two.md", "docs/adr/1000-many.md",
        "docs/adr/12-short.md", "docs/adr/0013-padded.md", "docs/adr/x013-word.md", "docs/adr/deep/014-x.md",
        "docs/adr/015-x.txt", "else/docs/adr/016-x.md", "docs/adr/017-x.md\nfoo",
    ]  # fmt: skip
    assert numbers_in("docs/adr/NNN-*.md", paths) == {
        1: "docs/adr/001-one.md", 12: "docs/adr/012-two.md", 1000: "docs/adr/1000-many.md",
    }  # fmt: skip


def test_two_stars_reach_into_folders_and_signs_stand_for_themselves() -> None:
    paths = ["01+a.sql", "a/b/02+b.sql", "03ab.sql", "04+ab.sql", "a\nb/c/05+a.sql"]
    assert numbers_in("**/NN+?.sql", paths) == {1: "01+a.sql", 2: "a/b/02+b.sql", 5: "a\nb/c/05+a.sql"}


def test_of_two_files_with_one_number_the_first_is_named() -> None:
    assert numbers_in("NN-*", ["01-a", "01-b"]) == {1: "01-a"}


def test_next_follows_all_numbers_in_merge_order_and_then_in_the_order_of_the_plan() -> None:
    text = SMALL + (
        "  - {unit: c, issues: [3], type: fix}\n"
        "  - {unit: d, issues: [4], type: fix}\n"
        "merge_order: [c, form-typos]\n"
        "numbering:\n"
        "  - {series: NNN.md, assign: {claim-verdicts: next, form-typos: next, c: next, d: 14}}\n"
        "  - {series: db/NN.sql, assign: {d: next, claim-verdicts: next}}\n"
        "  - {series: x/NN.sql, assign: {d: 4}}\n"
    )
    assert concrete_numbers(parse(text, Path("x")), {"NNN.md": [3, 12]}) == {
        "NNN.md": {"c": 15, "form-typos": 16, "claim-verdicts": 17},
        "db/NN.sql": {"claim-verdicts": 1, "d": 2},
    }


def test_a_file_whose_number_the_base_gave_away_collides_and_gets_the_next_free_one() -> None:
    on_base = ["docs/001-a.md", "docs/002-b.md"]
    added = ["docs/002-mine.md", "docs/003-free.md", "docs/001-a.md", "src/x.py"]
    assert collisions(["docs/NNN-*.md"], on_base, added) == [("docs/002-mine.md", "docs/NNN-*.md", 4)]

"""Units of a plan that may work in one file, by their scopes, until they are ordered or a finding settles it."""

from __future__ import annotations

from pathlib import Path

import pytest
from plan_texts import SMALL

from waves.plan.reader import parse
from waves.triage.scopes import overlaps

FILES = ("src/claims/a.py", "src/claims/deep/b.py", "src/form.py", "README.md")
HEAD = SMALL.partition("units:")[0] + "units:\n"


def shared(one: str, other: str, more: str = "", after: str = "") -> list[tuple[str, ...]]:
    units = (
        f'  - {{unit: one, issues: [1], type: fix, scope: {{in: ["{one}"]}}}}\n'
        f'  - {{unit: two, issues: [2], type: fix, scope: {{in: ["{other}"]}}{after}}}\n'
        "  - {unit: three, issues: [3], type: fix}\n"
    )
    plan = parse(HEAD + units + more, Path("/plans/auth.yaml"))
    return [one.paths for one in overlaps(plan, FILES)]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("src/claims/**", "src/claims/a.py", [("src/claims/a.py",)]),
        ("src/**/*.py", "src/claims/", [("src/claims/a.py", "src/claims/deep/b.py")]),
        ("src/*.py", "src/claims/**", []),
        ("*.md", "README.md", [("README.md",)]),
        ("src/claims", "src/claims/deep/**", [("src/claims/deep/b.py",)]),
        ("src/new/**", "src/new/a.py", []),
        ("replace a/b with form.py", "src/form.py", []),
    ],
)
def test_scopes_that_match_one_file_overlap(one: str, other: str, expected: list[tuple[str, ...]]) -> None:
    assert shared(one, other) == expected


def test_an_order_or_a_finding_with_a_resolution_settles_it() -> None:
    finding = 'findings:\n  - {issues: [1, 2], kind: same-region, evidence: "", resolution: "'
    assert shared("src/**", "src/form.py", after=", after: [one]") == []
    assert shared("src/**", "src/form.py", f'{finding}two rebases"}}\n') == []
    assert shared("src/**", "src/form.py", f'{finding}"}}\n') != []


def test_the_message_says_where_and_what_to_write() -> None:
    units = (
        "  - {unit: one, issues: [1], type: fix, scope: {in: [words, src/**]}}\n"
        "  - {unit: two, issues: [2], type: fix, scope: {in: [src/form.py]}}\n"
    )
    (found,) = overlaps(parse(HEAD + units, Path("/plans/auth.yaml")), FILES)
    assert found.message == (
        "unit 'two': its scope.in `src/form.py` and that of unit 'one', `src/**`, both match src/form.py; "
        "write `after: [one]`, narrow one of them, or add a finding on their issues with its resolution"
    )

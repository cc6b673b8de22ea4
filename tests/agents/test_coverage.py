"""Which changed paths a review covers, by what its prompt showed and what it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from waves.agents import prompts
from waves.agents.prompts import coverage
from waves.agents.prompts.facts import CUT, FLAGGED, FULL, ChangedFile
from waves.lifecycle import contracts

SHOWN = {"src/a.py": FULL, "src/logo.png": CUT, "docs/odd.md": FLAGGED, "new\nline": FULL}
FILES = tuple(ChangedFile(path, 1, 0, shown=shown) for path, shown in SHOWN.items())


@pytest.mark.parametrize(
    ("reviewed", "left"),
    [
        (None, ["src/logo.png", "docs/odd.md"]),
        ([], list(SHOWN)),
        ([""], list(SHOWN)),
        (["**"], ["src/logo.png", "docs/odd.md"]),
        (["./", "*"], ["src/logo.png", "docs/odd.md"]),
        (["src"], ["docs/odd.md", "new\nline"]),
        (["src/**", "*.md"], ["new\nline"]),
        (["**", "*.png", "docs/odd.md"], []),
        (["src", "docs", "'new\\nline'"], []),
        (["src", "docs", "new\nline"], []),
        (["other"], list(SHOWN)),
    ],
)
def test_what_the_prompt_does_not_show_must_be_named(reviewed: list[str] | None, left: list[str]) -> None:
    assert [one.path for one in coverage.unread(FILES, reviewed)] == left


def test_the_fault_names_the_paths_and_what_to_do() -> None:
    assert coverage.fault(()) is None
    assert coverage.fault(FILES[:1]) == "`reviewed` does not name src/a.py"
    many = tuple(ChangedFile(f"{number}.bin", 0, 0, shown=CUT) for number in range(9))
    assert str(coverage.fault(many)).startswith(
        "`reviewed` does not name 0.bin, 1.bin, 2.bin, 3.bin, 4.bin and 4 more; "
    )
    assert "narrower than `**`" in str(coverage.fault(many))


@pytest.mark.parametrize(
    "path", ["package-lock.json", "web/yarn.lock", "a/b.min.js", "x_pb2.py", "a/__generated__/a.ts"]
)
def test_generated_files_are_known_by_their_names(path: str) -> None:
    assert prompts.is_generated(path)


@pytest.mark.parametrize("path", ["src/a.py", "lock", "package.json", "admin.js", "generated.py"])
def test_other_files_are_not(path: str) -> None:
    assert not prompts.is_generated(path)


def test_a_unit_keeps_the_contract_that_it_was_dispatched_with(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    assert prompts.contract(new) == contracts.VERSION
    prompts.pin(new)
    assert prompts.contract(new) == contracts.VERSION
    prompts.pin(old)
    (old / prompts.CONTRACT).unlink()
    prompts.pin(old)
    assert prompts.contract(old) == 1

"""What `waves check` says of a repository is what its run then shows, and what the documentation says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_world import World
from situations import GIT, SITUATIONS, Situation

from waves.batch import preflight

PAGE = Path(__file__).resolve().parents[2] / "docs" / "repositories.md"


@pytest.fixture
def blank(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.end()


@pytest.mark.parametrize("one", SITUATIONS, ids=lambda one: one.id)
def test_a_repository_works_as_far_as_check_says(blank: World, one: Situation) -> None:
    if one.since > GIT:
        pytest.skip(f"git {'.'.join(map(str, one.since))} and later know it; put one first on the PATH")
    world = one.make(blank)
    for verb in ("check", "doctor"):
        found = world.waves(verb, code=None)
        assert (found.code == 0) == (one.state != "no"), found.out
        rows = [line for line in found.out.splitlines() if re.match(rf"  {one.state:6}  {one.topic} ", line)]
        # Where git itself refuses the repository, one line stands in the place of the table.
        assert one.says in (rows or [found.out])[0], found.out
        assert rows or (one.state == "no" and found.out.count("\n") == 1), found.out
        if one.state == "no" and verb == "check":
            assert one.says in found.out.splitlines()[-1], "the verdict says it as well"
    ran = world.waves("run", code=None)
    if one.state == "no":
        assert ran.code in (2, 10), ran.out
        assert one.says in ran.out
        assert ran.out.count("\n") == 1, "one line"
        assert world.paid() == []
    else:
        assert ran.code == 0, ran.out
        assert world.merged() != []


def test_every_topic_is_tried() -> None:
    assert {one.topic for one in SITUATIONS} == set(preflight.ROWS)


def test_the_documentation_has_this_table() -> None:
    lines = [f"| {one.topic} | {one.name} | {one.state} |" for topic in preflight.ROWS
             for one in SITUATIONS if one.topic == topic]  # fmt: skip
    table = "\n".join(["| topic | repository | Waves |", "|---|---|---|", *lines])
    assert table in PAGE.read_text("utf-8"), f"docs/repositories.md needs this table:\n{table}"

"""The merge order and its reasons: what others wait for first, then the smallest."""

from __future__ import annotations

from waves.forges import Issue
from waves.triage import text
from waves.triage.model import Found, Proposal, Reading, Region, Turn
from waves.triage.order import merge_order


def readings(*numbers: int, closed: int = 0) -> list[Reading]:
    return [text.read(Issue(number, "", "", "closed" if number == closed else "open")) for number in numbers]


def sized(**files: int) -> dict[int, list[Region]]:
    """Regions by issue, `_3=2` for two sure files of issue 3."""
    return {int(name[1:]): [Region(f"{one}", 1.0, "") for one in range(count)] for name, count in files.items()}


def after(first: int, then: int, kind: str = "dependency") -> Found:
    return Found(kind, (first, then), "", Proposal("after", "", (first, then)))


def order(turns: tuple[Turn, ...]) -> list[int]:
    return [turn.issue for turn in turns]


def test_the_smallest_goes_first_and_among_equals_the_one_that_meets_fewest() -> None:
    meets = [Found("same-region", (3, other), "", Proposal("after", "", (3, other))) for other in (1, 4)]
    turns = merge_order(readings(1, 2, 3, 4), sized(_1=1, _2=5, _3=1, _4=1), meets)
    assert order(turns) == [1, 4, 3, 2]
    assert [turn.reason for turn in turns] == [
        "meets #3; about 1 file", "meets #3; about 1 file", "about 1 file", "about 5 files",
    ]  # fmt: skip


def test_a_reframe_goes_before_what_builds_on_it_however_big_it_is() -> None:
    turns = merge_order(readings(1, 2, 3), sized(_1=1, _2=9, _3=2), [after(2, 1, "semantic-overlap"), after(1, 3)])
    assert order(turns) == [2, 1, 3]
    assert [turn.reason for turn in turns] == [
        "before #1, which builds on what it changes; about 9 files",
        "before #3, which waits for it; after #2; about 1 file",
        "after #1; about 2 files",
    ]


def test_what_is_closed_or_to_be_skipped_has_no_turn() -> None:
    skip = Found("umbrella", (2,), "", Proposal("skip", "", (2,)))
    assert order(merge_order(readings(1, 2, 3, closed=3), {}, [skip, after(2, 1)])) == [1]


def test_a_circle_ends_too() -> None:
    assert order(merge_order(readings(1, 2), sized(_1=2, _2=1), [after(1, 2), after(2, 1)])) == [2, 1]

"""The timeline: which run belongs to which step, what held up the end, and where a moment stands on the axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waves.foundation.records import Record
from waves.report import timeline
from waves.report.timeline import Bar, Run, axis, bars, clock, critical_path, in_turn, in_words, round_words, usual


def record(step: str, started: float, ended: float, **result: Any) -> Record:
    return Record(step, {}, {}, result, started, ended)


def found(records: Sequence[Record], runs: Sequence[Run], now: float = 100.0) -> list[Bar]:
    return list(bars("a", {one.step: one for one in records}, runs, now))


# ---- bars


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], [Bar("a", "review@0", 10, 20)]),
        (
            [Run("reviewer-0-1", "reviewer", "review@0", 12, 19)],
            [Bar("a", "review@0", 10, 20, ((12, 19),))],
        ),
        (  # a run in vain, and the one that counted
            [Run("reviewer-0-1", "reviewer", "review@0", 11, 13), Run("reviewer-0-2", "reviewer", "review@0", 14, 19)],
            [Bar("a", "review@0", 10, 20, ((11, 13), (14, 19)))],
        ),
        (  # it went on while no `doit` was there, and the step took it up later
            [Run("reviewer-0-1", "reviewer", "review@0", 2, 6)],
            [Bar("a", "review@0", 2, 20, ((2, 6),))],
        ),
        (  # what an earlier record came from, before a person deleted its target
            [Run("reviewer-0-0", "reviewer", "review@0", 1, 4), Run("reviewer-0-1", "reviewer", "review@0", 12, 19)],
            [Bar("a", "review@0", 1, 4, ((1, 4),)), Bar("a", "review@0", 10, 20, ((12, 19),))],
        ),
        (  # the next cycle's, which goes on
            [Run("reviewer-1-1", "reviewer", "review@1", 40)],
            [Bar("a", "review@0", 10, 20), Bar("a", "review@1", 40, 100, ((40, 100),), going=True)],
        ),
    ],
)
def test_a_run_belongs_to_the_step_that_it_was_for(runs: list[Run], expected: list[Bar]) -> None:
    assert found([record("review@0", 10, 20, run="reviewer-0-1")], runs) == expected


def test_a_landing_is_at_work_only_when_its_turn_is_its_own() -> None:
    several = [
        Bar("a", "land@0", 1, 5),
        Bar("b", "land@0", 2, 9),
        Bar("c", "land@0", 20, 21),
        Bar("a", "cleanup", 5, 6),
    ]
    assert [(one.unit, one.begun, one.spent) for one in in_turn(several)] == [
        ("a", 1, 4), ("b", 5, 4), ("c", 20, 1), ("a", 5, 1),
    ]  # fmt: skip


def test_the_usual_time_is_the_median_of_what_has_ended() -> None:
    several = [Bar("a", "implement", 0, 9, ((1, 3),)), Bar("b", "implement", 0, 5), Bar("c", "implement", 0, 90),
               Bar("d", "implement", 0, 1000, ((0, 1000),), going=True), Bar("a", "review@1", 0, 7)]  # fmt: skip
    assert usual(several) == {"implement": 5, "review": 7}


# ---- the critical path

PLAIN = [
    Bar("a", "issue", 0, 1),
    Bar("a", "implement", 1, 5, ((1.1, 5),)),
    Bar("a", "checks@0", 5, 6),
    Bar("a", "review@0", 5, 8, ((5.1, 8),)),
    Bar("a", "decide@0", 8, 8.01),
    Bar("a", "land@0", 8.02, 9),
]


def path(several: Sequence[Bar], **order: Any) -> list[tuple[str, str, float, str]]:
    found = critical_path(in_turn(several), order.get("after", {}), order.get("order", ()))
    return [(link.bar.unit, link.bar.step, link.since, link.why) for link in found]


@pytest.mark.parametrize(
    ("more", "order", "expected"),
    [
        # the longer of two that go side by side; what came before it
        ([], {}, ["issue", "implement", "review@0", "decide@0", "land@0"]),
        # the unit that it branches after
        (
            [Bar("z", "issue", 9.03, 9.1), Bar("z", "implement", 9.1, 12)],
            {"after": {"z": ("a",)}},
            ["issue", "implement", "review@0", "decide@0", "land@0", "z issue", "z implement"],
        ),
        # the landing before its own
        (
            [Bar("z", "decide@0", 2, 3), Bar("z", "land@0", 3, 11)],
            {},
            ["issue", "implement", "review@0", "decide@0", "land@0", "z land@0"],
        ),
        # the merge order
        (
            [Bar("z", "decide@0", 2, 3), Bar("z", "land@0", 9.01, 11)],
            {"order": ("a", "z")},
            ["issue", "implement", "review@0", "decide@0", "land@0", "z land@0"],
        ),
        # the place in the pool that another agent had until then
        (
            [Bar("z", "prompt", 1, 2), Bar("z", "implement", 2, 20, ((5.2, 20),))],
            {},
            ["issue", "implement", "z implement"],
        ),
        # no place: it only prepared
        ([Bar("z", "prompt", 1, 5.01), Bar("z", "implement", 5.01, 20, ((5.2, 20),))], {}, ["z prompt", "z implement"]),
    ],
)
def test_the_path_goes_back_to_what_each_step_waited_for_last(more: list[Bar], order: Any, expected: list[str]) -> None:
    steps = [f"{unit} {step}".removeprefix("a ") for unit, step, _, _ in path([*PLAIN, *more], **order)]
    assert steps == expected


def test_the_path_says_why_and_since_when() -> None:
    several = [*PLAIN, Bar("z", "decide@0", 2, 3), Bar("z", "land@0", 3, 11), Bar("z", "cleanup", 14, 15)]
    assert path(several)[-2:] == [("z", "land@0", 9, "its turn came after a"), ("z", "cleanup", 11, "")]
    last = critical_path(in_turn(several), {})[-1]
    assert (last.since, last.waited) == (11, 3), "nobody did anything for three seconds"


def test_there_is_no_path_where_nothing_was_done() -> None:
    assert critical_path((), {}) == ()


@given(st.lists(st.builds(
    lambda unit, step, start, length: Bar(unit, step, start, start + length, ((start + length / 2, start + length),)),
    st.sampled_from("abc"), st.sampled_from(["issue", "implement", "review@0", "land@0"]),
    st.integers(0, 20).map(float), st.integers(0, 9).map(float),
), max_size=12))  # fmt: skip
def test_the_path_ends_at_the_end_and_never_goes_round(several: list[Bar]) -> None:
    links = critical_path(several, {"b": ("a",)}, ("a", "b", "c"))
    assert len({id(link.bar) for link in links}) == len(links) <= len(several)
    assert all(link.waited >= 0 for link in links)
    if several:
        assert links[-1].bar.ended == max(one.ended for one in several)


# ---- the axis


def test_a_night_in_which_nobody_worked_is_cut_short() -> None:
    shown = axis([Bar("a", "implement", 0, 60), Bar("a", "review@0", 36_060, 36_100)])
    assert shown.at(0) == 0
    assert shown.at(36_100) == pytest.approx(100)
    assert 58 < shown.at(60) < 60
    assert shown.at(36_060) - shown.at(60) < 2
    assert [seconds for _, seconds in shown.cuts] == [36_000]


def test_a_short_pause_stays_as_it_is() -> None:
    shown = axis([Bar("a", "implement", 0, 60), Bar("a", "review@0", 64, 100)])
    assert shown.cuts == ()
    assert shown.at(50) == pytest.approx(50)


def test_ticks_are_few_and_at_round_times() -> None:
    assert [seconds for seconds, _ in axis([Bar("a", "implement", 7, 52)]).ticks()] == [0, 10, 20, 30, 40]
    assert [seconds for seconds, _ in axis([Bar("a", "implement", 0, 9000)]).ticks()] == [
        0,
        1800,
        3600,
        5400,
        7200,
        9000,
    ]
    assert list(axis([Bar("a", "implement", 5, 5)]).ticks()) == [(0, 0.0)]


def test_a_clock_that_was_wrong_by_decades_makes_no_more_ticks() -> None:
    shown = axis([Bar("a", "implement", 0, 40), Bar("a", "review@0", 1.8e9, 1.8e9 + 40)])
    assert [seconds for seconds, _ in shown.ticks()][:4] == [0, 15, 30, 1_800_000_015]
    assert timeline.axis([]).at(3.0) == 100.0


# ---- words


@pytest.mark.parametrize(
    ("seconds", "words", "round_time", "short"),
    [
        (0.04, "0.0 s", "start", "0:00"), (9.94, "9.9 s", "10 s", "0:09"), (9.96, "10 s", "10 s", "0:09"),
        (60, "1 min 00 s", "1 min", "1:00"), (3599, "59 min 59 s", "59 min 59 s", "59:59"),
        (5400, "1 h 30 min", "1 h 30 min", "1:30:00"), (187_200, "2 d 4 h", "2 d 4 h", "52:00:00"),
    ],
)  # fmt: skip
def test_seconds_in_words(seconds: float, words: str, round_time: str, short: str) -> None:
    assert (in_words(seconds), round_words(seconds), clock(seconds)) == (words, round_time, short)

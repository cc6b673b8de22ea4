"""Which steps a unit may come to, how often it may be corrected, and what leads to what."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifecycle_model import (
    APPROVED,
    PUBLISHED,
    PUSHED,
    REFUSED,
    REVIEWED,
    TURNED,
    UNCLEAN,
    cycles,
    fresh,
    retry,
    step_of,
    told,
    turns,
)

from waves import lifecycle
from waves.lifecycle import Facts, Step
from waves.plan.model import Policy


def names(facts: Facts, kind: str) -> list[str]:
    return [step.at for step in lifecycle.route(facts) if step.kind == kind]


@pytest.mark.parametrize("allowed", [0, 1, 3])
def test_the_route_has_what_the_bounds_allow_and_one_cycle_to_spare_in_each_chain(allowed: int) -> None:
    facts = fresh(policy=Policy(correction_cycles=allowed)).facts
    assert names(facts, "decide") == [*map(str, range(allowed + 2)), "turn1", "turn2", "turn3", "turn4"]
    assert names(facts, "land") == ["0", "1", "2", "3", "4"]
    assert [step.name for step in lifecycle.route(facts)][-2:] == ["cleanup", "settled"]


def test_a_retry_makes_the_route_longer_and_a_push_uses_nothing_up() -> None:
    assert len(names(fresh(rulings=(retry("decide@3"), retry("decide@25"))).facts, "correct")) == 6 + 4
    assert len(names(fresh(rulings=(retry("land@1"), retry("decide@turn2"))).facts, "correct")) == 4 + 6
    assert len(names(told(APPROVED).but(pushed=PUSHED).done("correct@1", "by-hand").facts, "correct")) == 5 + 4
    assert len(names(told(UNCLEAN).but(pushed=PUSHED).done("correct@turn1", "by-hand").facts, "correct")) == 4 + 5


def test_what_is_recorded_stays_on_the_route_whatever_the_plan_says_now() -> None:
    facts = told(cycles(3, "merge")).but(policy=Policy(correction_cycles=0)).facts
    assert names(facts, "decide")[:5] == ["0", "1", "2", "3", "4"]
    assert lifecycle.approved_cycle(facts, Step("land", "0")) == "3"
    late = told(turns(4), rulings=(retry("land@3"),)).but(rulings=()).facts
    assert names(late, "land") == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("story", "changes", "cycle", "wanted"),
    [
        (REVIEWED, {}, "0", (0, 3)),
        (cycles(2, "merge"), {}, "2", (2, 3)),
        (cycles(2, "merge"), {}, "1", (1, 3)),
        (cycles(2, "merge"), {"rulings": (retry("decide@1"), retry("decide@turn1"), retry("review@1"))}, "2", (2, 4)),
        (TURNED, {}, "turn1", (1, 3)),
        (TURNED, {"rulings": (retry("decide@1"), retry("decide@turn1"), retry("land@0"))}, "turn1", (1, 5)),
        (TURNED, {"policy": Policy(correction_cycles=1)}, "0", (0, 1)),
    ],
)
def test_corrections_are_counted_against_what_is_allowed(
    story: str, changes: Any, cycle: str, wanted: tuple[int, int]
) -> None:
    assert lifecycle.corrections(told(story).but(**changes).facts, cycle) == wanted


def test_a_push_by_hand_is_no_correction() -> None:
    model = told(cycles(1, "merge")).but(pushed=PUSHED).done("correct@2", "by-hand")
    assert lifecycle.corrections(model.facts, "2") == (1, 3)
    turned = told(UNCLEAN).but(pushed=PUSHED).done("correct@turn1", "by-hand")
    assert lifecycle.corrections(turned.facts, "turn1") == (1, 4)


def test_a_correction_answers_whoever_asked_last() -> None:
    refused_at_turn = told(f"{TURNED} land@1:unclean").done("decide@turn1", "correct")
    asked = {"correct@1": told(REFUSED), "correct@turn1": told(UNCLEAN),
             "correct@turn2": told(f"{TURNED} land@1:unclean")}  # fmt: skip
    found = [lifecycle.asks_for(step_of(name), model.facts) for name, model in asked.items()]
    assert found == ["decide@0", "land@0", "land@1"]
    assert lifecycle.asks_for(step_of("correct@turn2"), refused_at_turn.facts) == "decide@turn1"
    assert refused_at_turn.due() == ["correct@turn2", "settled"]


@pytest.mark.parametrize(
    ("story", "land", "cycle"),
    [(PUBLISHED, "0", None), (APPROVED, "0", "0"), (cycles(2, "merge"), "0", "2"), (TURNED, "0", "0"),
     (TURNED, "1", "turn1"), (TURNED, "3", "turn1"), (cycles(12, "merge"), "0", "12")],
)  # fmt: skip
def test_a_landing_stands_on_the_last_decision_before_it(story: str, land: str, cycle: str | None) -> None:
    assert lifecycle.approved_cycle(told(story).facts, Step("land", land)) == cycle


def test_an_earlier_implementation_approves_nothing() -> None:
    assert lifecycle.approved_cycle(told(UNCLEAN).done("implement").facts, Step("land", "0")) is None
    assert lifecycle.corrections(told(cycles(2, "merge")).done("implement").facts, "2") == (0, 3)


def test_every_step_comes_after_its_predecessors_and_nothing_waits_for_the_checks_but_the_decision() -> None:
    steps = lifecycle.route(fresh().facts)
    before = lifecycle.predecessors(steps)
    order = [step.name for step in steps]
    assert list(before) == order
    assert all(order.index(one) < order.index(name) for name, those in before.items() for one in those)
    assert before["issue"] == ()
    assert before["review@0"] == before["checks@0"] == ("pr",)
    assert before["decide@1"] == ("checks@1", "review@1")
    assert before["land@0"] == ("decide@4",)
    assert before["correct@turn1"] == ("land@0",)


@given(st.sets(st.sampled_from([step.name for step in lifecycle.route(fresh().facts)])))
def test_what_a_unit_came_to_keeps_its_order_whatever_is_left_out(left_out: set[str]) -> None:
    steps = tuple(step for step in lifecycle.route(fresh().facts) if step.name not in left_out)
    before = lifecycle.predecessors(steps)
    order = [step.name for step in steps]
    assert list(before) == order
    assert all(order.index(one) < order.index(name) for name, those in before.items() for one in those)

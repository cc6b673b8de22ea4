"""`waves rule`: what a person decides while a batch runs, and what could have no effect."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from loop_world import BLOCKING, World, item, review

ASKED = review(
    "should_fix", should_fix=[item("the name is unclear")], nits=[item("a \x1b[31mtypo", file="", line=None)],
    scope_violations=[item("a new option", detail="nobody asked")],
)  # fmt: skip


NO_RETRY = "it does not wait for a retry; the next `doit` goes on"


def plan_of(world: World) -> Path:
    return world.checkout / "plans/b.yaml"


def asking(world: World) -> World:
    """A batch whose unit `a` waits for rulings on S1, N1 and V1."""
    world.plan("a", "c", policy={"should_fix": "ask", "nits": "ask", "scope_violations": "ask"})
    world.agent(reviewer_a_0=ASKED)
    world.run(code=10)
    return world


def test_the_status_prints_commands_that_work_as_they_stand(world: World) -> None:
    asking(world)
    lines = [line for line in world.waves("status").out.splitlines() if line.startswith("      ")]
    assert [line.strip() for line in lines] == [
        "S1@0 app.txt:1: the name is unclear",
        "waves rule a S1@0 correct --why '…'  # or defer",
        "N1@0: a typo",
        "waves rule a N1@0 correct --why '…'  # or defer",
        "V1@0 app.txt:1: a new option",
        "waves rule a V1@0 correct --why '…'  # or defer, requested",
    ]
    before = "# mine\n" + plan_of(world).read_text()
    plan_of(world).write_text(before)
    for name in ("S1@0", "N1@0"):
        world.waves("rule", "a", name, "defer", "--why", "later: #60")
    done = world.waves("rule", "a", "V1@0", "requested")
    assert done.out == "b: a V1@0 requested is stored; `doit` goes by it\n"
    assert plan_of(world).read_text() == before
    stored = [json.loads(line) for line in (world.checkout / ".waves/b/rulings.jsonl").read_text().splitlines()]
    assert [(one["item"], one["ruling"], one["why"]) for one in stored] == [
        ("S1@0", "defer", "later: #60"), ("N1@0", "defer", "later: #60"), ("V1@0", "requested", ""),
    ]  # fmt: skip
    assert all(one["digest"] and one["id"] and one["by"] and one["format"] == 1 for one in stored)
    world.run()
    assert world.states() == {"a": "merged", "c": "merged"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["S1@0"], "'S1@0': a ruling is missing; there are correct, defer, requested, retry, drop, approve, withdraw"),
        (["S1@0", "corect"], "'corect': no such ruling; did you mean 'correct'?"),
        (["S1@0", "retry"], "S1@0 is an item: rule correct, defer or requested"),
        (["S2@0", "correct"], "a has no item S2@0; did you mean 'S1@0'?"),
        (["S1@7", "correct"], "a has no item S1@7; there are none in that cycle"),
        (["reviw@0", "retry"], "a has no step or item 'reviw@0'; did you mean 'review@0'?"),
        (["review@0", "defer"], "review@0 is a step: rule retry, or rule on an item such as B1@0"),
        (["review@0", "retry"], f"review@0 of a, which is waiting at decide@0: {NO_RETRY}"),
        (["approve"], "a: policy.merge is `auto`, so no approval is asked for"),
        (["review@0", "approve"], "review@0: only a merge can be approved; `waves rule a approve`"),
    ],
)  # fmt: skip
def test_a_ruling_without_an_effect_is_refused(asked: World, arguments: list[str], message: str) -> None:
    before = plan_of(asked).read_text()
    assert asked.waves("rule", "a", *arguments, code=2).out == f"{message}\n"
    assert plan_of(asked).read_text() == before


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory, first_world: World) -> World:
    return asking(World(tmp_path_factory.mktemp("asked")).copy(first_world))


def test_a_merged_and_a_dropped_unit_take_no_more_rulings(world: World) -> None:
    asking(world)
    assert world.waves("rule", "c", "drop", code=2).out == "c is merged: there is nothing to rule on any more\n"
    assert world.waves("rule", "a", "drop").out == "b: a unit drop is stored; `doit` goes by it\n"
    assert world.waves("rule", "a", "drop", code=2).out == "a is dropped: there is nothing to rule on any more\n"
    assert "a: dropped" in world.run().out


def test_a_red_check_cannot_be_ruled_away(world: World) -> None:
    world.plan("a", policy={"correction_cycles": 1})
    world.agent(implementer="touch BROKEN; git add --all; git commit -qm 'feat: break'")
    world.run(code=10)
    done = world.waves("rule", "a", "C1@1", "defer", code=2)
    assert done.out == "C1@1 is about checks, which is always corrected; or drop the unit\n"


def test_an_item_that_a_later_correction_answered_takes_no_ruling(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.agent(reviewer_a_0=BLOCKING)
    world.run(code=10)
    done = world.waves("rule", "a", "B1@0", "defer", code=2)
    assert done.out == "B1@0: correct@1 answered that cycle already; rule on a later one\n"
    world.waves("rule", "a", "approve", "--why", "looks good")
    world.run()
    assert world.states() == {"a": "merged"}


def test_an_escalated_step_is_retried_by_the_command_that_is_printed(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0_1="exit 1", reviewer_a_0_2="exit 1")
    (command,) = world.run(code=10).asks()
    assert command == "waves rule a review@0 retry"
    world.waves(*command.split()[1:])
    world.run()
    assert world.states() == {"a": "merged"}


def test_a_command_names_the_batch_where_two_have_such_a_unit(world: World) -> None:
    world.write_plan("a", name="one", policy={"merge": "ask"})
    world.write_plan({"unit": "a", "issues": [2], "type": "fix"}, name="two", policy={"merge": "ask"})
    world.commit({})
    assert world.run(code=10).asks() == ["waves rule one/a merge@0 approve", "waves rule two/a merge@0 approve"]

"""`waves check` and `waves confirm`: from a draft to a plan that counts."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from loop_world import World

FINDING = {"issues": [1, 2], "kind": "same-region", "evidence": "both touch app.txt"}
NUMBERING = [{"series": "docs/NNN-*.md", "assign": {"c": "next", "a": "next"}}]


def plan_of(world: World, name: str = "b") -> Path:
    return world.checkout / "plans" / f"{name}.yaml"


def change(world: World, old: str, new: str) -> None:
    path = plan_of(world)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_from_a_draft_to_a_plan_that_is_ready(world: World) -> None:
    """Each command says what is left to do, until nothing is."""
    question = {"ask": "keep the old one?", "answer": ""}
    world.write_plan(
        "a", {"unit": "c", "decisions": [question]}, confirmed=None, findings=[FINDING], numbering=NUMBERING
    )
    world.commit({"docs/004-x.md": ""})
    change(world, "batch: b", "# a person's words\nbatch: b  # the name")

    left = world.waves("check", code=2).out
    assert [line.split(": ", 1)[1] for line in left.splitlines() if line.startswith("plans/")] == [
        "the finding on #1, #2 (same-region) has no resolution",
        "unit 'c': the question 'keep the old one?' has no answer",
    ]
    assert left.splitlines()[-1] == "b: 2 things to mend or decide before `waves confirm` counts"
    refused = world.waves("confirm", code=2).out
    assert refused == left[left.index("plans/b.yaml") : left.rindex("b: 2 things")]
    assert world.run(code=10).out.splitlines()[0] == "b: not confirmed, so nothing is dispatched; left to decide:"

    change(world, "evidence:", "resolution: c after a\n  evidence:")
    change(world, "answer: ''", "answer: 'no'")
    ready = "b: not confirmed, so nothing is dispatched; read plans/b.yaml, then `waves confirm b`\n"
    assert world.waves("check").out.endswith(ready)

    confirmed = world.waves("confirm", "--by", "eva").out
    assert confirmed.splitlines()[:3] == [
        "b: confirmed by eva; commit plans/b.yaml, then `doit`",
        "  docs/NNN-*.md: a has 5",
        "  docs/NNN-*.md: c has 6",
    ]
    text = plan_of(world).read_text()
    assert text.startswith("# a person's words\nbatch: b  # the name\n")
    assert f"confirmed:\n  by: eva\n  on: {datetime.date.today()}\n" in text
    assert "assign: {c: 6, a: 5}" in text
    held = "b: the plan is not committed as it stands, so nothing is dispatched; commit plans/b.yaml\n"
    assert world.waves("check").out.endswith(held)
    world.commit({})
    assert world.waves("check").out.endswith("b: 2 units, ready: `doit`\n")
    assert world.waves("confirm").out == f"b: confirmed already, by eva on {datetime.date.today()}\n"


def test_confirming_again_gives_numbers_to_units_that_came_later(world: World) -> None:
    world.write_plan("a", "c", numbering=[{"series": "docs/NNN-*.md", "assign": {"a": 7, "c": "next"}}])
    world.commit({})
    assert "run `waves confirm` again" in world.waves("check", code=2).out
    assert world.waves("confirm").out.splitlines()[1:3] == ["  docs/NNN-*.md: c has 8", "What this plan can do:"]
    assert "assign: {a: 7, c: 8}" in plan_of(world).read_text()


def test_a_faulty_plan_is_not_confirmed(world: World) -> None:
    world.write_plan("a", confirmed=None, after=["nobody"])
    before = plan_of(world).read_text()
    assert "unknown key 'after'" in world.waves("confirm", code=2).out
    assert plan_of(world).read_text() == before


@pytest.mark.parametrize("verb", ["check", "confirm"])
def test_an_issue_that_is_nowhere_holds_the_plan_up(world: World, verb: str) -> None:
    world.write_plan({"unit": "a", "issues": [1, 77]}, "c", confirmed=None)
    world.commit({})
    (world.checkout / "issues/77-x.md").unlink()
    assert "unit 'a': unknown issue #77" in world.waves(verb, code=2).out


@pytest.mark.parametrize("verb", ["check", "confirm"])
def test_an_issue_of_another_batch_holds_the_plan_up(world: World, verb: str) -> None:
    world.write_plan({"unit": "x", "issues": [9]}, "y", name="other")
    world.write_plan({"unit": "a", "issues": [9]}, "c", confirmed=None)
    done = world.waves(verb, "b", code=2)
    assert "unit 'a': issue #9 is in the batch 'other' too" in done.out


def test_an_issue_that_another_batch_is_done_with_may_come_again(world: World) -> None:
    world.plan({"unit": "x", "issues": [9]}, name="other")
    world.run()
    world.write_plan({"unit": "a", "issues": [9]}, "c", confirmed=None)
    assert "is in the batch" not in world.waves("check", "b").out


def test_several_plans_are_confirmed_one_by_one(world: World) -> None:
    world.write_plan("a", name="one", confirmed=None)
    world.write_plan({"unit": "c", "issues": [2]}, name="two", confirmed=None)
    world.commit({})
    assert world.waves("confirm", code=2).out == "which plan? `waves confirm one`, or two\n"
    assert world.waves("confirm", "one").out.startswith("one: confirmed by Ana; ")
    assert world.waves("confirm").out.startswith("two: confirmed by Ana; ")
    assert world.waves("confirm", code=2).out == "all 2 plans are confirmed already\n"


def test_check_names_what_only_this_machine_can_tell(world: World) -> None:
    world.write_plan(
        "a", "c", policy={"sandbox": "danger-full-access"}, agent={"kind": "command", "command": ["no-such-program"]}
    )
    world.commit({})
    out = world.waves("check").out
    assert "no sandbox: agents can write all that you can" in out
    assert "agent: there is no program 'no-such-program' on your PATH; install it, or give its whole path" in out


def test_check_without_the_checkout_says_that_it_saw_the_file_only(world: World) -> None:
    world.write_plan("a", "c", checkout="../nowhere")
    lines = [line for line in world.waves("check").out.splitlines() if line.startswith("b: ")]
    assert lines[0].startswith(f"b: there is no repository at {world.folder}/nowhere; clone it there, or correct ")
    assert lines[0].endswith("; only the file was checked")
    assert lines[1:] == ["b: the file is sound"]


def test_check_of_a_merged_batch_says_so_and_names_a_changed_entry(world: World) -> None:
    world.plan("a", "c")
    world.run()
    assert world.waves("check").out == "b: all units are merged\n"
    change(world, "unit: c", "unit: c\n  checks: [make]")
    done = world.waves("check", code=2).out.splitlines()
    assert done[0].endswith("unit 'c': is merged, so its checks can't change any more; put back what was there")
    assert done[-1] == "b: 1 fault, each of one unit; the others can go on"

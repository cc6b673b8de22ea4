from __future__ import annotations

import json

import pytest
from loop_world import World

from waves.report import explain


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("claim-verdicts", ("claim-verdicts", "")),
        ("auth/claim-verdicts", ("auth/claim-verdicts", "")),
        ("review:auth/claim-verdicts@1", ("auth/claim-verdicts", "review@1")),
        ("prompt:claim-verdicts", ("claim-verdicts", "prompt")),
        ("land:auth/x@turn1", ("auth/x", "land@turn1")),
    ],
)
def test_a_step_is_named_as_doit_names_it(name: str, expected: tuple[str, str]) -> None:
    assert explain.parse_name(name) == expected


def test_many_steps_of_which_the_same_is_said_are_one_line() -> None:
    rows = [{"step": f"s@{number}", "verdict": "waits", "reasons": ["after issue"]} for number in range(4)]
    rows += [{"step": "t", "verdict": "run", "reasons": []}, {"step": "u", "verdict": "run", "reasons": []}]
    assert list(explain.lines(rows)) == ["s@0 to s@3 (4 steps): waits (after issue)", "t: run", "u: run"]


def test_the_reasons_are_those_by_which_doit_goes(world: World) -> None:
    world.plan("a", {"unit": "c", "after": ["a"]}, policy={"merge": "ask"})
    first = world.waves("explain", "a").out.splitlines()
    assert first[0] == "issue:b/a: run (not dispatched yet: read again)"
    assert first[-1] == "settled:b/a: run (always last)"
    assert world.waves("explain", "issue:c").out == "issue:b/c: waits (after 'a', which is going)\n"
    world.run(code=10)
    assert world.waves("explain", "review:b/a@0").out == "review:b/a@0: up to date\n"
    (world.unit("a") / "review-0.json").unlink()
    assert world.waves("explain", "review:b/a@0").out == "review:b/a@0: run (review-0.json is gone)\n"
    path = world.checkout / "plans/b.yaml"
    path.write_text(path.read_text().replace("unit: a", "unit: a\n  why: because"))
    value = json.loads(world.waves("explain", "prompt:a", "--json").out)
    assert value == {
        "batch": "b", "unit": "a",
        "steps": [{"step": "prompt:b/a", "verdict": "run", "reasons": ["why of unit 'a' changed"]}],
    }  # fmt: skip


def test_a_merged_unit_is_up_to_date_to_its_last_step(world: World) -> None:
    world.plan("a")
    world.run()
    verdicts = {one["step"]: one["verdict"] for one in json.loads(world.waves("explain", "a", "--json").out)["steps"]}
    assert set(verdicts.values()) == {"up to date", "not needed"}
    assert verdicts["settled:b/a"] == "up to date"


def test_an_unknown_step_is_named_with_the_one_that_may_be_meant(world: World) -> None:
    world.plan("a")
    assert world.waves("explain", "reviw:b/a@0", code=2).out == "a has no step 'reviw@0'; did you mean 'review@0'?\n"
    assert (
        world.waves("explain", "nothing:b/a@x", code=2).out
        == "a has no step 'nothing@x'; `waves explain a` lists them\n"
    )

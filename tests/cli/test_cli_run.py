"""`waves run` and `doit`: whose turn it is, as an exit code and as a last line."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from loop_world import BLOCKING, IMPLEMENT, World, item, review, until


def test_done_is_0(world: World) -> None:
    world.plan("a", "c", skip=[{"issue": 9, "why": "later"}])
    assert world.run().out.splitlines()[-1] == "b: 2 merged, 1 skipped; `waves audit` has the proof"


def test_something_broken_is_1(world: World) -> None:
    world.plan("a", setup={"run": ["false"]})
    done = world.run(code=1)
    assert "setup command `false` ended with 1" in done.line("  a: broken")


@pytest.mark.parametrize("fault", ["key", "checkout"])
def test_a_plan_that_is_none_is_2_and_the_good_one_beside_it_advances(world: World, fault: str) -> None:
    world.write_plan("c", name="bad", **{"untis": []} if fault == "key" else {"checkout": "../nowhere"})
    world.write_plan({"unit": "a", "issues": [2]}, name="good")
    world.commit({})
    done = world.run(code=2)
    assert "good: 1 merged; `waves audit` has the proof" in done.out
    assert world.run("good").out == "good: 1 merged; `waves audit` has the proof\n"


@pytest.mark.parametrize("reason", ["unconfirmed", "uncommitted", "ask", "escalated", "closed issue", "dropped before"])
def test_a_persons_turn_is_10(world: World, reason: str) -> None:
    if reason == "uncommitted":
        world.write_plan("a")
    elif reason == "ask":
        world.plan("a", policy={"nits": "ask"})
        world.agent(reviewer=review("approved", nits=[item()]))
    elif reason == "closed issue":
        world.issue(1, "---\nstate: closed\n---\nold\n")
        world.plan("a")
    elif reason == "dropped before":
        world.plan("a", {"unit": "c", "after": ["a"]}, rulings=[{"unit": "a", "item": "unit", "ruling": "drop"}])
    else:
        world.plan("a", **{"confirmed": None} if reason == "unconfirmed" else {})
        world.agent(implementer="echo 'BLOCKED: no idea'")
    done = world.run(code=10)
    if reason == "dropped before":
        assert done.line("  c: waiting").endswith(
            "after 'a', which is dropped: take it out of `after` in plans/b.yaml, or drop this unit"
        )
        assert done.asks() == ["waves rule c drop"]


def test_a_dropped_unit_is_no_failure(world: World) -> None:
    world.plan("a", "c", rulings=[{"unit": "a", "item": "unit", "ruling": "drop", "why": "not now"}])
    done = world.run()
    assert done.out.splitlines()[-2:] == [
        "b: 1 merged, 1 dropped; `waves audit` has the proof",
        "  a: dropped: not now",
    ]


def test_a_batch_in_other_hands_is_75(world: World) -> None:
    world.plan("a")
    world.agent(implementer=world.gate() + IMPLEMENT)
    first = world.start("run")
    with world.open_gate():
        until(lambda: world.paid(), "the agent has begun")
        assert "; a doit is at work on it\n" in world.waves("status").out
        second = world.run(code=75)
        assert second.out.startswith("batch 'b' is held by process ")
    assert first.wait().code == 0


def test_an_agent_that_was_stopped_is_75_and_is_not_started_again_before_the_next_run(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a_0_1=world.gate())
    going = world.start("run")
    with world.open_gate():
        until(lambda: world.paid(), "the agent has begun")
        stopped = world.waves("stop", "a").out
        assert stopped == "b/a: stopped implementer-1-1; the next `doit` goes on from what it committed\n"
    assert going.wait().code == 75
    assert world.paid("implementer") == ["implementer a 0 1"]
    assert world.waves("stop").out == "no agent is running\n"
    world.run()
    assert world.paid("implementer") == ["implementer a 0 1", "implementer a 0 2"]


def test_stop_finds_agents_of_a_plan_that_is_broken_meanwhile(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a_0_1=world.gate())
    going = world.start("run")
    with world.open_gate():
        until(lambda: world.paid(), "the agent has begun")
        (world.checkout / "plans/b.yaml").write_text("batch: [")
        assert world.waves("stop", "b/a").out.startswith("b/a: stopped implementer-1-1")
    going.wait()


def test_interrupted_is_130_and_says_what_becomes_of_the_agents(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a_0_1=world.gate() + IMPLEMENT)
    going = world.start("run")
    with world.open_gate():
        until(lambda: world.paid(), "the agent has begun")
        ended = going.kill(signal.SIGINT)
    assert ended.code == 130
    assert ended.out.splitlines()[-1] == (
        "interrupted: agents that run go on, the next `doit` takes up what they did; `waves stop` ends them"
    )
    world.run()
    assert world.paid("implementer") == ["implementer a 0 1"]


def test_an_interrupted_doit_prints_no_traceback(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a_0_1=world.gate() + IMPLEMENT)
    going = subprocess.Popen(
        [sys.executable, "-m", "doit"], cwd=world.checkout, env=world.environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    with world.open_gate():
        until(lambda: world.paid(), "the agent has begun")
        going.send_signal(signal.SIGINT)
        out, _ = going.communicate(timeout=60)
    assert going.returncode == -signal.SIGINT
    assert "Traceback" not in out
    assert out.splitlines()[-1].startswith("interrupted: ")


def test_a_correction_that_goes_on_for_ever_ends_with_a_person(world: World) -> None:
    world.plan("a", policy={"correction_cycles": 1})
    world.agent(reviewer=BLOCKING)
    done = world.run(code=10)
    assert done.line("  a: escalated") == "  a: escalated: 1 correction made, still open: B1 (no test)"
    assert done.asks() == ["waves rule a decide@1 retry"]


def test_doit_without_a_plan_says_so(world: World) -> None:
    (world.checkout / "plans").mkdir()
    done = world.python_doit()
    assert done.code == 0
    assert done.out.startswith("there is no plan in plans/; ")


def test_doit_lists_what_it_would_do(world: World) -> None:
    world.plan("a")
    assert "R batch:b" in world.python_doit("list", "--all", "--status").out
    assert world.paid() == []

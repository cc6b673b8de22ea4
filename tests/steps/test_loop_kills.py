"""`doit` is killed, agents are killed, two run at once: nothing is paid twice, nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import threading
from pathlib import Path

import pytest
from loop_world import BLOCKING, IMPLEMENT, NOTHING_AMISS, World, commit, until

from waves.foundation import process
from waves.foundation.records import read_json

RESOLVE = "git rebase -q origin/main || { echo both > app.txt; git add .; git -c core.editor=true rebase --continue; }"

PAID = [
    "corrector a 1 1", "corrector c turn1 1", "implementer a 0 1", "implementer c 0 1",
    "reviewer a 0 1", "reviewer a 1 1", "reviewer c 0 1", "reviewer c turn1 1",
]  # fmt: skip


def eventful(world: World) -> None:
    """Two units: `a` is corrected once; `c` lands after it and conflicts."""
    world.plan("a", "c", merge_order=["a", "c"], setup={"run": ["echo set up > notes.log"]})
    world.agent(
        implementer_a=commit(app_txt="a\n"), implementer_c=commit(app_txt="c\n"),
        reviewer_a_0=BLOCKING, corrector_a_1=commit("fix: test", test_txt="1\n"),
        corrector_c=RESOLVE,
    )  # fmt: skip


def as_if_undisturbed(world: World) -> None:
    assert world.paid() == PAID
    assert world.journal("end") != []
    assert world.landed() == ["Thing 1", "Thing 2"]
    assert world.tree() == {"app.txt": "both", "test.txt": "1"}
    assert len(world.pulls()) == 2
    assert list(world.comments("feat/a")) == ["cycle-0", "cycle-1"]
    assert list(world.comments("feat/c")) == ["cycle-0", "cycle-turn1"]
    assert world.branches() == ["main"]
    assert world.branches(at=world.checkout) == ["main"]
    assert world.worktrees() == []
    assert world.git("for-each-ref", "refs/waves", at=world.origin) == ""
    assert world.git("fsck", "--strict", "--no-dangling") == ""
    assert world.audit() == NOTHING_AMISS


def test_undisturbed(world: World) -> None:
    eventful(world)
    world.run()
    as_if_undisturbed(world)


@pytest.mark.parametrize("seed", range(2))
def test_killed_again_and_again_it_comes_to_the_same_end(world: World, seed: int) -> None:
    chance = random.Random(seed)
    eventful(world)
    for _ in range(40):
        run = world.start("run")
        # Any moment will do: this is no wait for something, and no two tries are alike.
        threading.Event().wait(chance.uniform(0.05, 0.7))
        if run.kill().code >= 0:
            break
    world.run()
    as_if_undisturbed(world)


def test_killed_after_one_line_and_then_after_two_and_so_on_it_comes_to_the_same_end(world: World) -> None:
    eventful(world)
    for lines in range(1, 40):
        run = world.start("run")
        until(lambda: run.out.count("\n") >= lines or run.ended(), "it says so much")  # noqa: B023
        if run.kill().code >= 0:
            break
    assert run.code == 0, run.out
    as_if_undisturbed(world)


def test_an_agent_outlives_doit_and_the_next_one_takes_its_work(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=world.gate() + IMPLEMENT)
    first = world.start("run")
    with world.open_gate():
        first.kill()
        second = world.start("run")
        second.until("b/a implement: takes up the run that was begun")
    assert second.wait().code == 0
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1"]
    assert world.tree()["a.txt"] == "a"


def test_an_agent_that_ended_while_nobody_looked_is_not_run_again(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=world.gate() + IMPLEMENT)
    first = world.start("run")
    with world.open_gate():
        first.kill()
    until(lambda: world.journal("end"), "the agent has ended")
    world.run()
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1"]


def test_a_second_doit_says_who_holds_the_batch_and_does_nothing(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=world.gate() + IMPLEMENT)
    first = world.start("run")
    with world.open_gate():
        second = world.run(code=75)
        assert f"batch 'b' is held by process {first.pid} on " in second.out
        assert second.out.count("\n") == 1
        assert world.python_doit().code != 0
    assert first.wait().code == 0
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1"]
    world.run()


def test_doits_at_once_come_to_the_same_end(world: World) -> None:
    eventful(world)
    runs = [world.start("run") for _ in range(4)]
    codes = sorted(run.wait().code for run in runs)
    assert codes[0] == 0
    assert set(codes) <= {0, 75}
    as_if_undisturbed(world)


def run_of(world: World, name: str) -> Path:
    return world.unit("a") / "runs" / name


def number_of(path: Path) -> int:
    value = read_json(path)
    assert value
    return int(value["pid"])


@pytest.mark.parametrize("alone", [True, False])
def test_a_run_whose_parent_is_killed_is_begun_anew_without_a_strike(world: World, alone: bool) -> None:
    """With its parent the agent dies as well; or everything dies, as when the machine is reset."""
    world.plan("a")
    world.agent(implementer_a_0_1=commit("feat: half", half_txt="1\n") + world.gate() + "exit 1")
    run = world.start("run")
    parent = run_of(world, "implementer-1-1") / "started.json"
    with world.open_gate():
        if not alone:
            run.kill()
        os.kill(number_of(parent), signal.SIGKILL)
        until(lambda: process.identity(number_of(parent)) is None, "the parent is gone")
    if alone:
        assert run.wait().code == 0, run.out
    else:
        world.run()
    assert world.paid("implementer") == ["implementer a 0 1", "implementer a 0 2"]
    assert world.tree() == {"app.txt": "one", "half.txt": "1", "a.txt": "a"}
    judged = read_json(run_of(world, "implementer-1-1") / "judged.json") or {}
    assert (judged["fault"], judged["strike"]) == ("the run's parent was killed", False)
    assert world.audit() == NOTHING_AMISS


def test_stopped_agents_go_on_with_the_next_doit(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a_0_1=commit("feat: half", half_txt="1\n") + world.gate())
    run = world.start("run")
    until(lambda: (world.worktree("a") / "half.txt").exists(), "the agent is at work")
    stopped = world.waves("stop", "a")
    assert stopped.out == "b/a: stopped implementer-1-1; the next `doit` goes on from what it committed\n"
    done = run.wait()
    assert done.code in (0, 10, 75), done.out
    world.run()
    assert world.paid("implementer") == ["implementer a 0 1", "implementer a 0 2"]
    assert world.tree() == {"app.txt": "one", "half.txt": "1", "a.txt": "a"}


def test_interrupted_it_says_that_agents_go_on(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=world.gate() + IMPLEMENT)
    run = world.start("run")
    with world.open_gate():
        done = run.kill(signal.SIGINT)
        assert done.code == 130
        assert "interrupted: agents that run go on" in done.out
        assert "Traceback" not in done.out
    world.run()
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1"]


@pytest.mark.parametrize("name", ["refs/heads/feat/a.lock", "refs/remotes/origin/main.lock"])
def test_a_lock_that_a_killed_git_left_is_no_obstacle(world: World, name: str) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    (world.checkout / ".git" / name).touch()
    os.utime(world.checkout / ".git" / name, (1e9, 1e9))
    world.rule("a", "merge@0", "approve")
    world.run()
    assert world.landed() == ["Thing 1"]

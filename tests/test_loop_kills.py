"""`doit` is killed, agents are killed, two run at once: nothing is paid twice, nothing is lost."""

from __future__ import annotations

import random
import threading

import pytest
from loop_world import BLOCKING, NOTHING_AMISS, World, commit

PAID = [
    "corrector a 1 1", "corrector c turn1 1", "implementer a 0 1", "implementer c 0 1",
    "reviewer a 0 1", "reviewer a 1 1", "reviewer c 0 1", "reviewer c turn1 1",
]  # fmt: skip


def eventful(world: World) -> None:
    """Two units: `a` is corrected once; `c` lands after it and conflicts."""
    world.plan("a", "c", merge_order=["a", "c"])
    world.agent(
        implementer_a=commit(app_txt="a\n"), implementer_c=commit(app_txt="c\n"),
        reviewer_a_0=BLOCKING, corrector_a_1=commit("fix: test", test_txt="1\n"),
        corrector_c="git rebase -q origin/main || { echo both > app.txt; git add .; git -c core.editor=true rebase --continue; }",
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


@pytest.mark.parametrize("seed", range(6))
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

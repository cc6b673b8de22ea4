"""A clone that sleeps before any act, while another one goes on, does nothing twice when it wakes up."""

from __future__ import annotations

import random

import pytest
from batches import Batch, make
from freezing import overtake
from loop_world import APPROVED, World, write
from outside import amiss
from suspended import freeze

# Before what a clone is suspended: the how-manieth act of one unit's way that names it, and what that is.
ACTS = {
    "the claim": "1:'push'", "the branch, with its work": "2:'push'", "the pull request": "1:forge/locks/pulls",
    "the claim with the review": "3:'push'", "the first comment": "1:forge/comments", "the merge": "1:waves-base",
    "the merge itself": "3:forge/locks/pulls", "the end of the branch": "4:'push'", "the clean-up": "1:'remove'",
    "the record of the merge": "1:merged.json", "the outcome": "1:outcome.json", "the implementer": "1:implementer-1-1",
    "the reviewer": "1:reviewer-0-1", "the record of the review": "1:review-0.json",
}  # fmt: skip


def one_unit(world: World) -> Batch:
    world.plan("a")
    world.agent(implementer=write("a.txt", "a") + "git add --all; git commit -qm 'feat: a'\n", reviewer=APPROVED)
    return Batch(["a"])


def right(world: World, second: World, batch: Batch) -> None:
    assert amiss(world, batch) == [], "in the first clone"
    assert amiss(second, batch) == [], "in the second clone"


@pytest.mark.parametrize("take_over", [False, True])
@pytest.mark.parametrize("act", ACTS)
def test_a_clone_that_sleeps_before_an_act_does_nothing_twice(world: World, act: str, take_over: bool) -> None:
    batch = one_unit(world)
    run = freeze(world, f"before:{ACTS[act]}")
    assert run, f"it never came to {act}"
    right(world, overtake(world, batch, run, take_over=take_over), batch)


@pytest.mark.parametrize("seed", range(8))
def test_a_clone_that_sleeps_anywhere_in_a_batch_does_nothing_twice(world: World, seed: int) -> None:
    chance = random.Random(seed)
    batch = make(world, 7000 + seed, most=3)
    run = freeze(world, f"stop:{chance.randint(40, 400)}")
    assert run, "it came to its end before"
    right(world, overtake(world, batch, run, take_over=seed % 2 == 1), batch)

"""`doit` can be stopped at any moment, in any way: the next one goes on, with nothing lost and nothing done twice."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from batches import make
from crashing import crash, start
from loop_world import World
from outside import amiss

KILLS = 50  # of each of the ten: five hundred in all; `python -m tests.crash --kills N` is for more


@pytest.mark.parametrize("seed", range(10))
def test_fifty_kills_leave_no_trace(tmp_path: Path, first_world: World, seed: int) -> None:
    kills, number = 0, 0
    while kills < KILLS:
        number += 1
        world = World(tmp_path / str(number)).copy(first_world)
        try:
            batch = make(world, 1000 * seed + number, most=3)
            kills += crash(world, batch, 1000 * seed + number, KILLS - kills)
            world.run()
            assert amiss(world, batch) == [], f"seed {1000 * seed + number}, after {kills} kills"
        finally:
            world.end()


@pytest.mark.parametrize("seed", range(2))
def test_a_full_disk_loses_nothing_and_costs_nothing_twice(world: World, seed: int) -> None:
    chance = random.Random(seed)
    batch = make(world, seed, most=3)
    for _ in range(12):
        done = start(world, f"full:{chance.randint(1, 60)}").wait()
        assert "Traceback" not in done.out
        assert "a bug of Waves" not in done.out
        if done.code == 0:
            break
        assert "No space left on device" in done.out
    world.run()
    assert amiss(world, batch) == []


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps_changes_nothing(world: World, days: int) -> None:
    batch = make(world, 5, most=3)
    start(world, "act:150").wait()
    start(world, f"clock:{days * 86400}").wait()
    start(world, "act:120").wait()
    world.run()
    assert amiss(world, batch) == []


def test_torn_records_are_made_again_without_paying_again(world: World) -> None:
    chance = random.Random(4)
    batch = make(world, 9, least=3, most=3)
    for _ in range(16):
        if start(world, f"act:{chance.randint(40, 120)}").wait().code >= 0:
            break
        records = sorted((world.checkout / ".waves").glob("*/*/records/*.json"))
        for path in chance.sample(records, k=min(2, len(records))):
            path.write_bytes(path.read_bytes()[: chance.randint(0, 40)])
    world.run()
    assert amiss(world, batch) == []

"""Many kills, or clones that sleep, on many batches: python -m tests.crash --kills N --freezes M --seed S."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "worlds")]

from batches import make  # noqa: E402 - the path comes first
from crashing import crash  # noqa: E402
from freezing import overtake  # noqa: E402
from loop_world import World  # noqa: E402
from outside import amiss  # noqa: E402
from suspended import freeze  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--freezes", type=int, default=0, help="clones that sleep while another one goes on")
    given = parser.parse_args()
    for seed in range(given.seed, given.seed + given.freezes):
        if wrong := _frozen(seed):
            print(f"seed {seed}: {'; '.join(wrong)}")
            return 1
    kills, seed, began = 0, given.seed, time.monotonic()
    while kills < given.kills:
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder)).begin()
            try:
                batch = make(world, seed)
                here = crash(world, batch, seed, given.kills - kills)
                world.run()
                wrong = amiss(world, batch)
            finally:
                world.end()
        kills += here
        print(f"seed {seed}: {len(batch.units)} units, {here} kills: {'; '.join(wrong) or 'as it must be'}", flush=True)
        if wrong:
            return 1
        seed += 1
    print(
        f"{kills} kills in {time.monotonic() - began:.0f} s, {seed - given.seed} batches, nothing lost, nothing twice"
    )
    return 0


def _frozen(seed: int) -> list[str]:
    """What is amiss once a clone has slept before some act of a batch, and both clones have come to their ends."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder)).begin()
        try:
            batch = make(world, seed, most=4)
            fault, take_over = f"stop:{chance.randint(1, 150 * len(batch.units))}", chance.random() < 0.5
            run = freeze(world, fault)
            second = overtake(world, batch, run, take_over=take_over) if run else world
            wrong = amiss(world, batch) + amiss(second, batch)
        finally:
            world.end()
    said = "; ".join(wrong) or "as it must be"
    print(f"seed {seed}: {fault}, {'taken over' if take_over else 'left alone'}: {said}", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(main())

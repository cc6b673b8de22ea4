"""Many kills on many batches, for as long as one likes: python -m tests.crash --kills N --seed S."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from batches import make  # noqa: E402 - the path comes first
from crashing import crash  # noqa: E402
from loop_world import World  # noqa: E402
from outside import amiss  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
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


if __name__ == "__main__":
    sys.exit(main())

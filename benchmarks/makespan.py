"""60 units with random agent times, 4 implementers and 4 reviewers at once: the makespan over its lower bound.

python -m benchmarks.makespan [UNITS] [SEED]
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.world import World

AT_ONCE = 4


def lower_bound(implement: list[float], review: list[float]) -> float:
    """No schedule is shorter: the pools' work, with the shortest lead-in or lead-out that no order avoids."""
    pools = (sum(implement) / AT_ONCE + min(review), sum(review) / AT_ONCE + min(implement))
    return max(*pools, max(one + other for one, other in zip(implement, review, strict=True)))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    chance = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    implement = [round(chance.uniform(2, 10), 2) for _ in range(count)]
    review = [round(chance.uniform(0.5, 4), 2) for _ in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), count, f"policy: {{implementers: {AT_ONCE}, reviewers: {AT_ONCE}}}\n")
        for unit, first, second in zip(world.units, implement, review, strict=True):
            (world.times / f"implementer-{unit}").write_text(str(first))
            (world.times / f"reviewer-{unit}").write_text(str(second))
        began = time.monotonic()
        world.run()
        took = time.monotonic() - began
    bound = lower_bound(implement, review)
    print(f"{count} units, {AT_ONCE} at once: {took:.1f} s, lower bound {bound:.1f} s, ratio {took / bound:.3f}")


if __name__ == "__main__":
    main()

"""What `waves status`, `waves report` and `waves graph` take for a batch of finished units, each as a whole process.

python -m benchmarks.seeing [UNITS] [ROUNDS]
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.noop import measure
from benchmarks.world import World

COMMANDS = (["status"], ["report"], ["graph", "--format", "svg"])


def processor() -> float:
    """Seconds that all processes we have started and waited for have kept a processor busy."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), count)
        world.run()
        program = str(Path(sys.executable).with_name("waves"))
        for command in COMMANDS:
            measure([program, *command], world.checkout)  # warms up
            before = processor()
            found = [measure([program, *command], world.checkout) for _ in range(rounds)]
            busy = (processor() - before) / rounds
            took, memory = (statistics.median(one) for one in zip(*found, strict=True))
            times = f"{took:.2f} s, {busy:.2f} s of them on the processor"
            print(f"{' '.join(command):20} {count} units, median of {rounds}: {times}, {memory:.0f} MiB")
        print(f"the page: {(world.checkout / '.waves/report.html').stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()

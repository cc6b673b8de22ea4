"""A finished batch of 200 units: `doit` with nothing to do, against make and ninja on the same graph, in turn.

python -m benchmarks.noop [UNITS] [ROUNDS]
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.world import World


def graph(checkout: Path) -> Iterator[tuple[str, list[str]]]:
    """(task, tasks before it), of the finished batch as doit has it, in plain file names."""
    from waves import tasks
    from waves.batch import workspace

    before = Path.cwd()
    os.chdir(checkout)
    try:
        namespace = tasks.namespace(list(workspace.plans(checkout)))
    finally:
        os.chdir(before)
    for name, creator in namespace.items():
        if name.startswith("task_"):
            for task in creator():
                if task["name"] is not None:
                    after = [_plain(one) for one in task["task_dep"]]
                    yield _plain(f"{task['basename']}:{task['name']}"), after


def _plain(name: str) -> str:
    return name.replace(":", "-").replace("/", "-").replace("@", "-")


def write_make(folder: Path, tasks: Sequence[tuple[str, list[str]]]) -> None:
    rules = "".join(f"{task}: {' '.join(after)}\n\t@touch $@\n" for task, after in tasks)
    (folder / "Makefile").write_text(f"all: {' '.join(task for task, _ in tasks)}\n.PHONY: all\n{rules}")


def write_ninja(folder: Path, tasks: Sequence[tuple[str, list[str]]]) -> None:
    rules = "".join(f"build {task}: touch {' '.join(after)}\n" for task, after in tasks)
    (folder / "build.ninja").write_text(f"rule touch\n  command = touch $out\n{rules}")


def measure(command: Sequence[str], folder: Path) -> tuple[float, int]:
    """Seconds and peak memory in MiB of the whole process."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - began
    if status:
        raise SystemExit(f"{command[0]} ended with {status}")
    return took, usage.ru_maxrss // 1024


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), count)
        world.run()
        tasks = list(graph(world.checkout))
        contenders = {"doit": (world.doit, world.checkout)}
        for name, write in (("make", write_make), ("ninja", write_ninja)):
            if shutil.which(name):
                place = Path(folder) / name
                place.mkdir()
                write(place, tasks)
                command = [name, "-s"] if name == "make" else [name, "--quiet"]
                subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL)
                contenders[name] = (command, place)
        found: dict[str, list[tuple[float, int]]] = {name: [] for name in contenders}
        for _ in range(rounds + 1):  # the first round warms up
            for name, (command, place) in contenders.items():
                found[name].append(measure(command, place))
    print(f"{count} units, {len(tasks)} tasks, nothing to do, median of {rounds} rounds in turn")
    base = statistics.median(took for took, _ in found["doit"][1:])
    for name, runs in found.items():
        took = statistics.median(one for one, _ in runs[1:])
        memory = statistics.median(one for _, one in runs[1:])
        print(f"{name:6} {took:7.3f} s  {memory:4.0f} MiB  doit/{name} {base / took:5.2f}")


if __name__ == "__main__":
    main()

"""The real codex in every role of many units at once, against a stand-in model: time, and memory of all its processes.

python -m benchmarks.memory [UNITS]     with `codex` on the PATH
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.world import APPROVED, World

TESTS = Path(__file__).parent.parent / "tests" / "codex"
PAUSE = 0.2  # seconds between two looks


def main() -> None:
    sys.path.append(str(TESTS))
    play = importlib.import_module("stand_in")

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    model = play.StandIn()
    write = "date > work/$RANDOM.txt && git add -A && git commit -qm 'feat: work'"
    model.on("# Implement", [play.Shell(write), play.Say("Done.")])
    model.on("# Review", [play.Shell("git log --oneline"), play.Say(json.dumps(APPROVED))])
    try:
        # codex refuses to have its home in the folder for temporary files.
        with tempfile.TemporaryDirectory(dir=Path.home()) as folder:
            _measure(Path(folder), count, model.config)
    finally:
        model.close()


def _measure(folder: Path, count: int, config: dict[str, str]) -> None:
    agent = json.dumps({"kind": "codex", "model": "stand-in", "config": config, "env": ["STAND_IN_KEY"]})
    world = World(folder, count, f"policy: {{implementers: {count}, reviewers: {count}}}\n", agent=agent)
    (folder / "codex-home").mkdir()
    environment = {**os.environ, "CODEX_HOME": str(folder / "codex-home"), "STAND_IN_KEY": "none"}
    began, together, largest = time.monotonic(), 0, 0
    with (folder / "said").open("w") as said:
        doit = subprocess.Popen(world.doit, cwd=world.checkout, env=environment, stdout=said, stderr=said)
        while doit.poll() is None:
            each = _memory(str(folder))
            together, largest = max(together, sum(each)), max(largest, max(each, default=0))
            time.sleep(PAUSE)
    took = time.monotonic() - began
    if doit.returncode:
        raise SystemExit(f"the batch did not end well:\n{(folder / 'said').read_text()[-3000:]}")
    peaks = f"peak {together / 1024:.0f} MiB in all, {largest / 1024:.0f} MiB the largest process"
    print(f"{count} units at once: {took:.1f} s, {peaks}")


def _memory(mark: str) -> list[int]:
    """The proportional set size, in KiB, of every process that was started for the world in this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "cmdline").read_text() or mark in str((process / "cwd").readlink()):
                rollup = (process / "smaps_rollup").read_text()
                found.append(int(rollup.partition("\nPss:")[2].split()[0]))
        except (OSError, ValueError, IndexError):
            continue  # it ended in this moment
    return found


if __name__ == "__main__":
    main()

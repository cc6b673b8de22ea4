"""Two clones, one suspended before some act while the other goes on; the oracle says what came of it."""

from __future__ import annotations

from pathlib import Path

from batches import Batch
from crashing import asked_of
from loop_world import Process, World, until
from suspended import second_clone, thaw


def holds_the_forge(world: World, run: Process) -> bool:
    """Whether it was suspended with a lock that everybody waits for: nothing can overtake it then."""
    inodes = {path.stat().st_ino for path in world.forge.rglob("*") if path.is_file()}
    lines = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return any(line[1] == "FLOCK" and line[4] == str(run.pid) and int(line[5].rpartition(":")[2]) in inodes
               for line in lines)  # fmt: skip


def overtake(world: World, batch: Batch, run: Process, *, take_over: bool) -> World:
    """Let another clone do what it may while the first is suspended, then wake that, and bring both to their ends."""
    second = second_clone(world)
    if not holds_the_forge(world, run):
        if take_over:
            second.waves("recover", "--take-over", code=None)
            batch.lost += unpublished(world, second)
        second.run(code=None)
    thaw(run)
    run.wait()
    until(lambda: _goes_on(world) & _goes_on(second), "both clones are at their ends")
    return second


def _goes_on(world: World) -> bool:
    """Let a clone do what it can now, for its units may come after the other one's; whether nothing is left."""
    world.waves("recover", code=None)
    return world.run(code=None).code == 0


def unpublished(world: World, second: World) -> list[str]:
    """Who may be asked once more: those whose runs the other clone could not know of when it took over."""
    runs = {run.relative_to(world.checkout): run for run in (world.checkout / ".waves/b").glob("*/runs/*-*-*")}
    begun = [path for path, run in runs.items() if (run / "started.json").exists()]
    return [asked_of(path) for path in begun if not (second.checkout / path / "judged.json").exists()]

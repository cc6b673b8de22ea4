"""A `waves run` that is suspended before some act, as by a laptop that is closed, and another clone of the origin."""

from __future__ import annotations

import copy
import signal
from pathlib import Path

from loop_world import Process, World, starter, until


def second_clone(world: World) -> World:
    """The same world as somebody sees it who works in another clone."""
    other = copy.copy(world)
    other.checkout = world.folder / "second"
    if not other.checkout.exists():
        world.clone(other.checkout, name="Cy")
    return other


def freeze(world: World, fault: str) -> Process | None:
    """Start `waves run`, and wait until it is suspended; None: it came to its end before."""
    run = starter().start(["run"], world.checkout, world.environment, world.folder, fault)
    until(lambda: run.ended() or _state(run.pid) == "T", "it is suspended, or at its end")
    return None if run.ended() else run


def thaw(run: Process) -> None:
    run.kill(signal.SIGCONT)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""

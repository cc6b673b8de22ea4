"""Runs one batch to its end while everything is killed again and again; what it came to is for the oracle to say."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
from pathlib import Path

from loop_world import Process, World, starter

MOST_ACTS = 60  # of the first few that a killed `doit` gets to


def crash(world: World, seed: int, most: int) -> int:
    """Kill `waves run` up to `most` times, each time somewhere else, then let it come to its end; how often it died."""
    chance = random.Random(seed)
    kills = 0
    while kills < most:
        ways = (_at_an_act, _at_an_act, _at_an_act, _at_any_moment, _everything)
        if chance.choice(ways)(world, chance, kills).wait().code >= 0:
            break
        kills += 1
    return kills


def start(world: World, fault: str = "") -> Process:
    return starter().start(["run"], world.checkout, world.environment, world.folder, fault)


def _at_an_act(world: World, chance: random.Random, kills: int) -> Process:
    # It is given more and more, so that it gets somewhere in the end.
    return start(world, f"act:{chance.randint(1, MOST_ACTS + 5 * kills)}")


def _at_any_moment(world: World, chance: random.Random, kills: int) -> Process:
    run = start(world)
    # Any moment will do: this is no wait for something.
    threading.Event().wait(chance.uniform(0.02, min(0.6, 0.2 + 0.01 * kills)))
    run.kill()
    return run


def _everything(world: World, chance: random.Random, kills: int) -> Process:
    """As when the power goes: `doit`, the agents, their parents, and every git that was at work."""
    run = _at_any_moment(world, chance, kills)
    mark = f"LOOP_SCENARIO={world.scenario}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
    return run

"""Runs one batch to its end while everything is killed again and again; what it came to is for the oracle to say."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import threading
from pathlib import Path

from batches import Batch
from loop_world import Process, World, starter, until

MOST_ACTS = 60  # of the first few that a killed `doit` gets to
LOSSES = 0.1  # of the kills, everything local goes with them


def crash(world: World, batch: Batch, seed: int, most: int) -> int:
    """Kill `waves run` up to `most` times, each time somewhere else, then let it come to its end; how often it died."""
    chance = random.Random(seed)
    kills = 0
    while kills < most:
        ways = (_at_an_act, _at_an_act, _at_an_act, _at_any_moment, _everything)
        if chance.choice(ways)(world, chance, kills).wait().code >= 0:
            break
        kills += 1
        if chance.random() < LOSSES:
            batch.lost += lose(world, whole=chance.random() < 0.5)
    return kills


def lose(world: World, *, whole: bool) -> list[str]:
    """Have everything local gone, or what git does not track there, and recovered; who may be asked once more for that.

    Nothing was brought away of a run that had not ended well when it was lost, or whose step had not.
    """
    _kill_all(world)
    merged = {branch.removeprefix("feat/") for branch, pull in world.pulls().items() if pull["state"] == "merged"}
    runs = {run.relative_to(world.checkout): run for run in (world.checkout / ".waves/b").glob("*/runs/*-*-*")}
    begun = {path for path, run in runs.items() if (run / "started.json").exists()}
    whole_ones = {path for path in begun if (runs[path] / "exit.json").exists()}
    of_merged = {path for path in whole_ones if path.parts[2] in merged}
    if whole:
        shutil.rmtree(world.checkout)
        world.clone(world.checkout, "--no-local")
    else:
        world.git("clean", "-qffdx")
    world.waves("recover")
    kept = {path for path in whole_ones if (world.checkout / path / "judged.json").exists()}
    return [asked_of(path) for path in begun - kept - of_merged]


def asked_of(run: Path) -> str:
    """Role, unit and cycle of a run by its folder."""
    role, cycle, _ = run.name.split("-")
    return f"{role} {run.parent.parent.name} {0 if role == 'implementer' else cycle}"


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
    _kill_all(world)
    return run


def _kill_all(world: World) -> None:
    mark = f"LOOP_SCENARIO={world.scenario}".encode()
    until(lambda: sum(_killed(process, mark) for process in Path("/proc").glob("[0-9]*")) == 0, "all is dead")


def _killed(process: Path, mark: bytes) -> bool:
    """Whether a process was there to be killed."""
    with contextlib.suppress(OSError):
        if mark in (process / "environ").read_bytes():
            os.kill(int(process.name), signal.SIGKILL)
            return True
    return False

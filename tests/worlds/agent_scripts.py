"""Runs with real processes for the tests: agents as small scripts, waits with a deadline, no process left behind."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from waves.agents import run
from waves.foundation import process

DEADLINE = 30.0  # seconds; far more than anything here takes

# For Python agents. `left_behind` is what a build daemon does: double fork, a session of its own, nothing of ours open.
PRELUDE = """
import os, signal, sys, time

def left_behind(note, job=signal.pause):
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    tell(note, str(os.getpid()))
    job()

def tell(path, words):
    with open(path + ".new", "w") as file:
        file.write(words)
    os.rename(path + ".new", path)

def await_file(path):
    while not os.path.exists(path):
        time.sleep(0.005)

"""


def python_agent(folder: Path, source: str) -> tuple[str, ...]:
    """The command line of an agent with this source, run in `folder`."""
    script = folder / "agent.py"
    script.write_text(PRELUDE + source)
    return (sys.executable, "-I", "-S", str(script))


def spec(folder: Path, *argv: str, **changes: Any) -> run.Spec:
    whole = run.Spec(argv=argv, cwd=folder, env=process.clean_environment(), timeout=60.0, stall_timeout=60.0)
    return replace(whole, **changes)


def until(true: Callable[[], Any], what: str) -> Any:
    """The first true value of a question, asked again and again until the deadline."""
    end = time.monotonic() + DEADLINE
    while not (answer := true()):
        assert time.monotonic() < end, f"never came true: {what}"
        time.sleep(0.005)
    return answer


def told(path: Path) -> str:
    """The content of a file as soon as it is there."""
    until(path.exists, f"{path.name} is there")
    return path.read_text()


def alive(pid: int | str) -> bool:
    return process.identity(int(pid)) is not None


@contextlib.contextmanager
def ended_at_last(directory: Path) -> Iterator[Path]:
    """Whatever a test does or fails to do, no process of the run outlives it."""
    try:
        yield directory
    finally:
        if (directory / "spec.json").exists():
            run.stop(directory)
            run.kill_leftovers(directory)


def parent_of(directory: Path) -> int:
    until((directory / "started.json").exists, "the run has started")
    return int(run.records.read_json(directory / "started.json")["pid"])  # type: ignore[index]

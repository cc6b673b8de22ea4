"""Finds and kills the processes of a run whose parent is dead; it never touches a process not known for the run's."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from waves.agents.parent import descendants
from waves.foundation import process
from waves.foundation.errors import WavesError

PATIENCE = 10.0  # seconds for killed processes to be gone


def kill(run: str, agent: Mapping[str, Any]) -> None:
    """Kill all that has `WAVES_RUN=<run>` in its environment, the agent (`pid`, `identity`) and what is below them.

    Both, because an agent may hide its environment, and because what it left behind is nobody's child any more. Raises
    WavesError where something cannot be killed: then no second agent may start.
    """
    until = time.monotonic() + PATIENCE
    while living := _living(run, agent):
        if time.monotonic() > until:
            numbers = ", ".join(str(pid) for pid in living)
            raise WavesError(
                f"processes {numbers} of an earlier run do not end; end them by hand, then run `doit` again"
            )
        for pid in living:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)  # a poll: they are not our children


def await_lost(folder: Path) -> list[Path]:
    """Wait for the end of runs below a folder that somebody removed: their parents see that, and end them.

    The directories that they had; raises WavesError where one does not end.
    """
    until = time.monotonic() + PATIENCE
    seen: dict[Path, None] = {}
    while lost := _parents_of_lost(f"{folder.absolute()}/"):
        seen |= dict.fromkeys(lost.values())
        if time.monotonic() > until:
            raise WavesError(f"processes {', '.join(lost)} of runs in {folder} do not end; end them by hand")
        time.sleep(0.05)  # a poll: they are not our children
    return list(seen)


def _parents_of_lost(below: str) -> dict[str, Path]:
    """The parents of runs whose directories are not there any more, by number; a run's is its last argument."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            directory = os.fsdecode(entry.read_bytes()).removesuffix("\0").rpartition("\0")[2]
            if directory.startswith(below) and not Path(directory, "lock").exists():
                found[entry.parent.name] = Path(directory)
    return found


def _living(run: str, agent: Mapping[str, Any]) -> list[int]:
    roots = []
    pid = agent.get("pid")
    if isinstance(pid, int) and agent.get("identity") and process.identity(pid) == agent["identity"]:
        roots.append(pid)
    if not Path("/proc/self/stat").exists():
        return roots
    roots += _marked(f"WAVES_RUN={run}".encode()) if run else []
    found = {*roots, *descendants(roots)} - {os.getpid()}
    return sorted(pid for pid in found if process.identity(pid) is not None)


def _marked(marker: bytes) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # it has ended, or is somebody else's
                if marker in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found

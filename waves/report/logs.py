"""`waves logs`: what the latest agent run of a unit said, made safe for a terminal; it never writes."""

from __future__ import annotations

import time
from codecs import getincrementaldecoder
from collections.abc import Iterator
from pathlib import Path

from waves.agents import ANSWER, run
from waves.foundation.errors import UsageError
from waves.foundation.text import plain
from waves.steps.work import REFUSALS

BLOCK = 1 << 16
LOOK_EVERY = 0.2  # seconds


def read(folder: Path, *, follow: bool) -> Iterator[str]:
    """The log of the unit's newest run, in pieces; with `follow` until that run ends."""
    said = sorted((folder / REFUSALS).glob("*.txt"))
    for path in said:
        yield f"== {path}\n{plain(path.read_text('utf-8', 'replace'))}"
    if said and not any((folder / "runs").glob("*/spec.json")):
        return
    directory = _newest(folder / "runs")
    yield f"== {directory}\n"
    names = ("stdout", "log", "output", ANSWER)
    offsets = dict.fromkeys(names, 0)
    decoders = {name: getincrementaldecoder("utf-8")("replace") for name in names}
    while True:
        live = follow and run.state(directory) in (run.State.STARTING, run.State.RUNNING)
        for name in names:
            while piece := _piece(directory / name, offsets[name]):
                offsets[name] += len(piece)
                yield plain(decoders[name].decode(piece))
        if not live:
            break
        time.sleep(LOOK_EVERY)  # a poll, as `tail -f` does it
    if not any(offsets.values()):
        yield "(it has said nothing)\n"


def _piece(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(BLOCK)
    except OSError:
        return b""


def _newest(runs: Path) -> Path:
    found = [path for path in runs.iterdir() if (path / "spec.json").exists()] if runs.is_dir() else []
    if not found:
        raise UsageError(f"no agent has run for {runs.parent.name} yet; `waves explain {runs.parent.name}` says why")
    return max(found, key=lambda path: (path / "spec.json").stat().st_mtime_ns)

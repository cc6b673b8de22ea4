"""One agent run from Waves' side: its directory, start, state, end; it never runs the agent itself, its parent does."""

from __future__ import annotations

import enum
import fcntl
import json
import os
import re
import signal
import struct
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waves.agents import leftovers
from waves.foundation import process, records
from waves.foundation.errors import WavesError
from waves.foundation.text import plain

# Imported and not run as a script, for only what is imported is compiled once; last on the path, to hide nothing.
START = "import sys; sys.path.append(sys.argv[1]); import parent; parent.main(sys.argv[2])"
OUTPUT_LIMIT = 10_000_000  # bytes of an agent's last message
TAIL = 4_000  # bytes of its log
STOP_PATIENCE = 15.0  # seconds: the parent's own grace, and time to kill what ignored it
FIRST_LOOK = 0.005  # seconds; an agent may well end at once
LONGEST_POLL = 0.1  # seconds; no more runs are looked at than the pools let run


@dataclass(frozen=True, slots=True)
class Spec:
    """What to run. `stdout` and `stderr` name files in the run directory; the same name twice is one file."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]  # the whole environment, written to a file: nothing secret
    timeout: float  # seconds
    stall_timeout: float  # seconds without a new byte in either file
    inherit: tuple[str, ...] = ()  # variables taken from our environment at the start, never written anywhere
    stdout: str = "log"
    stderr: str = "log"
    output: str = "output"  # the file for its last message, in the run directory
    confined: bool = False  # the program is bubblewrap, around the agent


class State(enum.StrEnum):
    ABSENT = "absent"
    PREPARED = "prepared"  # nothing has been started yet, or its start came to nothing
    STARTING = "starting"  # launched; its parent has not taken the lock yet
    RUNNING = "running"
    ENDED = "ended"
    DIED = "died"  # the parent was killed: how far the agent got is not known


NOT_BEGUN = (State.ABSENT, State.PREPARED)
GOING = (State.STARTING, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Exit:
    """How a run ended, and what it left. Times are seconds since 1970, None where nobody wrote them down."""

    reason: str  # exited | timeout | stalled | stopped | flood | not-started | died
    code: int | None = None
    signal: int | None = None
    error: str = ""  # the system's words, for not-started
    started: float | None = None
    ended: float | None = None
    peak_memory: int = 0  # bytes, of the largest process
    output: str | None = None  # the agent's `output` file; None where it wrote none
    tail: str = ""  # the end of its log, safe to print


def prepare(directory: Path, spec: Spec, prompt: str) -> None:
    """Write `prompt.md`, then `spec.json`, which makes the directory a prepared run; an id that it has is kept."""
    written = records.read_json(directory / "spec.json") or {}
    records.write_bytes(directory / "prompt.md", prompt.encode("utf-8", "replace"))
    value = {
        "run": written.get("run") or os.urandom(16).hex(), "argv": list(spec.argv), "cwd": str(spec.cwd),
        "env": dict(spec.env), "inherit": list(spec.inherit), "timeout": spec.timeout,
        "stall_timeout": spec.stall_timeout, "stdout": spec.stdout, "stderr": spec.stderr,
        "output": spec.output, "confined": spec.confined,
    }  # fmt: skip
    # Escaped: a path or a variable that is not UTF-8 must come back as it was.
    records.write_text(directory / "spec.json", json.dumps(value, indent=1, sort_keys=True) + "\n")


def launch(directory: Path) -> None:
    """Start the parent of a prepared run, detached. Launching twice, even at once, runs the agent once."""
    inherit = (records.read_json(directory / "spec.json") or {}).get("inherit", [])
    secrets = {name: os.environ[name] for name in inherit if name in os.environ}
    pid = process.start_detached(start_command(directory), cwd=directory, env=process.clean_environment(secrets))
    records.write_json(directory / "launched.json", {"pid": pid, "identity": process.identity(pid)})


def start_command(directory: Path) -> list[str]:
    """The command line of a run's parent."""
    return [sys.executable, "-I", "-S", "-c", START, str(Path(__file__).parent), str(directory.absolute())]


def state(directory: Path) -> State:
    """Where a run is, from its files and the lock on it alone.

    The order matters. Whether a launched parent lives and whether it had started the agent is read before the lock: if
    the lock is free after that, a parent that had started is dead, and what it wrote will not change any more.
    """
    launched = _lives(directory / "launched.json")
    started = (directory / "started.json").exists()
    if _locked(directory):
        return State.RUNNING
    if _read_exit(directory) is not None:
        return State.ENDED
    if started:
        return State.DIED
    if launched:
        return State.STARTING
    return State.PREPARED if (directory / "spec.json").exists() else State.ABSENT


def wait(directory: Path, poll: float = LONGEST_POLL, must_stop: Callable[[], bool] | None = None) -> Exit:
    """Wait for the end of a run, whoever launched it; `poll` is the longest time between two looks, in seconds.

    `must_stop` is asked at every look, and the run is stopped when it says so.
    A run that died has the reason `died`; one whose parent never came to run has `not-started`.
    """
    began = time.monotonic()
    while (now := state(directory)) in GOING:
        # A poll, for there is no portable wait for somebody else's child; late by an eighth of the wait at most.
        time.sleep(min(poll, max(FIRST_LOOK, (time.monotonic() - began) / 8)))
        if must_stop is not None and must_stop():
            stop(directory)
    process.reap()
    if now is State.ENDED:
        return _collect(directory, _read_exit(directory) or {})
    if now is State.DIED:
        start = records.read_json(directory / "started.json") or {}
        return _collect(directory, {"reason": "died", "started": start.get("time")})
    if not directory.exists():
        return _collect(directory, {"reason": "not-started", "error": f"{directory} was removed while it ran"})
    error = f"its parent could not write to {directory}; see to that folder and the free space there"
    return _collect(directory, {"reason": "not-started", "error": error})


def begin(directory: Path, spec: Spec, prompt: str) -> None:
    """Start the run, unless it was started before, however it ended."""
    if state(directory) in NOT_BEGUN:
        prepare(directory, spec, prompt)
        launch(directory)


def ensure(
    directory: Path, spec: Spec, prompt: str, poll: float = LONGEST_POLL, must_stop: Callable[[], bool] | None = None
) -> Exit:
    """Have the run done, once: start it, adopt the one that is going, or collect the one that ended.

    For one that died, what it left is killed, so that the caller may begin the next attempt; the reason says `died`.
    """
    begin(directory, spec, prompt)
    ended = wait(directory, poll, must_stop)
    if ended.reason == "died":
        kill_leftovers(directory)
    return ended


def stop(directory: Path) -> None:
    """End a run and all its processes, wherever it is; raises WavesError where something does not end."""
    asked: set[int] = set()
    until = time.monotonic() + STOP_PATIENCE
    while state(directory) in GOING:
        late = time.monotonic() > until
        if late and time.monotonic() > until + STOP_PATIENCE:
            raise WavesError(f"{directory}: the run does not end, perhaps it is on another machine; stop it there")
        pid = _lives(directory / "started.json") or _lives(directory / "launched.json")
        if pid and (late or pid not in asked):
            os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
            asked.add(pid)
        time.sleep(0.02)  # a poll: it may be somebody else's child
    process.reap()
    if state(directory) is State.DIED:
        kill_leftovers(directory)


def kill_leftovers(directory: Path) -> None:
    """Kill what a run that died left behind; to be called before the next attempt, so that never two agents run."""
    agent = (records.read_json(directory / "started.json") or {}).get("agent")
    run = (records.read_json(directory / "spec.json") or {}).get("run")
    leftovers.kill(run if isinstance(run, str) else "", agent if isinstance(agent, dict) else {})


def going(folder: Path) -> list[Path]:
    """The runs of a folder that go on."""
    return [path for path, now in unjudged(folder).items() if now in GOING]


def unjudged(folder: Path) -> dict[Path, State]:
    """The runs of a folder that nobody has judged yet, with their states; one that was judged costs no look."""
    open_ones = (path for path in sorted(_entries(folder)) if not (path / "judged.json").exists())
    return {path: state(path) for path in open_ones}


def attempts(folder: Path, name: str) -> list[Path]:
    """The run directories `<name>-<n>` of a folder, oldest first."""
    pattern = re.compile(re.escape(name) + r"-([1-9][0-9]*)")
    found = [(int(match[1]), path) for path in _entries(folder) if (match := pattern.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def next_attempt(folder: Path, name: str) -> Path:
    """The directory for one more run; it is not made."""
    earlier = attempts(folder, name)
    number = int(earlier[-1].name.rpartition("-")[2]) + 1 if earlier else 1
    return folder / f"{name}-{number}"


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _lives(path: Path) -> int | None:
    """The number of the process that a file names, if that very process is alive."""
    named = records.read_json(path) or {}
    pid, identity = named.get("pid"), named.get("identity")
    return pid if isinstance(pid, int) and identity and process.identity(pid) == identity else None


def _locked(directory: Path) -> bool:
    """Whether a parent holds the run.

    F_GETLK only asks: a look can never take the lock from a parent that is about to. The parent's record lock belongs
    to that process alone and goes with it, so this is true exactly as long as it lives.
    """
    # struct flock, which Python does not know: type, whence, start, length, process; the others have the last first.
    layout, first = ("hhqqi4x", 0) if sys.platform == "linux" else ("qqihh4x", 3)
    fields = [0] * 5
    fields[first] = fcntl.F_WRLCK
    try:
        handle = os.open(directory / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        answer = struct.unpack(layout, fcntl.fcntl(handle, fcntl.F_GETLK, struct.pack(layout, *fields)))
    finally:
        os.close(handle)
    return bool(answer[first] != fcntl.F_UNLCK)


def _read_exit(directory: Path) -> records.Json | None:
    value = records.read_json(directory / "exit.json")
    whole = value is not None and isinstance(value.get("reason"), str) and isinstance(value.get("code"), int | None)
    return value if whole else None


def _collect(directory: Path, value: Mapping[str, Any]) -> Exit:
    def number(name: str) -> Any:
        return found if isinstance(found := value.get(name), (int, float)) else None

    spec = records.read_json(directory / "spec.json") or {}
    name = spec.get("output")
    output = records.read_regular(directory / (name if isinstance(name, str) else "output"), OUTPUT_LIMIT)
    return Exit(
        reason=value["reason"], code=number("code"), signal=number("signal"), error=str(value.get("error", "")),
        started=number("started"), ended=number("ended"), peak_memory=number("peak_memory") or 0,
        output=None if output is None else output.decode("utf-8", "replace"), tail=_tail(directory, spec),
    )  # fmt: skip


def _tail(directory: Path, spec: Mapping[str, Any]) -> str:
    """The end of the standard error's file, or of the output's where that is empty."""
    for name in (spec.get("stderr"), spec.get("stdout")):
        if isinstance(name, str) and (end := records.read_regular(directory / name, TAIL, end=True)):
            return plain(end.decode("utf-8", "replace"))
    return ""

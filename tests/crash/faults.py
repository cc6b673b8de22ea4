"""What can befall a Waves process, installed from inside it before Waves begins; it knows nothing of Waves itself.

Python reports what a process is about to do to the outside (start a program, rename, open for writing, connect) to
audit hooks, so that a process can be killed, or refused the disk, before exactly the n-th of these acts. Before one is
after the one before it: a program that was started has ended by then, and its work on the outside is done.
"""

from __future__ import annotations

import errno
import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

ACTS = frozenset({
    "subprocess.Popen", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.mkdir", "shutil.rmtree",
    "socket.connect",
})  # fmt: skip
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def install(fault: str) -> None:
    """`act:57` (killed before its 57th act), `full:5` (no space from the 5th writing on), `clock:-86400` (seconds).

    `stop:57` (suspended before its 57th act), `before:2:push` (suspended before its 2nd act that names `push`).
    """
    kind, _, more = fault.partition(":")
    FAULTS[kind](more)


def _at(number: int, is_meant: Callable[[str, Any], bool], strike: Callable[[int], None]) -> None:
    seen = itertools.count(1)

    def hook(event: str, arguments: Any) -> None:
        if is_meant(event, arguments) and (now := next(seen)) >= number:
            strike(now)

    sys.addaudithook(hook)


def _killed(number: str) -> None:
    _at(int(number), _acts, lambda now: _die())


def _acts(event: str, arguments: Any) -> bool:
    return event in ACTS or _writes(event, arguments)


def _stopped(number: str) -> None:
    _at(int(number), _acts, lambda now: _sleep(now, int(number)))


def _stopped_before(words: str) -> None:
    number, _, word = words.partition(":")
    _at(int(number), lambda event, arguments: _acts(event, arguments) and word in repr(arguments),
        lambda now: _sleep(now, int(number)))  # fmt: skip


def _sleep(now: int, number: int) -> None:
    if now == number:
        os.kill(os.getpid(), signal.SIGSTOP)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()  # this thread must not get on before the signal does


def _full(number: str) -> None:
    def refuse(now: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    _at(int(number), _writes, refuse)


def _writes(event: str, arguments: Any) -> bool:
    if event != "open":
        return False
    path, mode, flags = arguments
    writes = bool(set(mode) & set("wax+")) if isinstance(mode, str) else bool(flags & WRITES)
    return writes and isinstance(path, (str, bytes)) and not os.fsdecode(path).startswith("/dev/")


def _clock(seconds: str) -> None:
    real = time.time
    time.time = lambda: real() + int(seconds)


FAULTS: dict[str, Callable[[str], None]] = {
    "act": _killed, "full": _full, "clock": _clock, "stop": _stopped, "before": _stopped_before,
}  # fmt: skip

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
    """`act:57` (killed before its 57th act), `full:5` (no space from the 5th writing on), `clock:-86400` (seconds)."""
    kind, _, number = fault.partition(":")
    FAULTS[kind](int(number))


def _at(number: int, is_meant: Callable[[str, Any], bool], strike: Callable[[int], None]) -> None:
    seen = itertools.count(1)

    def hook(event: str, arguments: Any) -> None:
        if is_meant(event, arguments) and (now := next(seen)) >= number:
            strike(now)

    sys.addaudithook(hook)


def _killed(number: int) -> None:
    _at(number, lambda event, arguments: event in ACTS or _writes(event, arguments), lambda now: _die())


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()  # this thread must not get on before the signal does


def _full(number: int) -> None:
    def refuse(now: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    _at(number, _writes, refuse)


def _writes(event: str, arguments: Any) -> bool:
    if event != "open":
        return False
    path, mode, flags = arguments
    writes = bool(set(mode) & set("wax+")) if isinstance(mode, str) else bool(flags & WRITES)
    return writes and isinstance(path, (str, bytes)) and not os.fsdecode(path).startswith("/dev/")


def _clock(seconds: int) -> None:
    real = time.time
    time.time = lambda: real() + seconds


FAULTS: dict[str, Callable[[int], None]] = {"act": _killed, "full": _full, "clock": _clock}

"""Locks between processes and between threads: who holds a batch, whose turn it is; they never outlive their holder."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from waves.foundation.errors import LockedError, about_file


@contextmanager
def exclusive(path: Path, about: Mapping[str, Any]) -> Iterator[None]:
    """Hold `path` alone, and write in it who does; raises LockedError at once when another process does.

    The kernel drops the lock with its holder, however that dies: there are no stale locks to take over.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            with about_file(path):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(_who(os.read(handle, 4096), path)) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(dict(about)).encode(), 0)
        yield
    finally:
        os.close(handle)


def is_held(path: Path) -> bool:
    """Whether a process holds `path` now, asked without touching the lock; False where the system cannot tell."""
    try:
        about = path.stat()
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return False
    device = f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}:{about.st_ino}"
    return any(" FLOCK " in line and f" {device} " in line and "->" not in line for line in lines)


@contextmanager
def waiting(path: Path) -> Iterator[None]:
    """Hold `path` alone, waiting for as long as it takes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        with about_file(path):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _who(raw: bytes, path: Path) -> str:
    try:
        about = json.loads(raw)
        since = time.strftime("%H:%M:%S", time.localtime(about["since"]))
        holder = f"process {about['pid']} on {about['host']} since {since}"
        return f"batch '{about['batch']}' is held by {holder}; wait for it to end, or stop it (kill {about['pid']})"
    except (ValueError, KeyError, TypeError):
        return f"{path} is held by another process; wait for it to end"


class Queue:
    """One at a time, the smallest first among those that wait; equal ones in the order of their names."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[tuple[int, ...], str]] = []
        self._busy = False

    @contextmanager
    def turn(self, rank: tuple[int, ...], name: str) -> Iterator[None]:
        place = (rank, name)
        with self._changed:
            self._waiting.append(place)
            try:
                self._changed.wait_for(lambda: not self._busy and min(self._waiting) == place)
            finally:
                self._waiting.remove(place)
            self._busy = True
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()

"""A program on a terminal of its own, for tests of what a person sees and types; it knows nothing of Waves."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loop_world import World, until


class Terminal:
    """A program on a terminal of its own, 100 wide and 24 high."""

    def __init__(self, process: subprocess.Popen[bytes], handle: int) -> None:
        self.process, self._handle, self.raw = process, handle, ""

    def read(self, seconds: float = 0.0) -> bool:
        """Take in what is there; False at the end."""
        while select.select([self._handle], [], [], seconds)[0]:
            try:
                piece = os.read(self._handle, 65536)
            except OSError:  # how Linux tells that the other side is closed
                return False
            if not piece:
                return False
            self.raw += piece.decode("utf-8", "replace")
            seconds = 0.0
        return True

    def until(self, words: str) -> None:
        def seen() -> bool:
            self.read(0.01)
            return words in self.text

        until(seen, f"the terminal shows {words!r}")

    @property
    def text(self) -> str:
        return re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", self.raw)

    def type(self, text: str) -> None:
        os.write(self._handle, text.encode())

    def end(self) -> int:
        deadline = time.monotonic() + 60
        while self.read(0.05) and self.process.poll() is None:
            assert time.monotonic() < deadline, "it does not end"
        self.read(0.05)
        return self.process.wait(10)


@contextmanager
def terminal(world: World, program: str, *arguments: str) -> Iterator[Terminal]:
    """A program that is installed beside Python, with some arguments."""
    ours, theirs = pty.openpty()
    environment = world.environment | {"TERM": "xterm", "COLUMNS": "100", "LINES": "24"}
    process = subprocess.Popen(
        [sys.executable, "-c", CONTROLLING, str(Path(sys.executable).with_name(program)), *arguments],
        cwd=world.checkout, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


# ^C becomes a signal only where the terminal is the session's own.
CONTROLLING = """
import fcntl, runpy, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""

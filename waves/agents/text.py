"""What an agent wrote, read within bounds and made safe to keep and show; it never follows a link and never judges."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

# Terminal sequences first (CSI; OSC and its kin up to their end; the two-character ones), then what is left of control
# characters but tab and newline, and the marks that turn the direction of text.
_UNSAFE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """The text with halves of surrogate pairs replaced, so that it can be written as UTF-8."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def plain(text: str) -> str:
    """The text without terminal sequences, control characters (tab and newline stay) and marks of direction."""
    return _UNSAFE.sub("", whole(text).replace("\r\n", "\n").replace("\r", "\n"))


def read(path: Path, limit: int, *, end: bool = False) -> bytes | None:
    """At most `limit` bytes of the beginning (or end) of a regular file; None for anything else, a link included."""
    try:
        # Not blocking: a named pipe would wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            return None
        with os.fdopen(handle, "rb", closefd=False) as file:
            if end:
                file.seek(max(0, about.st_size - limit))
            return file.read(limit)
    except OSError:
        return None
    finally:
        os.close(handle)

"""What an agent wrote, read within bounds; it never follows a link and never judges."""

from __future__ import annotations

import os
import stat
from pathlib import Path


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

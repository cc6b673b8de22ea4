"""Take root's power to read everything away for a moment, so that refusals can be tested as root as well."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator

VERSION_3 = 0x20080522
DAC = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


@contextlib.contextmanager
def without_root_powers() -> Iterator[None]:
    """In this thread alone, until the block ends; programs started in it still get them."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(VERSION_3, 0)
    held = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, held) == 0, ctypes.get_errno()
    less = (ctypes.c_uint32 * 6)(*held)
    less[0] &= ~DAC
    assert libc.capset(header, less) == 0, ctypes.get_errno()
    try:
        yield
    finally:
        assert libc.capset(header, held) == 0, ctypes.get_errno()

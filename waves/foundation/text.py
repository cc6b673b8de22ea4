"""Makes text by strangers safe to keep and to show; it never judges what the text says."""

from __future__ import annotations

import re

# Terminal sequences first: CSI; OSC, DCS, SOS, PM and APC up to their end, or to the end of the line if they have none,
# so that an unterminated one can't hide the lines after it; the two-character ones. Then the other control characters
# except tab and newline, and marks that change the direction of text or are invisible. Joiners stay: many languages
# need them to spell words.
_UNSAFE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]P^_X][^\x07\x18\x1a\x1b\x9c\n\x0b\x0c\x85\u2028\u2029]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """The text with halves of surrogate pairs replaced, so that it can be written as UTF-8."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def plain(text: str) -> str:
    """The text without terminal sequences, control characters (tab and newline stay) and marks that are not seen."""
    return _UNSAFE.sub("", whole(text).replace("\r\n", "\n").replace("\r", "\n"))


def shown(path: str) -> str:
    """A path fit for one line of text: quoted if there is anything in it that is not printed."""
    return path if path.isprintable() and path == path.strip() else ascii(path)

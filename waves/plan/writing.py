"""Writes entries of a plan as YAML, each text so that the reader reads exactly that; it knows no key and no file."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from waves.plan.faults import FORBIDDEN, printable

WIDTH = 120  # characters of a line, as far as words can be parted
LONGEST_COMMENT = 2_000
# A text that every YAML reader takes for itself, in block and in flow style.
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_@/.-]*(?: [A-Za-z0-9_@/.-]+)*")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
# Where a quoted text may go on in the next line: that reads as one blank, and other blanks around it as none.
FOLD = re.compile(r"(?<=[^\s\\]) (?=[^\s\\])")

Value = str | int | tuple[str, ...] | tuple[int, ...] | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list of the plan: its keys and values in order, and comments above it and behind some keys."""

    pairs: Mapping[str, Value]
    above: tuple[str, ...] = ()
    beside: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def plain(self) -> dict[str, Any]:
        """As `kinds.build` takes it: every scalar is a text."""
        return {name: _plain(value) for name, value in self.pairs.items()}


def _plain(value: Value) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return [str(one) for one in value] if isinstance(value, tuple) else str(value)


def block(entry: Entry, margin: str) -> list[str]:
    """The lines of an entry, below each other."""
    lines = [line for text in entry.above for line in comment(text, margin)]
    for index, (name, value) in enumerate(entry.pairs.items()):
        start = f"{margin}{'- ' if index == 0 else '  '}{name}: "
        written = _value(value)
        if note := entry.beside.get(name):
            lines.append(f"{start}{written}{remark(note)}")
        else:
            lines += _folded(start, written, f"{margin}    ")
    return lines


def flow(entry: Entry) -> str:
    """The entry in braces; there is no place for its comments."""
    return "{" + ", ".join(f"{name}: {_value(value)}" for name, value in entry.pairs.items()) + "}"


def comment(text: str, margin: str = "") -> list[str]:
    """Lines of comment, whatever the text holds."""
    return textwrap.wrap(
        _harmless(text), WIDTH, initial_indent=f"{margin}# ", subsequent_indent=f"{margin}# ", break_on_hyphens=False
    )


def scalar(value: str) -> str:
    """A text as one word of YAML, in quotes where it needs them."""
    if PLAIN.fullmatch(value) or DATE.fullmatch(value):
        return value
    # JSON's escapes are YAML's, but YAML forbids some characters that JSON does not escape.
    quoted = json.dumps(value, ensure_ascii=False)
    return FORBIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _value(value: Value) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {scalar(one)}" for name, one in value.items()) + "}"
    return str(value) if isinstance(value, int) else scalar(value)


def remark(text: str) -> str:
    """A comment for the end of a line, whatever the text holds."""
    return f"  # {_harmless(text)}"


def _harmless(text: str) -> str:
    return printable(" ".join(text.split()), LONGEST_COMMENT)


def _folded(start: str, written: str, margin: str) -> list[str]:
    """The line, or several where a text in quotes is longer."""
    line = start + written
    if len(line) <= WIDTH or not written.startswith('"'):
        return [line]
    lines: list[str] = []
    while len(line) > WIDTH:
        # Not before the text begins: `key: "` stays together with its first word.
        places = [found.start() for found in FOLD.finditer(line, len(start if not lines else margin) + 1)]
        near = [place for place in places if place <= WIDTH] or places[:1]
        if not near:
            break
        lines.append(line[: near[-1]])
        line = margin + line[near[-1] + 1 :]
    return [*lines, line]

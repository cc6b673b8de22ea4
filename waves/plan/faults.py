"""A fault of a plan: its words, its place, and how both are shown; it finds none."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Path = tuple[str | int, ...]  # keys and indices from the top of the file: ("units", 0, "issues", 1)
Weight = Literal["plan", "unit", "hint"]

WIDEST = 160  # characters of a source line that are shown
LINE_END = re.compile(r"\r\n|\n|\r")
# What YAML does not take as it is, and what one version of it takes for the end of a line and another does not.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the value at `path`, or with its key.

    `weight` says what the fault holds up: the whole plan, `unit` alone, or nothing.
    """

    path: Path
    message: str
    weight: Weight = "plan"
    unit: str | None = None
    at_key: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A place in a text; both are 0-based."""

    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Located:
    """A fault at its place; `path` is empty where the text is not even YAML."""

    spot: Spot
    message: str
    path: Path = ()


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or nothing where no known name is near."""
    near = difflib.get_close_matches(name[:100], sorted(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def printable(text: str, most: int = WIDEST) -> str:
    """A text from a file, cut to `most` characters and without what a terminal would obey."""
    shown = "".join(one if one.isprintable() or one == "\t" else "?" for one in text)
    return shown if len(shown) <= most else shown[: most - 3] + "..."


def touches(one: Path, other: Path) -> bool:
    """One of the paths leads to the other, or is the same."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def show(shown: str, text: str, spot: Spot, message: str) -> str:
    """A fault for people: file, line and column (1-based), what, the source line, and a caret below the place."""
    lines = LINE_END.split(text)
    line = lines[spot.line] if spot.line < len(lines) else ""
    column = min(spot.column, len(line))
    start = max(0, column - WIDEST // 2) if len(line) > WIDEST else 0
    visible = printable(line[start : start + WIDEST])
    # A tab stays a tab, so that the caret stands below its character however wide a terminal makes it.
    margin = re.sub(r"[^\t]", " ", visible[: column - start])
    return f"{shown}:{spot.line + 1}:{column + 1}: {message}\n  {visible}\n  {margin}^"

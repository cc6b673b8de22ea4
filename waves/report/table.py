"""A table of plain texts that fits where it is shown; it imports nothing that would make a look at the status wait."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

GAP = "  "
NARROWEST = 20  # characters that the last column keeps before another column is left out


@dataclass(frozen=True, slots=True)
class Column:
    """`rank`: the highest is left out first where the table is too wide, 0 never; `right`: for numbers."""

    name: str
    rank: int = 0
    right: bool = False


def lay_out(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """The lines of a table, the head first; columns without any text are left out, and `width` None is endless."""
    texts = [[column.name for column in columns], *rows]
    kept = [index for index in range(len(columns)) if any(row[index] for row in rows) or columns[index].rank == 0]
    widths = {
        index: max(cells(text) for text in (columns[index].name, *(row[index] for row in rows))) for index in kept
    }
    while width is not None and _whole(widths, kept, narrow=True) > width:
        least = max(kept, key=lambda index: columns[index].rank)
        if columns[least].rank == 0:
            break
        kept.remove(least)
    if width is not None:
        widths[kept[-1]] = max(1, min(widths[kept[-1]], width - _whole(widths, kept[:-1]) - len(GAP)))
    return [_line(columns, kept, widths, row) for row in texts]


def _whole(widths: dict[int, int], kept: Sequence[int], *, narrow: bool = False) -> int:
    chosen = [widths[index] for index in kept]
    if narrow and chosen:
        chosen[-1] = min(chosen[-1], NARROWEST)
    return sum(chosen) + len(GAP) * (len(chosen) - 1)


def _line(columns: Sequence[Column], kept: Sequence[int], widths: dict[int, int], row: Sequence[str]) -> str:
    parts = []
    for index in kept:
        text = cut(row[index], widths[index])
        blank = " " * (widths[index] - cells(text))
        parts.append(blank + text if columns[index].right else text + blank)
    return GAP.join(parts).rstrip()


def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


def cut(text: str, width: int) -> str:
    """The text in at most `width` cells, with `…` where something is missing."""
    if cells(text) <= width:
        return text
    kept = ""
    for one in text:
        if cells(kept + one) > width - 1:
            break
        kept += one
    return kept + "…"

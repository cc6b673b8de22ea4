"""Make a git patch readable: line by line, with everything spelled out that can't be seen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from waves.foundation.suspicious.lines import disguised
from waves.foundation.suspicious.spelling import letters_spelled, spelled

HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a patch. `mark` is `+`, `-` or a space, and empty for a header; `number` is that of an added line."""

    mark: str
    text: str
    number: int = 0
    ends: bool = True  # False: the file ends here, without a newline


def rows(patch: str) -> Iterator[Row]:
    lines = patch.split("\n")[:-1]
    inside, number = False, 0
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("diff --git "):
            inside = False
        if found := HUNK.match(line):
            inside, number = True, int(found[1])
        if not inside or found or line.startswith("\\"):
            yield Row("", line)
        else:
            yield Row(line[:1], line[1:], number, not following.startswith("\\"))
            number += line[:1] != "-"


def shown(found: Sequence[Row], notes: Sequence[str], *, code: bool) -> str:
    """The patch for a reader. `notes` stand after the header of the file."""
    ended = [row for row in found if row.mark and row.ends]
    dos = bool(ended) and all(row.text.endswith("\r") for row in ended)
    notes = [*notes, "(each line ends with CR LF)"] if dos else list(notes)
    lines: list[str] = []
    for row in found:
        if notes and (row.mark or HUNK.match(row.text)):
            lines, notes = [*lines, *notes], []
        text = row.text.removesuffix("\r") if dos and row.mark else row.text
        lines.append(row.mark + (_disguises_spelled(text) if code and row.mark else spelled(text)))
    return "".join(f"{line}\n" for line in (*lines, *notes))


def _disguises_spelled(line: str) -> str:
    at, parts = 0, []
    for word, start in [] if line.isascii() else disguised(line):
        parts += [spelled(line[at:start]), letters_spelled(word)]
        at = start + len(word)
    return "".join((*parts, spelled(line[at:])))

"""Finds the numbered series of a tree, and who will add to one; it proposes numbers and assigns none."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from waves.plan.series import numbers_in, run_of
from waves.triage import globs
from waves.triage.model import Found, Proposal, Reading
from waves.triage.words import stem, stems

NAME = re.compile(r"(?P<before>[A-Za-z_-]*?)(?P<number>[0-9]{1,6})(?P<after>[-_.]+)(?P<rest>[^0-9].*)")
LEAST = 3  # files that make a series
GAPS = 3  # numbers a file at the most, so that years and sizes are no series
# What people say when they mean a file of such a folder.
SAID = {"migration": ("migration", "column", "table", "schema"), "adr": ("adr",), "decision": ("decision", "adr")}


@dataclass(frozen=True, slots=True)
class Series:
    pattern: str  # as in the plan: docs/adr/NNN-*.md
    folder: str
    last: str  # the path with the highest number
    free: int  # the next number


def series_in(paths: Sequence[str]) -> tuple[Series, ...]:
    """The series of a tree, by the names of its files."""
    grouped: dict[tuple[str, str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for path in paths:
        place = PurePosixPath(path)
        if found := NAME.fullmatch(place.name):
            separator = found["after"] if "." not in found["after"] else ""
            key = (str(place.parent), found["before"], separator, place.suffix)
            grouped[key].append((found["number"], path))
    return tuple(sorted(_series(grouped), key=lambda one: one.pattern))


def _series(grouped: Mapping[tuple[str, str, str, str], Sequence[tuple[str, str]]]) -> Iterator[Series]:
    for (folder, before, separator, suffix), members in grouped.items():
        width = len(members[0][0]) if any(number.startswith("0") for number, _ in members) else 1
        pattern = f"{'' if folder == '.' else f'{folder}/'}{before}{'N' * width}{separator}*{suffix}"
        run = run_of(pattern)
        if len(members) < LEAST or run is None or run[1] - run[0] != width:
            continue
        numbers = numbers_in(pattern, [path for _, path in members])
        if len(numbers) >= LEAST and max(numbers) - min(numbers) < GAPS * len(numbers):
            yield Series(pattern, folder, numbers[max(numbers)], max(numbers) + 1)


def find(readings: Sequence[Reading], files: Sequence[str]) -> Iterator[Found]:
    """One finding for each series that at least two issues will add to."""
    known = frozenset(files)
    for series in series_in(files):
        adding = {one.number: why for one in readings if (why := _adds(one, series, known))}
        if len(adding) < 2:
            continue
        issues = tuple(sorted(adding))
        numbers = tuple(range(series.free, series.free + len(issues)))
        given = ", ".join(f"#{issue} gets {number}" for issue, number in zip(issues, numbers, strict=True))
        said = "; ".join(f"#{issue}: {why}" for issue, why in sorted(adding.items()))
        yield Found(
            "shared-numbering", issues, f"both add to {series.pattern}, whose last is {series.last}: {said}",
            Proposal("number", given, issues, series.pattern, numbers), 0.8, (series.folder,),
        )  # fmt: skip


def _adds(reading: Reading, series: Series, known: frozenset[str]) -> str:
    """What in the issue says that it adds a file to the series; empty: nothing does."""
    inside = globs.compiled(f"{series.folder}/*")
    for one in reading.mentions:
        if one.kind in ("path", "glob") and one.text not in known and inside.fullmatch(one.text.rstrip("/")):
            return f"`{one.text}`"
    folder = stem(next(iter(stems(PurePosixPath(series.folder).name)), ""))
    meant = {stem(word) for word in SAID.get(_singular(series.folder), ())} | {folder}
    for intent in reading.intents:
        if intent.verb == "add" and meant.intersection(stems(intent.what)):
            return intent.quote
    return ""


def _singular(folder: str) -> str:
    return PurePosixPath(folder).name.lower().removesuffix("s")

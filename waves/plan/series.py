"""Numbered series of files, such as docs/adr/NNN-*.md: the number of a path, and the next ones; it looks at no disk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from waves.plan.model import Plan


def run_of(pattern: str) -> tuple[int, int] | None:
    """Start and end of the run of `N`s that stands for the number; None unless there is exactly one.

    A lone N is taken for a letter where there is a longer run: docs/Notes/NNN.md has one run.
    """
    runs = [found.span() for found in re.finditer("N+", pattern)]
    chosen = [(start, end) for start, end in runs if end - start > 1] or runs
    return chosen[0] if len(chosen) == 1 else None


def numbers_in(pattern: str, paths: Iterable[str]) -> dict[int, str]:
    """Number to path of the files that belong to a series; `*` stands for anything but `/`, `**` for anything.

    As many digits as there are `N`s, or more of them without a leading zero.
    """
    start, end = run_of(pattern) or (len(pattern), len(pattern))
    width = end - start
    digits = rf"(?P<number>[0-9]{{{width}}}|[1-9][0-9]{{{width},9}})"
    belongs = re.compile(expression(pattern[:start]) + digits + expression(pattern[end:]), re.DOTALL)
    found: dict[int, str] = {}
    for path in paths:
        if matched := belongs.fullmatch(path):
            found.setdefault(int(matched["number"]), path)
    return found


def expression(pattern: str) -> str:
    """The regular expression of a glob: `*` stands for anything but `/`, `**` for anything."""
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(words.get(part) or re.escape(part) for part in re.split(r"(\*\*/|\*\*|\*|\?)", pattern))


def concrete_numbers(plan: Plan, taken: Mapping[str, Iterable[int]]) -> dict[str, dict[str, int]]:
    """Pattern -> unit -> number for those that ask for `next`: after all taken or assigned ones, in merge order."""
    place = {name: index for index, name in enumerate(plan.merge_order)}
    place |= {unit.name: place.get(unit.name, len(place) + index) for index, unit in enumerate(plan.units)}
    found: dict[str, dict[str, int]] = {}
    for series in plan.numbering:
        assigned = [number for number in series.assign.values() if number is not None]
        following = max([0, *taken.get(series.pattern, ()), *assigned]) + 1
        asking = sorted((name for name, number in series.assign.items() if number is None), key=place.__getitem__)
        if asking:
            found[series.pattern] = {name: following + index for index, name in enumerate(asking)}
    return found


def collisions(patterns: Iterable[str], on_base: Sequence[str], added: Sequence[str]) -> list[tuple[str, str, int]]:
    """(path, pattern, free number) for every added file whose number the base has given to another file."""
    found = []
    for pattern in patterns:
        taken, own = numbers_in(pattern, on_base), numbers_in(pattern, added)
        free = max([0, *taken, *own]) + 1
        for number, path in sorted(own.items()):
            if taken.get(number, path) != path:
                found.append((path, pattern, free))
                free += 1
    return found

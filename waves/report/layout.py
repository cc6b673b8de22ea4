"""Where each unit of a graph stands in its drawing: columns by what comes after what; pure, and it draws nothing."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from waves.report.graph import AFTER, Graph

SWEEPS = 4  # over the columns and back, to bring neighbours side by side; more change nothing that can be seen
APART = 0.5  # rows between what does not hang together
FEWEST, MOST = 3, 5  # columns of the units that nothing is tied to

Place = tuple[int, float]  # column and row, rows in steps of a half


@dataclass(frozen=True, slots=True)
class Layout:
    """`tied`: by columns, left to right; `free`: what has no edge, in a grid of its own below."""

    tied: Mapping[str, Place]
    free: Mapping[str, Place]

    @property
    def rows(self) -> float:
        return max((row + 1 for _, row in (*self.tied.values(), *self.free.values())), default=0.0)


def lay_out(shown: Graph) -> Layout:
    """What hangs together stays together, one group below the other; the free units come last, as the plan has them."""
    before: dict[str, list[str]] = defaultdict(list)
    for edge in shown.edges:
        if edge.kind == AFTER:
            before[edge.end].append(edge.start)
    depths: dict[str, int] = {}
    tied: dict[str, Place] = {}
    top = 0.0
    for group in _groups(shown):
        columns: dict[int, list[str]] = defaultdict(list)
        for name in group:
            columns[_depth(name, before, depths)].append(name)
        places = _heights(_untangled(columns, before), before)
        tied |= {name: (column, top + row) for name, (column, row) in places.items()}
        top += max(row for _, row in places.values()) + 1 + APART
    names = [node.name for node in shown.nodes if node.name not in tied]
    wide = min(MOST, max(FEWEST, round(len(names) ** 0.5)))
    return Layout(tied, {name: (number % wide, top + number // wide) for number, name in enumerate(names)})


def _groups(shown: Graph) -> Iterator[list[str]]:
    """The units that edges join to one another, in merge order where that names them."""
    beside: dict[str, list[str]] = defaultdict(list)
    for edge in shown.edges:
        beside[edge.start].append(edge.end)
        beside[edge.end].append(edge.start)
    places = {node.name: (node.place or len(shown.nodes) + 1, number) for number, node in enumerate(shown.nodes)}
    seen: set[str] = set()
    for first in sorted(beside, key=places.__getitem__):
        group, waiting = [], [first]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                group.append(name)
                waiting += beside[name]
        if group:
            yield sorted(group, key=places.__getitem__)


def _depth(name: str, before: Mapping[str, Sequence[str]], known: dict[str, int]) -> int:
    """The longest way of `after` to a unit; without recursion, for a chain may be as long as the plan."""
    waiting = [name]
    while waiting:
        last = waiting[-1]
        unknown = [one for one in before.get(last, ()) if one not in known]
        if unknown:
            waiting += unknown
        else:
            known[last] = 1 + max((known[one] for one in before.get(last, ())), default=-1)
            waiting.pop()
    return known[name]


def _untangled(of_depth: Mapping[int, list[str]], before: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The columns, each in the order of its neighbours' mean place: the classic way to fewer crossings."""
    columns = [of_depth[depth] for depth in sorted(of_depth)]
    after: dict[str, list[str]] = defaultdict(list)
    for name, several in before.items():
        for one in several:
            after[one].append(name)
    for sweep in range(SWEEPS):
        neighbours = after if sweep % 2 else before
        rows = {name: row for column in columns for row, name in enumerate(column)}
        for column in reversed(columns) if sweep % 2 else columns:
            mean = {}
            for name in column:
                beside = [rows[one] for one in neighbours.get(name, ()) if one in rows]
                mean[name] = statistics.fmean(beside) if beside else rows[name]
            column.sort(key=mean.__getitem__)
            rows.update({name: row for row, name in enumerate(column)})
    return columns


def _heights(columns: Sequence[Sequence[str]], before: Mapping[str, Sequence[str]]) -> dict[str, Place]:
    """Each unit at the mean height of those before it, or below the one above it."""
    places: dict[str, Place] = {}
    for number, column in enumerate(columns):
        free = 0.0
        for name in column:
            means = [places[one][1] for one in before.get(name, ()) if one in places]
            row = max(free, round(2 * statistics.fmean(means)) / 2 if means else free)
            places[name] = (number, row)
            free = row + 1
    return places

"""Proposes in which order to merge, with the reason of each place; it never sees a diff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from waves.triage.model import Found, Reading, Region, Turn

MEETS = ("same-region", "trivial-siblings")
FIRST = {"dependency": "which waits for it", "semantic-overlap": "which builds on what it changes"}


def merge_order(
    readings: Sequence[Reading], regions: Mapping[int, Sequence[Region]], findings: Sequence[Found]
) -> tuple[Turn, ...]:
    """Every open issue that no finding proposes to skip: what others wait for before them, else the smallest first.

    Among issues of about one size, one that meets few others goes first: it makes the fewest of them rebase.
    """
    left_out = {number for one in findings if one.proposal.action == "skip" for number in one.proposal.issues}
    waiting = {one.number for one in readings if one.state == "open"} - left_out
    sizes = {number: size_of(regions.get(number, ())) for number in waiting}
    before = {number: _first(number, waiting, findings) for number in waiting}
    meets = {number: _meeting(number, waiting, findings) for number in waiting}
    turns: list[Turn] = []
    while waiting:
        ready = [number for number in waiting if not before[number].keys() & waiting]
        # What waits for itself in a circle is a person's to untie: the size decides until then.
        chosen = min(ready or waiting, key=lambda number: (round(sizes[number]), len(meets[number]), number))
        waiting.remove(chosen)
        turns.append(Turn(chosen, _reason(chosen, sizes, before, meets, waiting), round(sizes[chosen], 2)))
    return tuple(turns)


def size_of(regions: Sequence[Region]) -> float:
    """How many files an issue will probably touch."""
    return sum(region.weight for region in regions)


def _first(number: int, waiting: set[int], findings: Sequence[Found]) -> dict[int, str]:
    """The issues that must be merged before this one, with the kind of the finding that says so."""
    found: dict[int, str] = {}
    for one in findings:
        first, *then = one.proposal.issues or (0,)
        if one.kind in FIRST and one.proposal.action == "after" and number in then and first in waiting:
            found.setdefault(first, one.kind)
    return found


def _meeting(number: int, waiting: set[int], findings: Sequence[Found]) -> set[int]:
    several = [set(one.issues) for one in findings if one.kind in MEETS and number in one.issues]
    return {other for issues in several for other in issues} & waiting - {number}


def _reason(
    number: int, sizes: Mapping[int, float], before: Mapping[int, Mapping[int, str]],
    meets: Mapping[int, set[int]], waiting: set[int],
) -> str:  # fmt: skip
    """Why it stands before those that are still `waiting`."""
    size = max(1, round(sizes[number]))
    about = f"about {size} {'file' if size == 1 else 'files'}" if sizes[number] else "size unknown"
    reasons = [f"before {_listed(then)}, {FIRST[kind]}" for kind in FIRST
               if (then := [other for other in sorted(waiting) if before[other].get(number) == kind])]  # fmt: skip
    if after := sorted(before[number]):
        reasons.append(f"after {_listed(after)}")
    if beside := sorted(meets[number] & waiting):
        reasons.append(f"meets {_listed(beside)}")
    return "; ".join([*reasons, about])


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(f"#{number}" for number in numbers[:5])
    return shown if len(numbers) <= 5 else f"{shown} and {len(numbers) - 5} more"

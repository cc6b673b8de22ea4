"""Finds units of a plan that may work in one file at the same time, by the plan's own words; it reads no issue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from waves.plan.faults import printable
from waves.plan.model import Plan, Unit
from waves.triage import globs
from waves.triage.known import all_before
from waves.triage.model import ScopeOverlap

SHOWN = 3


def overlaps(plan: Plan, files: Sequence[str]) -> tuple[ScopeOverlap, ...]:
    """Pairs of units that `after` does not order, and whose `scope.in` can match one of `files`.

    A finding of the plan with a resolution that names issues of both settles the pair, whatever it resolves.
    """
    inside = {
        unit.name: {glob: frozenset(globs.matching(glob, files)) for glob in globs_of(unit)} for unit in plan.units
    }
    before = all_before(plan)
    found = []
    for one, other in combinations(plan.units, 2):
        ordered = one.name in before[other.name] or other.name in before[one.name]
        if ordered or _settled(plan, one, other):
            continue
        if both := frozenset().union(*inside[one.name].values()) & frozenset().union(*inside[other.name].values()):
            found.append(_overlap(one, other, inside, tuple(sorted(both))))
    return tuple(found)


def globs_of(unit: Unit) -> Iterator[str]:
    """The entries of `scope.in` that are paths or globs; the others are words."""
    return (entry for entry in unit.scope.inside if globs.is_glob(entry))


def _settled(plan: Plan, one: Unit, other: Unit) -> bool:
    return any(
        finding.resolution.strip() and set(finding.issues) & set(one.issues) and set(finding.issues) & set(other.issues)
        for finding in plan.findings
    )


def _overlap(
    one: Unit, other: Unit, inside: Mapping[str, Mapping[str, frozenset[str]]], both: tuple[str, ...]
) -> ScopeOverlap:
    first, then = (next(glob for glob, paths in inside[unit.name].items() if both[0] in paths) for unit in (one, other))
    shown = ", ".join(printable(path) for path in both[:SHOWN]) + (
        f" and {len(both) - SHOWN} more" if len(both) > SHOWN else ""
    )
    message = (
        f"unit '{other.name}': its scope.in `{then}` and that of unit '{one.name}', `{first}`, both match {shown}; "
        f"write `after: [{one.name}]`, narrow one of them, or add a finding on their issues with its resolution"
    )
    return ScopeOverlap((one.name, other.name), both, message)

"""Says which findings a plan has an answer to already; it looks at the plan alone and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations

from waves.plan.model import Plan
from waves.triage.model import Found


def unanswered(plan: Plan, findings: Iterable[Found]) -> tuple[Found, ...]:
    """The findings that the plan neither lists nor settles by the way it is made."""
    before = all_before(plan)
    return tuple(one for one in findings if not _listed(plan, one) and not _settled(plan, one, before))


def _listed(plan: Plan, found: Found) -> bool:
    """A part of a finding that is listed is known too: issues that are merged meanwhile are found no more."""
    return any(one.kind == found.kind and set(found.issues) <= set(one.issues) for one in plan.findings)


def _settled(plan: Plan, found: Found, before: Mapping[str, frozenset[str]]) -> bool:
    skipped = {one.issue for one in plan.skip}
    proposal = found.proposal
    if proposal.action == "skip" and set(proposal.issues) <= skipped:
        return True
    unit_of = {number: unit.name for unit in plan.units for number in unit.issues}
    left = set(found.issues) - skipped
    units = {unit_of.get(number, "") for number in left}
    if "" in units:
        return False  # new to the plan
    if proposal.action == "number":
        numbered = {name for one in plan.numbering for name in one.assign}
        return units <= numbered
    if len(found.issues) < 2:
        return False
    if found.kind == "same-region" and units <= set(plan.merge_order):
        return True  # whoever lands later is rebased
    # One unit: combined, or the others are skipped.
    return all(one in before[other] or other in before[one] for one, other in combinations(sorted(units), 2))


def all_before(plan: Plan) -> dict[str, frozenset[str]]:
    """Unit to every unit that must be merged before it branches."""
    found = {unit.name: set(unit.after) for unit in plan.units}
    for _ in plan.units:
        for names in found.values():
            names |= {name for one in list(names) for name in found.get(one, ())}
    return {name: frozenset(names) for name, names in found.items()}

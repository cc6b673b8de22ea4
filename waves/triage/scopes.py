"""Finds units of a plan that may work in one file at the same time, by the plan's own words; it reads no issue."""

from __future__ import annotations

from collections.abc import Sequence

from waves.plan.model import Plan
from waves.triage.model import ScopeOverlap


def overlaps(plan: Plan, files: Sequence[str]) -> tuple[ScopeOverlap, ...]:
    """Pairs of units that `after` does not order, whose `scope.in` globs match one of `files`, and that no finding of
    the plan with a resolution names together."""
    return ()

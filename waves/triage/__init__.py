"""Finds what collides among issues before any is dispatched, and proposes a merge order; it changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from waves import git
from waves.triage import findings, order, regions, repository, text
from waves.triage.model import NOTHING_KNOWN, ForgeFacts, OpenIssue, Triage

__all__ = ["examine"]


def examine(
    within: git.Repository, base: str, issues: Sequence[OpenIssue], forge: ForgeFacts = NOTHING_KNOWN
) -> Triage:
    """Findings and merge order of these issues on the commit `base`; the same facts give the same answer, offline."""
    readings = tuple(text.read(issue) for issue in sorted(issues, key=lambda issue: issue.number))
    facts = repository.gather(within, base, readings)
    atlas = regions.Atlas(facts, readings)
    predicted = {reading.number: regions.predict(reading, atlas) for reading in readings}
    found = findings.find(readings, predicted, facts, forge)
    return Triage(facts.base, readings, predicted, found, order.merge_order(readings, predicted, found))

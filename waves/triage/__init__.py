"""Finds what collides among issues before any is dispatched, and proposes a merge order; it changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from waves import git
from waves.triage import findings, order, regions, repository, text
from waves.triage.model import NOTHING_KNOWN, ForgeFacts, OpenIssue, RepositoryFacts, Triage

__all__ = ["examine"]


def examine(
    within: git.Repository, base: str, issues: Sequence[OpenIssue], forge: ForgeFacts = NOTHING_KNOWN,
    apart: Sequence[str] = (),
) -> Triage:  # fmt: skip
    """Findings and merge order of these issues on the commit `base`; the same facts give the same answer, offline.

    `apart`: folders whose files nobody works on, such as that of the issues themselves.
    """
    readings = tuple(text.read(issue) for issue in sorted(issues, key=lambda issue: issue.number))
    facts = _without(apart, repository.gather(within, base, readings))
    atlas = regions.Atlas(facts, readings)
    predicted = {reading.number: regions.predict(reading, atlas) for reading in readings}
    found = findings.find(readings, predicted, facts, forge)
    return Triage(facts.base, readings, predicted, found, order.merge_order(readings, predicted, found))


def _without(folders: Iterable[str], facts: RepositoryFacts) -> RepositoryFacts:
    apart = tuple(f"{folder.rstrip('/')}/" for folder in folders)
    if not apart:
        return facts

    def here(paths: Iterable[str]) -> tuple[str, ...]:
        return tuple(path for path in paths if not path.startswith(apart))

    hits = {text: tuple(hit for hit in found if not hit.path.startswith(apart)) for text, found in facts.hits.items()}
    history = tuple(replace(one, paths=here(one.paths)) for one in facts.history)
    return replace(facts, files=here(facts.files), hits=hits, history=history)

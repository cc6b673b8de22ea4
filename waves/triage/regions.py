"""Predicts which files an issue will touch from what it names and what the repository knows; it asks nobody."""

from __future__ import annotations

from waves.triage.model import Reading, Region, RepositoryFacts


def predict(reading: Reading, facts: RepositoryFacts) -> tuple[Region, ...]:
    """The files that work on the issue will probably touch, likeliest first."""
    return ()

"""Finds what collides among issues from what they say and where they will work; it reads nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from waves.triage.model import NOTHING_KNOWN, ForgeFacts, Found, Reading, Region, RepositoryFacts


def find(
    readings: Sequence[Reading],
    regions: Mapping[int, Sequence[Region]],
    facts: RepositoryFacts,
    forge: ForgeFacts = NOTHING_KNOWN,
) -> tuple[Found, ...]:
    """All findings, in the order of their kinds and then of their issues; no pair is named twice under one kind."""
    return ()

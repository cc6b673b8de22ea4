"""Proposes in which order to merge, with the reason of each place; it never sees a diff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from waves.triage.model import Found, Reading, Region, Turn


def merge_order(
    readings: Sequence[Reading], regions: Mapping[int, Sequence[Region]], findings: Sequence[Found]
) -> tuple[Turn, ...]:
    """Every open issue that no finding proposes to skip: what others wait for first, then the smallest."""
    return ()

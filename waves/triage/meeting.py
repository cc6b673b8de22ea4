"""Says how likely two issues will touch the same file, from where each will probably work; it knows nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from waves.triage.model import Region

# However alike the words of two issues are, they name no place that could be checked: not enough to hold one back.
WORDS_ALONE = 0.7


@dataclass(frozen=True, slots=True)
class Shared:
    """A file in the regions of two issues."""

    path: str
    weight: float  # 0 to 1: that both touch it
    one: Region
    other: Region


def shared(one: Sequence[Region], other: Sequence[Region]) -> tuple[Shared, ...]:
    """The files of both, likeliest first."""
    by_path = {region.path: region for region in other}
    both = [(mine, by_path[mine.path]) for mine in one if mine.path in by_path]
    found = [Shared(mine.path, mine.weight * theirs.weight, mine, theirs) for mine, theirs in both]
    return tuple(sorted(found, key=lambda each: (-each.weight, each.path)))


def likelihood(several: Sequence[Shared], likeness: float = 0.0) -> float:
    """0 to 1: that both touch one of the files, or another one because their words are alike.

    The `likeness` of their words, 0 to 1, counts as it is up to WORDS_ALONE: no factor did better where it was tuned.
    """
    return 1 - (1 - min(likeness, WORDS_ALONE)) * math.prod(1 - each.weight for each in several)

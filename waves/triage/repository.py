"""Gathers what a repository knows about the things that issues name; it decides nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable

from waves import git
from waves.triage import definitions
from waves.triage.model import Hit, PastChange, Reading, RepositoryFacts
from waves.triage.text import needle
from waves.triage.words import stems

HISTORY = 2_000  # commits; older ones say little about where work happens now
NEEDLES = 3_000  # of all issues together
WORD = re.compile(r"\w+")


def gather(repository: git.Repository, base: str, readings: Iterable[Reading]) -> RepositoryFacts:
    """What the commit `base` has of all that the issues name: three git calls, however many issues there are."""
    wanted = {text for reading in readings for one in reading.mentions if (text := needle(one))}
    return RepositoryFacts(
        base,
        tuple(git.files_at(repository, base)),
        _hits(git.lines_with(repository, base, sorted(wanted)[:NEEDLES]), wanted),
        past_changes(repository, base, HISTORY),
    )


def _hits(lines: Iterable[git.FoundLine], needles: set[str]) -> dict[str, tuple[Hit, ...]]:
    names = {one for one in needles if WORD.fullmatch(one)}
    phrases = needles - names
    found: dict[str, list[Hit]] = {}
    for line in lines:
        for name in names.intersection(WORD.findall(line.text)):
            defined = definitions.defines(line.path, line.text, name)
            found.setdefault(name, []).append(Hit(line.path, line.line, defined))
        for phrase in phrases:
            if phrase in line.text:
                found.setdefault(phrase, []).append(Hit(line.path, line.line))
    return {one: tuple(hits) for one, hits in found.items()}


def past_changes(repository: git.Repository, head: str, most: int) -> tuple[PastChange, ...]:
    """The newest commits that `head` reaches, with the words of their messages."""
    return tuple(
        PastChange(past.commit, past.message.partition("\n")[0], frozenset(stems(past.message)), past.paths)
        for past in git.past_commits(repository, head, most)
    )

"""Say what of a repository works with Waves before any agent is paid: one row per topic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from waves import git
from waves.batch.preflight import content, formats, people, sources
from waves.batch.preflight.answer import NO, Answer, Look, Row
from waves.foundation.errors import WavesError
from waves.plan.model import Plan

__all__ = ["ROWS", "Answer", "Look", "Row", "examine", "obstacle", "table"]

ROWS: Mapping[str, Callable[[Look], Answer]] = {
    "owner": formats.owner,
    "formats": formats.formats,
    "worktree settings": formats.worktree_settings,
    "shallow": formats.shallow,
    "partial": formats.partial,
    "sparse": formats.sparse,
    "size": formats.size,
    "remotes": sources.remotes,
    "identity": people.identity,
    "signing": people.signing,
    "hooks": people.hooks,
    "LFS": content.lfs,
    "filters": content.filters,
    "submodules": content.submodules,
}


def examine(repository: git.Repository, plan: Plan | None = None) -> tuple[Row, ...]:
    """One row per topic; a look that fails is a row of its own kind, so the others are still seen."""
    look = Look(repository, plan)
    return tuple(_row(topic, answer, look) for topic, answer in ROWS.items())


def _row(topic: str, answer: Callable[[Look], Answer], look: Look) -> Row:
    try:
        return Row(topic, answer(look))
    except WavesError as error:
        return Row(topic, Answer(NO, str(error)))


def table(place: str, rows: Sequence[Row]) -> Iterator[str]:
    """The rows for people, below a line that says which repository they are about."""
    width = max(len(row.topic) for row in rows)
    yield f"repository {place}:"
    yield from (f"  {row.answer.state:6}  {row.topic:{width}}  {row.answer}" for row in rows)


def obstacle(rows: Sequence[Row]) -> str | None:
    """Why no agent may start in a repository, as one line; None: nothing is in the way."""
    return next((f"{row.topic}: {row.answer}" for row in rows if row.answer.state == NO), None)

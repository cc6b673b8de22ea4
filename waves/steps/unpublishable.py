"""Find what must not be pushed in a run's commits: secrets of whoever runs Waves, and files that are too long."""

from __future__ import annotations

from collections.abc import Sequence

from waves import forges, git
from waves.foundation.text import shown
from waves.steps.runs.ask import Ran
from waves.steps.work import Work

NAMED = 5  # paths named in one sentence
MEGA = 1 << 20


def fault(work: Work, ran: Ran, *published: str) -> str | None:
    """What is wrong with a branch that a push would publish; what the base and `published` reach is out already."""
    if ran.collected is None or ran.collected.head is None:
        return None
    head, known = ran.collected.head, [work.batch.base_head, *published]
    blobs = git.new_blobs(work.batch.repository, head, known)
    return _too_long(work, blobs) or _secrets(work, head, known, blobs)


def _too_long(work: Work, blobs: dict[str, str]) -> str | None:
    most = work.batch.plan.policy.max_blob or forges.MAX_BLOB.get(work.batch.plan.forge)
    sizes = git.object_sizes(work.batch.repository, blobs) if most else {}
    long = [f"{shown(blobs[oid])} ({size / MEGA:.1f} MB)" for oid, size in sizes.items() if most and size > most]
    if not most or not long:
        return None
    more = f" and {len(long) - NAMED} more" if len(long) > NAMED else ""
    named = f"{', '.join(long[:NAMED])}{more}"
    return (f"its commits hold files longer than {most / MEGA:g} MB, which can't be pushed: {named}; write the commits "
            "again without them (`policy.max_blob` sets the limit)")  # fmt: skip


def _secrets(work: Work, head: str, published: Sequence[str], blobs: dict[str, str]) -> str | None:
    repository, scrub = work.batch.repository, work.batch.scrub
    names = set(scrub.held_by(git.said_by(repository, head, published), *(f"\n{one}" for one in blobs.values())))
    if scrub.held_in(piece for _, piece in git.contents(repository, list(blobs))):
        names |= {name for oid, path in blobs.items() for name in _new_in(work, oid, path, published[0])}
    if not names:
        return None
    return (f"its commits hold the value of {', '.join(sorted(names))}, which must not be published: write them anew "
            "without it (what is no secret can be taken out of the environment, or the .env)")  # fmt: skip


def _new_in(work: Work, oid: str, path: str, base: str) -> set[str]:
    """The secrets in a blob that the base does not have in the same file already."""
    repository, scrub = work.batch.repository, work.batch.scrub
    found = set(scrub.held_in(piece for _, piece in git.contents(repository, [oid])))
    before = git.blob_at(repository, base, path) if found else None
    return found - set(scrub.held_in(piece for _, piece in git.contents(repository, [before])) if before else ())

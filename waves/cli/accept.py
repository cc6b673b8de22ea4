"""`waves accept`: stores that a person agrees with a commit that reached the base beside the batch."""

from __future__ import annotations

from waves.batch import base_commits, rulings
from waves.batch.workspace import Planned
from waves.foundation.errors import UsageError
from waves.plan.model import Ruling


def accept(planned: Planned, commit: str, why: str) -> str | None:
    """Accept the commit whose id begins so; what is stored, or None if this batch has no such commit."""
    batch = planned.batch
    found = [one for one in base_commits.look(batch) if one.commit.startswith(commit.lower())]
    if len(found) > 1:
        raise UsageError(f"{commit}: {len(found)} commits begin so; write more of the one that you mean")
    if not found:
        return None
    given = rulings.given(Ruling("", found[0].commit, base_commits.ACCEPTED, why))
    (stored,) = batch.given.append([given])
    return f"{planned.name}: {stored.item[:12]} is accepted: {stored.why}"

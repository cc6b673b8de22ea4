"""Says what a plan can do, and how that differs from what it could do when it was confirmed."""

from __future__ import annotations

from collections.abc import Iterator

from waves import git
from waves.batch.workspace import Planned, repository_at
from waves.foundation.errors import PlanError
from waves.foundation.text import plain
from waves.plan import powers, reader
from waves.plan.faults import Fault
from waves.plan.model import Plan

LOOK_BACK = 50  # versions of a plan


def what_it_can_do(plan: Plan) -> tuple[str, ...]:
    return ("What this plan can do:", *(f"  {plain(str(one))}" for one in powers.powers(plan)))


def changed_since(planned: Planned) -> Iterator[Fault]:
    """A hint if the plan can do other things than when it was confirmed, with each of them if git has that version."""
    plan = planned.plan
    if plan.confirmed is None or plan.confirmed.can in ("", powers.digest(plan)):
        return
    since = f"what it can do has changed since {plan.confirmed.by} confirmed it on {plan.confirmed.on}"
    then, now = _confirmed_powers(planned), set(powers.powers(plan))
    changes = [] if then is None else [f"+ {one}" for one in now - then] + [f"- {one}" for one in then - now]
    listed = f": {plain('; '.join(sorted(changes)))}" if changes else ""
    yield Fault(("confirmed", "can"), f"{since}{listed}; look, then `waves confirm {planned.name}` again", "hint")


def _confirmed_powers(planned: Planned) -> set[powers.Power] | None:
    """Of the newest committed version of the plan that could do just what was confirmed; None: there is none."""
    assert planned.plan.confirmed is not None
    repository = repository_at(planned.top)
    for commit in git.commits_of(repository, planned.shown, LOOK_BACK):
        try:
            earlier = reader.parse((git.file_at(repository, commit, planned.shown) or b"").decode(), planned.path)
        except (PlanError, UnicodeDecodeError):
            continue
        if powers.digest(earlier) == planned.plan.confirmed.can:
            return set(powers.powers(earlier))
    return None

"""`waves confirm`: writes a person's word and concrete numbers into a plan; it never confirms what is still open."""

from __future__ import annotations

import datetime
import getpass
from collections.abc import Sequence
from dataclasses import replace

from waves import git
from waves.batch import unconfined
from waves.batch.batch import Batch
from waves.batch.workspace import Planned, editing, repository_at
from waves.cli.check import gather
from waves.cli.plan_reach import what_it_can_do
from waves.foundation.errors import PlanError, UsageError
from waves.foundation.records import write_text
from waves.plan import edit, powers, reader, semantics
from waves.plan.model import Plan
from waves.plan.series import concrete_numbers


def chosen(plans: Sequence[Planned]) -> Planned:
    """The one plan that is meant: of several, the one that is not confirmed; raises UsageError."""
    if len(plans) == 1:
        return plans[0]
    left = [one for one in plans if one.fault or one.plan.confirmed is None]
    if len(left) == 1:
        return left[0]
    if not left:
        raise UsageError(f"all {len(plans)} plans are confirmed already")
    raise UsageError(f"which plan? `waves confirm {left[0].name}`, or {', '.join(one.name for one in left[1:])}")


def confirm(planned: Planned, by: str | None) -> str:
    """Say what was written; raises PlanError with whatever stands against the plan."""
    while (said := _confirmed(planned, by, reader.read_text(planned.path))) is None:
        pass  # somebody changed the plan while it was looked at, and nobody confirms what was not
    return said


def _confirmed(planned: Planned, by: str | None, text: str) -> str | None:
    """What was written into this text of the plan; None: the file has another one by now."""
    path = planned.path
    _, plan = reader.structure(text, path, reader.shown(path))
    can = powers.digest(plan)
    if plan.confirmed and not _unnumbered(plan) and plan.confirmed.can in ("", can):
        if planned.fault:
            raise planned.fault
        return f"{planned.name}: confirmed already, by {plan.confirmed.by} on {plan.confirmed.on}"
    # What `confirmed` forbids is what this command is about to put right.
    if faults := [one for one in semantics.faults_of_plan(replace(plan, confirmed=None)) if one.weight == "plan"]:
        raise PlanError(reader.describe(path, faults))
    if left := semantics.open_faults(plan):
        raise PlanError(reader.describe(path, left))
    batch = Batch(plan, repository_at((planned.top / (plan.checkout or ".")).resolve()), planned.top)
    facts, _ = gather(planned, batch)
    against = semantics.faults_of_facts(replace(plan, confirmed=None), facts)
    if faults := [one for one in against if one.weight == "plan"]:
        raise PlanError(reader.describe(path, faults))
    numbers = concrete_numbers(plan, facts.numbers_on_base)
    who = by or git.committer(batch.repository)[0] or getpass.getuser()
    with editing(planned.top):
        if reader.read_text(path) != text:
            return None
        write_text(path, edit.confirm(text, who, datetime.date.today(), numbers, can))
    given = "".join(f"\n  {pattern}: {unit} has {number}" for pattern, units in numbers.items()
                    for unit, number in units.items())  # fmt: skip
    held = f"\n  {words}" if (words := unconfined.refused(plan) or unconfined.unconfined(plan)) else ""
    listed = "".join(f"\n{line}" for line in what_it_can_do(plan))
    return f"{plan.batch}: confirmed by {who}; commit {planned.shown}, then `doit`{given}{held}{listed}"


def _unnumbered(plan: Plan) -> bool:
    return any(number is None for series in plan.numbering for number in series.assign.values())

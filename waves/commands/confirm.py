"""`waves confirm`: writes a person's word and concrete numbers into a plan; it never confirms what is still open."""

from __future__ import annotations

import datetime
import getpass

from waves import git
from waves.commands.check import gather
from waves.errors import PlanError, UsageError
from waves.plan import edit, reader, semantics
from waves.plan.series import concrete_numbers, numbers_in
from waves.records import write_text
from waves.workspace import Planned


def confirm(planned: Planned, by: str | None) -> str:
    """Raises PlanError with whatever stands against the plan."""
    plan = planned.plan
    if plan.confirmed:
        return f"{planned.name}: confirmed already, by {plan.confirmed.by} on {plan.confirmed.on}"
    if left := semantics.open_questions(plan):
        raise UsageError(f"{planned.name}: left to decide:" + "".join(f"\n  - {one}" for one in left))
    facts, _ = gather(planned.batch, plan, [])
    if faults := [one for one in semantics.faults_of_facts(plan, facts) if one.weight == "plan"]:
        raise PlanError(reader.describe(plan.path, faults))
    batch = planned.batch
    paths = git.files_at(batch.repository, batch.base_head)
    taken = {series.pattern: numbers_in(series.pattern, paths) for series in plan.numbering}
    numbers = concrete_numbers(plan, taken)
    who = by or git.committer(batch.repository)[0] or getpass.getuser()
    text = plan.path.read_text("utf-8")
    write_text(plan.path, edit.confirm(text, who, datetime.date.today(), numbers))
    given = "".join(f"\n  {pattern}: {unit} has {number}" for pattern, units in numbers.items()
                    for unit, number in units.items())  # fmt: skip
    return f"{planned.name}: confirmed by {who}; commit {plan.path.relative_to(planned.top)}{given}"

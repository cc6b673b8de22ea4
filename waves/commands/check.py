"""`waves check`: holds a plan against its repository and its forge; it changes nothing and dispatches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waves import git
from waves.errors import ForgeError, UnknownIssueError, WavesError
from waves.plan import reader, semantics
from waves.plan.faults import Fault
from waves.plan.model import Plan
from waves.plan.semantics import Facts
from waves.plan.series import numbers_in
from waves.steps.batch import Batch
from waves.workspace import Planned


@dataclass(frozen=True, slots=True)
class Report:
    faults: tuple[str, ...]  # hold up the plan
    unit_faults: tuple[str, ...]  # hold up one unit each
    hints: tuple[str, ...]
    verdict: str


def check(planned: Planned, others: Sequence[Planned]) -> Report:
    """Everything that can be said about a plan without dispatching any of it."""
    if planned.fault:
        return Report((str(planned.fault),), (), (), f"{planned.name}: not a plan yet")
    plan = planned.plan
    found = list(semantics.faults_of_plan(plan))
    notes: list[str] = []
    if planned.reachable:
        facts, notes = gather(planned.batch, plan, others)
        found += semantics.faults_of_facts(plan, facts)
    else:
        notes.append(f"{planned.name}: its checkout {planned.checkout} is not there, so only the file was checked")
    words = {weight: reader.describe(plan.path, _of(found, weight)) for weight in ("plan", "unit", "hint")}
    return Report(words["plan"], words["unit"], (*words["hint"], *notes), _verdict(planned, words["plan"]))


def _of(faults: Sequence[Fault], weight: str) -> list[Fault]:
    return [fault for fault in faults if fault.weight == weight]


def _verdict(planned: Planned, faults: Sequence[str]) -> str:
    if faults:
        return f"{planned.name}: {len(faults)} fault{'s' if len(faults) > 1 else ''} to mend"
    return planned.reason_to_hold() or f"{planned.name}: {len(planned.plan.units)} units, ready: `doit`"


def gather(batch: Batch, plan: Plan, others: Sequence[Planned]) -> tuple[Facts, list[str]]:
    """The facts of repository and forge that a plan is held against, and what could not be found out."""
    notes: list[str] = []
    paths: list[str] = []
    try:
        paths = git.files_at(batch.repository, batch.base_head)
    except WavesError as error:
        notes.append(f"{plan.batch}: the base {plan.base} could not be read: {error}")
    known, fault = _known_issues(batch, plan)
    notes += fault
    return Facts(
        numbers_on_base={one.pattern: numbers_in(one.pattern, paths) for one in plan.numbering},
        merged={unit.name: parts for unit in plan.units if (parts := _merged_parts(batch, unit.name))},
        known_issues=known,
        other_batches={number: one.name for one in others if not one.fault for unit in one.plan.units
                       for number in unit.issues if one.checkout == batch.checkout},
    ), notes  # fmt: skip


def _merged_parts(batch: Batch, unit: str) -> dict[str, str]:
    final = batch.final(unit)
    return dict(final["parts"]) if final else {}


def _known_issues(batch: Batch, plan: Plan) -> tuple[frozenset[int] | None, list[str]]:
    wanted = {number for unit in plan.units for number in unit.issues} | {one.issue for one in plan.skip}
    found = set()
    for number in sorted(wanted):
        try:
            found.add(batch.forge.issue(number).number)
        except UnknownIssueError:
            continue
        except ForgeError as error:
            return None, [f"{plan.batch}: the issues could not be looked up: {error}"]
    return frozenset(found), []

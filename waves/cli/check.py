"""`waves check`: holds a plan against its repository and its forge; it changes nothing and dispatches nothing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from waves import git
from waves.batch import content, preflight
from waves.batch.batch import Batch
from waves.batch.preflight import Row
from waves.batch.unconfined import unconfined
from waves.batch.unplanned import of_batches
from waves.batch.workspace import Planned, repository_at
from waves.cli import plan_reach
from waves.forges import Issue
from waves.foundation.errors import UnknownIssueError, WavesError
from waves.plan import reader, semantics
from waves.plan.faults import Fault
from waves.plan.model import Plan, Unit
from waves.plan.semantics import Facts
from waves.plan.series import numbers_in
from waves.report.status import unreachable
from waves.steps.issue import as_heard, by_stranger
from waves.triage import scopes


@dataclass(frozen=True, slots=True)
class Report:
    faults: tuple[str, ...]  # hold up the plan
    unit_faults: tuple[str, ...]  # hold up one unit each
    hints: tuple[str, ...]
    verdict: str
    can: tuple[str, ...] = ()  # what the plan can do, with the heading

    @property
    def findings(self) -> tuple[str, ...]:
        return (*self.faults, *self.unit_faults, *self.hints)


def check(planned: Planned) -> Report:
    """Everything that can be said about a plan without dispatching any of it."""
    if planned.fault:
        return Report((str(planned.fault),), (), (), f"{planned.shown}: not a plan yet")
    plan = planned.plan
    found = [*semantics.faults_of_plan(plan), *_warnings(plan), *plan_reach.changed_since(planned)]
    notes: list[str] = []
    if planned.reachable:
        facts, notes = gather(planned, planned.batch)
        found += semantics.faults_of_facts(plan, facts)
    else:
        notes.append(f"{planned.name}: {unreachable(planned)}; only the file was checked")
    if words_of_sandbox := unconfined(plan):
        notes.append(f"{planned.name}: {words_of_sandbox}")
    notes += [one.line for one in of_batches(planned.top, [planned])]
    words = {weight: reader.describe(plan.path, _of(found, weight)) for weight in ("plan", "unit", "hint")}
    words["plan"] += planned.left_to_decide()
    can = () if planned.finished else plan_reach.what_it_can_do(plan)
    return Report(words["plan"], words["unit"], (*words["hint"], *notes), _verdict(planned, words), can)


def repositories(plans: Sequence[Planned], top: Path | None = None) -> Iterator[tuple[str, Sequence[Row]]]:
    """What of each plan's repository works, each repository once; of the one at `top` where there is no plan."""
    sound = {one.checkout: one for one in reversed(plans) if one.reachable and not one.finished}
    for checkout, planned in sound.items():
        yield str(checkout), planned.rows
    if not plans and top is not None:
        yield str(top), preflight.examine(repository_at(top))


def markdown(planned: Planned, report: Report) -> str:
    """The same for the readers of a pull request, with what the plan would do."""
    from waves.report.markdown import plan_page

    return plan_page(planned.shown, None if planned.fault else planned.plan, report.findings, report.verdict)


def _of(faults: Sequence[Fault], weight: str) -> list[Fault]:
    return [fault for fault in faults if fault.weight == weight]


def _verdict(planned: Planned, words: Mapping[str, Sequence[str]]) -> str:
    if count := len(words["plan"]):
        what = "confirmed" if planned.plan.confirmed else "`waves confirm`"
        return f"{planned.name}: {_counted(count, 'thing')} to mend or decide before {what} counts"
    if count := len(words["unit"]):
        return f"{planned.name}: {_counted(count, 'fault')}, each of one unit; the others can go on"
    if not planned.reachable:
        return f"{planned.name}: the file is sound"
    if planned.finished:
        return f"{planned.name}: all units are merged"
    held = planned.why_held() or planned.why_refused()
    return held.reason if held else f"{planned.name}: {_counted(len(planned.plan.units), 'unit')}, ready: `doit`"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


# ---- facts


def gather(planned: Planned, batch: Batch) -> tuple[Facts, list[str]]:
    """The facts of repository and forge that a plan is held against, and what could not be found out.

    `batch` is that of the plan, which for a plan with a fault only the caller can make.
    """
    plan = batch.plan
    notes: list[str] = []
    paths: list[str] = []
    filters: tuple[str, ...] = ()
    try:
        paths = git.files_at(batch.repository, batch.base_head)
        filters = content.objections_to(batch)
    except WavesError as error:
        notes.append(f"{plan.batch}: the base {plan.base} could not be read: {error}")
    notes += _unpushed(batch)
    issues, fault = _known_issues(batch, plan)
    known = None if issues is None else frozenset(issues)
    return Facts(
        numbers_on_base={one.pattern: numbers_in(one.pattern, paths) for one in plan.numbering},
        merged={} if planned.fault else planned.merged_parts(),
        known_issues=known,
        other_batches=dict(_in_hand_elsewhere(planned, batch)),
        other_branches=dict(_branches_elsewhere(planned, batch)),
        overlaps=[(one.units[1], one.message) for one in scopes.overlaps(plan, paths)],
        strangers={number: words for number, one in (issues or {}).items() if (words := by_stranger(one))},
        filters=filters,
    ), notes + fault


def _unpushed(batch: Batch) -> list[str]:
    """Units branch off what `origin` has, whatever is committed here."""
    base = batch.plan.base
    here = git.resolve(batch.repository, f"refs/heads/{base}")
    there = git.resolve(batch.repository, f"refs/remotes/origin/{base}")
    ahead = len(git.commits(batch.repository, [here], [there])) if here and there else 0
    if not ahead:
        return []
    words = f"{base} is {_counted(ahead, 'commit')} ahead of origin/{base}, which agents start from"
    return [f"{batch.plan.batch}: {words}: `git push origin {base}`"]


def _in_hand_elsewhere(planned: Planned, batch: Batch) -> Iterator[tuple[int, str]]:
    """Issue and batch of what other plans for the same repository name and have not done."""
    for other, unit in _undone_elsewhere(planned, batch):
        yield from ((issue, other.name) for issue in unit.issues)


def _branches_elsewhere(planned: Planned, batch: Batch) -> Iterator[tuple[str, str]]:
    """The branches of units that other plans for the same repository have not done, and whose they are."""
    for other, unit in _undone_elsewhere(planned, batch):
        if branch := semantics.branch_in_plan(unit):
            yield branch, f"unit '{unit.name}' of the batch '{other.name}'"


def _undone_elsewhere(planned: Planned, batch: Batch) -> Iterator[tuple[Planned, Unit]]:
    for other in planned.siblings:
        if other is planned or not other.reachable or other.checkout != batch.checkout:
            continue
        for unit in other.plan.units:
            if other.batch.outcome(unit.name).state not in ("merged", "dropped"):
                yield other, unit


def _known_issues(batch: Batch, plan: Plan) -> tuple[Mapping[int, Issue] | None, list[str]]:
    wanted = {number for unit in plan.units for number in unit.issues} | {one.issue for one in plan.skip}
    found = {}
    for number in sorted(wanted):
        try:
            found[number] = as_heard(batch.forge.issue(number), plan.policy)
        except UnknownIssueError:
            continue
        except WavesError as error:
            return None, [f"{plan.batch}: the issues could not be looked up: {error}"]
    return found, []


# ---- what is allowed, and worth knowing


# What the policy allows, and what that means.
HINTS = {
    ("trusted", "anyone"): "whatever anybody writes on an issue or a pull request reaches agents",
    ("sandbox", "danger-full-access"):
        "no sandbox: agents can write all that you can, and use the network; so can set-up commands, and local checks "
        "get the network too",
    ("network", True):
        "network: what implementers and correctors run can send away all that you can read; local checks get it too",
    ("publish", "agent"):
        "publish: IMPLEMENTERS GET THE NETWORK AND YOUR TOKEN of the forge: whatever an issue can talk one into, "
        "it can do there in your name",
}  # fmt: skip


def _warnings(plan: Plan) -> Iterator[Fault]:
    for (key, value), message in HINTS.items():
        if getattr(plan.policy, key) == value:
            yield Fault(("policy", key), message, "hint")
    agents = [(("agent",), plan.agent), *((("agents", role), one) for role, one in plan.agents.items())]
    for path, agent in agents:
        program = agent.command[0] if agent.command else ""
        # One with a slash is looked for in each worktree, which is not there yet.
        if program and "/" not in program and not _installed(program):
            message = (
                f"{'.'.join(path)}: there is no program {program!r} on your PATH; install it, or give its whole path"
            )
            yield Fault((*path, "command", 0), message, "hint")


def _installed(program: str) -> bool:
    return shutil.which(program) is not None or Path(sys.executable).with_name(program).exists()

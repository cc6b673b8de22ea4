"""`waves status`: a table of the units, and its stable JSON; it reads records and runs, and touches no network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from waves.plan.model import Unit
from waves.records import Json, Record
from waves.steps.batch import Outcome
from waves.workspace import Planned


@dataclass(frozen=True, slots=True)
class UnitStatus:
    unit: str
    issues: tuple[int, ...]
    state: str  # merged | escalated | waiting | dropped | closed | broken | going
    step: str  # the one it is at
    cycle: str
    head: str
    checks: str  # green | red | none | ''
    verdict: str  # of the last review
    tokens: int
    pull_request: int | None
    running: str  # the agent run that is going on, by its directory
    waits_for: str
    rule: str  # what a person can do, as a command
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BatchStatus:
    batch: str
    held: str  # why nothing is dispatched, or nothing
    units: tuple[UnitStatus, ...]
    skipped: tuple[int, ...]


def batch_status(planned: Planned) -> BatchStatus:
    plan = planned.plan
    units = tuple(unit_status(planned, unit) for unit in plan.units)
    held = "" if planned.finished else planned.reason_to_hold() or ""
    return BatchStatus(planned.name, held, units, tuple(one.issue for one in plan.skip))


def unit_status(planned: Planned, unit: Unit) -> UnitStatus:
    batch = planned.batch
    outcome = batch.outcome(unit.name)
    records = batch.units[unit.name].records
    last = _latest(records.values())
    pull = records.get("pr")
    running = _running(planned, unit)
    merged = outcome.state == "merged"
    return UnitStatus(
        unit=unit.name,
        issues=unit.issues,
        state=outcome.state if not running else "going",
        step=running.partition("/")[0] or outcome.at or (last.step if last else ""),
        cycle=_cycle(records),
        head=_head(records),
        checks=_found(records, "checks@", "state"),
        verdict=_found(records, "review@", "verdict"),
        tokens=sum(int(one.result.get("tokens") or 0) for one in records.values()),
        pull_request=int(pull.result["number"]) if pull else None,
        running=running,
        waits_for="" if merged and not outcome.reason else waits_for(outcome, running),
        rule=outcome.rule,
        flags=tuple(pull.result.get("flags", ())) if pull else (),
    )


def waits_for(outcome: Outcome, running: str) -> str:
    """Who or what has to do something before the unit goes on."""
    if running:
        return "its agent"
    if outcome.state == "going":
        return "the next doit"
    return outcome.reason


def _latest(records: Any, prefix: str = "") -> Record | None:
    found = [record for record in records if record.step.startswith(prefix)]
    return max(found, key=lambda one: one.ended, default=None)


def _found(records: Any, prefix: str, key: str) -> str:
    record = _latest(records.values(), prefix)
    return str(record.result.get(key, "")) if record else ""


def _cycle(records: Any) -> str:
    steps = [one for one in records.values() if one.step.partition("@")[0] in ("checks", "review", "decide", "correct")]
    record = _latest(steps)
    return record.step.partition("@")[2] if record else ""


def _head(records: Any) -> str:
    heads = [one for one in records.values() if one.result.get("head")]
    record = _latest(heads)
    return str(record.result["head"])[:8] if record else ""


def _running(planned: Planned, unit: Unit) -> str:
    """The run directory whose agent is at work, or nothing."""
    from waves.agents import run

    folder = planned.batch.folder / unit.name / "runs"
    if planned.batch.settled(unit.name) or not folder.is_dir():
        return ""
    unjudged = (path for path in sorted(folder.iterdir()) if not (path / "judged.json").exists())
    live = (run.State.STARTING, run.State.RUNNING)
    return next((path.name for path in unjudged if run.state(path) in live), "")


def to_json(batch: BatchStatus) -> Json:
    """The stable form; see docs/json.md."""
    return asdict(batch)


def show(batch: BatchStatus) -> None:
    """Print the table, as wide as it needs to be in a pipe and as wide as the terminal on one."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(emoji=False, markup=False, highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(emoji=False, markup=False, highlight=False, width=240)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("unit", "issues", "state", "step", "cycle", "head", "checks", "verdict", "tokens", "pull"):
        table.add_column(name, no_wrap=True)
    table.add_column("waits for", overflow="fold")
    for one in batch.units:
        issues = " ".join(f"#{number}" for number in one.issues)
        pull = f"#{one.pull_request}" if one.pull_request else ""
        cells = (one.unit, issues, one.state, one.step, one.cycle, one.head, one.checks, one.verdict,
                 str(one.tokens or ""), pull, one.waits_for)  # fmt: skip
        table.add_row(*(Text(cell) for cell in cells), style=STYLES.get(one.state, ""))
    skipped = f", {len(batch.skipped)} skipped" if batch.skipped else ""
    merged = sum(one.state == "merged" for one in batch.units)
    console.print(f"batch {batch.batch}: {merged} of {len(batch.units)} units merged{skipped}")
    if batch.held:
        console.print(batch.held)
    console.print(table)
    for one in batch.units:
        if one.rule:
            console.print(f"{one.unit}: {one.rule}", soft_wrap=True)
        for flag in one.flags if one.state != "merged" else ():
            console.print(f"{one.unit}: flag: {flag}", soft_wrap=True)


STYLES = {"escalated": "bold red", "broken": "red", "merged": "green", "waiting": "yellow"}

"""`waves status`: a table of the units, and its stable JSON; it reads records and runs, and touches no network."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from waves.batch import base_commits, kept, turns
from waves.batch.base_commits import BaseCommit
from waves.batch.kept import Kept
from waves.batch.unconfined import unconfined
from waves.foundation.locks import is_held
from waves.foundation.records import read_json
from waves.foundation.text import plain
from waves.report.table import Column, lay_out
from waves.report.words import asked_lines

if TYPE_CHECKING:
    from pathlib import Path

    from waves.batch.workspace import Held, Planned
    from waves.foundation.records import Json, Record
    from waves.plan.model import Unit


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
    last_command: str  # of that run, where its kind of agent says it
    turn: str  # nobody | person | agent | unit | doit: who has to act before the unit goes on
    waits_for: str
    reason: str
    asked: tuple[turns.Asked, ...]
    flags: tuple[str, ...]
    kept: tuple[Kept, ...]  # what is on no branch
    differs: str  # how the merge differs from the one that Waves makes of the base and the reviewed head


@dataclass(frozen=True, slots=True)
class BatchStatus:
    batch: str
    plan: str  # its file
    held: str  # why nothing is dispatched, or nothing
    units: tuple[UnitStatus, ...]
    at_work: bool  # a `doit` or `waves run` has the batch in hand now
    skipped: tuple[int, ...]
    changed: tuple[str, ...]  # entries of merged units that were changed afterwards
    base: str = ""  # the branch
    base_commits: tuple[BaseCommit, ...] = ()  # on it since dispatch, and no merge of this batch
    unconfined: str = ""  # what runs without a sandbox although the plan wants one, and why


def batch_status(planned: Planned) -> BatchStatus:
    plan = planned.plan
    skipped = tuple(one.issue for one in plan.skip)
    if not planned.reachable:
        return BatchStatus(
            planned.name, planned.shown, f"{planned.name}: {unreachable(planned)}", (), False, skipped, ()
        )
    held = None if planned.finished else planned.why_held()
    at_work = is_held(planned.batch.lock)
    return BatchStatus(
        batch=planned.name,
        plan=planned.shown,
        held=held.reason if held else "",
        units=tuple(_as_held(one, held, at_work) for one in (unit_status(planned, unit) for unit in plan.units)),
        at_work=at_work,
        skipped=skipped,
        unconfined="" if planned.finished else unconfined(plan),
        changed=planned.changed_entries(),
        base=plan.base,
        base_commits=base_commits.waiting(planned.batch),
    )


def unreachable(planned: Planned) -> str:
    """What is the matter with a plan whose repository is not there, and what to do."""
    return f"there is no repository at {planned.checkout}; clone it there, or correct `checkout` in {planned.shown}"


def _as_held(unit: UnitStatus, held: Held | None, at_work: bool) -> UnitStatus:
    """The unit as its whole batch is held, or is at work."""
    if unit.turn != turns.DOIT or not (held or at_work):
        return unit
    if held:
        return replace(unit, turn=turns.PERSON, waits_for=held.waits_for, reason="")
    return replace(unit, waits_for="the doit at work")


def unit_status(planned: Planned, unit: Unit) -> UnitStatus:
    batch = planned.batch
    outcome = batch.outcome(unit.name)
    records = batch.units[unit.name].records
    pull = records.get("pr")
    running = _running(planned, unit)
    turn = turns.turn_of(planned, unit, running)
    return UnitStatus(
        unit=unit.name,
        issues=unit.issues,
        state="going" if running else outcome.state,
        step=outcome.at or _latest_step(records),
        cycle=_cycle(records),
        head=_head(records),
        checks=_found(records, "checks@", "state"),
        verdict=_found(records, "review@", "verdict"),
        tokens=sum(int(one.result.get("tokens") or 0) for one in records.values()),
        pull_request=int(pull.result["number"]) if pull else None,
        running=running,
        last_command=_last_command(batch.folder / unit.name / "runs" / running) if running else "",
        turn=turn.who,
        waits_for=turn.waits_for,
        reason=turn.reason,
        asked=turn.asked,
        flags=tuple(
            flag for step in ("issue", "pr") if step in records for flag in records[step].result.get("flags", ())
        ),
        kept=kept.of(batch, unit.name),
        differs=_found(records, "land@", "differs"),
    )


def _latest(records: Mapping[str, Record], *kinds: str) -> Record | None:
    found = [record for record in records.values() if not kinds or record.step.startswith(kinds)]
    return max(found, key=lambda one: one.ended, default=None)


def _latest_step(records: Mapping[str, Record]) -> str:
    record = _latest(records)
    return record.step if record else ""


def _found(records: Mapping[str, Record], kind: str, key: str) -> str:
    record = _latest(records, kind)
    return str(record.result.get(key, "")) if record else ""


def _cycle(records: Mapping[str, Record]) -> str:
    record = _latest(records, "checks@", "review@", "decide@", "correct@")
    return record.step.partition("@")[2] if record else ""


def _head(records: Mapping[str, Record]) -> str:
    record = _latest({name: one for name, one in records.items() if one.result.get("head")})
    return str(record.result["head"])[:8] if record else ""


def _running(planned: Planned, unit: Unit) -> str:
    """The run directory whose agent is at work, or nothing."""
    if planned.batch.settled(unit.name):
        return ""
    from waves.agents import run

    return next((path.name for path in run.going(planned.batch.folder / unit.name / "runs")), "")


def _last_command(run: Path) -> str:
    return plain(str((read_json(run / "progress.json") or {}).get("last_command") or ""))


def to_json(batch: BatchStatus) -> Json:
    """The stable form; see docs/json.md."""
    return asdict(batch)


# ---- for people

COLUMNS = (
    Column("unit"), Column("issues", 5), Column("state"), Column("step"), Column("cycle", 8, right=True),
    Column("head", 6), Column("checks", 4), Column("verdict", 3), Column("tokens", 7, right=True),
    Column("pull", 2, right=True), Column("waits for"),
)  # fmt: skip
STYLES = {"escalated": "1;31", "broken": "31", "closed": "31", "merged": "32", "waiting": "33", "going": "36"}


def show(batch: BatchStatus, width: int | None, *, colour: bool) -> str:
    """The page of one batch, at most `width` cells wide where that is given."""
    if not batch.units:
        return heading(batch)
    lines = [heading(batch)]
    lines += [line for line in (batch.held, batch.unconfined, *batch.changed) if line]
    head, *rows = lay_out(COLUMNS, [_cells(one) for one in batch.units], width)
    lines.append(_styled(head, "1", colour))
    lines += [_styled(row, STYLES.get(one.state, ""), colour) for one, row in zip(batch.units, rows, strict=True)]
    lines += [line for one in batch.units for line in _details(one)]
    lines += [f"{one.words(batch.base)}; {one.advice}" for one in batch.base_commits]
    return "\n".join(lines)


def heading(batch: BatchStatus) -> str:
    """The batch in one line."""
    if not batch.units:
        return f"batch {batch.held}"
    merged = sum(one.state == "merged" for one in batch.units)
    return f"batch {batch.batch}: {merged} of {len(batch.units)} units merged" + _also(batch)


def terminal_width(stream_is_terminal: bool) -> int | None:
    """How wide a page may be; None in a pipe, where nothing is cut."""
    if not stream_is_terminal:
        return None
    import shutil

    return shutil.get_terminal_size().columns


def in_colour(stream_is_terminal: bool) -> bool:
    """Colour on a terminal that can show it, unless the person said otherwise (no-color.org)."""
    return stream_is_terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _also(batch: BatchStatus) -> str:
    persons = sum(one.turn == turns.PERSON for one in batch.units)
    skipped = f", {len(batch.skipped)} skipped" if batch.skipped else ""
    asked = f", {persons} {'waits' if persons == 1 else 'wait'} for a person" if persons else ""
    return skipped + asked + ("; a doit is at work on it" if batch.at_work else "")


def _cells(one: UnitStatus) -> tuple[str, ...]:
    issues = " ".join(f"#{number}" for number in one.issues)
    pull = f"#{one.pull_request}" if one.pull_request else ""
    return (one.unit, issues, one.state, one.step, one.cycle, one.head, one.checks, one.verdict,
            str(one.tokens or ""), pull, one.waits_for)  # fmt: skip


def _details(one: UnitStatus) -> Iterator[str]:
    """What does not fit a table: why a unit stands still, what a person can do, and what was noticed."""
    if one.reason and one.turn in (turns.PERSON, turns.DOIT):
        yield f"{one.unit}: {one.state}" + (f" at {one.step}" if one.step else "") + f": {one.reason}"
    if one.last_command:
        yield f"{one.unit}: {one.running} runs: {one.last_command}"
    for asked in one.asked:
        yield from asked_lines(asked)
    for flag in one.flags if one.state != "merged" else ():
        yield f"{one.unit}: flag: {flag}"
    if one.differs:
        yield f"{one.unit}: pull request #{one.pull_request} was not merged as reviewed: {one.differs}"
    for each in one.kept:
        yield f"{one.unit}: kept: {plain(each.what)}: {each.where} (`{each.command}`)"


def _styled(line: str, style: str, colour: bool) -> str:
    return f"\x1b[{style}m{line}\x1b[0m" if colour and style else line

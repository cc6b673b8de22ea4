"""What waits for a person, with its evidence and the ruling to write; it reads records and answers nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from waves.batch import turns
from waves.foundation.records import Json, read_json
from waves.foundation.text import plain
from waves.lifecycle.verdicts import decision_from
from waves.report.status import unit_status, unreachable

if TYPE_CHECKING:
    from waves.batch.workspace import Planned
    from waves.lifecycle.contracts import Item
    from waves.plan.model import Unit
    from waves.report.status import UnitStatus

NOTHING = "nothing waits for a person; `waves status` shows what goes on"
LONGEST = 1000  # characters of one line of evidence: an agent wrote it


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that only a person can decide."""

    batch: str
    unit: str  # empty: the whole batch
    item: str  # what a ruling is on; empty: no ruling answers it
    question: str
    evidence: tuple[str, ...]
    rulings: tuple[str, ...]  # the one in the command first
    command: str  # empty where only something else helps, which the question says


def questions(planned: Planned) -> Iterator[Question]:
    """Everything of one batch that waits for a person, in the order of the plan."""
    if not planned.reachable:
        yield Question(planned.name, "", "", f"{planned.name}: {unreachable(planned)}", (), (), "")
        return
    held = None if planned.finished else planned.why_held()
    if held and held.turn == turns.PERSON:
        asked, *evidence = held.reason.splitlines()
        command = f"waves confirm {planned.name}" if planned.plan.confirmed is None and not evidence else ""
        yield Question(planned.name, "", "", _line(asked), tuple(_line(one) for one in evidence), (), command)
        return
    for unit in planned.plan.units:
        status = unit_status(planned, unit)
        if status.turn == turns.PERSON:
            yield from _of_unit(planned, unit, status)


def _of_unit(planned: Planned, unit: Unit, status: UnitStatus) -> Iterator[Question]:
    items = _items(planned, unit, status.step)
    name, where = unit.name, tuple(_where(planned, unit, status))
    for asked in status.asked:
        evidence = tuple(_of_item(items[asked.item], asked.about)) if asked.item in items else ()
        rulings = tuple(dict.fromkeys((asked.ruling, *asked.others, "drop")))
        question = asked.about or f"{status.state} at {status.step}: {status.reason}"
        yield Question(planned.name, name, asked.item, _line(question), evidence + where, rulings, asked.command)
    if not status.asked:
        rulings = () if status.state == "merged" else ("drop",)
        yield Question(planned.name, name, "unit" if rulings else "", _line(status.reason), where, rulings, "")


def _items(planned: Planned, unit: Unit, step: str) -> Mapping[str, Item]:
    """The items of the decision that a unit stands at, as rulings name them."""
    cycle = step.partition("@")[2]
    decision = decision_from(read_json(planned.batch.folder / unit.name / f"decision-{cycle}.json") or {})
    return {f"{one.item.id}@{cycle}": one.item for one in decision.treated}


def _of_item(item: Item, asked: str) -> Iterator[str]:
    yield f"the reviewer ({item.list}, priority {item.priority}, confidence {item.confidence:g})"
    for words, text in (("says", item.issue), ("because", item.detail), ("proposes", item.fix)):
        said = _line(text)
        if said and not asked.endswith(said):
            yield f"{words}: {said}"


def _where(planned: Planned, unit: Unit, status: UnitStatus) -> Iterator[str]:
    """Where a person can look before deciding."""
    issues = ", ".join(f"#{number}" for number in unit.issues)
    yield f"issue{'s' if len(unit.issues) > 1 else ''} {issues} in {planned.shown}:{unit.line}"
    if record := planned.batch.units[unit.name].records.get("pr"):
        found = record.result
        size = f"files: {found['files']}, lines: {found['lines']}"
        yield _line(f"pull request #{found['number']} ({size}): {found['url']}")
    if status.verdict or status.checks:
        yield f"head {status.head}, last review: {status.verdict or 'none'}, checks: {status.checks or 'none yet'}"
    yield from (f"flag: {_line(flag)}" for flag in status.flags)
    folder = planned.batch.folder / unit.name / "runs"
    if folder.is_dir():
        yield f"`waves logs {turns.reference(planned, unit.name)}` has the last run, {folder} all of them"


def _line(text: str) -> str:
    return " ".join(plain(text).split())[:LONGEST]


def to_json(question: Question) -> Json:
    """The stable form; see docs/json.md."""
    return asdict(question)


def lines(question: Question) -> Iterator[str]:
    """The question for people, the command to copy last."""
    about = f"{question.batch}/{question.unit}: " if question.unit else ""
    yield about + question.question
    yield from (f"    {one}" for one in question.evidence)
    if question.command:
        others = question.rulings[1:]
        yield f"      {question.command}" + (f"  # or {', '.join(others)}" if others else "")

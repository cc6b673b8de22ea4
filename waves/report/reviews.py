"""Every review of a unit with what was decided on its items, and by whom; it reads files and judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from waves.foundation.records import Json, Record, read_json
from waves.foundation.shapes import made, rows
from waves.lifecycle.contracts import Item
from waves.plan.model import Ruling


@dataclass(frozen=True, slots=True)
class Point:
    """One item. `treatment`: correct | defer | requested | ask, empty: not decided yet."""

    name: str  # B1@0
    item: Item
    treatment: str = ""
    why: str = ""

    @property
    def where(self) -> str:
        return self.item.file if self.item.line is None else f"{self.item.file}:{self.item.line}"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One cycle of a unit: what the reviewer said of a head, and what came of it."""

    cycle: str
    head: str
    verdict: str
    summary: str
    decision: str  # merge | correct | ask | escalate, empty: none yet
    reason: str
    voided: int  # runs that wrote where they had only to read
    points: tuple[Point, ...]
    rulings: tuple[Ruling, ...]


def reviews_of(folder: Path, records: Mapping[str, Record], rulings: tuple[Ruling, ...]) -> tuple[Reviewed, ...]:
    """The reviews that are on record, oldest first; `rulings` are those of the unit."""
    done = sorted((one for one in records.values() if one.step.startswith("review@")), key=lambda one: one.ended)
    return tuple(_reviewed(folder, record, rulings) for record in done)


def _reviewed(folder: Path, record: Record, rulings: tuple[Ruling, ...]) -> Reviewed:
    cycle = record.step.partition("@")[2]
    review = read_json(folder / f"review-{cycle}.json") or {}
    decision = read_json(folder / f"decision-{cycle}.json") or {}
    points = list(_points(cycle, rows(decision, "treated")))
    known = {point.name for point in points}
    points += [one for one in _points(cycle, [{"item": item} for item in rows(review, "items")])
               if one.name not in known]  # fmt: skip
    return Reviewed(
        cycle=cycle,
        head=str(record.result.get("head", ""))[:8],
        verdict=str(record.result.get("verdict", "")),
        summary=str(review.get("summary", "")),
        decision=str(decision.get("decision", "")),
        reason=str(decision.get("reason", "")),
        voided=int(record.result.get("voided") or 0),
        points=tuple(points),
        rulings=tuple(one for one in rulings if one.item.partition("@")[2] == cycle),
    )


def _points(cycle: str, treated: list[Json]) -> Iterator[Point]:
    for one in treated:
        if item := made(Item, one.get("item")):  # else a person edited the file; `waves explain` says so
            yield Point(f"{item.id}@{cycle}", item, str(one.get("treatment", "")), str(one.get("why", "")))

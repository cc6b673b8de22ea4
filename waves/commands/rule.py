"""`waves rule`: appends a person's ruling to the plan, keeping its comments; acting on it is the next `doit`'s."""

from __future__ import annotations

import re

from waves.errors import UsageError
from waves.plan import edit
from waves.plan.faults import did_you_mean
from waves.plan.model import Ruling, Unit
from waves.records import read_json, write_text
from waves.steps.decide import decision_from
from waves.workspace import Planned

ITEM = re.compile(r"(?P<id>[BSNVC]\d+)@(?P<cycle>\w+)")


def rule(planned: Planned, unit: Unit, item: str, ruling: str, why: str) -> str:
    """Write the ruling and say what comes of it; raises UsageError for an item or a step that is not there."""
    digest = _digest_of(planned, unit, item, ruling)
    path = planned.plan.path
    text = edit.append_ruling(path.read_text("utf-8"), Ruling(unit.name, item, ruling, why, digest))
    write_text(path, text)
    return f"{path.relative_to(planned.top)}: {unit.name} {item} {ruling}; run `doit` to go on"


def _digest_of(planned: Planned, unit: Unit, item: str, ruling: str) -> str | None:
    """The digest of the item ruled on, so that the ruling never holds for another one of the same name."""
    batch = planned.batch
    if ruling == "drop":
        return None
    if found := ITEM.fullmatch(item):
        value = read_json(batch.folder / unit.name / f"decision-{found['cycle']}.json") or {}
        items = {one.item.id: one.item for one in decision_from(value).treated}
        if found["id"] not in items:
            known = [f"{name}@{found['cycle']}" for name in items]
            raise UsageError(f"{unit.name} has no item {item}{did_you_mean(item, known)}; `waves status` names them")
        return items[found["id"]].digest
    steps = {*batch.survey(unit), "merge", *(f"merge@{name.partition('@')[2]}" for name in batch.survey(unit))}
    if item not in steps:
        raise UsageError(
            f"{unit.name} has no step {item!r}{did_you_mean(item, steps)}; `waves explain {unit.name}` lists them"
        )
    return None

"""The tables of docs/plan.md, from the description of the plan file: `python tests/plan_page.py` renews them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

from waves.plan import model, schema
from waves.plan.kinds import Field, Kind, ListOf, MapOf, Record

PAGE = Path(__file__).parent.parent / "docs" / "plan.md"
# The sections of the page: heading to description, and what it makes.
SECTIONS: dict[str, tuple[Record, Any]] = {
    "The file": (schema.PLAN, model.Plan),
    "`units`": (schema.UNIT, model.Unit),
    "`policy`": (schema.POLICY, model.Policy),
    "`agent`, and each of `agents`": (schema.AGENT, model.Agent),
    "`local`": (schema.LOCAL, model.LocalForge),
    "`setup`": (schema.SETUP, model.Setup),
    "`skip`": (schema.SKIP, model.Skip),
    "`findings`": (schema.FINDING, model.Finding),
    "`numbering`": (schema.SERIES, model.Series),
    "`confirmed`": (schema.CONFIRMED, model.Confirmed),
    "`rulings`": (schema.RULING, model.Ruling),
    "`notify`": (schema.NOTIFY, model.Notify),
    "`deploy`": (schema.DEPLOY, model.Deploy),
}
DURATIONS = {3600.0: "h", 60.0: "m", 1.0: "s"}


def table(record: Record, made: Any) -> str:
    rows = ["| key | what goes there | example | default | meaning |", "|---|---|---|---|---|"]
    return "\n".join([*rows, *_rows(record, made, "")])


def _rows(record: Record, made: Any, before: str) -> Iterator[str]:
    for one in record.fields:
        cells = (
            f"`{before}{one.name}`",
            kind_of(one.kind),
            _code(one.kind.example),
            default(one, made),
            one.description,
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        inner = one.kind.item if isinstance(one.kind, ListOf) else one.kind
        if isinstance(inner, Record) and inner not in [each for each, _ in SECTIONS.values()] and one.name != "agents":
            yield from _rows(inner, inner.make, f"{before}{one.name}{'[]' if isinstance(one.kind, ListOf) else ''}.")


def kind_of(kind: Kind) -> str:
    if isinstance(kind, ListOf):
        return f"a list{', not empty' if kind.least else ''}: {kind_of(kind.item)}"
    if isinstance(kind, MapOf):
        return f"a mapping: {kind.key.expected}, to {kind.value.expected}"
    return "a mapping" if isinstance(kind, Record) else kind.expected


def default(field: Field, made: Any) -> str:
    if field.required:
        return "must be there"
    name = field.attribute or field.name
    known = {one.name: one for one in fields(made)} if is_dataclass(made) else {}
    value = known[name].default if name in known else None
    return _code(written(field, value)) if value not in (MISSING, None, "", ()) and not is_dataclass(value) else "none"


def written(field: Field, value: Any) -> str:
    """A default as a plan has it."""
    if isinstance(value, float):
        unit, letter = next((unit, letter) for unit, letter in DURATIONS.items() if value % unit == 0)
        return f"{value / unit:.0f}{letter}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _code(text: str) -> str:
    return f"`{text}`"


def renewed(page: str) -> str:
    """The page with every section's table as the description has it."""
    for heading, (record, made) in SECTIONS.items():
        old = re.compile(rf"(^## {re.escape(heading)}\n.*?)^\| key .*?(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
        page, count = old.subn(lambda found: found[1] + table(record, made), page, count=1)  # noqa: B023
        assert count == 1, f"docs/plan.md has no section {heading!r} with a table"
    return page


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text("utf-8")), "utf-8")

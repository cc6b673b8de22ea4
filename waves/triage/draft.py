"""Writes what triage proposes into a plan, new or known, with comments that say why; it never takes anything out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from waves.plan.edit import Additions
from waves.plan.writing import Entry, Value, block, comment, remark
from waves.triage.proposal import Listed, NewUnit, Proposed

LONGEST_TITLE = 100
NEXT = """\
Read each proposal and the reason beside it, change what you like, and write a `resolution` where there is none.
Then: `waves check {batch}`, `waves confirm {batch}`, commit, `doit`.
`waves triage --batch {batch} --update` looks again, adds what is new, and keeps what you wrote."""


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a plan that is new."""

    batch: str
    about: str  # what was looked at, in words
    settings: str  # whole lines of YAML: forge, checkout, agent, policy


def draft(head: Head, proposed: Proposed) -> str:
    """The text of a new plan, without `confirmed`."""
    added = additions(proposed)
    parts = [_opening(head), f"batch: {head.batch}\n{head.settings}"]
    for key, note, entries in (
        ("units", "", added.units),
        ("skip", "not done in this batch", added.skip),
        ("findings", "what may collide; a resolution is needed for each", added.findings),
    ):
        if entries:
            parts.append(_section(key, note, _lines(entries, apart=key == "units")))
    if proposed.merge_order:
        lines: Iterable[str] = (f"  - {unit}{remark(reason)}" for unit, reason in proposed.merge_order.items())
        parts.append(_section("merge_order", "who is not named lands when ready", lines))
    if proposed.numbers:
        lines = _lines(_numbering(proposed), apart=False)
        parts.append(_section("numbering", "`waves confirm` writes the numbers", lines))
    return "\n".join(parts)


def additions(proposed: Proposed) -> Additions:
    """The same for a plan that exists."""
    return Additions(
        units=tuple(_unit(one) for one in proposed.units),
        skip=tuple(Entry({"issue": number, "why": why}, (_title(number, title),))
                   for number, (title, why) in proposed.skip.items()),
        findings=tuple(_finding(one) for one in proposed.findings),
        numbers=proposed.numbers,
    )  # fmt: skip


def summary(proposed: Proposed) -> str:
    """The proposal in one line: combine 52 and 53, skip 40, 47 after 41, run the rest in parallel."""
    said = [f"combine {_listed(unit.issues)}" for unit in proposed.units if len(unit.issues) > 1]
    if proposed.skip:
        said.append(f"skip {_listed(proposed.skip)}")
    issues = {unit.name: unit.issues for unit in proposed.units}
    for unit in proposed.units:
        names = (_listed(issues[first]) if first in issues else first for first in unit.after)
        said += [f"{_listed(unit.issues)} after {name}" for name in names]
    if sum(not unit.after for unit in proposed.units) > 1:
        said.append(f"run {'the rest' if said else f'all {len(proposed.units)} units'} in parallel")
    return ", ".join(said) or "one unit"


def added(proposed: Proposed) -> str:
    """What an update brings, in one line."""
    counts = {
        "unit": len(proposed.units), "skipped issue": len(proposed.skip), "finding": len(proposed.findings),
        "number": sum(len(units) for units in proposed.numbers.values()),
    }  # fmt: skip
    said = [f"{count} {thing}{'' if count == 1 else 's'}" for thing, count in counts.items() if count]
    return f"added {', '.join(said)}"


def _opening(head: Head) -> str:
    text = f"Drafted by `waves triage` from {head.about}. Nothing of it is dispatched before you confirm and commit it."
    return "\n".join([*comment(text), "#", *(f"# {line}" for line in NEXT.format(batch=head.batch).splitlines()), ""])


def _section(key: str, note: str, lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in [f"{key}:" + (remark(note) if note else ""), *lines])


def _lines(entries: Iterable[Entry], *, apart: bool) -> Iterator[str]:
    for index, one in enumerate(entries):
        if apart and index:
            yield ""
        yield from block(one, "  ")


def _unit(unit: NewUnit) -> Entry:
    pairs: dict[str, Value] = {"unit": unit.name, "issues": unit.issues, "type": unit.type}
    if unit.why:
        pairs["why"] = unit.why
    if unit.after:
        pairs["after"] = tuple(unit.after)
    above = [_title(number, title) for number, title in unit.titles.items()]
    if unit.files:
        above.append(f"probably touches {', '.join(unit.files)}")
    return Entry(pairs, tuple(above), {"type": unit.type_reason, "after": "; ".join(unit.after.values())})


def _finding(one: Listed) -> Entry:
    pairs: dict[str, Value] = {
        "issues": one.issues, "kind": one.kind, "evidence": one.evidence, "resolution": one.resolution,
    }  # fmt: skip
    if one.resolution:
        return Entry(pairs)
    what = "and the plan is made so" if one.applied else "but not written into the plan"
    note = f"To decide. Proposed, {what}: {one.proposed}" if one.proposed else "To decide."
    return Entry(pairs, (note,))


def _numbering(proposed: Proposed) -> Iterator[Entry]:
    for series, units in proposed.numbers.items():
        yield Entry({"series": series, "assign": dict.fromkeys(units, "next")})


def _title(number: int, title: str) -> str:
    return f"#{number} {title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + '…'}"


def _listed(numbers: Iterable[int]) -> str:
    words = [str(one) for one in numbers]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)

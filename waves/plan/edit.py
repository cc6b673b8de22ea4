"""Edits of a plan's text that leave every other byte as it was; it never writes a file, and never dumps YAML anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

import yaml

from waves.foundation.errors import UsageError, WavesError
from waves.plan import reader, schema
from waves.plan.document import LOADER
from waves.plan.kinds import Kind, ListOf, Record, Scalar, build
from waves.plan.model import Confirmed, Plan, Ruling, Series
from waves.plan.writing import Entry, block, flow, scalar

NAME = "plan"  # what faults call the text, which has no file here
HEADER = ("batch", "forge", "repo", "local", "checkout", "base")  # `confirmed` goes below the last of these


@dataclass(frozen=True, slots=True, order=True)
class _Change:
    start: int
    end: int
    new: str


def check_ruling(ruling: Ruling) -> dict[str, str]:
    """The keys of a ruling as a plan has them; raises UsageError where one can't be written there."""
    values = {one.name: getattr(ruling, one.name) for one in fields(ruling) if one.name != "line"}
    pairs = {name: value for name, value in values.items() if value not in (None, "")}
    _check(pairs, schema.RULING)
    return pairs


def append_rulings(text: str, rulings: Sequence[Ruling]) -> str:
    """The text of the plan with more rulings at the end of its list.

    Raises UsageError where a ruling can't be written, PlanError where the plan has faults with or without them, and
    WavesError where the text is laid out so that only a person can edit it.
    """
    entries = [Entry(check_ruling(one)) for one in rulings]
    read, plan = reader.structure(text, Path(NAME), NAME)
    expected = replace(plan, rulings=(*plan.rulings, *rulings))
    return _verified(_apply(text, _appended(_Text(text, read.root), "rulings", entries)), expected, "the rulings")


def confirm(text: str, by: str, on: date, numbers: Mapping[str, Mapping[str, int]], can: str = "") -> str:
    """The text of the plan with `confirmed`, and with concrete numbers (series pattern -> unit -> number).

    `can` is the digest of what the plan can do.
    Raises like `append_rulings`; PlanError too where something is still open.
    """
    pairs = {"by": by, "on": on.isoformat()} | ({"can": can} if can else {})
    _check(pairs, schema.CONFIRMED)
    read, plan = reader.structure(text, Path(NAME), NAME)
    if unknown := sorted(set(numbers) - {series.pattern for series in plan.numbering}):
        raise UsageError(f"numbering: the plan has no series {unknown[0]}; add it there first")
    here = _Text(text, read.root)
    changes = _confirmed_added(here, pairs)
    numbering = []
    for index, series in enumerate(plan.numbering):
        given = numbers.get(series.pattern, {})
        for name in given:
            changes.append(here.replaced(read.node(("numbering", index, "assign", name)), str(given[name])))
        numbering.append(Series(series.pattern, MappingProxyType(dict(series.assign) | dict(given)), series.line))
    expected = replace(
        plan,
        confirmed=Confirmed(by, on, can or (plan.confirmed.can if plan.confirmed else "")),
        numbering=tuple(numbering),
    )
    return _verified(_apply(text, changes), expected, "`confirmed`")


@dataclass(frozen=True, slots=True)
class Additions:
    """What a plan is to have besides: entries of its lists, and units that need a number (series pattern -> units)."""

    units: tuple[Entry, ...] = ()
    skip: tuple[Entry, ...] = ()
    findings: tuple[Entry, ...] = ()
    numbers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def __bool__(self) -> bool:
        return bool(self.units or self.skip or self.findings or any(self.numbers.values()))


def extend(text: str, additions: Additions) -> str:
    """The text of the plan with more entries at the ends of its lists, a number asked for by `next`.

    A `confirmed` becomes a comment: it was said of less. Raises like `append_rulings`.
    """
    read, plan = reader.structure(text, Path(NAME), NAME)
    lists = {"units": additions.units, "skip": additions.skip, "findings": additions.findings}
    more = {key: tuple(build(_entry_of(key), one.plain) for one in entries) for key, entries in lists.items()}
    expected = replace(
        plan, confirmed=None, units=(*plan.units, *more["units"]), skip=(*plan.skip, *more["skip"]),
        findings=(*plan.findings, *more["findings"]), numbering=_numbered(plan.numbering, additions.numbers),
    )  # fmt: skip
    changes = [_withdrawn(_Text(text, read.root))] if plan.confirmed and additions else []
    text = _apply(text, changes)
    for key, entries in lists.items():
        if entries:
            text = _apply(text, _appended(_text(text), key, entries))
    for pattern, units in additions.numbers.items():
        text = _apply(text, _numbers_asked(_text(text), pattern, units))
    return _verified(text, expected, "what triage found") if additions else text


def _text(text: str) -> _Text:
    return _Text(text, reader.structure(text, Path(NAME), NAME)[0].root)


SETTINGS = ("forge", "repo", "local", "checkout", "base", "policy", "agent", "agents", "setup", "deploy")


def settings_of(text: str) -> str:
    """What a plan says about where and how, as whole lines with their comments; empty where it has no such."""
    here = _text(text)
    if _flows(here.root) or here.root.start_mark.column:
        return ""
    taken = []
    for name in SETTINGS:
        if name in here.pairs:
            key, value = here.pairs[name]
            line_end = here.text.find("\n", here.end(value, key))
            taken.append(here.text[_index(key) : line_end if line_end >= 0 else None])
    return "".join(f"{lines.rstrip()}\n" for lines in taken)


def _entry_of(key: str) -> Kind:
    kind = schema.PLAN.by_name[key].kind
    assert isinstance(kind, ListOf)
    return kind.item


def _numbered(known: Sequence[Series], asked: Mapping[str, Sequence[str]]) -> tuple[Series, ...]:
    """The series as they are to be read afterwards."""
    new: dict[str, dict[str, int | None]] = {one.pattern: dict(one.assign) for one in known}
    for pattern, units in asked.items():
        new.setdefault(pattern, {}).update(dict.fromkeys(units))
    return tuple(Series(pattern, MappingProxyType(assign)) for pattern, assign in new.items())


def _check(pairs: Mapping[str, str], record: Record) -> None:
    for name, value in pairs.items():
        kind = record.by_name[name].kind
        assert isinstance(kind, Scalar)
        try:
            value.encode()
            kind.read(value)
        except ValueError:
            raise UsageError(f"{name}: expected {kind.expected}, found {value[:60]!r}") from None


def _verified(text: str, expected: Plan, what: str) -> str:
    """The text, if it says what was meant and nothing else."""
    try:
        found = reader.structure(text, expected.path, NAME)[1]
    except WavesError:
        found = None
    if found != expected:
        raise WavesError(f"the plan is laid out so that {what} can't be put in; write it there by hand")
    reader.parse(text, expected.path, NAME)
    return text


def _apply(text: str, changes: Iterable[_Change]) -> str:
    for change in sorted(changes, reverse=True):
        text = text[: change.start] + change.new + text[change.end :]
    return text


# ---- where things are


class _Text:
    """A text with its nodes, asked where something ends and where a line may be put in."""

    def __init__(self, text: str, root: yaml.MappingNode) -> None:
        self.text = text
        self.root = root
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.pairs: dict[str, tuple[yaml.Node, yaml.Node]] = {key.value: (key, value) for key, value in root.value}

    def end(self, node: yaml.Node, key: yaml.Node | None = None) -> int:
        """Just behind the last character of a value; a block collection's own mark is at the next token instead."""
        if isinstance(node, yaml.ScalarNode):
            if key is not None and not node.value and not node.style:
                return self.text.index(":", key.end_mark.index) + 1
            return int(node.end_mark.index)
        if _flows(node):
            return int(node.end_mark.index)
        if isinstance(node, yaml.MappingNode):
            last_key, last = node.value[-1]
            return self.end(last, last_key)
        return self.end(node.value[-1])

    def replaced(self, node: yaml.Node, new: str) -> _Change:
        """A scalar with another text in its place; the line end that a block text takes with it stays."""
        start, end = _index(node), self.end(node)
        return _Change(start, start + len(self.text[start:end].rstrip("\r\n")), new)

    def lines_below(self, index: int, lines: Iterable[str]) -> _Change:
        """Whole lines below the line that `index` is in, or at `index` where a line begins there."""
        block = "".join(line + self.newline for line in lines)
        if self.text[index - 1] == "\n":
            return _Change(index, index, block)
        line_end = self.text.find("\n", index)
        if line_end < 0:
            return _Change(len(self.text), len(self.text), self.newline + block)
        return _Change(line_end + 1, line_end + 1, block)

    def bottom(self) -> int:
        """Where the document ends: before its `...`, if it has one."""
        for event in yaml.parse(self.text, Loader=LOADER):
            if isinstance(event, yaml.DocumentEndEvent) and event.explicit and event.start_mark:
                return int(event.start_mark.index)
        return len(self.text)


def _appended(here: _Text, key: str, entries: Sequence[Entry]) -> list[_Change]:
    """Entries at the end of a list at the top of the plan, in the style of what is there."""
    root = here.root
    in_flow = ", ".join(flow(one) for one in entries)
    if key not in here.pairs:
        if _flows(root):
            return [_inserted(_end_of_flow(here), f", {key}: [{in_flow}]")]
        margin = " " * root.start_mark.column
        # A blank line would become part of a block text that ends the file.
        blank = [] if _ends_in_block_text(root) or here.text.endswith(here.newline * 2) else [""]
        return [here.lines_below(here.bottom(), [*blank, f"{margin}{key}:", *_blocks(entries, f"{margin}  ")])]
    name, found = here.pairs[key]
    start, end = found.start_mark.index, here.end(found)
    if not _flows(found):
        return [here.lines_below(end, _blocks(entries, " " * found.start_mark.column))]
    if found.value:
        return [_inserted(here.end(found.value[-1]), f", {in_flow}")]
    colon = here.text.index(":", name.end_mark.index)
    if _flows(root) or here.text[colon + 1 : end].replace(" ", "") != "[]":
        return [_inserted(start + 1, in_flow)]
    # An empty list in a block: what grows there is read line by line in code review.
    below = here.lines_below(end, _blocks(entries, " " * (root.start_mark.column + 2)))
    return [_Change(colon + 1, end, ""), below]


def _blocks(entries: Iterable[Entry], margin: str) -> list[str]:
    return [line for one in entries for line in block(one, margin)]


def _withdrawn(here: _Text) -> _Change:
    """`confirmed` with its comments as a comment."""
    key, value = here.pairs["confirmed"]
    start, end = _index(key), here.end(value)
    if _flows(here.root) or here.text[here.text.rfind("\n", 0, start) + 1 : start].strip():
        raise WavesError("the plan is laid out so that `confirmed` can't be taken out; do it by hand, then once more")
    lines = here.text[start:end].splitlines(keepends=True)
    return _Change(start, end, "# no longer: " + "# ".join(lines))


def _numbers_asked(here: _Text, pattern: str, units: Sequence[str]) -> list[_Change]:
    """`next` for units in a series, which is made where the plan has none of that pattern."""
    series = here.pairs["numbering"][1].value if "numbering" in here.pairs else ()
    for one in series:
        pairs = {key.value: value for key, value in one.value}
        if pairs["series"].value != pattern:
            continue
        assign = pairs["assign"]
        if not assign.value:
            return [_inserted(_index(assign) + 1, ", ".join(f"{unit}: next" for unit in units))]
        if _flows(assign):
            last_key, last = assign.value[-1]
            return [_inserted(here.end(last, last_key), "".join(f", {unit}: next" for unit in units))]
        margin = " " * assign.start_mark.column
        return [here.lines_below(here.end(assign), [f"{margin}{unit}: next" for unit in units])]
    return _appended(here, "numbering", [Entry({"series": pattern, "assign": dict.fromkeys(units, "next")})])


def _confirmed_added(here: _Text, pairs: Mapping[str, str]) -> list[_Change]:
    if "confirmed" in here.pairs:
        written = here.pairs["confirmed"][1]
        nodes = {key.value: value for key, value in written.value}
        changes = [here.replaced(nodes[name], scalar(value)) for name, value in pairs.items() if name in nodes]
        more = {name: value for name, value in pairs.items() if name not in nodes}
        return changes + (_pairs_added(here, written, more) if more else [])
    key, value = max((here.pairs[name] for name in HEADER if name in here.pairs), key=lambda pair: _index(pair[0]))
    if _flows(here.root):
        return [_inserted(here.end(value, key), f", confirmed: {flow(Entry(pairs))}")]
    margin = " " * here.root.start_mark.column
    lines = [f"{margin}  {name}: {scalar(text)}" for name, text in pairs.items()]
    return [here.lines_below(here.end(value, key), [f"{margin}confirmed:", *lines])]


def _pairs_added(here: _Text, mapping: yaml.Node, pairs: Mapping[str, str]) -> list[_Change]:
    """One more pair or several at the end of a mapping."""
    key, value = mapping.value[-1]
    end = here.end(value, key)
    if _flows(mapping):
        return [_inserted(end, "".join(f", {name}: {scalar(text)}" for name, text in pairs.items()))]
    margin = " " * key.start_mark.column
    return [here.lines_below(end, [f"{margin}{name}: {scalar(text)}" for name, text in pairs.items()])]


def _flows(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and bool(node.flow_style)


def _index(node: yaml.Node) -> int:
    return int(node.start_mark.index)


def _end_of_flow(here: _Text) -> int:
    key, value = here.root.value[-1]
    return here.end(value, key)


def _ends_in_block_text(node: yaml.Node) -> bool:
    while isinstance(node, yaml.CollectionNode) and node.value:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")


def _inserted(index: int, new: str) -> _Change:
    return _Change(index, index, new)

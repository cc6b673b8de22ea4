"""The text of a plan as YAML nodes with their positions; it knows no key of a plan but what to call a unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from waves.plan.faults import FORBIDDEN, LINE_END, Located, Path, Spot, printable

DEEPEST = 12  # the schema needs 7; libyaml's time is quadratic in the depth
TAB = "a tab can't stand here; use spaces"
TOO_DEEP = (
    "exceeded maximum nesting depth"  # PyYAML 6.0.4 scans ahead to 1,000 levels and gives up before the first event
)
MAGIC = ("<<", "=")  # as plain texts
LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True, slots=True)
class Document:
    text: str
    root: yaml.MappingNode

    def node(self, path: Path) -> yaml.Node:
        """The node at a path; where the path ends early, the last one on the way."""
        at: yaml.Node = self.root
        for step in path:
            following = _child(at, step)
            if following is None:
                return at
            at = following
        return at

    def spot(self, path: Path, *, at_key: bool = False) -> Spot:
        """Where the value at a path stands, or its key; where the path ends early, the last value on the way."""
        keys = self.node(path[:-1]).value if at_key else ()
        return next((spot_of(key) for key, _ in keys if key.value == path[-1]), spot_of(self.node(path)))

    def subject(self, path: Path) -> str:
        """What a path is about, for people: `unit 'x': scope.in`."""
        unit = self._unit(path[1]) if path[:1] == ("units",) and len(path) > 1 else ""
        keys = ".".join(step for step in (path[2:] if unit else path) if isinstance(step, str))
        return ": ".join(part for part in (unit, keys) if part)

    def _unit(self, index: str | int) -> str:
        node = self.node(("units", index, "unit"))
        return f"unit '{printable(node.value, 80)}'" if isinstance(node, yaml.ScalarNode) else f"unit {int(index) + 1}"


CONFLICT = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)  # what git leaves of one


def read(text: str) -> Document | list[Located]:
    """The document, or every fault that makes the text no plain YAML mapping of texts, lists and mappings."""
    if found := FORBIDDEN.search(text):
        return [_forbidden(text, found.start())]
    if found := CONFLICT.search(text):
        spot = Spot(text.count("\n", 0, found.start()), 0)
        return [Located(spot, "a merge or a rebase stopped here: resolve the conflict first")]
    try:
        faults = list(_refused(text))
        node = None if faults else yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as fault:
        if fault.problem == TOO_DEEP and fault.problem_mark:
            return list(_refused(text[: fault.problem_mark.index]))
        return [_not_yaml(text, fault)]
    except yaml.YAMLError as fault:
        return [Located(Spot(), f"not YAML: {' '.join(str(fault).split())}")]
    if faults:
        return faults
    if node is None:
        return [Located(Spot(), "the file is empty; a plan begins with `batch: NAME`")]
    if not isinstance(node, yaml.MappingNode):
        return [Located(spot_of(node), "expected a mapping that begins with `batch: NAME`")]
    return Document(text, node)


def spot_of(node: yaml.Node) -> Spot:
    return Spot(node.start_mark.line, node.start_mark.column)


def _child(node: yaml.Node, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode):
        return node.value[step] if isinstance(step, int) and step < len(node.value) else None
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == step), None)


def _forbidden(text: str, index: int) -> Located:
    before = LINE_END.split(text[:index])
    advice = "save the file as UTF-8 without a byte order mark" if text[index] == "\ufeff" else "take it out"
    spot = Spot(len(before) - 1, len(before[-1]))
    return Located(spot, f"the character U+{ord(text[index]):04X} can't be in a plan; {advice}")


def _refused(text: str) -> Iterator[Located]:
    """What YAML allows and a plan does not. It looks at one event at a time, so that a deep file is left early."""
    depth = documents = 0
    spot = Spot()
    for event in yaml.parse(text, Loader=LOADER):
        if event.start_mark:
            spot = Spot(event.start_mark.line, event.start_mark.column)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                yield Located(spot, "a second document; a plan is one, so take out this `---`")
                return
        elif isinstance(event, yaml.AliasEvent):
            yield Located(spot, f"aliases are not allowed; write out what *{event.anchor} stands for")
        elif isinstance(event, yaml.NodeEvent):
            if event.anchor is not None:
                yield Located(spot, "anchors are not allowed; put quotes around a text that begins with `&`")
            if getattr(event, "tag", None) is not None:
                yield Located(spot, "tags are not allowed; put quotes around a text that begins with `!`")
            if isinstance(event, yaml.ScalarEvent) and event.value in MAGIC and event.implicit[0]:
                yield Located(spot, f"`{event.value}` means more than itself in YAML; put quotes around it")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            yield Located(spot, f"nested deeper than {DEEPEST} levels; no plan needs that")
            return


def _not_yaml(text: str, fault: yaml.MarkedYAMLError) -> Located:
    mark = fault.problem_mark or fault.context_mark
    spot = Spot(mark.line, mark.column) if mark else Spot()
    problem = fault.problem or "no reason given"
    before = (*LINE_END.split(text), "")[spot.line][: spot.column + 1]
    if problem.startswith("found character") and before.endswith("\t"):
        return Located(spot, TAB)
    return Located(spot, f"not YAML: {problem}" + (f" ({fault.context})" if fault.context else ""))

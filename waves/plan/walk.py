"""Compares a document with its description: every fault in its place, and plain data of the rest; never stops early."""

from __future__ import annotations

from typing import Any

import yaml

from waves.plan.document import Document, spot_of
from waves.plan.faults import Located, Path, did_you_mean, printable
from waves.plan.kinds import LINE, Field, Kind, ListOf, MapOf, Record, Scalar, WordOr

LONGEST_QUOTE = 60


def walk(document: Document, kind: Kind) -> tuple[Any, list[Located]]:
    """Plain data for `kinds.build`, and the faults in the order of the file."""
    walker = _Walker(document)
    plain = walker.value(document.root, kind, ())
    return plain, sorted(walker.faults, key=lambda fault: fault.spot)


class _Walker:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Located] = []

    def fault(self, node: yaml.Node, path: Path, message: str, *, about: Path | None = None) -> None:
        subject = self.document.subject(path if about is None else about)
        self.faults.append(Located(spot_of(node), f"{subject}: {message}" if subject else message, path))

    def value(self, node: yaml.Node, kind: Kind, path: Path) -> Any:
        """Plain data of a node, None in the place of whatever is faulty."""
        if isinstance(kind, WordOr):
            kind = kind.several if isinstance(node, yaml.SequenceNode) else kind.word
        if isinstance(kind, Scalar):
            return self.scalar(node, kind, path)
        if isinstance(kind, ListOf):
            return self.sequence(node, kind, path)
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, path, f"expected {kind.expected}, found {_found(node)}")
            return None
        return self.map(node, kind, path) if isinstance(kind, MapOf) else self.record(node, kind, path)

    def scalar(self, node: yaml.Node, kind: Scalar, path: Path) -> str | None:
        if isinstance(node, yaml.ScalarNode):
            try:
                kind.read(node.value)
            except ValueError as no:
                advice = f"; {no}" if str(no) else did_you_mean(node.value, kind.choices)
            else:
                return str(node.value)
        else:
            advice = ""
        self.fault(node, path, f"expected {kind.expected}, found {_found(node)}{advice}")
        return None

    def sequence(self, node: yaml.Node, kind: ListOf, path: Path) -> list[Any] | None:
        if not isinstance(node, yaml.SequenceNode):
            self.fault(node, path, f"expected {kind.expected}, found {_found(node)}{_as_list(node, kind.item)}")
            return None
        if len(node.value) < kind.least:
            self.fault(node, path, f"expected {kind.expected}, found an empty list")
        return [self.value(item, kind.item, (*path, index)) for index, item in enumerate(node.value)]

    def map(self, node: yaml.Node, kind: MapOf, path: Path) -> dict[str, Any]:
        plain = {}
        for name, key, value in self.pairs(node, path):
            try:
                kind.key.read(name)
            except ValueError:
                self.fault(
                    key,
                    (*path, name),
                    f"expected {kind.key.expected}, found '{printable(name, LONGEST_QUOTE)}'",
                    about=path,
                )
            plain[name] = self.value(value, kind.value, (*path, name))
        return plain

    def record(self, node: yaml.Node, kind: Record, path: Path) -> dict[str, Any]:
        plain: dict[str, Any] = {LINE: node.start_mark.line + 1} if kind.lined else {}
        for name, key, value in self.pairs(node, path):
            if name in kind.by_name:
                plain[name] = self.value(value, kind.by_name[name].kind, (*path, name))
            else:
                advice = did_you_mean(name, kind.by_name) or "; `waves schema` lists them all"
                self.fault(key, (*path, name), f"unknown key '{printable(name, LONGEST_QUOTE)}'{advice}", about=path)
        for one in kind.fields:
            if one.required and one.name not in plain:
                self.missing(node, one, path)
        return plain

    def missing(self, node: yaml.Node, field: Field, path: Path) -> None:
        self.fault(node, (*path, field.name), f"'{field.name}' is missing; expected {field.kind.expected}", about=path)

    def pairs(self, node: yaml.Node, path: Path) -> list[tuple[str, yaml.Node, yaml.Node]]:
        """Name, key node and value node of each key, the first of those that are there twice."""
        seen: dict[str, tuple[str, yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.fault(key, path, f"expected a name for a key, found {_found(key)}")
            elif key.value in seen:
                line = spot_of(seen[key.value][1]).line + 1
                message = f"'{printable(key.value, LONGEST_QUOTE)}' is there twice, first in line {line}"
                self.fault(key, (*path, key.value), message, about=path)
            else:
                seen[key.value] = (key.value, key, value)
        return list(seen.values())


def _as_list(node: yaml.Node, kind: Kind) -> str:
    """How to write as a list what is there instead of one."""
    if not isinstance(node, yaml.ScalarNode):
        return ""
    if not node.value:
        return "; write [], or take out the key"
    if not isinstance(kind, Scalar) or any(mark in node.value for mark in "[]{},:#\n\"'"):
        return ""
    try:
        kind.read(node.value)
    except ValueError:
        return ""
    return f"; write [{printable(node.value)}]"


def _found(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
    return f"'{printable(node.value, LONGEST_QUOTE)}'" if node.value else "nothing"

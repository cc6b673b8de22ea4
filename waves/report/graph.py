"""The units of a batch and what is between them, and the same as Mermaid and DOT text; it decides no order itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from waves.foundation.text import plain
from waves.plan.model import Plan

AFTER, ORDER, FINDING = "after", "order", "finding"
COLOURS = {
    "merged": "#2f855a", "going": "#2b6cb0", "waiting": "#b7791f", "escalated": "#c53030", "broken": "#c53030",
    "closed": "#c53030", "dropped": "#718096",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    name: str
    issues: tuple[int, ...]
    state: str
    place: int = 0  # in the merge order, from 1; 0: the order does not name it

    @property
    def about(self) -> str:
        return " ".join([self.state, *(f"#{number}" for number in self.issues)])


@dataclass(frozen=True, slots=True)
class Edge:
    """`kind`: after (it branches when the first is merged) | order (it lands later) | finding (no direction)."""

    kind: str
    start: str
    end: str
    label: str = ""  # of a finding: its kind
    about: str = ""  # of a finding: its evidence and resolution


@dataclass(frozen=True, slots=True)
class Graph:
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def graph(plan: Plan, states: Mapping[str, str]) -> Graph:
    """Units in the plan's order with the states given; a finding within one unit is no edge."""
    places = {unit: number for number, unit in enumerate(plan.merge_order, 1)}
    nodes = [Node(one.name, one.issues, states[one.name], places.get(one.name, 0)) for one in plan.units]
    edges = [Edge(AFTER, before, one.name) for one in plan.units for before in one.after]
    edges += [Edge(ORDER, before, then) for before, then in pairwise(plan.merge_order)]
    return Graph(tuple(nodes), (*edges, *_findings(plan)))


def _findings(plan: Plan) -> Iterator[Edge]:
    for one in plan.findings:
        if one.kind == "umbrella":
            continue  # between an issue that is skipped and its parts
        units = [unit for unit in plan.units if set(unit.issues) & set(one.issues)]
        about = one.evidence + (f" ({one.resolution})" if one.resolution else "")
        for first, second in pairwise(units):
            if first.name not in second.after and second.name not in first.after:  # which resolves it, and is drawn
                yield Edge(FINDING, first.name, second.name, one.kind, about)


# ---- as text


def mermaid(shown: Graph) -> str:
    """A flowchart as GitHub draws it in a comment."""
    names = {node.name: f"u{number}" for number, node in enumerate(shown.nodes, 1)}
    lines = ["flowchart LR"]
    for node in shown.nodes:
        place = f"{node.place}: " if node.place else ""
        lines.append(f'  {names[node.name]}["{place}{_entity(node.name)}<br/>{_entity(node.about)}"]:::{node.state}')
    arrows = {AFTER: "-->", ORDER: '-. "lands before" .->'}
    for edge in shown.edges:
        arrow = arrows.get(edge.kind) or f'-. "{_entity(edge.label)}" .-'
        lines.append(f"  {names[edge.start]} {arrow} {names[edge.end]}")
    states = sorted({node.state for node in shown.nodes})
    lines += [f"  classDef {state} stroke:{COLOURS[state]},stroke-width:2px" for state in states]
    return "".join(f"{line}\n" for line in lines)


def _entity(text: str) -> str:
    """Text in Mermaid's quotes: whatever could mean something there is written as its number."""
    line = " ".join(plain(text).split())
    return "".join(one if one.isalnum() or one in " -_./@" else f"#{ord(one)};" for one in line)


def dot(shown: Graph) -> str:
    """A digraph for graphviz."""
    lines = ["digraph batch {", "  rankdir=LR;", "  node [shape=box, style=rounded, fontname=sans];"]
    for node in shown.nodes:
        place = f"{node.place}: " if node.place else ""
        label = f"{_quoted(place + node.name)[:-1]}\\n{_quoted(node.about)[1:]}"
        lines.append(f'  {_quoted(node.name)} [label={label}, color="{COLOURS[node.state]}"];')
    ways = {AFTER: "", ORDER: ' [style=dashed, constraint=false, label="lands before"]'}
    for edge in shown.edges:
        way = ways.get(edge.kind, f" [style=dotted, dir=none, constraint=false, label={_quoted(edge.label)}]")
        lines.append(f"  {_quoted(edge.start)} -> {_quoted(edge.end)}{way};")
    return "".join(f"{line}\n" for line in [*lines, "}"])


def _quoted(text: str) -> str:
    line = " ".join(plain(text).split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{line}"'

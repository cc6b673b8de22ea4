"""`waves graph`: what is an edge, where units stand, and that no words of strangers mean anything in the drawing."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loop_world import World

from waves.plan.model import Agent, Finding, Plan, Unit
from waves.report import drawing
from waves.report.graph import AFTER, FINDING, ORDER, Edge, Graph, Node, dot, graph, mermaid
from waves.report.layout import lay_out

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = 'x"]; click u1 "https://evil.example" -->|<script>alert(1)</script>| \x1b[31m\u202e & \\'


def plan(*units: Unit, order: tuple[str, ...] = (), findings: tuple[Finding, ...] = ()) -> Plan:
    return Plan(Path("/p.yaml"), "b", units, Agent("command"), merge_order=order, findings=findings)


def unit(name: str, issue: int, *after: str) -> Unit:
    return Unit(name, (issue,), "feat", after=after)


def nodes(*names: str) -> tuple[Node, ...]:
    return tuple(Node(name, (1,), "going") for name in names)


SMALL = graph(
    plan(
        unit("a", 1), unit("c", 2, "a"), unit("d", 3), unit("e", 4), order=("d", "a"),
        findings=(
            Finding((1, 3), "semantic-overlap", "both", "d first"), Finding((1, 2), "dependency"),
            Finding((1, 2, 3), "umbrella"), Finding((9, 1), "in-flight"), Finding((3, 4), "same-region", HOSTILE),
        ),
    ),
    {"a": "merged", "c": "going", "d": "escalated", "e": "waiting"},
)  # fmt: skip


# ---- what is drawn


def test_edges_are_what_comes_after_what_and_findings_that_no_after_resolves() -> None:
    assert [(one.kind, one.start, one.end, one.label) for one in SMALL.edges] == [
        (AFTER, "a", "c", ""), (ORDER, "d", "a", ""),
        (FINDING, "a", "d", "semantic-overlap"), (FINDING, "d", "e", "same-region"),
    ]  # fmt: skip
    assert [(one.name, one.place, one.about) for one in SMALL.nodes] == [
        ("a", 2, "merged #1"), ("c", 0, "going #2"), ("d", 1, "escalated #3"), ("e", 0, "waiting #4"),
    ]  # fmt: skip


def test_mermaid_is_what_github_draws() -> None:
    assert mermaid(SMALL) == (
        "flowchart LR\n"
        '  u1["2: a<br/>merged #35;1"]:::merged\n'
        '  u2["c<br/>going #35;2"]:::going\n'
        '  u3["1: d<br/>escalated #35;3"]:::escalated\n'
        '  u4["e<br/>waiting #35;4"]:::waiting\n'
        "  u1 --> u2\n"
        '  u3 -. "lands before" .-> u1\n'
        '  u1 -. "semantic-overlap" .- u3\n'
        '  u3 -. "same-region" .- u4\n'
        "  classDef escalated stroke:#c53030,stroke-width:2px\n"
        "  classDef going stroke:#2b6cb0,stroke-width:2px\n"
        "  classDef merged stroke:#2f855a,stroke-width:2px\n"
        "  classDef waiting stroke:#b7791f,stroke-width:2px\n"
    )


def test_dot_is_a_digraph() -> None:
    text = dot(SMALL)
    assert text.startswith("digraph batch {\n")
    assert '  "d" [label="1: d\\nescalated #3", color="#c53030"];\n' in text
    assert '  "a" -> "c";\n  "d" -> "a" [style=dashed, constraint=false, label="lands before"];\n' in text
    assert '  "a" -> "d" [style=dotted, dir=none, constraint=false, label="semantic-overlap"];\n' in text


def test_words_of_strangers_stay_words_in_every_form() -> None:
    hostile = Graph(nodes("a", "c"), (Edge(FINDING, "a", "c", HOSTILE, HOSTILE),))
    assert re.fullmatch(r'  u1 -\. "[\w #;./@-]*" \.- u2', mermaid(hostile).splitlines()[3])
    edge = dot(hostile).splitlines()[-2]
    assert re.fullmatch(r'  "a" -> "c" \[[\w=, ]*label="(?:[^"\\]|\\["\\])*"\];', edge)
    tree = ET.fromstring(drawing.svg(hostile))
    assert {one.tag.removeprefix(SVG) for one in tree.iter()} <= {
        "svg", "title", "style", "defs", "marker", "path", "g", "rect", "text",
    }  # fmt: skip
    for text in (mermaid(hostile), dot(hostile), drawing.svg(hostile)):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", text)


# ---- where units stand


def test_a_unit_stands_right_of_those_that_it_comes_after_and_free_ones_below() -> None:
    shown = lay_out(SMALL)
    assert shown.tied == {"d": (0, 0), "a": (0, 1), "e": (0, 2), "c": (1, 1)}
    assert shown.free == {}
    free = lay_out(Graph(nodes("a", "b", "c", "d", "x"), (Edge(AFTER, "a", "x"),)))
    assert free.free == {"b": (0, 1.5), "c": (1, 1.5), "d": (2, 1.5)}
    assert lay_out(Graph((), ())).rows == 0


def test_neighbours_of_two_columns_stand_side_by_side() -> None:
    crossed = Graph(nodes("a", "b", "x", "y"), (Edge(AFTER, "a", "y"), Edge(AFTER, "b", "x"), Edge(ORDER, "a", "b")))
    assert lay_out(crossed).tied == {"a": (0, 0), "b": (0, 1), "y": (1, 0), "x": (1, 1)}


def test_a_long_chain_is_drawn_as_well() -> None:
    names = [f"u{number}" for number in range(2000)]
    shown = lay_out(Graph(nodes(*reversed(names)), tuple(Edge(AFTER, *pair) for pair in itertools.pairwise(names))))
    assert shown.tied["u1999"] == (1999, 0)


@given(st.sets(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=20))
def test_no_two_units_stand_in_one_place(pairs: set[tuple[int, int]]) -> None:
    count = 13
    edges = [Edge(AFTER, f"u{min(pair)}", f"u{max(pair)}") for pair in sorted(pairs) if len(set(pair)) == 2]
    shown = lay_out(Graph(nodes(*(f"u{number}" for number in range(count))), tuple(edges)))
    rows = sorted([*shown.tied.values(), *((column, row) for column, row in shown.free.values())])
    assert len(rows) == count
    assert all(right[1] - left[1] >= 1 for left, right in itertools.pairwise(rows) if left[0] == right[0])
    for edge in edges:
        assert shown.tied[edge.start][0] < shown.tied[edge.end][0]


# ---- the drawing


def test_everything_lies_inside_the_drawing() -> None:
    tree = ET.fromstring(drawing.svg(SMALL))
    wide, high = float(tree.attrib["width"]), float(tree.attrib["height"])
    for box in tree.iter(f"{SVG}rect"):
        assert 0 <= float(box.attrib["x"]) <= wide - float(box.attrib["width"])
        assert 0 <= float(box.attrib["y"]) <= high - float(box.attrib["height"])
    names = [one.text for one in tree.iter(f"{SVG}text") if one.attrib.get("class") == "name"]
    assert sorted(str(name) for name in names) == ["a", "c", "d", "e"]
    assert [one.attrib["class"] for one in tree.iter(f"{SVG}g") if "unit " in one.attrib.get("class", "")] == [
        "unit merged", "unit going", "unit escalated", "unit waiting",
    ]  # fmt: skip


def test_it_stands_alone_with_its_style_and_in_a_page_without() -> None:
    alone, inside = drawing.svg(SMALL), drawing.svg(SMALL, batch="b")
    assert "<style>" in alone
    assert "<style>" not in inside
    assert 'href="#b.a"' in inside
    assert "href" not in alone


@pytest.mark.parametrize("form", ["mermaid", "svg", "dot"])
def test_the_command_prints_it_and_asks_which_where_there_are_two(world: World, form: str) -> None:
    world.write_plan("a", {"unit": "c", "after": ["a"]})
    out = world.waves("graph", "--format", form, "b").out
    assert {"mermaid": "u1 --> u2", "svg": 'class="after"', "dot": '"a" -> "c";'}[form] in out
    world.write_plan("z", name="other")
    assert world.waves("graph", "--format", form, code=2).out == "which batch? say b or other\n"

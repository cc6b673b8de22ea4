"""Draws a graph of units as one SVG that needs nothing else; where each stands is the layout's business."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from waves.foundation.text import plain
from waves.report.graph import AFTER, FINDING, ORDER, Edge, Graph, Node
from waves.report.layout import lay_out

WIDTH, HEIGHT = 190, 44  # of a unit, in pixels
ACROSS, DOWN = 104, 16  # between units
BESIDE = 22  # between units without an edge
MARGIN = 34  # room for the curves at the left, where there are any
LONGEST = 24  # characters of a name that fit
ASIDE = 7  # so far from the middle of a side lie the lines that are not `after`

Point = tuple[float, float]


def svg(shown: Graph, *, batch: str = "") -> str:
    """The drawing, to stand alone; with `batch`: for a page that has the style, and an element BATCH.UNIT a unit."""
    layout = lay_out(shown)
    margin = MARGIN if any(edge.kind == ORDER for edge in shown.edges) else 2
    corners = {name: (margin + column * (WIDTH + gap), 8 + row * (HEIGHT + DOWN))
               for places, gap in ((layout.tied, ACROSS), (layout.free, BESIDE))
               for name, (column, row) in places.items()}  # fmt: skip
    labels = ACROSS if any(edge.kind == FINDING for edge in shown.edges) else 2
    wide = max([x + WIDTH + (labels if name in layout.tied else 2) for name, (x, _) in corners.items()], default=0)
    high = 16 + layout.rows * (HEIGHT + DOWN) - DOWN
    style = "" if batch else f"<style>{style_sheet()}</style>"
    tip = f"tip-of-{batch}" if batch else "tip"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="units" role="img" width="{wide:g}" height="{high:g}" '
        f'viewBox="0 0 {wide:g} {high:g}"><title>{_text(_summary(shown))}</title>{style}{_tip(tip)}'
    )
    edges = [_edge(edge, corners, tip) for edge in shown.edges]
    parts = [head, *edges, *(_node(node, corners[node.name], batch) for node in shown.nodes), "</svg>"]
    return "\n".join(parts) + "\n"


def _tip(name: str) -> str:
    return (
        f'<defs><marker id="{_text(name)}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 8 4 0 8z" class="tip"/></marker></defs>'
    )


def style_sheet() -> str:
    return Path(__file__).with_name("drawing.css").read_text("utf-8")


def _summary(shown: Graph) -> str:
    merged = sum(node.state == "merged" for node in shown.nodes)
    return f"{len(shown.nodes)} units, {merged} merged"


def _text(words: str) -> str:
    return escape(" ".join(plain(words).split()), {'"': "&quot;"})


def _node(node: Node, corner: Point, batch: str) -> str:
    x, y = corner
    name = node.name if len(node.name) <= LONGEST else node.name[: LONGEST - 1] + "…"
    place = (
        f'<g class="place"><circle cx="{x + WIDTH - 14:g}" cy="{y + 14:g}" r="9"/>'
        f'<text x="{x + WIDTH - 14:g}" y="{y + 17.5:g}">{node.place}</text></g>' if node.place else ""
    )  # fmt: skip
    about = node.about if len(node.about) <= LONGEST + 4 else node.about[: LONGEST + 3] + "…"
    drawn = (
        f'<g class="unit {node.state}"><title>{_text(f"{node.name}: {node.about}")}</title>'
        f'<rect class="box" x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="7"/>'
        f'<rect class="mark" x="{x + 7:g}" y="{y + 9:g}" width="4" height="{HEIGHT - 18}" rx="2"/>'
        f'<text class="name" x="{x + 19:g}" y="{y + 19:g}">{_text(name)}</text>'
        f'<text class="about" x="{x + 19:g}" y="{y + 34:g}">{_text(about)}</text>{place}</g>'
    )
    return f'<a href="#{_text(f"{batch}.{node.name}")}">{drawn}</a>' if batch else drawn


def _edge(edge: Edge, corners: Mapping[str, Point], tip: str) -> str:
    (x, y), (to_x, to_y) = corners[edge.start], corners[edge.end]
    aside = {AFTER: 0, FINDING: -ASIDE}.get(edge.kind, ASIDE)
    y, to_y = y + HEIGHT / 2 + aside, to_y + HEIGHT / 2 + aside
    if x == to_x:  # in one column: a bow beside it, findings to the right, the merge order to the left
        right = edge.kind == FINDING
        bow = min(14 + abs(to_y - y) / 14, 30) * (1 if right else -1)
        x = to_x = x + (WIDTH if right else 0)
        path = f"M{x:g} {y:g}C{x + bow:g} {y:g} {x + bow:g} {to_y:g} {to_x:g} {to_y:g}"
        label = (x + bow * 0.75 + 5, (y + to_y) / 2 + 3, "start")
    else:
        forward = to_x > x
        x, to_x = (x + WIDTH, to_x) if forward else (x, to_x + WIDTH)
        pull = (to_x - x) / 2
        path = f"M{x:g} {y:g}C{x + pull:g} {y:g} {to_x - pull:g} {to_y:g} {to_x:g} {to_y:g}"
        label = ((x + to_x) / 2, (y + to_y) / 2 - 4, "middle")
    words = f"{edge.start}, {edge.end}: {edge.label}: {edge.about}" if edge.kind == FINDING else ""
    arrow = "" if edge.kind == FINDING else f' marker-end="url(#{_text(tip)})"'
    drawn = f'<path class="{edge.kind}" d="{path}"{arrow}/>'
    if not words:
        return drawn
    said = f'<text class="label" x="{label[0]:g}" y="{label[1]:g}" text-anchor="{label[2]}">{_text(edge.label)}</text>'
    return f"<g><title>{_text(words)}</title>{drawn}{said}</g>"

"""The report of batches as one HTML page that needs nothing else; it reads files, and touches no network."""

from __future__ import annotations

import base64
import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from waves import __version__
from waves.batch import audit, turns
from waves.batch.workspace import Planned
from waves.foundation.records import read_json
from waves.foundation.shapes import rows
from waves.foundation.text import plain
from waves.plan.model import Ruling, Skip, Unit
from waves.report import drawing, graph, history, reviews, stages, timeline
from waves.report.status import BatchStatus, UnitStatus, batch_status
from waves.report.timeline import Axis, Bar, Link, in_words, round_words
from waves.report.words import STATES

ROLES = ("implementer", "reviewer", "corrector", "arbiter")
THINNEST = 0.25  # percent of the axis: what is shorter could not be seen
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Block:
    """A bar as it is drawn, in percent of the axis."""

    x: float
    width: float
    kind: str
    about: str
    work: tuple[tuple[float, float], ...]  # where its agents were at work, as x and width
    critical: tuple[float, float] | None  # the part that the end waited for


@dataclass(frozen=True, slots=True)
class UnitPage:
    status: UnitStatus
    titles: tuple[str, ...]  # of its issues
    url: str  # of its pull request, where a browser can open it
    spent: float | None  # seconds from its first step to its last; None: nothing was done
    lane: tuple[Block, ...]
    way: tuple[tuple[stages.Shown, ...], ...]
    to_do: tuple[stages.Shown, ...]
    cycles: tuple[reviews.Reviewed, ...]
    rulings: tuple[Ruling, ...]  # those on no cycle's item or step
    tokens: Mapping[str, int]  # by role
    runs: int


@dataclass(frozen=True, slots=True)
class BatchPage:
    status: BatchStatus
    counts: tuple[tuple[str, int], ...]  # state to units
    units: tuple[UnitPage, ...]
    axis: Axis
    path: tuple[Link, ...]
    path_kinds: tuple[tuple[str, float], ...]  # what the critical path's time went into, most first
    drawing: str
    tokens: Mapping[str, int]  # by role
    most_tokens: int  # of one unit
    seconds: float  # from the first step to the last, pauses of everybody left out
    agent_seconds: float
    audit: Mapping[str, Any] | None
    audit_is_current: bool
    skip: tuple[Skip, ...]


def page(plans: Sequence[Planned], faults: Sequence[str] = ()) -> str:
    """The whole page; `faults`: what stands against the plans that do not read well."""
    now = time.time()
    batches = [_batch(planned, now) for planned in plans]
    style = drawing.style_sheet() + (HERE / "page.css").read_text("utf-8")
    return _render(batches, faults, style, now)


def _batch(planned: Planned, now: float) -> BatchPage:
    status = batch_status(planned)
    # A repository that is not there has no units to show.
    units = planned.plan.units if status.units else ()
    runs = history.of_units(planned.batch) if units else {}
    bars = history.bars_of(planned.batch, runs, now) if units else ()
    axis = timeline.axis(bars)
    path = timeline.critical_path(bars, {unit.name: unit.after for unit in units}, planned.plan.merge_order)
    pages = tuple(
        _unit(planned, unit, one, [bar for bar in bars if bar.unit == unit.name], runs[unit.name], axis, path)
        for unit, one in zip(units, status.units, strict=True)
    )
    counts = Counter(one.state for one in status.units)
    states = {one.unit: one.state for one in status.units}
    tokens = sum((Counter(one.tokens) for one in pages), Counter())
    return BatchPage(
        status=status,
        counts=tuple((state, counts[state]) for state in reversed(STATES) if counts[state]),
        units=pages,
        axis=axis,
        path=path,
        path_kinds=_kinds(path),
        drawing=drawing.svg(graph.graph(planned.plan, states), batch=planned.name) if units else "",
        tokens={role: tokens[role] for role in ROLES if tokens[role]},
        most_tokens=max((sum(one.tokens.values()) for one in pages), default=0),
        seconds=axis.marks[-1][0] - axis.start - sum(cut for _, cut in axis.cuts),
        agent_seconds=sum(bar.spent for bar in bars if bar.work and bar.kind in timeline.POOLS),
        audit=audit.written(planned.batch) if units else None,
        audit_is_current=bool(units) and audit.is_current(planned.batch),
        skip=planned.plan.skip,
    )


def _unit(planned: Planned, unit: Unit, status: UnitStatus, bars: Sequence[Bar], runs: Sequence[timeline.Run],
          axis: Axis, path: Sequence[Link]) -> UnitPage:  # fmt: skip
    folder = planned.batch.units[unit.name]
    records = folder.records
    shown = stages.stages(planned.batch.survey(unit), records, bars)
    rulings = planned.batch.rulings(unit.name)
    reviewed = reviews.reviews_of(folder.path, records, rulings)
    since = {link.bar: link.since for link in path}
    tokens: Counter[str] = Counter()
    for run in runs:
        tokens[run.role] += run.tokens or 0
    issue = read_json(folder.path / "issue.json")
    return UnitPage(
        status=status,
        titles=tuple(str(one.get("title", "")) for one in rows(issue, "issues")),
        url=_openable(str(records["pr"].result.get("url", "")) if "pr" in records else ""),
        spent=max(bar.ended for bar in bars) - bars[0].started if bars else None,
        lane=tuple(_block(bar, axis, since.get(bar)) for bar in bars),
        way=shown,
        to_do=stages.to_do(shown),
        cycles=reviewed,
        rulings=tuple(one for one in rulings if all(one not in review.rulings for review in reviewed)),
        tokens={role: tokens[role] for role in ROLES if tokens[role]},
        runs=len(runs),
    )


def _openable(url: str) -> str:
    """An address that means the same to whoever gets the page; a file of this machine does not."""
    return url if url.startswith(("https://", "http://")) else ""


def _block(bar: Bar, axis: Axis, since: float | None) -> Block:
    def across(start: float, end: float) -> tuple[float, float]:
        x = axis.at(start)
        return round(x, 3), round(max(axis.at(end) - x, THINNEST), 3)

    about = f"{bar.step}: {in_words(bar.spent)}" + (", goes on" if bar.going else "")
    if bar.begun - bar.started > timeline.QUEUED:
        about += f", {in_words(bar.begun - bar.started)} after it was ready"
    work = tuple(across(start, end) for start, end in bar.work)
    critical = None if since is None else across(max(since, bar.started), bar.ended)
    return Block(*across(bar.started, bar.ended), bar.kind, about, work, critical)


def _kinds(path: Sequence[Link]) -> tuple[tuple[str, float], ...]:
    """What the path's time went into, by kind of step; most first, without what is nothing."""
    found: defaultdict[str, float] = defaultdict(float)
    for link in path:
        found["waiting"] += link.waited
        found[link.bar.kind] += link.bar.ended - link.since - link.waited
    most_first = sorted(found.items(), key=lambda one: -one[1])
    return tuple(one for one in most_first if one[1] >= 0.05)


# ---- the page itself


def _render(batches: Sequence[BatchPage], faults: Sequence[str], style: str, now: float) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        finalize=_harmless,
    )  # fmt: skip
    environment.filters |= {"words": in_words, "round_words": round_words, "thousands": _thousands}
    return environment.get_template("page.html").render(
        batches=[replace(one, drawing=Markup(one.drawing)) for one in batches],  # noqa: S704 - it escapes itself
        faults=faults,
        style=Markup(style),  # noqa: S704 - our own file
        digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        roles=ROLES,
        person=turns.PERSON,
        made=datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=__version__,
    )


def _harmless(value: Any) -> Any:
    """What strangers wrote, without control characters and marks that turn the direction of text."""
    return plain(value) if type(value) is str else value


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")

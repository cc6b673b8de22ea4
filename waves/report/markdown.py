"""A plan for the readers of a pull request: what it would do, and what stands against it; it decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from waves.agents.prompts.fences import code, marks
from waves.foundation import inert
from waves.foundation.text import plain
from waves.plan import powers
from waves.steps.texts import harmless

if TYPE_CHECKING:
    from waves.plan.model import Plan, Unit


def plan_page(shown: str, plan: Plan | None, stands_against: Sequence[str], verdict: str) -> str:
    """Markdown about one plan; None for one that does not read well."""
    parts = [f"## {code(shown)}", f"**{harmless(verdict.partition(chr(10))[0])}**"]
    if stands_against:
        parts.append(_fenced("\n".join(stands_against)))
    if plan is not None:
        parts += _what_it_does(plan)
        can = "\n".join(f"- {one.verb} {code(one.what)}" for one in powers.powers(plan))
        parts += ["### What this plan can do", can]
    return "\n\n".join(parts) + "\n"


def _fenced(text: str) -> str:
    body = plain(text)
    around = marks(body, 3)
    return f"{around}text\n{body}\n{around}"


def _what_it_does(plan: Plan) -> Iterator[str]:
    cells = [_row(plan, unit) for unit in plan.units]
    yield "\n".join(["| unit | issues | branch | after | scope | why |", "|---|---|---|---|---|---|", *cells])
    if plan.merge_order:
        yield f"Merged in the order {', '.join(code(name) for name in plan.merge_order)}; others when they are ready."
    if plan.skip:
        yield "\n".join(["Left out:", "", *(f"- #{one.issue}: {harmless(one.why)}" for one in plan.skip)])
    if plan.findings:
        yield "\n".join(["What collides, and what is done about it:", "", *_findings(plan)])


def _row(plan: Plan, unit: Unit) -> str:
    issues = ", ".join(f"#{number}" for number in unit.issues)
    after = ", ".join(code(name) for name in unit.after)
    scope = ", ".join([*(code(one) for one in unit.scope.inside), *(f"not {code(one)}" for one in unit.scope.outside)])
    cells = (code(unit.name), issues, code(unit.branch), after, scope, harmless(unit.why))
    return "| " + " | ".join(map(inert.cell, cells)) + " |"


def _findings(plan: Plan) -> Iterator[str]:
    for one in plan.findings:
        issues = ", ".join(f"#{number}" for number in one.issues)
        resolution = harmless(one.resolution) or "**not resolved yet**"
        yield f"- {issues} ({one.kind}): {harmless(one.evidence)} → {resolution}"

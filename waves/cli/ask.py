"""Takes a person's answers on a terminal, and writes each as `waves rule` does; it answers nothing itself."""

from __future__ import annotations

from collections.abc import Sequence

import click

from waves.batch.workspace import Planned
from waves.cli import rule
from waves.report.questions import Question, lines

LATER = "later"


def answer(questions: Sequence[tuple[Planned, Question]]) -> None:
    """Put one question after the other; what is answered is in the plan before the next is put."""
    dropped: set[tuple[str, str]] = set()
    for number, (planned, one) in enumerate(questions, 1):
        if (one.batch, one.unit) in dropped:
            continue
        click.echo(f"\n[{number} of {len(questions)}] " + "\n".join(lines(one)))
        if not one.rulings:
            continue
        ruling = click.prompt("Your ruling", type=click.Choice([*one.rulings, LATER]), default=LATER)
        if ruling == LATER:
            continue
        why = click.prompt("Why", default="", show_default=False)
        item = one.item
        if ruling == "drop":
            item = "unit"
            dropped.add((one.batch, one.unit))
        click.echo(rule.rule(planned, planned.plan.unit(one.unit), item, ruling, why))

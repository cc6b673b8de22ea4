"""The verbs of whoever manages batches without watching them: what to answer, and when to look; they decide nothing."""

from __future__ import annotations

import sys

import click

from waves.cli import chosen
from waves.cli.chosen import JSON, PLAN


@click.command("ask", short_help="List what waits for a person, and take the answers.")
@PLAN
@JSON
def ask_command(plan: str, as_json: bool) -> int:
    """List everything that waits for a person, of all plans: the question, the evidence, the ruling to write.

    On a terminal each question can be answered at once; the answer is written as `waves rule` writes it.
    """
    from waves.commands import ask
    from waves.report import questions as page

    plans, code = chosen.sound(plan, say=not as_json)
    found = [(planned, question) for planned in plans for question in page.questions(planned)]
    if as_json:
        chosen.print_json({"questions": [page.to_json(one) for _, one in found], "faults": chosen.faults(plan)})
    elif found and sys.stdin.isatty() and sys.stdout.isatty():
        ask.answer(found)
    else:
        click.echo("\n\n".join("\n".join(page.lines(one)) for _, one in found) or page.NOTHING)
    return code


VERBS = (ask_command,)

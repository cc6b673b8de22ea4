"""The verbs that show a batch: status, page, drawing, reasons, logs, proof; they change nothing."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from waves.cli import chosen
from waves.cli.chosen import DONE, FAILED, JSON, PLAN
from waves.foundation.errors import UsageError


@click.command("status", short_help="Show where every unit stands, and who must act.")
@PLAN
@click.option("-w", "--watch", is_flag=True, help="Stay, and keep the table up to date; needs a terminal.")
@JSON
def status_command(plan: str, watch: bool, as_json: bool) -> int:
    """Show where every unit stands: step, cycle, head, checks, verdict, tokens, and whom or what it waits for.

    Below the table: why a unit stands still, and the command that lets it go on. With --watch, keys open the log, the
    diff and the pull request of a unit, rule on it, or stop its agent.
    """
    if watch:
        return _watch(plan, as_json)
    from waves.batch import unplanned
    from waves.report import status as page

    plans, code = chosen.sound(plan, say=not as_json)
    batches = [page.batch_status(planned) for planned in plans]
    left = unplanned.of_batches(chosen.top(), chosen.plans(plan))
    if as_json:
        whole = {"batches": [page.to_json(one) for one in batches], "unplanned": [asdict(one) for one in left]}
        chosen.print_json({**whole, "faults": chosen.faults(plan)})
        return code
    terminal = sys.stdout.isatty()
    pages = [page.show(one, page.terminal_width(terminal), colour=page.in_colour(terminal)) for one in batches]
    pages += ["\n".join(one.line for one in left)] if left else []
    click.echo("\n\n".join(pages), nl=bool(pages), color=True)
    return code


def _watch(plan: str, as_json: bool) -> int:
    from waves.cli import watch

    if as_json:
        raise UsageError("--watch is for people: leave out --json, or --watch")
    chosen.plans(plan)
    watch.watch_units(chosen.top(), [plan] if plan else [])
    return DONE


@click.command("report", short_help="Write a page that shows the whole batch.")
@PLAN
@click.option(
    "-o", "--output", default="", metavar="FILE", help="Where to; `-` prints it. Default: .waves/report.html."
)
def report_command(plan: str, output: str) -> None:
    """Write one HTML page about the batches: summary, timeline, units, steps, reviews, tokens and the audit.

    The page holds everything it needs, loads nothing and runs no script: it can be sent to others as it is.
    """
    from waves.cli import report

    written = report.report(chosen.top(), chosen.plans(plan), output)
    click.echo(written, nl=not isinstance(written, str))


@click.command("graph", short_help="Draw the units and what is between them.")
@PLAN
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "svg", "dot"]),
    default="mermaid",
    show_default=True,
    help="Mermaid is what GitHub draws in comments.",
)
def graph_command(plan: str, form: str) -> None:
    """Print the units of a batch with their state, what branches and lands after what, and the findings."""
    from waves.cli import graph

    click.echo(graph.draw(chosen.plans(plan), form), nl=False)


@click.command("explain", short_help="Say why a step would run, or not.")
@click.argument("name", metavar="STEP|UNIT", shell_complete=chosen.unit_names)
@JSON
def explain_command(name: str, as_json: bool) -> None:
    """Say why a step would run, or not: `review:auth/claim-verdicts@1`, or every step of a unit."""
    from waves.report import explain as page

    unit_name, step = page.parse_name(name)
    planned, unit = chosen.unit(unit_name)
    rows = page.rows(planned, unit, step)
    if as_json:
        chosen.print_json({"unit": unit.name, "batch": planned.name, "steps": rows})
        return
    for line in page.lines(rows):
        click.echo(line)


@click.command("logs", short_help="Print what a unit's latest agent run said.")
@click.argument("unit", shell_complete=chosen.unit_names)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
def logs_command(unit: str, follow: bool) -> None:
    """Print what a unit's latest agent run said; the first line names its directory, where its prompt is as well."""
    from waves.report import logs as page

    planned, found = chosen.unit(unit)
    for text in page.read(planned.batch.units[found.name].path, follow=follow):
        click.echo(text, nl=False)


@click.command("audit", short_help="Prove that a batch is done.")
@PLAN
@click.option("-v", "--verbose", is_flag=True, help="All evidence, not only what does not hold.")
@JSON
def audit_command(plan: str, verbose: bool, as_json: bool) -> int:
    """Prove, criterion by criterion, that a batch is done; exit code 1 where one does not hold."""
    from waves.batch import audit as proof
    from waves.report import audit as page

    plans, code = chosen.sound(plan)
    found = [proof.to_json(one.batch, proof.write(one.batch)) for one in chosen.reachable(plans, plan)]
    if as_json:
        chosen.print_json({"audits": found})
    else:
        for one in found:
            for line in page.lines(one, verbose=verbose):
                click.echo(line)
    return DONE if all(one["ok"] for one in found) and len(found) == len(plans) and not code else code or FAILED


VERBS = (status_command, report_command, graph_command, explain_command, logs_command, audit_command)

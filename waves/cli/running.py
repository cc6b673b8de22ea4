"""The verbs that act on a batch: run, rule, stop, deploy; what they decide, the modules below decide."""

from __future__ import annotations

import os
import sys

import click

from waves.cli import chosen
from waves.cli.chosen import DONE, EXIT_CODES, FAILED, PLAN


@click.command("run", epilog=EXIT_CODES, short_help="Advance the batches, like `doit`.")
@PLAN
@click.option("--once", is_flag=True, help="Start and collect what can be now; wait for no agent and no check.")
@click.option("--uncommitted", is_flag=True, help="Take the plan as it stands, committed or not.")
@click.option(
    "-n",
    "threads",
    type=click.IntRange(1, 200),
    metavar="N",
    help="Steps at once, up to 200; default: twice the units.",
)
def run_command(plan: str, once: bool, uncommitted: bool, threads: int | None) -> int:
    """Advance the batches like `doit`, with exit codes that say whose turn it is.

    With --once it leaves agents at work behind, says when to look again, and the next one takes up what they did.
    """
    from waves.commands import run

    top = chosen.top()
    os.chdir(top)  # where `doit` works, and where its own tasks of this repository expect to be
    return run.run(top, [plan] if plan else [], uncommitted=uncommitted, threads=threads, once=once)


@click.command("rule", short_help="Write a decision of yours into the plan.")
@click.argument("unit", shell_complete=chosen.unit_names)
@click.argument("item")
@click.argument("ruling", required=False, default="")
@click.option("--why", default="", metavar="TEXT", help="The reason: for the plan and the pull request's comment.")
def rule_command(unit: str, item: str, ruling: str, why: str) -> None:
    """Append a ruling to the plan, keeping its comments; the next `doit` goes by it.

    \b
    waves rule UNIT B2@0 correct      a review item: correct, defer, or requested (by the issue)
    waves rule UNIT review@1 retry    a step that escalated: once more
    waves rule UNIT approve           the merge, where the policy asks
    waves rule UNIT drop              the whole unit: it is not done in this batch

    `waves status` prints the commands that a unit waits for.
    """
    from waves.commands import rule

    planned, found = chosen.unit(unit)
    click.echo(rule.rule(planned, found, item, ruling, why))


@click.command("stop", short_help="End agent runs that go on.")
@click.argument("unit", required=False, default="", shell_complete=chosen.unit_names)
def stop_command(unit: str) -> None:
    """End agent runs and all their children, of one unit or of all; what they committed stays.

    To stop only the dispatching, end `doit` (^C): agents then go on, and the next `doit` takes up what they did.
    """
    from waves import workspace
    from waves.commands import stop

    for line in stop.stop(chosen.top(), list(workspace.plans(chosen.top())), unit):
        click.echo(line)


@click.command("deploy", short_help="Deploy a merged batch, when you say so.")
@click.argument("plan")
@click.argument("environment", required=False, default="")
def deploy_command(plan: str, environment: str) -> int:
    """Start the plan's `deploy.workflow` for one of its environments, show the run and wait for its end.

    Without ENVIRONMENT it asks before each, in the plan's order; the next one only when the one before has that very
    commit. What is merged is deployed: every unit must be. `doit` never deploys.
    """
    from waves.commands import deploy

    def ask(question: str) -> bool:
        return sys.stdin.isatty() and click.confirm(question)

    planned = chosen.reachable(chosen.plans(plan)[:1], plan)[0]
    ended = deploy.deploy(planned, environment, click.echo, ask)
    return {deploy.DONE: DONE, deploy.DECLINED: chosen.PERSON, deploy.FAILED: FAILED}[ended]


VERBS = (run_command, rule_command, stop_command, deploy_command)

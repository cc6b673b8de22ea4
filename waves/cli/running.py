"""The verbs that act on a batch: run, rule, stop, deploy; what they decide, the modules below decide."""

from __future__ import annotations

import os
import sys

import click

from waves.cli import chosen
from waves.cli.chosen import DONE, EXIT_CODES, FAILED, PLAN
from waves.foundation.errors import UsageError


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
    from waves.cli import advance

    top = chosen.top()
    os.chdir(top)  # where `doit` works, and where its own tasks of this repository expect to be
    return advance.run(top, [plan] if plan else [], uncommitted=uncommitted, threads=threads, once=once)


@click.command("rule", short_help="Store a decision of yours.")
@click.argument("unit", required=False, default="", shell_complete=chosen.unit_names)
@click.argument("item", required=False, default="")
@click.argument("ruling", required=False, default="")
@click.option("--why", default="", metavar="TEXT", help="The reason: for the pull request's comment, and for others.")
@click.option("--export", is_flag=True, help="Append stored rulings to the plan, of all batches or of the one named.")
def rule_command(unit: str, item: str, ruling: str, why: str, export: bool) -> None:
    """Store a ruling in .waves, and publish it with the unit's claim; `doit` goes by it. The newest on a thing counts.

    \b
    waves rule UNIT B2@0 correct      a review item: correct, defer, or requested (by the issue)
    waves rule UNIT review@1 retry    a step that escalated: once more
    waves rule UNIT approve           the merge, where the policy asks
    waves rule UNIT drop              the whole unit: it is not done in this batch
    waves rule UNIT B2@0 withdraw     takes the ruling back; `unit` and `merge` are items too
    waves rule --export [PLAN]        appends the rulings to the plan, for a commit

    `waves status` prints the commands that a unit waits for.
    """
    from waves.cli import rule

    if export:
        if item:
            raise UsageError("--export takes a plan, or nothing: rule first, then export")
        for one in chosen.reachable(chosen.plans(unit), unit):
            click.echo(rule.export(one))
        return
    if not (unit and item):
        raise UsageError("what is ruled on? `waves rule UNIT ITEM RULING`; `waves ask` lists the questions")
    planned, found = chosen.unit(unit)
    click.echo(rule.rule(planned, found, item, ruling, why))


@click.command("accept", short_help="Agree with a commit on the base.")
@click.argument("commits", nargs=-1, required=True, metavar="COMMIT…")
@click.option("--why", required=True, metavar="TEXT", help="The reason, for the audit.")
def accept_command(commits: tuple[str, ...], why: str) -> None:
    """Agree with commits that reached the base beside a batch, so that its audit can hold.

    `waves status` and `waves audit` name them, with author and time: look at each first.
    """
    from waves.cli import accept

    plans = chosen.reachable(chosen.plans(""), "")
    for commit in commits:
        lines = [line for one in plans if (line := accept.accept(one, commit, why))]
        if not lines:
            bases = ", ".join(sorted({one.plan.base for one in plans}))
            raise UsageError(f"{commit}: no commit on {bases} waits to be accepted; `waves audit` names those that do")
        for line in lines:
            click.echo(line)


@click.command("stop", short_help="End agent runs that go on.")
@click.argument("unit", required=False, default="", shell_complete=chosen.unit_names)
def stop_command(unit: str) -> None:
    """End agent runs and all their children, of one unit or of all; what they committed stays.

    To stop only the dispatching, end `doit` (^C): agents then go on, and the next `doit` takes up what they did.
    """
    from waves.batch import workspace
    from waves.cli import stop

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
    from waves.cli import deploy

    def ask(question: str) -> bool:
        return sys.stdin.isatty() and click.confirm(question)

    planned = chosen.reachable(chosen.plans(plan)[:1], plan)[0]
    ended = deploy.deploy(planned, environment, click.echo, ask)
    return {deploy.DONE: DONE, deploy.DECLINED: chosen.PERSON, deploy.FAILED: FAILED}[ended]


VERBS = (run_command, rule_command, accept_command, stop_command, deploy_command)

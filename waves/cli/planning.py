"""The verbs that come before a batch runs: make ready, draft, check, confirm; they dispatch nothing."""

from __future__ import annotations

import click

from waves.cli import chosen
from waves.cli.chosen import DONE, FAILED, JSON, PLAN, USAGE


@click.command("init", short_help="Make this repository ready for plans.")
def init_command() -> None:
    """Make this repository ready: `dodo.py`, `plans/`, and Waves' own folders ignored through .git/info/exclude.

    What is there already stays as it is; running it again changes nothing.
    """
    from waves.cli import init

    for line in init.initialise(chosen.top()):
        click.echo(line)


@click.command("triage", short_help="Draft a plan from issues.")
@click.argument("issues", nargs=-1, type=click.IntRange(1), metavar="[ISSUE]...")
@click.option("--batch", required=True, metavar="NAME", help="The plan: plans/NAME.yaml.")
@click.option("--label", default="", metavar="NAME", help="The open issues with this label.")
@click.option("--milestone", default="", metavar="NAME", help="The open issues of this milestone.")
@click.option("--base", default="", metavar="BRANCH", help="What units start from; default: that of the remote.")
@click.option("--update", is_flag=True, help="Look again, and add what is new to the plan that is there.")
@click.option("--agent", is_flag=True, help="Have an agent look as well; what it can't prove is left out.")
@JSON
def triage_command(
    issues: tuple[int, ...],
    batch: str,
    label: str,
    milestone: str,
    base: str,
    update: bool,
    agent: bool,
    as_json: bool,
) -> None:
    """Find what collides among issues, and draft a plan: units, skips, order, and each finding with its evidence.

    Nothing is dispatched, and no plan is overwritten. With --update the plan's own issues are looked at again, and
    those named here come in; your edits and comments stay, and nothing is taken out.
    """
    from waves.batch import workspace
    from waves.cli import triage

    wanted = triage.Wanted(batch, issues, label, milestone, update, agent, base)
    top = chosen.top()
    report = triage.triage(top, list(workspace.plans(top)), wanted, lambda text: click.echo(text, err=True))
    if as_json:
        chosen.print_json(triage.to_json(report))
        return
    for line in triage.lines(report):
        click.echo(line)


@click.command("check", short_help="Say what stands against a plan.")
@PLAN
@click.option("--markdown", is_flag=True, help="For a comment on a pull request: what it would do, and the faults.")
def check_command(plan: str, markdown: bool) -> int:
    """Validate plans: the file, what it means, and what the repository and the forge have against it.

    Each fault has its place in the file. On a plan that is not confirmed it says what is left to decide. It also
    lists what a plan can do: programs, variables, servers, paths and sandboxes. Nothing is changed or dispatched. Exit
    code 2 where there is a fault.
    """
    from waves.batch import preflight
    from waves.cli import check

    plans = chosen.plans(plan)
    reports = [check.check(planned) for planned in plans]
    works = True
    for place, rows in check.repositories(plans):
        works = works and preflight.obstacle(rows) is None
        for line in () if markdown else preflight.table(place, rows):
            click.echo(line)
    for planned, report in zip(plans, reports, strict=True):
        if markdown:
            click.echo(check.markdown(planned, report))
            continue
        for line in (*report.can, *report.findings, report.verdict):
            click.echo(line)
    return USAGE if any(report.faults or report.unit_faults for report in reports) or not works else DONE


@click.command("doctor", short_help="Look at what a batch needs from this machine.")
@PLAN
def doctor_command(plan: str) -> int:
    """Look at git, codex and its sandbox, disk space and the forge; each line is ok, or says what to do.

    Nothing is changed, and no model is asked. Exit code 1 where something is bad.
    """
    from waves.batch import preflight, workspace
    from waves.cli import check, doctor

    top, bad = chosen.top(), False
    plans = list(workspace.plans(top, [plan] if plan else []))
    for line in doctor.examine(top, plans):
        click.echo(str(line))
        bad = bad or line.state == "bad"
    for place, rows in check.repositories(plans, top):
        bad = bad or preflight.obstacle(rows) is not None
        for text in preflight.table(place, rows):
            click.echo(text)
    return FAILED if bad else DONE


@click.command("confirm", short_help="Write `confirmed` and numbers into a plan.")
@PLAN
@click.option("--by", metavar="NAME", help="Who confirms; default: git's user.name.")
def confirm_command(plan: str, by: str | None) -> None:
    """Write `confirmed` into a plan, and a number for each `next`, once nothing is left to decide.

    Comments and layout stay. The plan is then yours to commit: nothing is dispatched before that.
    """
    from waves.cli import confirm

    click.echo(confirm.confirm(confirm.chosen(chosen.plans(plan)), by))


@click.command("schema", short_help="Print the JSON Schema of a plan.")
def schema_command() -> None:
    """Print the JSON Schema of a plan, for editors."""
    from waves.plan.schema import json_schema

    chosen.print_json(json_schema())


VERBS = (init_command, triage_command, check_command, doctor_command, confirm_command, schema_command)

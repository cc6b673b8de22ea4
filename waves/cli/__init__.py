"""The command line: one verb a question or an act, exit codes, and the one place that catches; it decides nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from waves import __version__
from waves.cli import chosen, examples, managing
from waves.cli.chosen import BUG, DONE, FAILED, INTERRUPTED, JSON, PLAN, USAGE
from waves.errors import UsageError, WavesError

EXIT_CODES = """\b
Exit codes: 0 done, 1 failed, 2 usage or plan error, 10 waiting for a person,
75 waiting for agents or checks, 70 a bug of Waves (with a log file), 130 interrupted."""


def main() -> None:
    """Entry point: runs the command, and turns whatever comes out of it into one line and an exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    try:
        code = waves.main(arguments, prog_name="waves", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        _show(error)
        return USAGE
    except WavesError as error:
        click.echo(str(error), err=True)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception:
        return _bug()


def _show(error: click.ClickException) -> None:
    """In one line: what, where, and what to do next."""
    context = getattr(error, "ctx", None)
    where = context.command_path if context else "waves"
    click.echo(f"{where}: {error.format_message().rstrip('.')}; `{where} --help` says more", err=True)


def _bug() -> int:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="waves-bug-", suffix=".txt", delete=False) as file:
        file.write(f"waves {__version__}, python {sys.version}\n{traceback.format_exc()}")
    click.echo(f"this is a bug of Waves: please report it with {file.name}", err=True)
    return BUG


@click.group(epilog=EXIT_CODES, invoke_without_command=True)
@click.version_option(__version__, prog_name="waves")
@click.option(
    "-C", "folder", type=click.Path(path_type=Path), metavar="FOLDER", help="Work in the repository of this folder."
)
@click.pass_context
def waves(context: click.Context, folder: Path | None) -> int:
    """From a reviewed plan of issues to merged pull requests.

    A batch is a file plans/NAME.yaml. `doit`, or `waves run`, advances all of them.
    """
    if folder is not None:
        if not folder.is_dir():
            raise UsageError(f"-C {folder}: there is no such folder")
        os.chdir(folder)
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        return USAGE
    return DONE


# ---- verbs, in the order in which a batch needs them


@waves.command("init", short_help="Make this repository ready for plans.")
def init_command() -> None:
    """Make this repository ready: `dodo.py`, `plans/`, and Waves' own folders ignored through .git/info/exclude.

    What is there already stays as it is; running it again changes nothing.
    """
    from waves.commands import init

    for line in init.initialise(chosen.top()):
        click.echo(line)


@waves.command("triage", short_help="Draft a plan from issues.")
@click.argument("issues", nargs=-1, type=click.IntRange(1), metavar="[ISSUE]...")
@click.option("--batch", required=True, metavar="NAME", help="The plan: plans/NAME.yaml.")
@click.option("--label", default="", metavar="NAME", help="The open issues with this label.")
@click.option("--milestone", default="", metavar="NAME", help="The open issues of this milestone.")
@click.option("--update", is_flag=True, help="Look again, and add what is new to the plan that is there.")
@click.option("--agent", is_flag=True, help="Have an agent look as well; what it can't prove is left out.")
@JSON
def triage_command(
    issues: tuple[int, ...], batch: str, label: str, milestone: str, update: bool, agent: bool, as_json: bool
) -> None:
    """Find what collides among issues, and draft a plan: units, skips, order, and each finding with its evidence.

    Nothing is dispatched, and no plan is overwritten. With --update the plan's own issues are looked at again, and
    those named here come in; your edits and comments stay, and nothing is taken out.
    """
    from waves import workspace
    from waves.commands import triage

    wanted = triage.Wanted(batch, issues, label, milestone, update, agent)
    top = chosen.top()
    report = triage.triage(top, list(workspace.plans(top)), wanted, lambda text: click.echo(text, err=True))
    if as_json:
        chosen.print_json(triage.to_json(report))
        return
    for line in triage.lines(report):
        click.echo(line)


@waves.command("check", short_help="Say what stands against a plan.")
@PLAN
@click.option("--markdown", is_flag=True, help="For a comment on a pull request: what it would do, and the faults.")
def check_command(plan: str, markdown: bool) -> int:
    """Validate plans: the file, what it means, and what the repository and the forge have against it.

    Each fault has its place in the file. On a plan that is not confirmed it says what is left to decide. Nothing is
    changed or dispatched. Exit code 2 where there is a fault.
    """
    from waves.commands import check

    plans = chosen.plans(plan)
    reports = [check.check(planned) for planned in plans]
    for planned, report in zip(plans, reports, strict=True):
        if markdown:
            click.echo(check.markdown(planned, report))
            continue
        for line in (*report.findings, report.verdict):
            click.echo(line)
    return USAGE if any(report.faults or report.unit_faults for report in reports) else DONE


@waves.command("doctor", short_help="Look at what a batch needs from this machine.")
@PLAN
def doctor_command(plan: str) -> int:
    """Look at git, codex and its sandbox, disk space and the forge; each line is ok, or says what to do.

    Nothing is changed, and no model is asked. Exit code 1 where something is bad.
    """
    from waves import workspace
    from waves.commands import doctor

    top, bad = chosen.top(), False
    for line in doctor.examine(top, list(workspace.plans(top, [plan] if plan else []))):
        click.echo(str(line))
        bad = bad or line.state == "bad"
    return FAILED if bad else DONE


@waves.command("confirm", short_help="Write `confirmed` and numbers into a plan.")
@PLAN
@click.option("--by", metavar="NAME", help="Who confirms; default: git's user.name.")
def confirm_command(plan: str, by: str | None) -> None:
    """Write `confirmed` into a plan, and a number for each `next`, once nothing is left to decide.

    Comments and layout stay. The plan is then yours to commit: nothing is dispatched before that.
    """
    from waves.commands import confirm

    click.echo(confirm.confirm(confirm.chosen(chosen.plans(plan)), by))


@waves.command(short_help="Print the JSON Schema of a plan.")
def schema() -> None:
    """Print the JSON Schema of a plan, for editors."""
    from waves.plan.schema import json_schema

    chosen.print_json(json_schema())


@waves.command("run", epilog=EXIT_CODES, short_help="Advance the batches, like `doit`.")
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
def run_batches(plan: str, once: bool, uncommitted: bool, threads: int | None) -> int:
    """Advance the batches like `doit`, with exit codes that say whose turn it is.

    With --once it leaves agents at work behind, says when to look again, and the next one takes up what they did.
    """
    from waves.commands import run

    top = chosen.top()
    os.chdir(top)  # where `doit` works, and where its own tasks of this repository expect to be
    return run.run(top, [plan] if plan else [], uncommitted=uncommitted, threads=threads, once=once)


@waves.command(short_help="Show where every unit stands, and who must act.")
@PLAN
@click.option("-w", "--watch", is_flag=True, help="Stay, and keep the table up to date; needs a terminal.")
@JSON
def status(plan: str, watch: bool, as_json: bool) -> int:
    """Show where every unit stands: step, cycle, head, checks, verdict, tokens, and whom or what it waits for.

    Below the table: why a unit stands still, and the command that lets it go on. With --watch, keys open the log, the
    diff and the pull request of a unit, rule on it, or stop its agent.
    """
    if watch:
        return _watch(plan, as_json)
    from waves.report import status as page

    plans, code = chosen.sound(plan, say=not as_json)
    batches = [page.batch_status(planned) for planned in plans]
    if as_json:
        chosen.print_json({"batches": [page.to_json(one) for one in batches], "faults": chosen.faults(plan)})
        return code
    terminal = sys.stdout.isatty()
    pages = [page.show(one, page.terminal_width(terminal), colour=page.in_colour(terminal)) for one in batches]
    click.echo("\n\n".join(pages), nl=bool(pages), color=True)
    return code


def _watch(plan: str, as_json: bool) -> int:
    from waves.commands import watch

    if as_json:
        raise UsageError("--watch is for people: leave out --json, or --watch")
    chosen.plans(plan)
    watch.watch_units(chosen.top(), [plan] if plan else [])
    return DONE


@waves.command("report", short_help="Write a page that shows the whole batch.")
@PLAN
@click.option(
    "-o", "--output", default="", metavar="FILE", help="Where to; `-` prints it. Default: .waves/report.html."
)
def report_command(plan: str, output: str) -> None:
    """Write one HTML page about the batches: summary, timeline, units, steps, reviews, tokens and the audit.

    The page holds everything it needs, loads nothing and runs no script: it can be sent to others as it is.
    """
    from waves.commands import report

    written = report.report(chosen.top(), chosen.plans(plan), output)
    click.echo(written, nl=not isinstance(written, str))


@waves.command("graph", short_help="Draw the units and what is between them.")
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
    from waves.commands import graph

    click.echo(graph.draw(chosen.plans(plan), form), nl=False)


@waves.command(short_help="Say why a step would run, or not.")
@click.argument("name", metavar="STEP|UNIT", shell_complete=chosen.unit_names)
@JSON
def explain(name: str, as_json: bool) -> None:
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


@waves.command(short_help="Print what a unit's latest agent run said.")
@click.argument("unit", shell_complete=chosen.unit_names)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
def logs(unit: str, follow: bool) -> None:
    """Print what a unit's latest agent run said; the first line names its directory, where its prompt is as well."""
    from waves.report import logs as page

    planned, found = chosen.unit(unit)
    for text in page.read(planned.batch.units[found.name].path, follow=follow):
        click.echo(text, nl=False)


@waves.command("rule", short_help="Write a decision of yours into the plan.")
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


@waves.command("stop", short_help="End agent runs that go on.")
@click.argument("unit", required=False, default="", shell_complete=chosen.unit_names)
def stop_command(unit: str) -> None:
    """End agent runs and all their children, of one unit or of all; what they committed stays.

    To stop only the dispatching, end `doit` (^C): agents then go on, and the next `doit` takes up what they did.
    """
    from waves.commands import stop

    for line in stop.stop(chosen.top(), chosen.plans(), unit):
        click.echo(line)


@waves.command(short_help="Prove that a batch is done.")
@PLAN
@click.option("-v", "--verbose", is_flag=True, help="All evidence, not only what does not hold.")
@JSON
def audit(plan: str, verbose: bool, as_json: bool) -> int:
    """Prove, criterion by criterion, that a batch is done; exit code 1 where one does not hold."""
    from waves import audit as proof
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


for verb in managing.VERBS:
    waves.add_command(verb)
for verb in waves.commands.values():
    examples.show(verb)

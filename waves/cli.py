"""The command line: one verb a question or an act, exit codes, and the one place that catches; it decides nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from waves import __version__
from waves.errors import UsageError, WavesError

if TYPE_CHECKING:
    from waves.plan.model import Unit
    from waves.workspace import Planned

DONE, FAILED, USAGE, PERSON, AGENTS, BUG, INTERRUPTED = 0, 1, 2, 10, 75, 70, 130
EXIT_CODES = """\b
Exit codes: 0 done, 1 failed, 2 usage or plan error, 10 waiting for a person,
75 waiting for agents or checks, 70 a bug of Waves (with a log file), 130 interrupted."""
JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable: docs/json.md.")
PLAN = click.argument("plan", required=False, default="")


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


# ---- finding what a command is about


def _top() -> Path:
    from waves import workspace

    return workspace.top_folder(Path.cwd())


def _plans(*names: str) -> list[Planned]:
    """The plans named, or all; raises UsageError where there is none."""
    from waves import workspace

    found = list(workspace.plans(_top(), [name for name in names if name]))
    if not found:
        raise UsageError("there is no plan in plans/; `waves init` makes the folder, docs/plan.md says what goes in")
    return found


def _sound(name: str = "", *, say: bool = True) -> tuple[list[Planned], int]:
    """The plans that read well, and the exit code so far; a faulty one costs the others nothing."""
    found = _plans(name)
    faulty = [one for one in found if one.fault]
    for one in faulty if say else ():
        click.echo(str(one.fault), err=True)
    return [one for one in found if not one.fault], USAGE if faulty else DONE


def _reachable(plans: Sequence[Planned], name: str = "") -> list[Planned]:
    """Those whose repository is there; the one that was asked for has to be."""
    from waves.report.status import unreachable

    for one in plans:
        if not one.reachable:
            message = f"{one.name}: {unreachable(one)}"
            if name:
                raise UsageError(message)
            click.echo(message, err=True)
    return [one for one in plans if one.reachable]


def _unit(name: str) -> tuple[Planned, Unit]:
    """A unit by name, or as `batch/unit` where two batches have one of that name."""
    from waves.plan.faults import did_you_mean

    batch, _, short = name.rpartition("/")
    plans, _ = _sound(batch)
    found = [(one, unit) for one in plans for unit in one.plan.units if unit.name == short]
    if not found:
        known = [unit.name for one in plans for unit in one.plan.units]
        raise UsageError(f"no unit is called {name!r}{did_you_mean(short, known) or '; `waves status` lists them'}")
    if len(found) > 1:
        ways = " or ".join(f"{one.name}/{short}" for one, _ in found)
        raise UsageError(f"{len(found)} batches have a unit {short!r}; say {ways}")
    _reachable([found[0][0]], name)
    return found[0]


def _faults(name: str) -> list[dict[str, Any]]:
    """The plans that do not read well, as JSON has them."""
    faulty = [(one.shown, one.fault) for one in _plans(name) if one.fault]
    return [{"plan": plan, "faults": list(getattr(fault, "faults", [str(fault)]))} for plan, fault in faulty]


def _print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True))


# ---- verbs, in the order in which a batch needs them


@waves.command("init", short_help="Make this repository ready for plans.")
def init_command() -> None:
    """Make this repository ready: `dodo.py`, `plans/`, and Waves' own folders ignored through .git/info/exclude.

    What is there already stays as it is; running it again changes nothing.
    """
    from waves.commands import init

    for line in init.initialise(_top()):
        click.echo(line)


@waves.command("check", short_help="Say what stands against a plan.")
@PLAN
def check_command(plan: str) -> int:
    """Validate plans: the file, what it means, and what the repository and the forge have against it.

    Each fault has its place in the file. On a plan that is not confirmed it says what is left to decide. Nothing is
    changed or dispatched. Exit code 2 where there is a fault.
    """
    from waves.commands import check

    reports = [check.check(planned) for planned in _plans(plan)]
    for report in reports:
        for line in (*report.faults, *report.unit_faults, *report.hints, report.verdict):
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

    top, bad = _top(), False
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

    click.echo(confirm.confirm(confirm.chosen(_plans(plan)), by))


@waves.command(short_help="Print the JSON Schema of a plan.")
def schema() -> None:
    """Print the JSON Schema of a plan, for editors."""
    from waves.plan.schema import json_schema

    _print_json(json_schema())


@waves.command("run", epilog=EXIT_CODES, short_help="Advance the batches, like `doit`.")
@PLAN
@click.option("--uncommitted", is_flag=True, help="Take the plan as it stands, committed or not.")
@click.option(
    "-n",
    "threads",
    type=click.IntRange(1, 200),
    metavar="N",
    help="Steps at once, up to 200; default: twice the units.",
)
def run_batches(plan: str, uncommitted: bool, threads: int | None) -> int:
    """Advance the batches like `doit`, with exit codes that say whose turn it is."""
    from waves.commands import run

    top = _top()
    os.chdir(top)  # where `doit` works, and where its own tasks of this repository expect to be
    return run.run(top, [plan] if plan else [], uncommitted=uncommitted, threads=threads)


@waves.command(short_help="Show where every unit stands, and who must act.")
@PLAN
@JSON
def status(plan: str, as_json: bool) -> int:
    """Show where every unit stands: step, cycle, head, checks, verdict, tokens, and whom or what it waits for.

    Below the table: why a unit stands still, and the command that lets it go on.
    """
    from waves.report import status as page

    plans, code = _sound(plan, say=not as_json)
    batches = [page.batch_status(planned) for planned in plans]
    if as_json:
        _print_json({"batches": [page.to_json(one) for one in batches], "faults": _faults(plan)})
        return code
    terminal = sys.stdout.isatty()
    pages = [page.show(one, page.terminal_width(terminal), colour=page.in_colour(terminal)) for one in batches]
    click.echo("\n\n".join(pages), nl=bool(pages), color=True)
    return code


@waves.command(short_help="Say why a step would run, or not.")
@click.argument("name", metavar="STEP|UNIT")
@JSON
def explain(name: str, as_json: bool) -> None:
    """Say why a step would run, or not: `review:auth/claim-verdicts@1`, or every step of a unit."""
    from waves.report import explain as page

    unit_name, step = page.parse_name(name)
    planned, unit = _unit(unit_name)
    rows = page.rows(planned, unit, step)
    if as_json:
        _print_json({"unit": unit.name, "batch": planned.name, "steps": rows})
        return
    for line in page.lines(rows):
        click.echo(line)


@waves.command(short_help="Print what a unit's latest agent run said.")
@click.argument("unit")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
def logs(unit: str, follow: bool) -> None:
    """Print what a unit's latest agent run said; the first line names its directory, where its prompt is as well."""
    from waves.report import logs as page

    planned, found = _unit(unit)
    for text in page.read(planned.batch.units[found.name].path, follow=follow):
        click.echo(text, nl=False)


@waves.command("rule", short_help="Write a decision of yours into the plan.")
@click.argument("unit")
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

    planned, found = _unit(unit)
    click.echo(rule.rule(planned, found, item, ruling, why))


@waves.command("deploy", short_help="Deploy a merged batch, when you say so.")
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

    planned = _reachable(_plans(plan)[:1], plan)[0]
    ended = deploy.deploy(planned, environment, click.echo, ask)
    return {deploy.DONE: DONE, deploy.DECLINED: PERSON, deploy.FAILED: FAILED}[ended]


@waves.command("stop", short_help="End agent runs that go on.")
@click.argument("unit", required=False, default="")
def stop_command(unit: str) -> None:
    """End agent runs and all their children, of one unit or of all; what they committed stays.

    To stop only the dispatching, end `doit` (^C): agents then go on, and the next `doit` takes up what they did.
    """
    from waves.commands import stop

    for line in stop.stop(_top(), _plans(), unit):
        click.echo(line)


@waves.command(short_help="Prove that a batch is done.")
@PLAN
@click.option("-v", "--verbose", is_flag=True, help="All evidence, not only what does not hold.")
@JSON
def audit(plan: str, verbose: bool, as_json: bool) -> int:
    """Prove, criterion by criterion, that a batch is done; exit code 1 where one does not hold."""
    from waves import audit as proof
    from waves.report import audit as page

    plans, code = _sound(plan)
    found = [proof.to_json(one.batch, proof.write(one.batch)) for one in _reachable(plans, plan)]
    if as_json:
        _print_json({"audits": found})
    else:
        for one in found:
            for line in page.lines(one, verbose=verbose):
                click.echo(line)
    return DONE if all(one["ok"] for one in found) and len(found) == len(plans) and not code else code or FAILED

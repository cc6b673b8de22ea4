"""The command line: one verb a question or an act, exit codes, and the one place that catches; it decides nothing."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Iterator
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


def main() -> None:
    """Entry point: runs the command, and turns whatever comes out of it into one line and an exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    try:
        code = waves.main(arguments, prog_name="waves", standalone_mode=False)
        return code if isinstance(code, int) else DONE
    except click.exceptions.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return USAGE
    except WavesError as error:
        click.echo(str(error), err=True)
        return error.exit_code
    except KeyboardInterrupt:
        click.echo("interrupted; agents go on, and the next `doit` finds them", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception:
        return _bug()


def _bug() -> int:
    import tempfile

    with tempfile.NamedTemporaryFile("w", prefix="waves-bug-", suffix=".txt", delete=False) as file:
        file.write(f"waves {__version__}, python {sys.version}\n{traceback.format_exc()}")
    click.echo(f"this is a bug of Waves: please report it with {file.name}", err=True)
    return BUG


@click.group(epilog=EXIT_CODES)
@click.version_option(__version__, prog_name="waves")
@click.option(
    "-C", "folder", type=click.Path(file_okay=False, path_type=Path), help="Work in this folder's repository."
)
def waves(folder: Path | None) -> None:
    """From a reviewed plan of issues to merged pull requests."""
    if folder is not None:
        if not folder.is_dir():
            raise UsageError(f"-C {folder}: there is no such folder")
        os.chdir(folder)


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


def _sound(*names: str) -> list[Planned]:
    """The plans that read well and have a repository; a fault is printed and costs the others nothing."""
    found = []
    for planned in _plans(*names):
        if planned.fault and names and names[0]:
            raise planned.fault
        if planned.fault:
            click.echo(str(planned.fault), err=True)
        elif planned.reachable:
            found.append(planned)
        else:
            click.echo(f"{planned.name}: its checkout {planned.checkout} is not there yet", err=True)
    return found


def _unit(name: str, plans: list[Planned] | None = None) -> tuple[Planned, Unit]:
    """A unit by name, or as `batch/unit` where two batches have one of that name."""
    batch, _, short = name.rpartition("/")
    found = [
        (one, unit) for one in (plans or _sound(batch)) for unit in one.plan.units if unit.name == short
    ]  # fmt: skip
    if not found:
        from waves.plan.faults import did_you_mean

        known = [unit.name for one in _sound(batch) for unit in one.plan.units]
        raise UsageError(f"no unit is called {name!r}{did_you_mean(short, known)}")
    if len(found) > 1:
        raise UsageError(f"{name!r} is in {len(found)} batches; say {found[0][0].name}/{name}")
    return found[0]


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True))


# ---- verbs


@waves.command("init")
def init_command() -> None:
    """Make this repository ready: `dodo.py`, `plans/`, and Waves' own folders ignored through .git/info/exclude."""
    from waves.commands import init

    for line in init.initialise(_top()):
        click.echo(line)


@waves.command("check")
@click.argument("plan", required=False, default="")
def check_command(plan: str) -> int:
    """Validate plans: the file, what it means, and what the repository and the forge have against it."""
    from waves.commands import check

    worst = DONE
    for planned in _plans(plan):
        report = check.check(planned, [one for one in _plans() if one.name != planned.name])
        for line in (*report.faults, *report.unit_faults, *report.hints):
            click.echo(line)
        click.echo(report.verdict)
        worst = max(worst, USAGE if report.faults else DONE)
    return worst


@waves.command("confirm")
@click.argument("plan", required=False, default="")
@click.option("--by", help="Who confirms; default: git's user.name.")
def confirm_command(plan: str, by: str | None) -> None:
    """Write `confirmed` and concrete numbers into a plan, once nothing is left to decide."""
    from waves.commands import confirm

    for planned in _plans(plan):
        click.echo(confirm.confirm(planned, by))


@waves.command()
def schema() -> None:
    """Print the JSON Schema of a plan, for editors."""
    from waves.plan.schema import json_schema

    _print_json(json_schema())


@waves.command()
@click.argument("plan", required=False, default="")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable; see docs/json.md.")
def status(plan: str, as_json: bool) -> None:
    """Where every unit stands: step, cycle, head, checks, verdict, tokens, and what it waits for."""
    from waves.report import status as page

    batches = [page.batch_status(planned) for planned in _sound(plan)]
    if as_json:
        _print_json({"batches": [page.to_json(one) for one in batches]})
        return
    for one in batches:
        page.show(one)


@waves.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable; see docs/json.md.")
def explain(name: str, as_json: bool) -> None:
    """Why a step would run or not: NAME is a step (`review:auth/claim-verdicts@1`) or a unit."""
    from waves.report import explain as page

    unit_name, step = page.parse_name(name)
    planned, unit = _unit(unit_name)
    rows = page.rows(planned, unit, step)
    if as_json:
        _print_json({"unit": unit.name, "batch": planned.name, "steps": rows})
        return
    for row in rows:
        click.echo(page.line(row))


@waves.command()
@click.argument("unit")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
def logs(unit: str, follow: bool) -> None:
    """The latest agent run of a unit: what it was asked is beside it, what it said is printed."""
    from waves.report import logs as page

    planned, found = _unit(unit)
    for text in page.read(planned.batch.units[found.name].path, follow=follow):
        click.echo(text, nl=False)


@waves.command("rule")
@click.argument("unit")
@click.argument("item")
@click.argument("ruling", type=click.Choice(["correct", "defer", "requested", "retry", "drop", "approve"]))
@click.option("--why", default="", help="The reason: goes into the plan and the pull request's comment.")
def rule_command(unit: str, item: str, ruling: str, why: str) -> None:
    """Append a ruling to the plan, keeping its comments: on an item (`B2@0`), a step (`review@1`), or a merge."""
    from waves.commands import rule

    planned, found = _unit(unit)
    click.echo(rule.rule(planned, found, item, ruling, why))


@waves.command()
@click.argument("plan", required=False, default="")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable; see docs/json.md.")
def audit(plan: str, as_json: bool) -> int:
    """Prove, criterion by criterion, that a batch is done; exit code 1 where one does not hold."""
    from waves import audit as proof
    from waves.report import audit as page

    reports = [(planned, proof.write(planned.batch)) for planned in _sound(plan)]
    found = [proof.to_json(planned.batch, evidence) for planned, evidence in reports]
    if as_json:
        _print_json({"audits": found})
    else:
        for one in found:
            page.show(one)
    return DONE if all(one["ok"] for one in found) else FAILED


@waves.command("run", epilog=EXIT_CODES)
@click.argument("plan", required=False, default="")
@click.option("--uncommitted", is_flag=True, help="Take the plan as it stands, committed or not.")
@click.option("-n", "threads", type=click.IntRange(1, 200), help="Steps at once; default: twice the units.")
def run_batches(plan: str, uncommitted: bool, threads: int | None) -> int:
    """Advance the batches like `doit`, with exit codes that say whose turn it is."""
    from waves.commands import run

    with _at(_top()):
        return run.run(_top(), [plan] if plan else [], uncommitted=uncommitted, threads=threads)


@waves.command("stop")
@click.argument("unit", required=False, default="")
def stop_command(unit: str) -> None:
    """End agent runs and all their children, of one unit or of all; what they committed stays."""
    from waves.commands import stop

    plans = _sound()
    chosen = [_unit(unit, plans)] if unit else [(one, each) for one in plans for each in one.plan.units]
    stopped = [line for planned, each in chosen for line in stop.stop(planned, each)]
    for line in stopped or ["no agent is running"]:
        click.echo(line)


@contextlib.contextmanager
def _at(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)

"""Finds the plans and units that a command names; it prints what stands against the others, and decides nothing."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from waves.foundation.errors import UsageError

if TYPE_CHECKING:
    from waves.batch.workspace import Planned
    from waves.plan.model import Unit

DONE, FAILED, USAGE, PERSON, AGENTS, BUG, INTERRUPTED = 0, 1, 2, 10, 75, 70, 130
EXIT_CODES = """\b
Exit codes: 0 done, 1 failed, 2 usage or plan error, 10 waiting for a person,
75 waiting for agents or checks, 70 a bug of Waves (with a log file), 130 interrupted."""
NO_PLAN = "there is no plan in plans/; `waves init` makes the folder, `waves triage` drafts one"
JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable: docs/json.md.")


def plan_names(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """For a shell that completes: what plans may be called, without a look into them."""
    try:
        return [path.stem for path in sorted((top() / "plans").glob(f"{glob.escape(begun)}*.yaml"))]
    except UsageError:
        return []


def unit_names(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """For a shell that completes: the units of all plans that read well."""
    try:
        found = [unit.name for one in plans() if not one.fault for unit in one.plan.units]
    except UsageError:
        return []
    return sorted({name for name in found if name.startswith(begun)})


PLAN = click.argument("plan", required=False, default="", shell_complete=plan_names)


def top() -> Path:
    from waves.batch import workspace

    return workspace.top_folder(Path.cwd())


def plans(*names: str) -> list[Planned]:
    """The plans named, or all; raises UsageError where there is none."""
    from waves.batch import unplanned, workspace

    found = list(workspace.plans(top(), [name for name in names if name]))
    if not found:
        raise UsageError("\n".join([NO_PLAN, *(one.line for one in unplanned.unplanned(top(), ()))]))
    return found


def sound(name: str = "", *, say: bool = True) -> tuple[list[Planned], int]:
    """The plans that read well, and the exit code so far; a faulty one costs the others nothing."""
    found = plans(name)
    faulty = [one for one in found if one.fault]
    for one in faulty if say else ():
        click.echo(str(one.fault), err=True)
    return [one for one in found if not one.fault], USAGE if faulty else DONE


def reachable(plans: Sequence[Planned], name: str = "") -> list[Planned]:
    """Those whose repository is there; the one that was asked for has to be."""
    from waves.report.status import unreachable

    for one in plans:
        if not one.reachable:
            message = f"{one.name}: {unreachable(one)}"
            if name:
                raise UsageError(message)
            click.echo(message, err=True)
    return [one for one in plans if one.reachable]


def unit(name: str) -> tuple[Planned, Unit]:
    """A unit by name, or as `batch/unit` where two batches have one of that name."""
    from waves.plan.faults import did_you_mean

    batch, _, short = name.rpartition("/")
    plans, code = sound(batch)
    found = [(one, unit) for one in plans for unit in one.plan.units if unit.name == short]
    if not found:
        known = [unit.name for one in plans for unit in one.plan.units]
        where = " in a plan that reads well" if code else ""
        advice = did_you_mean(short, known) or ("" if code else "; `waves status` lists them")
        raise UsageError(f"no unit is called {name!r}{where}{advice}")
    if len(found) > 1:
        ways = " or ".join(f"{one.name}/{short}" for one, _ in found)
        raise UsageError(f"{len(found)} batches have a unit {short!r}; say {ways}")
    reachable([found[0][0]], name)
    return found[0]


def faults(name: str) -> list[dict[str, Any]]:
    """The plans that do not read well, as JSON has them."""
    faulty = [(one.shown, one.fault) for one in plans(name) if one.fault]
    return [{"plan": plan, "faults": list(getattr(fault, "faults", [str(fault)]))} for plan, fault in faulty]


def print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True))

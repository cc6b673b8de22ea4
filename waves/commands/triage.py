"""`waves triage`: reads issues and repository, and writes a plan's draft or what it lacks; it dispatches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waves import git
from waves import triage as examination
from waves.errors import UsageError, WavesError
from waves.forges import Issue
from waves.plan import edit, reader, schema
from waves.plan.faults import did_you_mean
from waves.plan.kinds import Scalar
from waves.plan.model import Plan
from waves.records import write_text
from waves.steps import in_flight
from waves.steps.batch import Batch
from waves.triage import draft
from waves.triage.model import ForgeFacts, InFlight, Triage
from waves.triage.proposal import Proposed, propose
from waves.workspace import PLANS, Planned, repository_at

ONE_UNIT = "units: [{unit: x, issues: [1], type: feat}]\n"  # makes settings a plan that can be read


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    batch: str
    numbers: tuple[int, ...] = ()
    label: str = ""
    milestone: str = ""
    update: bool = False
    agent: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    batch: str
    plan: str  # its path, as it is shown
    base: str
    proposed: Proposed
    written: bool
    left: tuple[str, ...]  # to decide, each at its place in the file


def triage(top: Path, plans: Sequence[Planned], wanted: Wanted) -> Report:
    """Write the draft, or what the plan lacks; raises UsageError where nothing is to read, or a plan in the way."""
    known = next((one for one in plans if one.name == wanted.batch or one.path.stem == wanted.batch), None)
    if wanted.update:
        if known is None:
            raise UsageError(f"--update: no plan is called {wanted.batch!r}{_near(wanted.batch, plans)}")
        return _update(known, wanted)
    if known is not None:
        raise UsageError(
            f"{known.shown}: is there already; `waves triage --batch {wanted.batch} --update` adds what is new, "
            "and keeps what you wrote"
        )
    return _draft(top, plans, wanted)


def _near(name: str, plans: Sequence[Planned]) -> str:
    return did_you_mean(name, [one.name for one in plans]) or "; without --update it is drafted"


# ---- a new plan


def _draft(top: Path, plans: Sequence[Planned], wanted: Wanted) -> Report:
    assert isinstance(schema.SLUG, Scalar)
    try:
        schema.SLUG.read(wanted.batch)
    except ValueError:
        raise UsageError(f"--batch {wanted.batch!r}: expected {schema.SLUG.expected}") from None
    if not (wanted.numbers or wanted.label or wanted.milestone):
        raise UsageError("which issues? `waves triage 41 47 --batch NAME`, or --label, or --milestone")
    path = top / PLANS / f"{wanted.batch}.yaml"
    settings = _settings(top, plans)
    head = f"batch: {wanted.batch}\n{settings}"
    plan = reader.parse(head + ONE_UNIT, path)
    batch = Batch(plan, repository_at((top / (plan.checkout or ".")).resolve()), top)
    issues = _chosen(batch, wanted)
    found = _examine(batch, issues, [])
    proposed = propose(None, issues, found)
    if not proposed.units:
        raise UsageError(f"nothing is left to do of {_numbers(issues)}: {draft.summary(proposed)}")
    about = f"{_numbers(issues)}, on {plan.base} at {found.base[:8]}"
    text = draft.draft(draft.Head(wanted.batch, about, settings), proposed)
    return _written(top, path, text, found, proposed)


def _settings(top: Path, plans: Sequence[Planned]) -> str:
    """Where the issues live and who does the work: as the plan confirmed last has it, or else as `origin` suggests."""
    confirmed = [one for one in plans if not one.fault and one.plan.confirmed]
    if confirmed:
        latest = max(confirmed, key=lambda one: (one.plan.confirmed.on if one.plan.confirmed else None, one.name))
        if lines := edit.settings_of(reader.read_text(latest.path)):
            return f"# as in {latest.shown}\n{lines}"
    url = git.remote_url(repository_at(top))
    return "forge: github\n" if url and "github" in url else "forge: local\n"


def _chosen(batch: Batch, wanted: Wanted) -> list[Issue]:
    issues = list(batch.forge.issues(wanted.numbers, label=wanted.label, milestone=wanted.milestone))
    if not issues:
        what = [f"the label {wanted.label!r}"] * bool(wanted.label)
        what += [f"the milestone {wanted.milestone!r}"] * bool(wanted.milestone)
        raise UsageError(f"no open issue has {' and '.join(what)}")
    return issues


def _examine(batch: Batch, issues: Sequence[Issue], others: Sequence[InFlight]) -> Triage:
    batch.fetch()
    known = ForgeFacts((*in_flight.pulls(batch), *others), closed=frozenset(
        one.number for one in issues if one.state != "open"))  # fmt: skip
    return examination.examine(batch.repository, batch.base_head, issues, known)


def _numbers(issues: Sequence[Issue]) -> str:
    return f"issue{'s' if len(issues) > 1 else ''} {', '.join(str(one.number) for one in issues)}"


# ---- a plan that exists


def _update(planned: Planned, wanted: Wanted) -> Report:
    plan, batch = planned.plan, planned.batch
    done = {number for unit in plan.units if batch.outcome(unit.name).state in ("merged", "dropped")
            for number in unit.issues}  # fmt: skip
    skipped = {one.issue for one in plan.skip}
    numbers = {number for unit in plan.units for number in unit.issues} | set(wanted.numbers)
    issues = batch.forge.issues(sorted(numbers - done), label=wanted.label, milestone=wanted.milestone)
    issues = [one for one in issues if one.number not in done | skipped]
    found = _examine(batch, [one for one in issues if one.state == "open"], [])
    proposed = propose(plan, issues, found)
    text = edit.extend(reader.read_text(planned.path), draft.additions(proposed))
    return _written(planned.top, planned.path, text, found, proposed)


def _written(top: Path, path: Path, text: str, found: Triage, proposed: Proposed) -> Report:
    try:
        plan = reader.parse(text, path)
    except WavesError as error:
        raise WavesError(
            f"{path.relative_to(top)}: the draft would not be a plan, so it is not written: {error}"
        ) from error
    before = reader.read_text(path) if path.exists() else ""
    if text != before:
        write_text(path, text)
    shown = path.relative_to(top).as_posix()
    return Report(plan.batch, shown, found.base, proposed, text != before, _left(plan))


def _left(plan: Plan) -> tuple[str, ...]:
    from waves.plan import semantics

    return reader.describe(plan.path, semantics.open_faults(plan))


# ---- what is said


def lines(report: Report) -> list[str]:
    """The concrete proposal, and what is still to decide."""
    said = [f"{report.plan}: {'written' if report.written else 'nothing is new'}; {draft.summary(report.proposed)}"]
    if report.left:
        said += ["still to decide:", *(f"  {one.partition(chr(10))[0]}" for one in report.left)]
    return said


def to_json(report: Report) -> dict[str, Any]:
    return {}

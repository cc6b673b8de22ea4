"""`waves triage`: reads issues and repository, and writes a plan's draft or what it lacks; it dispatches nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waves import git
from waves.batch import outside
from waves.batch.batch import Batch
from waves.batch.workspace import PLANS, Planned, editing, ignore_own_folders, repository_at
from waves.forges import Issue, lend_token
from waves.forges.local.forge import find_origin
from waves.foundation.errors import UsageError, WavesError
from waves.foundation.records import write_text
from waves.plan import edit, reader, schema
from waves.plan.faults import did_you_mean
from waves.plan.kinds import Scalar
from waves.plan.model import Plan
from waves.triage import draft
from waves.triage.claims import Verified, verify
from waves.triage.model import Triage
from waves.triage.proposal import Proposed, propose

Say = Callable[[str], None]
IN_THE_WAY = "{}: is there already; `waves triage --batch {} --update` adds what is new, and keeps what you wrote"
NOT_PLAIN = re.compile(r"[^\w/.-]|^\W|^[\d.]+$|^(?:true|false|null|yes|no|on|off)$", re.IGNORECASE)  # for YAML
ONE_UNIT = "units: [{unit: not-drafted-yet, issues: [1], type: feat}]\n"  # makes settings a plan that can be read


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    batch: str
    numbers: tuple[int, ...] = ()
    label: str = ""
    milestone: str = ""
    update: bool = False
    agent: bool = False
    base: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    batch: str
    plan: str  # its path, as it is shown
    base: str
    proposed: Proposed
    refused: tuple[str, ...] | None  # why claims of the triager were dropped; None: none was asked
    update: bool  # of a plan that was there
    written: bool
    left: tuple[str, ...]  # to decide, each at its place in the file


def triage(top: Path, plans: Sequence[Planned], wanted: Wanted, say: Say) -> Report:
    """Write the draft, or what the plan lacks; raises UsageError where nothing is to read, or a plan in the way."""
    known = next((one for one in plans if one.name == wanted.batch or one.path.stem == wanted.batch), None)
    if wanted.update and wanted.base:
        raise UsageError("--base is for a new plan: with --update, the plan's own `base` counts")
    if wanted.update:
        if known is None:
            raise UsageError(f"--update: no plan is called {wanted.batch!r}{_near(wanted.batch, plans)}")
        return _update(known, wanted, say)
    if known is not None:
        raise UsageError(IN_THE_WAY.format(known.shown, wanted.batch))
    return _draft(top, plans, wanted, say)


def _near(name: str, plans: Sequence[Planned]) -> str:
    return did_you_mean(name, [one.name for one in plans]) or "; without --update it is drafted"


# ---- a new plan


def _draft(top: Path, plans: Sequence[Planned], wanted: Wanted, say: Say) -> Report:
    assert isinstance(schema.SLUG, Scalar)
    try:
        schema.SLUG.read(wanted.batch)
    except ValueError:
        raise UsageError(f"--batch {wanted.batch!r}: expected {schema.SLUG.expected}") from None
    if not (wanted.numbers or wanted.label or wanted.milestone):
        raise UsageError("which issues? `waves triage 41 47 --batch NAME`, or --label, or --milestone")
    path = top / PLANS / f"{wanted.batch}.yaml"
    settings = _settings(top, plans)
    # The remote is asked for its default branch, which may take the forge's token.
    lend_token(reader.parse(f"batch: {wanted.batch}\n{settings}{ONE_UNIT}", path), repository_at(top))
    settings = _with_base(settings, wanted.base, repository_at(top))
    head = f"batch: {wanted.batch}\n{settings}"
    plan = reader.parse(head + ONE_UNIT, path)
    batch = Batch(plan, repository_at((top / (plan.checkout or ".")).resolve()), top)
    issues = _chosen(batch, wanted)
    found = _examine(batch, issues)
    claimed = _claimed(batch, issues, found, say) if wanted.agent else None
    proposed = propose(None, issues, found, claimed.findings if claimed else ())
    if not proposed.units:
        raise UsageError(f"nothing is left to do of {_numbers(issues)}: {draft.summary(proposed)}")
    about = f"{_numbers(issues)}, on {plan.base} at {found.base[:8]}"
    text = draft.draft(draft.Head(wanted.batch, about, settings), proposed)
    with editing(top):
        if path.exists():  # drafted by somebody else since
            raise UsageError(IN_THE_WAY.format(path.relative_to(top).as_posix(), wanted.batch))
        return _written(top, path, text, found, proposed, claimed)


def _settings(top: Path, plans: Sequence[Planned]) -> str:
    """Where the issues live and who does the work: as the plan confirmed last has it, or else as `origin` suggests."""
    confirmed = [one for one in plans if not one.fault and one.plan.confirmed]
    if confirmed:
        latest = max(confirmed, key=lambda one: (one.plan.confirmed.on if one.plan.confirmed else None, one.name))
        if lines := edit.settings_of(reader.read_text(latest.path)):
            return f"# as in {latest.shown}\n{lines}"
    repository = repository_at(top)
    if git.remote_url(repository) is not None:
        try:
            find_origin(repository)
        except UsageError:  # not a bare repository on this machine
            return "forge: github\n"
    return "forge: local\n"


def _with_base(settings: str, wanted: str, repository: git.Repository) -> str:
    """The settings with the base that was asked for, or else with the remote's default branch where they name none."""
    lines = settings.splitlines(keepends=True)
    if not wanted and any(line.startswith("base:") for line in lines):
        return settings
    if not wanted and git.remote_url(repository) is not None:
        wanted = git.default_branch(repository) or ""
    kept = "".join(line for line in lines if not line.startswith("base:"))
    return kept + (f"base: {json.dumps(wanted) if NOT_PLAIN.search(wanted) else wanted}\n" if wanted else "")


def _chosen(batch: Batch, wanted: Wanted) -> list[Issue]:
    issues = list(batch.forge.issues(wanted.numbers, label=wanted.label, milestone=wanted.milestone))
    if not issues:
        what = [f"the label {wanted.label!r}"] * bool(wanted.label)
        what += [f"the milestone {wanted.milestone!r}"] * bool(wanted.milestone)
        raise UsageError(f"no open issue has {' and '.join(what)}")
    return issues


def _examine(batch: Batch, issues: Sequence[Issue]) -> Triage:
    batch.fetch()
    return outside.examine(batch, issues, batch.base_head)


def _claimed(batch: Batch, issues: Sequence[Issue], found: Triage, say: Say) -> Verified:
    """What an agent finds besides, as far as it can be proved."""
    from waves.steps.runs import triager

    ignore_own_folders(batch.repository)
    said = triager.ask(batch, issues, found, say)
    return verify(said.claims, issues, frozenset(git.files_at(batch.repository, found.base)), found.findings)


def _numbers(issues: Sequence[Issue]) -> str:
    return f"issue{'s' if len(issues) > 1 else ''} {', '.join(str(one.number) for one in issues)}"


# ---- a plan that exists


def _update(planned: Planned, wanted: Wanted, say: Say) -> Report:
    plan, batch = planned.plan, planned.batch
    done = {number for unit in plan.units if batch.outcome(unit.name).state in ("merged", "dropped")
            for number in unit.issues}  # fmt: skip
    skipped = {one.issue for one in plan.skip}
    numbers = {number for unit in plan.units for number in unit.issues} | set(wanted.numbers)
    issues = batch.forge.issues(sorted(numbers - done), label=wanted.label, milestone=wanted.milestone)
    issues = [one for one in issues if one.number not in done | skipped]
    going = [one for one in issues if one.state == "open"]
    found = _examine(batch, going)
    claimed = _claimed(batch, going, found, say) if wanted.agent else None
    proposed = propose(plan, issues, found, claimed.findings if claimed else ())
    with editing(planned.top):
        if reader.read_plan(planned.path) != plan:
            raise WavesError(f"{planned.shown}: was changed meanwhile, so nothing is written; run this again")
        text = edit.extend(reader.read_text(planned.path), draft.additions(proposed))
        return _written(planned.top, planned.path, text, found, proposed, claimed)


def _written(top: Path, path: Path, text: str, found: Triage, proposed: Proposed, claimed: Verified | None) -> Report:
    try:
        plan = reader.parse(text, path)
    except WavesError as error:
        raise WavesError(
            f"{path.relative_to(top)}: the draft would not be a plan, so it is not written: {error}"
        ) from error
    reader.refuse_links(path)
    before = reader.read_text(path) if path.exists() else ""
    if text != before:
        write_text(path, text)
    shown = path.relative_to(top).as_posix()
    refused = claimed.refused if claimed else None
    return Report(plan.batch, shown, found.base, proposed, refused, bool(before), text != before, _left(plan))


def _left(plan: Plan) -> tuple[str, ...]:
    from waves.plan import semantics

    return reader.describe(plan.path, semantics.open_faults(plan))


# ---- what is said


def lines(report: Report) -> Iterator[str]:
    """The concrete proposal, and what is still to decide."""
    proposed = report.proposed
    if report.refused is not None:
        yield f"triager: {len(report.refused)} of its claims left out" + "".join(f"\n  {one}" for one in report.refused)
    if not report.written:
        yield f"{report.plan}: nothing is new"
    else:
        done = f": {draft.added(proposed)}" if report.update else f" drafted: {draft.summary(proposed)}"
        yield f"{report.plan}{done}"
    if report.left:
        yield f"still to decide, {len(report.left)}:"
        yield from (f"  {one.partition(chr(10))[0]}" for one in report.left)
    else:
        yield f"nothing is left to decide: read {report.plan}, then `waves confirm {report.batch}`"


def to_json(report: Report) -> dict[str, Any]:
    """docs/json.md has the meaning of each key."""
    proposed = report.proposed
    return {
        "batch": report.batch, "plan": report.plan, "base": report.base, "written": report.written,
        "proposal": draft.summary(proposed),
        "units": [{"unit": one.name, "issues": list(one.issues), "type": one.type, "why": one.why,
                   "after": list(one.after), "files": list(one.files)} for one in proposed.units],
        "skip": [{"issue": number, "why": why} for number, (_, why) in proposed.skip.items()],
        "findings": [{"issues": list(one.issues), "kind": one.kind, "evidence": one.evidence,
                      "resolution": one.resolution, "proposed": one.proposed} for one in proposed.findings],
        "merge_order": list(proposed.merge_order),
        "numbering": [{"series": series, "units": list(units)} for series, units in proposed.numbers.items()],
        "left_out": None if report.refused is None else list(report.refused),
        "to_decide": list(report.left),
    }  # fmt: skip

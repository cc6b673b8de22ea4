"""Looks at issues and at what they do not say: repository, open pull requests, issues that they name; nothing more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from waves import triage
from waves.batch.batch import Batch
from waves.forges import Issue
from waves.foundation.errors import ForgeError
from waves.triage import text
from waves.triage.model import ForgeFacts, InFlight, Triage


def facts(batch: Batch, issues: Sequence[Issue]) -> ForgeFacts:
    """What the forge knows beside the texts of these issues."""
    merged = {number for unit in batch.plan.units if batch.outcome(unit.name).state == "merged"
              for number in unit.issues}  # fmt: skip
    closed = {one.number for one in issues if one.state != "open"}
    named = {one.issue for issue in issues for one in text.read(issue).references}
    for number in sorted(named - merged - {one.number for one in issues}):
        with contextlib.suppress(ForgeError):  # of one that is not there, nothing is known
            if batch.forge.issue(number).state != "open":
                closed.add(number)
    children = {one.number: one.sub_issues for one in issues if one.sub_issues}
    return ForgeFacts(tuple(_pulls(batch)), children=children, closed=frozenset(closed | merged))


def examine(batch: Batch, issues: Sequence[Issue], base: str) -> Triage:
    """What is found among these issues at the commit `base`."""
    apart = ["plans", *([batch.plan.local.issues] if batch.plan.forge == "local" else [])]
    return triage.examine(batch.repository, base, issues, facts(batch, issues), apart)


def _pulls(batch: Batch) -> Iterator[InFlight]:
    """The open pull requests that are not this batch's own, with the issues they close and the files they touch."""
    branches, numbers = _own(batch)
    for one in batch.forge.open_pulls():
        if one.branch not in branches and one.number not in numbers:
            yield InFlight(f"pull request #{one.number}", frozenset(one.closes), frozenset(one.files), one.number)


def _own(batch: Batch) -> tuple[set[str], set[int]]:
    """Branches and numbers of the pull requests that the batch's units have, or will have."""
    branches, numbers = set(), set()
    for unit in batch.plan.units:
        branches.add(unit.branch)
        numbers |= {unit.pull_request} - {None}
        if record := batch.units[unit.name].records.get("pr"):
            branches.add(str(record.result["branch"]))
            numbers.add(int(record.result["number"]))
    return branches, {one for one in numbers if one is not None}

"""Looks at a batch's issues once more before dispatch, and says what the plan does not know of; it holds nothing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence

from waves import git
from waves.batch import outside
from waves.batch.batch import Batch
from waves.forges import Issue
from waves.foundation.errors import ForgeError, WavesError
from waves.foundation.records import read_json, write_json
from waves.plan.model import Unit
from waves.plan.writing import Entry, flow
from waves.triage.known import unanswered
from waves.triage.model import Found

# A plan that a person confirmed is not held by a guess, nor by work that could be saved.
SURE = 0.8
HARMLESS = ("trivial-siblings",)


class Gate:
    """What is found of one batch, looked for when the first unit asks and then never again."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._lock = threading.Lock()
        self._found: tuple[Found, ...] | WavesError | None = None

    def objection(self, unit: Unit) -> str | None:
        """What stands against dispatching the unit, and what to write into the plan; raises WavesError."""
        with self._lock:
            if self._found is None:
                try:
                    self._found = self._look()
                except WavesError as error:
                    self._found = error  # not asked once more for each unit
        if isinstance(self._found, WavesError):
            raise self._found
        mine = [one for one in self._found if set(one.issues) & set(unit.issues)]
        return self._words(mine[0], len(mine) - 1) if mine else None

    def _look(self) -> tuple[Found, ...]:
        batch = self._batch
        going = [unit for unit in batch.plan.units if batch.outcome(unit.name).state not in ("merged", "dropped")]
        numbers = sorted({number for unit in going for number in unit.issues})
        issues = [issue for issue in self._issues(numbers) if issue.state == "open"]
        found = outside.examine(batch, issues, self._base()).findings
        sure = [one for one in found if one.weight >= SURE and one.kind not in HARMLESS]
        return unanswered(batch.plan, sure)

    def _base(self) -> str:
        """The base when this batch was looked at first: what its own merges bring is no news about the issues."""
        path, repository = self._batch.folder / "gate.json", self._batch.repository
        known = (read_json(path) or {}).get("base")
        if not isinstance(known, str) or git.resolve(repository, known) is None:
            known = self._batch.base_head
            write_json(path, {"base": known})
        return known

    def _issues(self, numbers: Sequence[int]) -> Sequence[Issue]:
        """Those that can be read: the unit of one that can't be is held back by that alone, and no other is."""
        forge = self._batch.forge
        try:
            return forge.issues(numbers)
        except ForgeError:
            found = []
            for number in numbers:
                with contextlib.suppress(ForgeError):
                    found.append(forge.issue(number))
            return found

    def _words(self, found: Found, more: int) -> str:
        plan = self._batch.plan
        path = plan.path.relative_to(self._batch.plan_top).as_posix()
        entry = flow(Entry({"issues": found.issues, "kind": found.kind, "evidence": found.evidence}))
        return (
            f"a finding that the plan does not know: {entry}; put it under `findings` in {path} with its `resolution` "
            f"(proposed: {found.proposal.text}), or run `waves triage --batch {plan.batch} --update`"
            + (f"; there are {more} more" if more else "")
        )

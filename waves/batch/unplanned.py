"""Finds the units that were dispatched and that no plan names any more, and says what is left; it removes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from waves.batch.workspace import Planned
from waves.batch.written import final_outcome
from waves.foundation.records import UnitFolder


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A unit of which a plan said something when it was dispatched, and now none does. Paths are for people."""

    batch: str
    unit: str
    plan: str  # the file of its batch; empty: there is no plan of that batch either
    folder: str
    worktree: str  # empty: its folder is gone
    branch: str
    pull_request: int | None
    running: str  # the agent run that goes on, by its directory

    @property
    def line(self) -> str:
        """What is left of it, and what a person can do."""
        kept = [f"worktree {self.worktree}"] if self.worktree else []
        kept += [f"branch {self.branch}", *([f"pull request #{self.pull_request}"] if self.pull_request else [])]
        at_work = f"its {self.running.partition('-')[0]} is at work (`waves stop {self.batch}/{self.unit}` ends it); "
        where = f"into {self.plan}" if self.plan else f"into a plan with `batch: {self.batch}`"
        return (
            f"{self.batch}/{self.unit}: no plan names it any more: {at_work if self.running else ''}it has "
            f"{', '.join(kept)}; put it back {where}, or see to these by hand and then remove {self.folder}"
        )


def unplanned(top: Path, plans: Sequence[Planned]) -> list[Unplanned]:
    """Those in the repository `top`, and in the checkouts of its plans; `plans` are all that it has."""
    named = {(one.checkout, one.name, unit.name) for one in plans if not one.fault for unit in one.plan.units}
    files = {(one.checkout, one.name): one.shown for one in plans if not one.fault}
    # What a plan names that does not read well, nobody can tell: its batch may be any that no other plan has.
    unclear = any(one.fault for one in plans)
    found: list[Unplanned] = []
    for checkout in sorted({top, *(checkout for checkout, _ in files)}):
        for path in sorted((checkout / ".waves").glob("*/*/records/worktree.json")):
            folder = path.parents[1]
            batch, unit = folder.parent.name, folder.name
            known = (checkout, batch, unit) in named or (unclear and (checkout, batch) not in files)
            if not known and final_outcome(folder) is None:
                found += _left(checkout, folder, files.get((checkout, batch), ""))
    return found


def of_batches(top: Path, plans: Sequence[Planned]) -> list[Unplanned]:
    """Those of the batches of `plans`; of all batches where these are all the plans there are."""
    everything = plans[0].siblings if plans else ()
    names = {one.name for one in plans}
    return [one for one in unplanned(top, everything) if len(plans) == len(everything) or one.batch in names]


def _left(checkout: Path, folder: Path, plan: str) -> Iterator[Unplanned]:
    from waves.agents import run

    records = UnitFolder(folder).records
    if "worktree" not in records:
        return
    taken = records["worktree"].result
    worktree = Path(str(taken.get("path", "")))
    pull = records.get("pr")
    going = run.going(folder / "runs")
    yield Unplanned(
        folder.parent.name, folder.name, plan, folder.relative_to(checkout).as_posix(),
        f".worktrees/{worktree.name}" if worktree.name and worktree.exists() else "",
        str(taken["branch"]), int(pull.result["number"]) if pull else None, going[0].name if going else "",
    )  # fmt: skip

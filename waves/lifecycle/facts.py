"""What is known of one unit, as frozen data; it never looks anything up, and never says what is to be done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from waves.foundation.records import Record, Trouble
from waves.plan import semantics
from waves.plan.model import Plan, Policy, Ruling, Unit

CYCLE_KINDS = frozenset({"pr", "checks", "review", "decide", "correct", "land"})
CYCLE = re.compile(r"(turn)?([0-9]+)")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a unit; `at` is the cycle (`0`, `1`, `turn1`) or the landing round, empty for steps without one."""

    kind: str
    at: str = ""

    @property
    def name(self) -> str:
        return f"{self.kind}@{self.at}" if self.at else self.kind


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the verdicts on one unit's steps depend on."""

    unit: Unit
    policy: Policy = field(default_factory=Policy)
    records: Mapping[str, Record] = field(default_factory=dict)  # by step name
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    damaged: Mapping[str, str] = field(default_factory=dict)  # step name to what is wrong with its outputs
    parts: Mapping[str, str] = field(default_factory=dict)  # the unit's own part of the plan, by name: digests
    rulings: tuple[Ruling, ...] = ()  # of this unit
    after: Mapping[str, str] = field(default_factory=dict)  # unit in `after` to its outcome, those not merged
    before: Mapping[str, str] = field(default_factory=dict)  # unit earlier in the merge order that holds its place
    pushed: str = ""  # the remote branch's head, where nobody but a person can have put it
    pull: str = ""  # what a person may have made of the pull request: open | closed | merged, empty: not looked at
    taken: str = ""  # who has taken the unit over, by its claim on the remote
    said: str = ""  # digest of what people said on the pull request, empty where nobody said anything
    worktree: bool = True  # its folder is there
    let_go: bool = False  # its claim was let go of when it was dropped
    unknown: str = ""  # what a newer Waves wrote of it, in words
    issue_is_fresh: bool = False  # it was read since this `doit` began

    @property
    def generation(self) -> int:
        """How many implementer runs there were; what an earlier one led to is history."""
        implement = self.records.get("implement")
        return implement.generation if implement else 0

    @property
    def merged(self) -> bool:
        return any(step.startswith("land@") and record.result.get("merged") for step, record in self.records.items())

    @property
    def dropped(self) -> str | None:
        """Why a person dropped the unit, if so; what is merged cannot be dropped any more."""
        why = next((one.why or "no reason given" for one in self.rulings if one.ruling == "drop"), None)
        return None if why is None or self.merged else why

    def retries(self, step: str) -> int:
        return sum(1 for one in self.rulings if one.ruling == "retry" and one.item == step)

    def record(self, step: str) -> Record | None:
        """The record of a step if it belongs to the present generation."""
        record = self.records.get(step)
        if record is None or (step.partition("@")[0] in CYCLE_KINDS and record.generation != self.generation):
            return None
        return record

    def head(self, cycle: str) -> str:
        """The commit that a cycle is about, empty while there is none."""
        record = self.record("pr" if cycle == "0" else f"correct@{cycle}")
        return str(record.result.get("head", "")) if record else ""

    def newest_head(self) -> str:
        """Where Waves, or a push that it took in, left the branch last."""
        cycles = [one for one in self.records.values() if one.step == "pr" or one.step.startswith("correct@")]
        return str(max(cycles, key=lambda one: one.ended).result.get("head", "")) if cycles else ""


def place(at: str) -> tuple[bool, int] | None:
    """Whether a cycle is one of the landing, and its number; in this order the cycles of a unit come."""
    found = CYCLE.fullmatch(at)
    return (found[1] is not None, int(found[2])) if found else None


# What an implementer is told; `after`, say, is nothing that a prompt depends on.
PROMPT_PARTS = ("issues", "type", "why", "scope.in", "scope.out", "decisions", "checks", "numbering")


def unit_parts(plan: Plan, unit: Unit) -> dict[str, str]:
    """The parts of the plan that a unit's prompt depends on, by the plan's own names."""
    parts = semantics.entry_parts(plan, unit.name)
    return {name: parts[name] for name in PROMPT_PARTS}

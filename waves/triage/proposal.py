"""Turns findings into what a plan is to say: units, skips, order, resolutions; it changes nothing that is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from types import MappingProxyType

from waves.agents.prompts.fences import line
from waves.plan.model import Plan
from waves.triage import naming
from waves.triage.known import all_before, unanswered
from waves.triage.model import Found, OpenIssue, Triage

SURE = 0.8  # from which weight on a unit waits for another one: a wrong guess would cost that it runs at once
LIKELY = 0.5  # weight from which a file is named beside a unit
MOST_FILES = 4
LONGEST_EVIDENCE = 600  # characters
# These a person can take back by reading the plan alone, so they are resolutions as soon as they are proposed.
HARMLESS = ("combine", "number", "skip")
ORDERED = ("same-region", "dependency")  # where they are guesses, the merge order is enough


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit that the plan is to have, with the reasons for what it says."""

    name: str
    titles: Mapping[int, str]  # issue to its title, made harmless
    type: str
    type_reason: str
    why: str = ""
    after: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # unit to the reason
    files: tuple[str, ...] = ()  # that it will probably touch

    @property
    def issues(self) -> tuple[int, ...]:
        return tuple(self.titles)


@dataclass(frozen=True, slots=True)
class Listed:
    """A finding as the plan is to have it; an empty resolution is a person's to write."""

    issues: tuple[int, ...]
    kind: str
    evidence: str
    resolution: str
    proposed: str  # what may stand there
    applied: bool  # the plan is made that way already


@dataclass(frozen=True, slots=True)
class Proposed:
    units: tuple[NewUnit, ...]
    skip: Mapping[int, tuple[str, str]]  # issue to title and reason
    findings: tuple[Listed, ...]
    merge_order: Mapping[str, str]  # unit to the reason of its place
    numbers: Mapping[str, tuple[str, ...]]  # series pattern to the units that need a number


def propose(plan: Plan | None, issues: Sequence[OpenIssue], triage: Triage, more: Sequence[Found] = ()) -> Proposed:
    """What a plan is to say of these issues and findings; with a `plan`, only what that does not say yet.

    `more`: findings beside those of `triage`, such as a triager's.
    """
    found = (*triage.findings, *more)
    return _Proposing(plan, issues, triage, unanswered(plan, found) if plan else found).proposed()


class _Proposing:
    def __init__(
        self, plan: Plan | None, issues: Sequence[OpenIssue], triage: Triage, findings: Sequence[Found]
    ) -> None:
        self.plan, self.triage, self.findings = plan, triage, findings
        self.issues = {issue.number: issue for issue in sorted(issues, key=lambda one: one.number)}
        self.unit_of = {number: unit.name for unit in plan.units for number in unit.issues} if plan else {}
        self.skipped_before = {one.issue for one in plan.skip} if plan else set()
        self.new = [number for number in self.issues if number not in {*self.unit_of, *self.skipped_before}]
        self.skip = dict(self._skips())
        self.groups = self._groups()
        self.why: dict[str, str] = {}
        self.own: dict[str, list[int]] = {}  # new unit to its issues
        self._name()
        self.before = {name: set(names) for name, names in all_before(plan).items()} if plan else {}
        self.after: dict[str, dict[str, str]] = {}
        self.numbers: dict[str, list[str]] = {}

    def proposed(self) -> Proposed:
        # First what the texts say outright: a guess must not take the place of it by making a circle.
        by_weight = sorted(self.findings, key=lambda one: -one.weight)
        applied = {id(one): self._apply(one) for one in by_weight}
        order = {} if self.plan else self._merge_order()
        listed = [one for found in self.findings for one in self._listed(found, applied[id(found)], list(order))]
        return Proposed(
            units=tuple(self._unit(name) for name in self.own),
            skip={number: (line(self.issues[number].title), why) for number, why in sorted(self.skip.items())},
            findings=tuple(sorted(listed, key=lambda one: bool(one.resolution))),  # first what is to be decided
            merge_order=order,
            numbers={series: tuple(units) for series, units in self.numbers.items() if units},
        )

    # ---- who is in

    def _skips(self) -> Iterator[tuple[int, str]]:
        for number in self.new:
            if self.issues[number].state != "open":
                yield number, "it is closed"
        for one in self.findings:
            for number in one.proposal.issues if one.proposal.action == "skip" else ():
                if number in self.new and self.issues[number].state == "open":
                    yield number, _evidence(one)

    def _groups(self) -> list[tuple[list[int], str]]:
        """The new issues by unit, with the reason for those that are combined."""
        group = {number: [number] for number in self.new if number not in self.skip}
        why: dict[int, str] = {}
        for one in self.findings:
            members = one.proposal.issues
            if one.proposal.action != "combine" or not all(number in group for number in members):
                continue
            joined = sorted({each for number in members for each in group[number]})
            reason = why.get(joined[0]) or _evidence(one)
            for number in joined:
                group[number], why[number] = joined, reason
        return [(members, why.get(number, "")) for number, members in group.items() if members[0] == number]

    def _name(self) -> None:
        taken = {unit.name for unit in self.plan.units} if self.plan else set()
        for members, why in self.groups:
            name = naming.slug(self.issues[members[0]].title, taken, members[0])
            taken.add(name)
            self.own[name], self.why[name] = members, why
            self.unit_of |= dict.fromkeys(members, name)

    # ---- what is done about a finding

    def _apply(self, found: Found) -> bool:
        """Have the new units say what is proposed, as far as no other entry has to change; whether all of it is."""
        proposal = found.proposal
        if proposal.action == "skip":
            return all(number in self.skip or number in self.skipped_before for number in proposal.issues)
        units = [self.unit_of[number] for number in proposal.issues if number in self.unit_of]
        if proposal.action == "combine":
            return len(set(units)) == 1
        if proposal.action == "after" and units:
            sure, text = found.weight >= SURE, line(proposal.text)
            return False not in [
                self._put_after(one, units[0], f"{found.kind}: {text}", sure=sure) for one in units[1:]
            ]
        if proposal.action == "number" and proposal.series:
            return False not in [self._number(unit, proposal.series) for unit in units]
        return False

    def _put_after(self, unit: str, first: str, reason: str, *, sure: bool) -> bool:
        if unit == first or first in self.before.get(unit, ()):
            return True
        if not sure or unit not in self.own or unit in self.before.get(first, ()):
            return False
        self.after.setdefault(unit, {})[first] = reason
        for name in [unit, *(one for one, names in self.before.items() if unit in names)]:
            self.before.setdefault(name, set()).update({first, *self.before.get(first, ())})
        return True

    def _number(self, unit: str, series: str) -> bool:
        known = next((one.assign for one in self.plan.numbering if one.pattern == series), {}) if self.plan else {}
        if unit in self.own and unit not in self.numbers.setdefault(series, []):
            self.numbers[series].append(unit)
        return unit in self.own or unit in known

    # ---- as it will be written

    def _unit(self, name: str) -> NewUnit:
        issues = [self.issues[number] for number in self.own[name]]
        kind, reason = naming.type_of(issues)
        regions = sorted(
            (one for issue in issues for one in self.triage.regions.get(issue.number, ())), key=lambda one: -one.weight
        )
        files = dict.fromkeys(one.path for one in regions if one.weight >= LIKELY)
        return NewUnit(
            name, {issue.number: line(issue.title) for issue in issues}, kind, line(reason), self.why[name],
            self.after.get(name, {}), tuple(files)[:MOST_FILES],
        )  # fmt: skip

    def _listed(self, found: Found, applied: bool, order: Sequence[str]) -> Iterator[Listed]:
        known = [one for one in found.issues if one in {*self.unit_of, *self.skip, *self.skipped_before}]
        if known:
            text = line(found.proposal.text) if found.proposal.text.strip() else ""
            resolution = self._resolution(found, applied, text, order)
            yield Listed(tuple(known), found.kind, _evidence(found), resolution, text, applied)

    def _resolution(self, found: Found, applied: bool, text: str, order: Sequence[str]) -> str:
        """What is done about it, where that is the plan's to say and not a person's; else empty."""
        if applied and found.proposal.action == "number":
            return "a number for each, see numbering"
        # A guess that is applied all the same is what a surer finding brought, and that one asks.
        if applied and (found.proposal.action in HARMLESS or not SURE <= found.weight < 1):
            return text
        units = {self.unit_of.get(number, "") for number in found.issues}
        if found.kind in ORDERED and found.weight < SURE and len(units) == 2 and units <= set(order):
            first, then = sorted(units, key=order.index)
            return f"{first} lands first, see merge_order; {then} is rebased if they meet"
        return ""

    def _merge_order(self) -> dict[str, str]:
        """The units that may meet in one place, those first that others build on; who meets nobody lands when ready."""
        meeting = {name for found in self.findings for name in self._meeting(found)}
        place: dict[str, str] = {}
        for turn in self.triage.order:
            name = self.unit_of.get(turn.issue, "")
            for one in sorted(self.before.get(name, set()) & meeting, key=lambda each: len(self.before.get(each, ()))):
                place.setdefault(one, f"before {name}")
            if name in meeting:
                place.setdefault(name, line(turn.reason))
        return place

    def _meeting(self, found: Found) -> Iterator[str]:
        units = sorted({self.unit_of[number] for number in found.issues if number in self.unit_of})
        for one, other in combinations(units, 2):
            if one not in self.before.get(other, ()) and other not in self.before.get(one, ()):
                yield from (one, other)


def _evidence(found: Found) -> str:
    return line(found.evidence)[:LONGEST_EVIDENCE]

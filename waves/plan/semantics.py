"""Faults in what a plan means, by itself and against facts of the repository; pure, it never raises what it finds."""

from __future__ import annotations

import graphlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from waves.foundation import records
from waves.foundation.scrub import FORGE_TOKEN
from waves.plan.faults import Fault, Path, Weight, did_you_mean
from waves.plan.model import Agent, LocalForge, Plan, Unit
from waves.plan.networked import needs_network
from waves.plan.series import run_of

NAMES_IN_FILE = {"name": "unit", "adopted_branch": "branch"}  # of attributes that the model calls something else


@dataclass(frozen=True, slots=True)
class Facts:
    """What a plan is compared with; about a fact that is None or empty nothing is said."""

    numbers_on_base: Mapping[str, Mapping[int, str]]  # series pattern -> number -> path on the base
    merged: Mapping[str, Mapping[str, str]]  # merged unit -> its `entry_parts`, as recorded at dispatch
    known_issues: frozenset[int] | None  # those of the plan's that the forge has, or all of them
    other_batches: Mapping[int, str]  # issue -> the batch of another plan that names it
    overlaps: Sequence[tuple[str, str]] = ()  # unit, and what is said of its scope: another one's matches the same file
    other_branches: Mapping[str, str] = field(default_factory=dict)  # branch -> whose it is in another plan
    strangers: Mapping[int, str] = field(default_factory=dict)  # issue -> what is to be known of its author
    filters: Sequence[str] = ()  # what is to be decided or set up about git's content filters


def entry_parts(plan: Plan, name: str) -> dict[str, str]:
    """Part of what a plan says about a unit (`issues`, `scope.in`, `numbering`, ...) -> digest: a change has a name."""
    unit = plan.unit(name)
    parts: dict[str, Any] = {
        NAMES_IN_FILE.get(one.name, one.name): getattr(unit, one.name) for one in fields(unit) if one.compare
    }
    del parts["scope"]
    parts["decisions"] = [(one.ask, one.answer) for one in unit.decisions]
    parts |= {"scope.in": unit.scope.inside, "scope.out": unit.scope.outside}
    parts["numbering"] = plan.reserved_numbers(name)
    return {part: records.digest(value) for part, value in sorted(parts.items())}


def open_faults(plan: Plan) -> tuple[Fault, ...]:
    """What a person has still to decide before `waves confirm`, each at its place in the file."""
    return tuple(Fault(path, question) for path, question in _open(plan))


def _open(plan: Plan) -> Iterator[tuple[Path, str]]:
    for index, finding in enumerate(plan.findings):
        if not finding.resolution.strip():
            issues = ", ".join(f"#{number}" for number in finding.issues)
            yield ("findings", index), f"the finding on {issues} ({finding.kind}) has no resolution"
    for index, unit in enumerate(plan.units):
        for place, decision in enumerate(unit.decisions):
            if not decision.answer.strip():
                question = " ".join(decision.ask.split())[:80]
                path: Path = ("units", index, "decisions", place, "answer")
                yield path, f"unit '{unit.name}': the question '{question}' has no answer"


# ---- the plan alone


def faults_of_plan(plan: Plan) -> tuple[Fault, ...]:
    """What is wrong with the plan whatever the repository holds; what has the weight `hint` is not wrong."""
    checks = (_units, _issues, _names, _order, _numbering, _agents, _variables, _local, _confirmed, _hints)
    return tuple(fault for check in checks for fault in check(plan))


def _units(plan: Plan) -> Iterator[Fault]:
    names: set[str] = set()
    branches: dict[str, str] = {}
    pulls: dict[int, str] = {}
    for index, unit in enumerate(plan.units):
        if unit.name in names:
            yield Fault(("units", index, "unit"), f"unit '{unit.name}' is there twice; each needs a name of its own")
            continue
        names.add(unit.name)
        place = "branch" if unit.adopted_branch else "unit"
        branch = branch_in_plan(unit)
        if branch == plan.base:
            message = f"unit '{unit.name}': '{branch}' is the base, so it can't be its branch"
            yield Fault(("units", index, place), message)
        elif branch and (other := branches.setdefault(branch, unit.name)) != unit.name:
            message = f"unit '{unit.name}': the branch '{branch}' is that of unit '{other}' too"
            yield Fault(("units", index, place), message)
        number = unit.pull_request
        if number and (other := pulls.setdefault(number, unit.name)) != unit.name:
            message = f"unit '{unit.name}': the pull request #{number} is that of unit '{other}' too"
            yield Fault(("units", index, "pull_request"), message)


def branch_in_plan(unit: Unit) -> str:
    """The branch of a unit as far as its plan says; empty where only the forge knows it, of a pull request."""
    return "" if unit.pull_request and not unit.adopted_branch else unit.branch


def _issues(plan: Plan) -> Iterator[Fault]:
    owners: dict[int, str] = {}
    for index, unit in enumerate(plan.units):
        for place, issue in enumerate(unit.issues):
            owner = owners.setdefault(issue, unit.name)
            path: Path = ("units", index, "issues", place)
            if owner != unit.name:
                yield Fault(path, f"unit '{unit.name}': issue #{issue} is in unit '{owner}' already")
            elif issue in unit.issues[:place]:
                yield Fault(path, f"unit '{unit.name}': issue #{issue} is named twice")
    skipped: set[int] = set()
    for index, skip in enumerate(plan.skip):
        if skip.issue in owners:
            message = f"issue #{skip.issue} is skipped here, but unit '{owners[skip.issue]}' does it"
            yield Fault(("skip", index, "issue"), message)
        elif skip.issue in skipped:
            yield Fault(("skip", index, "issue"), f"issue #{skip.issue} is skipped twice")
        skipped.add(skip.issue)
    for index, finding in enumerate(plan.findings):
        for place, issue in enumerate(finding.issues):
            if issue not in owners and issue not in skipped:
                message = f"finding: issue #{issue} is neither in a unit nor in skip; add it to one of them"
                yield Fault(("findings", index, "issues", place), message)


def _names(plan: Plan) -> Iterator[Fault]:
    known = {unit.name for unit in plan.units}
    for index, unit in enumerate(plan.units):
        for place, name in enumerate(unit.after):
            if name not in known:
                message = f"unit '{unit.name}': after: unknown unit '{name}'{did_you_mean(name, known - {unit.name})}"
                yield Fault(("units", index, "after", place), message)
    for place, name in enumerate(plan.merge_order):
        if name not in known:
            yield Fault(("merge_order", place), f"merge_order: unknown unit '{name}'{did_you_mean(name, known)}")
        elif name in plan.merge_order[:place]:
            yield Fault(("merge_order", place), f"merge_order: unit '{name}' is named twice")
    for index, series in enumerate(plan.numbering):
        for name in series.assign:
            if name not in known:
                message = f"numbering: unknown unit '{name}'{did_you_mean(name, known)}"
                yield Fault(("numbering", index, "assign", name), message, at_key=True)
    for index, ruling in enumerate(plan.rulings):
        if ruling.unit not in known:
            message = f"ruling: unknown unit '{ruling.unit}'{did_you_mean(ruling.unit, known)}"
            yield Fault(("rulings", index, "unit"), message)


def _order(plan: Plan) -> Iterator[Fault]:
    """Cycles in `after`, and units that `merge_order` lands before one that they come after."""
    index_of = {unit.name: index for index, unit in enumerate(plan.units)}
    graph = {unit.name: [name for name in unit.after if name in index_of] for unit in plan.units}
    while (cycle := _cycle(graph)) is not None:
        # Seen from the unit that is first in the file; cutting it there shows the next cycle.
        start = min(range(len(cycle)), key=lambda place: index_of[cycle[place]])
        around = [*cycle[start:], *cycle[:start], cycle[start]]
        unit = plan.units[index_of[around[0]]]
        message = f"unit '{unit.name}': comes after itself: {' after '.join(around)}"
        yield Fault(("units", index_of[unit.name], "after", unit.after.index(around[1])), message)
        graph[unit.name] = [name for name in graph[unit.name] if name != around[1]]
    landing = {name: place for place, name in reversed(list(enumerate(plan.merge_order)))}
    for name, place in sorted(landing.items(), key=lambda pair: pair[1]):
        for before in _all_before(graph, name):
            if landing.get(before, -1) > place:
                message = f"merge_order: '{name}' lands before '{before}', but comes after it"
                yield Fault(("merge_order", place), message)
                break


def _cycle(graph: Mapping[str, list[str]]) -> list[str] | None:
    """The names of one cycle, each coming after the next one."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as found:
        return list(reversed(found.args[1][1:]))
    return None


def _all_before(graph: Mapping[str, list[str]], name: str) -> list[str]:
    """Every unit that must be merged before this one, the nearest first."""
    found: dict[str, None] = dict.fromkeys(graph.get(name, ()))
    waiting = list(found)
    for one in waiting:
        waiting += [following for following in graph[one] if following not in found]
        found |= dict.fromkeys(graph[one])
    return list(found)


def _numbering(plan: Plan) -> Iterator[Fault]:
    patterns: set[str] = set()
    for index, series in enumerate(plan.numbering):
        path: Path = ("numbering", index)
        if series.pattern in patterns:
            yield Fault((*path, "series"), f"numbering: the series {series.pattern} is there twice; join the two")
        patterns.add(series.pattern)
        if run_of(series.pattern) is None:
            message = f"numbering: expected one run of N for the number in '{series.pattern}', as in docs/adr/NNN-*.md"
            yield Fault((*path, "series"), message)
        owners: dict[int, str] = {}
        for name, number in series.assign.items():
            if number is None:
                if plan.confirmed:
                    message = f"numbering: '{name}' has no number, but the plan is confirmed; run `waves confirm` again"
                    yield Fault((*path, "assign", name), message)
            elif (owner := owners.setdefault(number, name)) != name:
                yield Fault((*path, "assign", name), f"numbering: {number} is the number of '{owner}' and of '{name}'")


def _agents(plan: Plan) -> Iterator[Fault]:
    agents = [(("agent",), plan.agent), *((("agents", role), agent) for role, agent in plan.agents.items())]
    for path, agent in agents:
        words = ".".join(path)
        if agent.kind == "command" and not agent.command:
            yield Fault((*path, "kind"), f"{words}: `kind: command` needs `command: [program, argument]`")
        elif agent.kind != "command" and agent.command:
            yield Fault((*path, "command"), f"{words}: `command` is for `kind: command` only; take out one of them")
        if agent.kind != "command":
            for key in ("writable", "network"):
                if getattr(agent, key) != getattr(Agent("codex"), key):
                    yield Fault((*path, key), f"{words}: `{key}` is for `kind: command` only; take it out")


def _variables(plan: Plan) -> Iterator[Fault]:
    """Variables that the plan hands on: a token of the forge is for the forge alone."""
    agents = [(("agent",), plan.agent), *((("agents", role), agent) for role, agent in plan.agents.items())]
    named: list[tuple[Path, str]] = [
        ((*path, "env", place), name) for path, agent in agents for place, name in enumerate(agent.env)
    ]
    if plan.notify and plan.notify.ntfy and plan.notify.ntfy.token:
        named.append((("notify", "ntfy", "token"), plan.notify.ntfy.token))
    if plan.notify and plan.notify.webhook:
        named.append((("notify", "webhook"), plan.notify.webhook))
    for path, name in named:
        if FORGE_TOKEN.fullmatch(name):
            words = ".".join(step for step in path if isinstance(step, str))
            yield Fault(path, f"{words}: {name} is a token of the forge, which nobody else may have; take it out")


def _local(plan: Plan) -> Iterator[Fault]:
    if plan.forge == "local" and plan.policy.publish == "agent":
        yield Fault(("policy", "publish"), "publish: agent is for `forge: github` only; write `publish: waves`")
    if plan.forge != "local" and plan.local != LocalForge():
        yield Fault(("local",), "local: is for `forge: local` only; write that, or take out this block")


def _confirmed(plan: Plan) -> Iterator[Fault]:
    for path, question in _open(plan) if plan.confirmed else ():
        yield Fault(path, f"{question}, but the plan is confirmed; write it, or take out `confirmed`")


def _hints(plan: Plan) -> Iterator[Fault]:
    if len(plan.units) == 1:
        message = "one unit only: that works, but nothing runs side by side; more issues may go into the same plan"
        yield Fault(("units",), message, "hint")
    for index, command in enumerate(plan.setup.run if not plan.setup.network else ()):
        if needs_network(command):
            message = "this looks as if it needs the network, which set-up commands have only with `network: true` here"
            yield Fault(("setup", "run", index), message, "hint")


# ---- against the repository


def faults_of_facts(plan: Plan, facts: Facts) -> tuple[Fault, ...]:
    """What the world has against the plan.

    Until the plan is confirmed this holds up the plan. After that the world may have changed since, which must not stop
    units that it does not concern: the weight is then `unit`. A merged unit's only fault is a changed entry.
    """
    checks = (_changed, _taken, _unknown_issues, _in_other_batches, _branches_of_others, _overlapping, _by_strangers,
              _filters)  # fmt: skip
    return tuple(fault for check in checks for fault in check(plan, facts))


def _weight(plan: Plan) -> Weight:
    return "unit" if plan.confirmed else "plan"


def _changed(plan: Plan, facts: Facts) -> Iterator[Fault]:
    index_of = {unit.name: index for index, unit in enumerate(plan.units)}
    for name, recorded in facts.merged.items():
        if name not in index_of:
            yield Fault(("units",), f"unit '{name}' is merged, but is not in the plan any more; put it back", "hint")
            continue
        now = entry_parts(plan, name)
        for part, digest in recorded.items():
            if now.get(part, digest) != digest:
                path: Path = (part,) if part == "numbering" else ("units", index_of[name], *part.split("."))
                message = f"unit '{name}': is merged, so its {part} can't change any more; put back what was there"
                yield Fault(path, message, "unit", name)


def _taken(plan: Plan, facts: Facts) -> Iterator[Fault]:
    for index, series in enumerate(plan.numbering):
        taken = facts.numbers_on_base.get(series.pattern, {})
        for name, number in series.assign.items():
            if number is not None and number in taken and name not in facts.merged:
                message = f"unit '{name}': the number {number} is taken on {plan.base} by {taken[number]}"
                yield Fault(("numbering", index, "assign", name), message, _weight(plan), name)


def _unknown_issues(plan: Plan, facts: Facts) -> Iterator[Fault]:
    if facts.known_issues is None:
        return
    for index, unit in enumerate(plan.units):
        for place, issue in enumerate(unit.issues):
            if issue not in facts.known_issues and unit.name not in facts.merged:
                message = f"unit '{unit.name}': unknown issue #{issue}"
                yield Fault(("units", index, "issues", place), message, _weight(plan), unit.name)
    for index, skip in enumerate(plan.skip):
        if skip.issue not in facts.known_issues:
            weight: Weight = "hint" if plan.confirmed else "plan"
            yield Fault(("skip", index, "issue"), f"skip: unknown issue #{skip.issue}", weight)


def _in_other_batches(plan: Plan, facts: Facts) -> Iterator[Fault]:
    for index, unit in enumerate(plan.units):
        for place, issue in enumerate(unit.issues):
            if issue in facts.other_batches and unit.name not in facts.merged:
                message = f"unit '{unit.name}': issue #{issue} is in the batch '{facts.other_batches[issue]}' too"
                yield Fault(("units", index, "issues", place), message, _weight(plan), unit.name)


def _branches_of_others(plan: Plan, facts: Facts) -> Iterator[Fault]:
    for index, unit in enumerate(plan.units):
        branch = branch_in_plan(unit)
        if branch in facts.other_branches and unit.name not in facts.merged:
            message = (
                f"unit '{unit.name}': the branch '{branch}' is that of {facts.other_branches[branch]} too; rename one"
            )
            place = "branch" if unit.adopted_branch else "unit"
            yield Fault(("units", index, place), message, _weight(plan), unit.name)


def _overlapping(plan: Plan, facts: Facts) -> Iterator[Fault]:
    index_of = {unit.name: index for index, unit in enumerate(plan.units)}
    # Confirmed is confirmed: a file that came to the base since is no reason to ask again.
    weight: Weight = "hint" if plan.confirmed else "plan"
    for name, message in facts.overlaps:
        if name not in facts.merged:
            yield Fault(("units", index_of[name], "scope", "in"), message, weight)


def _filters(plan: Plan, facts: Facts) -> Iterator[Fault]:
    path: Path = ("setup", "filters") if plan.setup.filters is not None else ("units",)
    yield from (Fault(path, message) for message in facts.filters)


def _by_strangers(plan: Plan, facts: Facts) -> Iterator[Fault]:
    for index, unit in enumerate(plan.units):
        for place, issue in enumerate(unit.issues):
            if issue in facts.strangers and unit.name not in facts.merged:
                message = f"unit '{unit.name}': {facts.strangers[issue]}"
                yield Fault(("units", index, "issues", place), message, "hint", unit.name)

"""`waves rule`: stores a person's ruling, publishes it with the unit's claim, and copies rulings into the plan."""

from __future__ import annotations

import re

from waves import lifecycle
from waves.batch import claim, rulings
from waves.batch.rulings import WITHDRAW
from waves.batch.workspace import Planned, editing
from waves.foundation.errors import UsageError, WavesError
from waves.foundation.records import read_json, write_text
from waves.lifecycle.held import HeldError
from waves.lifecycle.verdicts import NEVER_DEFERRED, decision_from
from waves.plan import edit, reader
from waves.plan.faults import did_you_mean
from waves.plan.model import Ruling, Unit
from waves.plan.schema import RULINGS

ITEM = re.compile(r"(?P<id>[A-Z]\d+)@(?P<cycle>\w+)")
ON_ITEMS = ("correct", "defer", "requested")
# What a ruling on the whole unit is written for, where the person names nothing.
WHOLE = {"drop": "unit", "approve": "merge"}


def rule(planned: Planned, unit: Unit, item: str, ruling: str, why: str) -> str:
    """Store the ruling, and say what is stored; raises UsageError where it could have no effect."""
    if not ruling and item in WHOLE:
        item, ruling = WHOLE[item], item
    if ruling not in RULINGS:
        advice = did_you_mean(ruling, RULINGS) or f"; there are {', '.join(RULINGS)}"
        raise UsageError(f"{ruling or item!r}: {'no such ruling' if ruling else 'a ruling is missing'}{advice}")
    if unknown := planned.batch.facts(unit).unknown:
        raise UsageError(unknown)
    item = WHOLE.get(item, item) if ruling == WITHDRAW else "unit" if ruling == "drop" else item
    digest = _digest_of(planned, unit, item, ruling)
    given = Ruling(unit.name, item, ruling, why, digest)
    edit.check_ruling(given)
    stored = planned.batch.given.append([rulings.given(given)])
    read = ", ".join(f"{one.unit} {one.item} {one.ruling}" for one in stored)
    return f"{planned.name}: {read} is stored{_publish(planned, unit)}; `doit` goes by it"


def _publish(planned: Planned, unit: Unit) -> str:
    """Have a claimed unit's rulings on the remote; what to say where they are not."""
    batch = planned.batch
    record = batch.units[unit.name].records.get("worktree")
    if record is None or claim.is_let_go(batch, unit.name):
        return ""
    try:
        claim.push(batch, unit.name, batch.facts(unit).newest_head() or str(record.result["head"]))
    except (WavesError, HeldError) as error:
        return f", here alone ({error})"
    return ""


def export(planned: Planned) -> str:
    """Append the rulings that the plan does not have to the plan, for a commit; what was written."""
    with editing(planned.top):
        text = reader.read_text(planned.path)
        known = reader.structure(text, planned.path, planned.shown)[1].rulings
        new = rulings.joined(known, planned.batch.given.entries)[len(known) :]
        if not new:
            return f"{planned.shown}: has every ruling already"
        write_text(planned.path, edit.append_rulings(text, new))
        after = reader.read_plan(planned.path).rulings
    written = sum(one in after for one in new)
    return f"{planned.shown}: {written} ruling{'' if written == 1 else 's'} added; commit it"


def _digest_of(planned: Planned, unit: Unit, item: str, ruling: str) -> str | None:
    """The digest of the item ruled on, so that the ruling never holds for another one of the same name."""
    state = planned.batch.outcome(unit.name).state
    if state == "merged" or (state == "dropped" and ruling != WITHDRAW):
        raise UsageError(f"{unit.name} is {state}: there is nothing to rule on any more")
    if ruling == "drop":
        return None
    if ruling == WITHDRAW:
        return _withdrawn(planned, unit, item).digest
    if ruling == "approve":
        _check_approval(planned, unit, item)
        return planned.batch.facts(unit).head(item.partition("@")[2]) or None
    if found := ITEM.fullmatch(item):
        return _digest_of_item(planned, unit, found["id"], found["cycle"], ruling)
    _check_retry(planned, unit, item, ruling)
    return None


def _digest_of_item(planned: Planned, unit: Unit, name: str, cycle: str, ruling: str) -> str:
    value = read_json(planned.batch.folder / unit.name / f"decision-{cycle}.json") or {}
    items = {one.item.id: one.item for one in decision_from(value).treated}
    if name not in items:
        known = [f"{one}@{cycle}" for one in items]
        advice = did_you_mean(f"{name}@{cycle}", known) or f"; there are {', '.join(known) or 'none in that cycle'}"
        raise UsageError(f"{unit.name} has no item {name}@{cycle}{advice}")
    if ruling not in ON_ITEMS:
        raise UsageError(f"{name}@{cycle} is an item: rule {', '.join(ON_ITEMS[:-1])} or {ON_ITEMS[-1]}")
    if items[name].list in NEVER_DEFERRED and ruling != "correct":
        raise UsageError(f"{name}@{cycle} is about {items[name].list}, which is always corrected; or drop the unit")
    facts = planned.batch.facts(unit)
    cycles = [step.at for step in lifecycle.route(facts) if step.kind == "decide"]
    later = cycles[cycles.index(cycle) + 1 :] if cycle in cycles else []
    if answered := next((one for one in later if facts.record(f"correct@{one}")), None):
        raise UsageError(f"{name}@{cycle}: correct@{answered} answered that cycle already; rule on a later one")
    return items[name].digest


def _withdrawn(planned: Planned, unit: Unit, item: str) -> Ruling:
    """The ruling that is taken back; raises UsageError where there is none, or nothing would come of it."""
    standing = planned.batch.rulings(unit.name)
    left = rulings.standing([*standing, Ruling(unit.name, item, WITHDRAW)])
    found = next((one for one in standing if one not in left), None)
    if found is None:
        known = [one.item for one in standing]
        advice = did_you_mean(item, known) or f"; there are {', '.join(known) or 'none'}"
        raise UsageError(f"{unit.name}: there is no ruling on {item}{advice}")
    if found.ruling == "retry" and planned.batch.survey(unit)[item].kind != lifecycle.RUN:
        raise UsageError(f"{unit.name}: {item} ran again already; rule on what came of it")
    return found


def _check_approval(planned: Planned, unit: Unit, item: str) -> None:
    cycles = {step.at for step in lifecycle.route(planned.batch.facts(unit)) if step.kind == "decide"}
    if item != "merge" and item.removeprefix("merge@") not in cycles:
        raise UsageError(f"{item}: only a merge can be approved; `waves rule {unit.name} approve`")
    if planned.plan.policy.merge != "ask":
        raise UsageError(f"{unit.name}: policy.merge is `{planned.plan.policy.merge}`, so no approval is asked for")


def _check_retry(planned: Planned, unit: Unit, step: str, ruling: str) -> None:
    verdicts = planned.batch.survey(unit)
    if step not in verdicts:
        advice = did_you_mean(step, verdicts) or f"; `waves explain {unit.name}` lists them"
        raise UsageError(f"{unit.name} has no step or item {step!r}{advice}")
    if ruling != "retry":
        raise UsageError(f"{step} is a step: rule retry, or rule on an item such as B1@0")
    outcome = planned.batch.outcome(unit.name)
    if outcome.state not in ("escalated", "closed") or outcome.at != step:
        where = f", which is {outcome.state}" + (f" at {outcome.at}" if outcome.at else "")
        raise UsageError(f"{step} of {unit.name}{where}: it does not wait for a retry; the next `doit` goes on")

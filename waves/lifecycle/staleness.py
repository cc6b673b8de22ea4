"""What each step is made from, as named digests, and what of it is another than recorded; it decides nothing."""

from __future__ import annotations

from collections.abc import Iterator

from waves.foundation.records import Record, digest
from waves.lifecycle.chains import approved_cycle, asks_for
from waves.lifecycle.facts import Facts, Step


def inputs(step: Step, facts: Facts) -> dict[str, str]:
    """Named digests of everything the step is made from, as the records and the plan are now."""
    return _INPUTS[step.kind](step, facts)


def _output(facts: Facts, step: str, name: str) -> dict[str, str]:
    record = facts.record(step)
    return {name: record.outputs.get(name, "") if record else ""}


def _prompt_inputs(step: Step, facts: Facts) -> dict[str, str]:
    return {**facts.parts, **_output(facts, "issue", "issue.json")}


def _implement_inputs(step: Step, facts: Facts) -> dict[str, str]:
    return _output(facts, "prompt", "prompt.md")


def _pr_inputs(step: Step, facts: Facts) -> dict[str, str]:
    implement = facts.records.get("implement")
    return {"head": str(implement.result.get("head", ""))} if implement else {"adopted": facts.unit.branch}


def _checks_inputs(step: Step, facts: Facts) -> dict[str, str]:
    return {"head": facts.head(step.at), "policy.no_checks": digest(facts.policy.no_checks)}


def _review_inputs(step: Step, facts: Facts) -> dict[str, str]:
    issue = _output(facts, "issue", "issue.json")
    return {"head": facts.head(step.at), **issue, **_output(facts, "prompt", "prompt.md")}


def _decide_inputs(step: Step, facts: Facts) -> dict[str, str]:
    policy, at = facts.policy, f"@{step.at}"
    found = {
        **_output(facts, f"checks{at}", f"checks-{step.at}.json"),
        **_output(facts, f"review{at}", f"review-{step.at}.json"),
        "policy.should_fix": digest(policy.should_fix),
        "policy.nits": digest(policy.nits),
        "policy.scope_violations": digest(policy.scope_violations),
        "policy.correction_cycles": digest(policy.correction_cycles),
    }
    if facts.said:
        found["what people said"] = facts.said
    for one in facts.rulings:
        # On one of its items, or on the decision itself; one on `land@0`, say, is none of its business.
        if one.item == step.name or (one.ruling in ON_ITEMS and one.item.endswith(at)):
            found[f"ruling on {one.item}"] = digest(
                [found.get(f"ruling on {one.item}"), one.ruling, one.why, one.digest]
            )
    return found


ON_ITEMS = ("correct", "defer", "requested")


def _correct_inputs(step: Step, facts: Facts) -> dict[str, str]:
    source = facts.record(asks_for(step, facts))
    return {"what to correct": str(source.result.get("to_correct", "")) if source else ""}


def _land_inputs(step: Step, facts: Facts) -> dict[str, str]:
    cycle = approved_cycle(facts, step)
    return {f"decision-{cycle}.json": digest([facts.head(cycle), cycle])} if cycle else {}


def _no_inputs(step: Step, facts: Facts) -> dict[str, str]:
    return {}


_INPUTS = {
    "issue": _no_inputs, "worktree": _no_inputs, "prompt": _prompt_inputs, "implement": _implement_inputs,
    "pr": _pr_inputs, "checks": _checks_inputs, "review": _review_inputs, "decide": _decide_inputs,
    "correct": _correct_inputs, "land": _land_inputs, "cleanup": _no_inputs, "settled": _no_inputs,
}  # fmt: skip


def changes(step: Step, record: Record, facts: Facts) -> Iterator[str]:
    """What a recorded step was made from and is different now, one reason each."""
    if step.kind == "correct":
        return  # what it answered is history since
    now = inputs(step, facts)
    for name in sorted({*record.inputs, *now}):
        of_the_plan = step.kind == "prompt" and name != "issue.json"
        what = f"{name} of unit '{facts.unit.name}'" if of_the_plan else name
        if name not in record.inputs:
            yield f"{what} is new"
        elif name not in now:
            yield f"{what} is gone"
        elif record.inputs[name] != now[name]:
            yield f"{what} changed"

"""Reads a unit's issues, and holds the unit back when they are not what the plan was made for; dispatches nothing."""

from __future__ import annotations

from dataclasses import asdict

from waves.steps.work import Done, HeldError, Work, to_json


def run(work: Work) -> Done:
    if taken := work.batch.elsewhere(work.unit):
        raise HeldError("waiting", taken)
    issues = [work.batch.forge.issue(number) for number in work.unit.issues]
    closed = [issue.number for issue in issues if issue.state != "open"]
    if closed and not work.unit.adopted:
        named = ", ".join(f"#{number}" for number in closed)
        raise HeldError("waiting", f"issue {named} is closed: reopen it, or move it to `skip` in the plan")
    if found := work.batch.gate.objection(work.unit):
        raise HeldError("waiting", found)
    work.folder.write_target("issue.json", to_json({"issues": [asdict(issue) for issue in issues]}))
    return Done({"issues": len(issues)}, ("issue.json",))

"""Writes down where a unit stands at the end of a `doit`: merged, escalated, waiting, dropped, closed or broken."""

from __future__ import annotations

import time

from waves.records import read_json, write_json
from waves.steps import claim
from waves.steps.work import Done, Work


def run(work: Work) -> Done:
    outcome = work.batch.outcome(work.unit.name)
    final = outcome.state == "merged" and "cleanup" in work.facts.records
    found = {
        "state": outcome.state, "at": outcome.at, "reason": outcome.reason, "rule": outcome.rule, "final": final,
        "steps": [name for name in work.batch.survey(work.unit) if name in work.facts.records], "time": time.time(),
        "parts": dict(work.facts.parts),
    }  # fmt: skip
    before = read_json(work.path / "outcome.json") or {}
    write_json(work.path / "outcome.json", found)
    if outcome.state == "dropped":
        claim.release(work.batch, work.unit.name)
    work.batch.finalise(work.unit.name)
    news = (before.get("state"), before.get("reason")) != (outcome.state, outcome.reason)
    if news and outcome.state not in ("merged", "going"):
        work.say(f"{outcome.state}: {outcome.reason}" + (f" → {outcome.rule}" if outcome.rule else ""))
    return Done(found)

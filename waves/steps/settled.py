"""Writes down where a unit stands at the end of a `doit`: merged, escalated, waiting, dropped, closed or broken."""

from __future__ import annotations

import time

from waves.batch import claim
from waves.foundation.records import FORMAT, read_json, write_json
from waves.steps.work import Done, Work


def run(work: Work) -> Done:
    outcome = work.batch.outcome(work.unit.name)
    final = outcome.state == "merged" and "cleanup" in work.facts.records
    found = {
        "format": FORMAT, "state": outcome.state, "at": outcome.at, "reason": outcome.reason, "rule": outcome.rule,
        "final": final,
        "steps": [name for name in work.batch.survey(work.unit) if name in work.facts.records], "time": time.time(),
        "parts": dict(work.facts.parts),
    }  # fmt: skip
    before = read_json(work.path / "outcome.json") or {}
    write_json(work.path / "outcome.json", found)
    if outcome.state == "dropped":
        claim.release(work.batch, work.unit.name)
        if before.get("state") != "dropped" and "worktree" in work.facts.records:
            work.say(f"flag: dropped; {_left(work)} stay as they are, for you to see to")
    work.batch.finalise(work.unit.name)
    news = (before.get("state"), before.get("reason")) != (outcome.state, outcome.reason)
    if news and outcome.state not in ("merged", "going"):
        work.say(f"{outcome.state}: {outcome.reason}" + (f" → {outcome.rule}" if outcome.rule else ""))
    return Done(found)


def _left(work: Work) -> str:
    """What there is of a unit that was begun and is dropped."""
    path = work.batch.worktree_path(work.unit)
    kept = [f"worktree {path.relative_to(work.batch.checkout)}"] if path.exists() else []
    kept += [f"branch {work.branch}", *([f"pull request #{work.pull}"] if "pr" in work.facts.records else [])]
    return ", ".join(kept)

"""Waits for the checks of exactly one head; it never judges them."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict

from waves.forges import Checks
from waves.steps.work import Done, HeldError, Work, to_json

POLL = 15.0  # seconds between two looks


def run(work: Work) -> Done:
    head = work.facts.head(work.step.at)
    found = wait_for(work, head)
    name = f"checks-{work.step.at}.json"
    work.folder.write_target(name, to_json(asdict(found)))
    work.say(f"checks of {head[:8]}: {found.state}")
    return Done({"state": found.state, "head": head}, (name,))


def wait_for(work: Work, head: str) -> Checks:
    """The checks of a commit once they have ended, within the plan's time for a run."""
    until = time.monotonic() + work.batch.plan.policy.run_timeout
    while (found := work.batch.forge.checks(head)).state == "pending":
        if work.batch.once or time.monotonic() > until:
            raise HeldError("waiting", f"the checks of {head[:8]} have not ended; the next `doit` looks again")
        threading.Event().wait(POLL)
    return found

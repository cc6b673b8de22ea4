"""Waits for the checks of exactly one head; it never judges them."""

from __future__ import annotations

import time
from dataclasses import asdict

from waves.forges import Checks
from waves.foundation.records import to_json
from waves.lifecycle.held import HeldError
from waves.steps.work import Done, Work


def run(work: Work) -> Done:
    head = work.facts.head(work.step.at)
    found = wait_for(work, head)
    name = f"checks-{work.step.at}.json"
    work.folder.write_target(name, to_json(asdict(found)))
    work.say(f"checks of {head[:8]}: {found.state}")
    work.batch.hear(work.unit)  # for the decision, which comes next
    return Done({"state": found.state, "head": head}, (name,))


def wait_for(work: Work, head: str, *, anew: bool = False) -> Checks:
    """The checks of a commit once they have ended, within the plan's time for a run; `anew` as for the forge.

    Raises HeldError where they do not end, or where there is none and the plan wants some.
    """
    forge, plan = work.batch.forge, work.batch.plan
    until = time.monotonic() + plan.policy.run_timeout
    found = forge.checks(head, anew=anew)
    while found.state == "pending":
        left = until - time.monotonic()
        if work.batch.once or left <= 0:
            raise HeldError("waiting", f"the checks of {head[:8]} have not ended; the next `doit` looks again")
        forge.wait(left)
        found = forge.checks(head)
    if found.state == "none" and plan.needs_checks:
        raise HeldError("waiting", f"no check reports on {head[:8]}: the next `doit` looks again; "
                                   "`policy.no_checks: allow` goes on without")  # fmt: skip
    return found

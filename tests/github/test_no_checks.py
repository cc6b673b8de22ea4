"""A head on which no check reports: it waits for one, or goes on without, as the plan says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from github_desk import Desk

from waves.batch.batch import Batch
from waves.lifecycle import Facts, Step
from waves.lifecycle.held import HeldError
from waves.plan.model import Policy
from waves.steps.checks import wait_for
from waves.steps.work import Work


def checking(desk: Desk, policy: Policy) -> Work:
    """The step `checks@0` of a unit, with a forge that gives CI no time to appear."""
    plan = replace(desk.plan(41), policy=policy)
    batch = Batch(plan, desk.checkout, Path("/plans"))
    batch._forge = desk.forge(41, grace=0.0)
    return Work(batch, plan.units[0], Step("checks", "0"), Facts(plan.units[0]))


def test_without_any_check_a_head_waits_unless_the_plan_allows_it(desk: Desk) -> None:
    head = desk.opened().head
    with pytest.raises(HeldError, match=f"no check reports on {head[:8]}.*`policy.no_checks: allow`"):
        wait_for(checking(desk, Policy()), head)
    assert wait_for(checking(desk, Policy(no_checks="allow")), head).state == "none"

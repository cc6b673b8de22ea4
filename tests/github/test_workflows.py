from __future__ import annotations

from typing import Any

import pytest
from github_desk import Desk
from hub import GitHub, act_then, act_then_drop

from waves.foundation.errors import ForgeError


def test_a_workflow_is_started_and_followed(github: GitHub, desk: Desk) -> None:
    github.workflow(inputs=("environment",), pending_reads=1)
    forge = desk.forge()
    run = forge.dispatch("deploy.yml", "main", {"environment": "staging"})
    assert (run.head, github.runs[0].inputs) == (github.head("main"), {"environment": "staging"})
    assert [one.id for one in forge.dispatched("deploy.yml", github.head("main") or "")] == [run.id]
    states = [forge.workflow_run(run.id).state for _ in range(3)]
    assert states[-1] == "green"
    assert "/actions/runs/" in run.url
    assert run.started > 0


@pytest.mark.parametrize("lie", [act_then(502), act_then_drop()])
def test_a_workflow_is_started_once_though_the_answer_is_lost(github: GitHub, desk: Desk, lie: Any) -> None:
    github.workflow(ends="failure")
    forge = desk.forge()
    before = forge.dispatch("deploy.yml", "main", {})
    github.lie("POST", "/repos/*/dispatches", lie)
    with pytest.raises(ForgeError):  # it may have happened, and that is for whoever asked to find out
        forge.dispatch("deploy.yml", "main", {})
    run, earlier = forge.dispatched("deploy.yml", github.head("main") or "")
    assert [one.id for one in github.runs] == [before.id, run.id]
    assert earlier.id == before.id
    while (found := forge.workflow_run(run.id)).state == "pending":
        pass
    assert found.state == "red"


def test_a_workflow_that_can_not_be_started_is_told(github: GitHub, desk: Desk) -> None:
    github.workflow(dispatchable=False)
    for name in ("deploy.yml", "other.yml"):
        with pytest.raises(ForgeError, match=rf"{name}"):
            desk.forge().dispatch(name, "main", {})

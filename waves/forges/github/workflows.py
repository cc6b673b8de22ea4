"""Starts a workflow and finds its runs; it waits for none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from waves.forges import Run
from waves.forges.github.client import ATTEMPTS, Client, FaultError, Json
from waves.foundation.errors import ForgeError

GREEN = ("success", "neutral", "skipped")


def dispatch(client: Client, workflow: str, ref: str, inputs: Mapping[str, str]) -> Run:
    before = {run.id for run in _runs(client, workflow, branch=ref)}

    def begun() -> Run | None:
        return next((run for run in _runs(client, workflow, branch=ref) if run.id not in before), None)

    data = {"ref": ref, "inputs": dict(inputs), "return_run_details": True}
    try:
        # Never sent again: GitHub lists a run a while after it has begun, so that no look can tell.
        answer: Any = client.send_once("POST", f"/actions/workflows/{quote(workflow)}/dispatches", data)
    except FaultError as error:
        if error.fault.kind not in ("refused", "missing"):
            raise
        raise ForgeError(
            f"{workflow}: GitHub does not start it on {ref}: {error.fault.text}; it needs `on: workflow_dispatch`"
        ) from None
    if answer:
        return run(client, int(answer["workflow_run_id"]))
    for attempt in range(ATTEMPTS):  # an older server, which does not say which run it made
        if found := begun():
            return found
        client.pause(attempt)
    raise ForgeError(
        f"{workflow}: started on {ref}, and no run of it is to be seen; look at its page before you repeat"
    )


def dispatched(client: Client, workflow: str, head: str) -> Sequence[Run]:
    return _runs(client, workflow, head_sha=head)


def run(client: Client, number: int) -> Run:
    return run_from(client.get(f"/actions/runs/{number}"))


def _runs(client: Client, workflow: str, **which: str) -> Sequence[Run]:
    """The newest first, as GitHub lists them."""
    path = f"/actions/workflows/{quote(workflow)}/runs"
    return [run_from(one) for one in client.get(path, event="workflow_dispatch", per_page=50, **which)["workflow_runs"]]


def run_from(answer: Json) -> Run:
    ended = answer["status"] == "completed"
    state = ("green" if answer["conclusion"] in GREEN else "red") if ended else "pending"
    begun = datetime.fromisoformat(answer["created_at"]).timestamp()
    return Run(answer["id"], state, answer["html_url"], answer["head_sha"], begun)

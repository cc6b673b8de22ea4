"""`waves deploy`: starts the plan's workflow, one environment after the other, when a person says so; never alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from waves.batch.batch import Batch
from waves.batch.workspace import Planned
from waves.forges import Run
from waves.foundation import locks
from waves.foundation.errors import UsageError, WavesError
from waves.foundation.records import read_json, write_json
from waves.plan.model import Deploy

LOOK = 15.0  # seconds between two looks at a run
DONE, DECLINED, FAILED = "done", "declined", "failed"
SETTLES = 60.0  # seconds in which a run that was asked for has to be seen, and clocks may differ


@dataclass(frozen=True, slots=True)
class Deployment:
    """The last deployment to an environment. `run` 0: it was asked for, and what came of it was not written down."""

    environment: str
    head: str
    asked: float  # seconds since 1970
    run: int = 0
    url: str = ""
    state: str = "pending"  # pending | green | red
    earlier: tuple[int, ...] = ()  # runs of deployments before this one


def deploy(planned: Planned, environment: str, say: Callable[[str], None], ask: Callable[[str], bool]) -> str:
    """Deploy to the environment, or to one after the other as `ask` agrees: done | declined | failed."""
    wanted, batch = _wanted(planned, environment), planned.batch
    batch.fetch()
    head = batch.base_head
    with locks.exclusive(batch.folder / "deploy.lock", {"pid": os.getpid(), "batch": planned.name}):
        while True:
            known = _known(batch, wanted.environments)
            chosen = environment or following(wanted.environments, known, head)
            if not chosen:
                say(f"{planned.name}: {head[:8]} is in {', '.join(wanted.environments)}")
                return DONE
            if refused := why_not(wanted.environments, known, chosen, head):
                raise UsageError(f"{planned.name}: {refused}")
            question = f"deploy {planned.plan.base} at {head[:8]} to {chosen} with {wanted.workflow}?"
            if not environment and not is_under_way(known.get(chosen), head) and not ask(question):
                say(f"not deployed; `waves deploy {planned.name} {chosen}` does it")
                return DECLINED
            ended = _see_through(batch, wanted.workflow, known, _next(chosen, head, known.get(chosen)), say)
            if ended.state != "green":
                say(f"{chosen}: failed, see {ended.url}; the same command starts it once more")
                return FAILED
            say(f"{chosen}: {head[:8]} is deployed, {ended.url}")
            if environment:
                return DONE


def _wanted(planned: Planned, environment: str) -> Deploy:
    """What the plan says about deploying, if this may be done at all; raises UsageError."""
    plan = planned.plan
    if plan.deploy is None:
        raise UsageError(
            f"{planned.shown}: says nothing about deploying; add `deploy: {{workflow: …, environments: […]}}`"
        )
    if plan.forge == "local":
        raise UsageError(f"{planned.shown}: `forge: local` runs no workflows; deploy by hand, or use `forge: github`")
    if environment and environment not in plan.deploy.environments:
        raise UsageError(
            f"{planned.shown}: no environment {environment!r}; there are {', '.join(plan.deploy.environments)}"
        )
    states = {unit.name: planned.batch.outcome(unit.name).state for unit in plan.units}
    left = [f"{name} is {state}" for name, state in states.items() if state not in ("merged", "dropped")]
    if left or "merged" not in states.values():
        raise UsageError(
            f"{planned.name}: only what is merged is deployed, and {', '.join(left) or 'nothing is'}; `doit` goes on"
        )
    return plan.deploy


# ---- what may be deployed: functions of what was deployed before


def _next(environment: str, head: str, before: Deployment | None) -> Deployment:
    earlier = (*before.earlier, before.run) if before else ()
    return Deployment(environment, head, time.time(), earlier=tuple(run for run in earlier if run))


def is_under_way(one: Deployment | None, head: str) -> bool:
    return one is not None and one.head == head and one.state == "pending"


def following(environments: Sequence[str], known: Mapping[str, Deployment], head: str) -> str:
    """The first environment, in the plan's order, that does not have this commit."""
    return next((name for name in environments if not _has(known.get(name), head)), "")


def why_not(environments: Sequence[str], known: Mapping[str, Deployment], chosen: str, head: str) -> str:
    """Why this environment's turn has not come, or is over; empty: nothing is against it."""
    if _has(known.get(chosen), head):
        return f"{chosen} has {head[:8]} already, see {known[chosen].url}"
    before = environments[: environments.index(chosen)]
    for name in before:
        if not _has(known.get(name), head):
            return f"{name} comes before {chosen}, and does not have {head[:8]}"
    return ""


def _has(one: Deployment | None, head: str) -> bool:
    return one is not None and one.head == head and one.state == "green"


# ---- records, and runs


def _path(batch: Batch) -> Path:
    return batch.folder / "deploys.json"  # no unit can be called so


def _known(batch: Batch, environments: Sequence[str]) -> dict[str, Deployment]:
    """The last deployment to each environment of the plan."""
    found = (read_json(_path(batch)) or {}).items()
    return {name: Deployment(**value | {"earlier": tuple(value["earlier"])}) for name, value in found
            if name in environments}  # fmt: skip


def _write(batch: Batch, one: Deployment) -> Deployment:
    write_json(_path(batch), (read_json(_path(batch)) or {}) | {one.environment: asdict(one)})
    return one


def _see_through(
    batch: Batch, workflow: str, known: Mapping[str, Deployment], new: Deployment, say: Callable[[str], None]
) -> Deployment:
    """The deployment at its end: one that goes on is taken up, and only what was not asked for yet is started."""
    before = known.get(new.environment)
    one = before if before is not None and is_under_way(before, new.head) else _write(batch, new)
    if not one.run:
        run = _begun(batch, workflow, one, known) if one is before else None
        if run is None:
            _refuse_moved(batch, one)
        run = run or batch.forge.dispatch(workflow, batch.plan.base, {"environment": one.environment})
        one = _write(batch, replace(one, run=run.id, url=run.url))
        if run.head and run.head != one.head:
            _write(batch, replace(one, head=run.head))
            raise WavesError(
                f"{batch.plan.base} moved: {run.url} deploys {run.head[:8]}, not {one.head[:8]}; look at it"
            )
    say(f"{one.environment}: {one.url}")
    while (found := batch.forge.workflow_run(one.run)).state == "pending":
        batch.forge.wait(LOOK)
    return _write(batch, replace(one, state=found.state, url=found.url))


def _refuse_moved(batch: Batch, one: Deployment) -> None:
    """A workflow runs on the branch as it is: what another environment has must still be what is deployed here."""
    batch.fetch()
    if batch.base_head != one.head:
        raise WavesError(
            f"{one.environment}: {batch.plan.base} moved from {one.head[:8]} to {batch.base_head[:8]} meanwhile: "
            "nothing was started; the same command begins with the new commit"
        )


def _begun(batch: Batch, workflow: str, one: Deployment, known: Mapping[str, Deployment]) -> Run | None:
    """The run that was asked for before Waves was stopped, if any; raises WavesError where it may be several."""
    taken = {run for each in known.values() for run in (each.run, *each.earlier)}
    while True:
        runs = [run for run in batch.forge.dispatched(workflow, one.head)
                if run.id not in taken and run.started >= one.asked - SETTLES]  # fmt: skip
        if len(runs) > 1:
            listed = ", ".join(run.url for run in runs)
            raise WavesError(f"{one.environment}: Waves was stopped while it started one of {listed}; look at them, "
                             f"then take {one.environment} out of {_path(batch)} to start one more")  # fmt: skip
        left = one.asked + SETTLES - time.time()
        if runs or left <= 0:
            return runs[0] if runs else None
        batch.forge.wait(left)

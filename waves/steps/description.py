"""Keeps Waves' part of a pull request's description up to date; what a person wrote around it stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

from waves import lifecycle
from waves.batch import kept
from waves.forges import Pull
from waves.steps import texts
from waves.steps.texts import Cycle
from waves.steps.work import Work


def update(work: Work, pull: Pull, now: Cycle) -> None:
    """Say what was checked so far; `now` is what the present step has found out about its cycle."""
    body = texts.with_part(pull.body, part(work, now))
    if body != pull.body.replace("\r\n", "\n"):
        work.batch.forge.describe_pull(pull.number, pull.title, body)


def part(work: Work, now: Cycle) -> str:
    cycles = {one.name: one for one in _recorded(work)}
    before = cycles.get(now.name)
    if before and before.head == now.head:  # a step that is done again knows less than what came after it
        now = Cycle(now.name, now.head, now.checks or before.checks, now.review or before.review,
                    now.decision or before.decision)  # fmt: skip
    cycles[now.name] = now
    aside = [f"{one.what} ({one.where})" for one in kept.of(work.batch, work.unit.name)]
    return texts.pull_body(work.batch.plan.batch, work.unit, work.issues(), tuple(cycles.values()), aside)


def _recorded(work: Work) -> Iterator[Cycle]:
    """The cycles of the present generation, as their records have them."""
    for at in (step.at for step in lifecycle.route(work.facts) if step.kind == "review"):
        found = {kind: record.result for kind in KINDS if (record := work.facts.record(f"{kind}@{at}"))}
        if heads := [str(one["head"]) for one in found.values()]:
            words = (str(found.get(kind, {}).get(key, "")) for kind, key in KINDS.items())
            yield Cycle(at, heads[-1], *words)


KINDS = {"checks": "state", "review": "verdict", "decide": "decision"}

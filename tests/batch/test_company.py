"""Runs side by side: who was at work when, and what none of them can be blamed for."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from loop_world import IMPLEMENT, World

from waves import git
from waves.batch.batch import Batch
from waves.plan.model import Agent, Plan, Ruling, Unit
from waves.steps.runs import overlapping


def batch_of(folder: Path, *rulings: Ruling) -> Batch:
    units = tuple(Unit(name, (number,), "feat") for number, name in enumerate("ac", 1))
    plan = Plan(folder / "plans/b.yaml", "b", units, Agent("command"), forge="local", rulings=rulings)
    return Batch(plan, git.Repository(folder / ".git", folder / ".git", folder), folder)


def run(batch: Batch, unit: str, name: str, began: float, ended: float | None = None) -> Path:
    directory = batch.folder.parent / unit / "runs" / name
    directory.mkdir(parents=True)
    (directory / "about.json").write_text(json.dumps({"key": "k", "role": "reviewer", "started": began}))
    if ended is not None:
        (directory / "judged.json").write_text("{}")
        os.utime(directory / "judged.json", (ended, ended))
    return directory


def test_at_work_is_who_has_begun_and_was_not_judged(tmp_path: Path) -> None:
    batch = batch_of(tmp_path)
    later = run(batch, "b/a", "implementer-1-1", 20.0)
    first = run(batch, "b/c", "reviewer-0-1", 10.0)
    run(batch, "b/a", "reviewer-0-1", 5.0, 6.0)
    assert overlapping.at_work(batch) == [first, later]


def test_what_is_left_of_a_unit_or_batch_that_nobody_goes_on_with_is_not_at_work_for_ever(tmp_path: Path) -> None:
    batch = batch_of(tmp_path, Ruling("c", "unit", "drop"))
    mine = run(batch, "b/a", "implementer-1-1", 20.0)
    run(batch, "b/c", "implementer-1-1", 10.0)
    run(batch, "b/gone-from-the-plan", "implementer-1-1", 10.0)
    run(batch, "other/x", "implementer-1-1", 10.0)
    assert overlapping.at_work(batch) == [mine]
    assert not overlapping.had_company(batch, mine)


def test_company_is_who_was_at_work_at_some_time_of_the_run(tmp_path: Path) -> None:
    batch = batch_of(tmp_path)
    mine = run(batch, "b/a", "implementer-1-1", 20.0)
    assert not overlapping.had_company(batch, mine)
    run(batch, "b/c", "implementer-1-1", 1.0, 19.0)
    assert not overlapping.had_company(batch, mine)
    run(batch, "b/c", "implementer-1-2", 19.5, 20.5)
    assert overlapping.had_company(batch, mine)


def test_what_one_plants_for_all_is_put_back_and_costs_nobody_beside_it_a_strike(world: World) -> None:
    world.plan("a", "c")
    plant = "git config -f ../../.git/config core.pager evil\n"
    world.agent(implementer_a=plant + world.gate() + IMPLEMENT, implementer_c=IMPLEMENT)
    run = world.start("run")
    with world.open_gate():
        run.until("b/c checks@0")
    done = run.wait()
    assert done.code == 0, done.out
    # By whoever ends first: c's implementer, or its reviewer.
    found = re.search(r"the repository's config changed while the \w+ and other agents ran; it is put back", done.out)
    assert found, done.out
    assert world.paid("implementer") == ["implementer a 0 1", "implementer c 0 1"]
    assert world.git("config", "core.pager", check=False) == ""

"""Runs side by side: who was at work when, and what none of them can be blamed for."""

from __future__ import annotations

import json
import os
from pathlib import Path

from loop_world import IMPLEMENT, World

from waves.steps import company


def run(folder: Path, unit: str, name: str, began: float, ended: float | None = None) -> Path:
    directory = folder / "b" / unit / "runs" / name
    directory.mkdir(parents=True)
    (directory / "about.json").write_text(json.dumps({"started": began}))
    if ended is not None:
        (directory / "judged.json").write_text("{}")
        os.utime(directory / "judged.json", (ended, ended))
    return directory


def test_at_work_is_who_has_begun_and_was_not_judged(tmp_path: Path) -> None:
    later = run(tmp_path, "a", "implementer-1-1", 20.0)
    first = run(tmp_path, "c", "reviewer-0-1", 10.0)
    run(tmp_path, "a", "reviewer-0-1", 5.0, 6.0)
    assert company.at_work(tmp_path) == [first, later]


def test_company_is_who_was_at_work_at_some_time_of_the_run(tmp_path: Path) -> None:
    mine = run(tmp_path, "a", "implementer-1-1", 20.0)
    assert not company.had_company(mine, tmp_path)
    run(tmp_path, "c", "implementer-1-1", 1.0, 19.0)
    assert not company.had_company(mine, tmp_path)
    run(tmp_path, "c", "implementer-1-2", 19.5, 20.5)
    assert company.had_company(mine, tmp_path)


def test_what_one_plants_for_all_is_put_back_and_costs_nobody_beside_it_a_strike(world: World) -> None:
    world.plan("a", "c")
    plant = "git config -f ../../.git/config core.pager evil\n"
    world.agent(implementer_a=plant + world.gate() + IMPLEMENT, implementer_c=IMPLEMENT)
    run = world.start("run")
    with world.open_gate():
        run.until("b/c checks@0")
    done = run.wait()
    assert done.code == 0, done.out
    assert "the repository's config changed while the implementer and other agents ran; it is put back" in done.out
    assert world.paid("implementer") == ["implementer a 0 1", "implementer c 0 1"]
    assert world.git("config", "core.pager", check=False) == ""

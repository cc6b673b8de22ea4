"""Each criterion is made false by hand, and seen to be false; the others stay true."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from loop_world import APPROVED, BLOCKING, NOTHING_AMISS, World, commit, say


@pytest.fixture
def merged(world: World) -> World:
    world.plan("a")
    world.run()
    assert world.audit() == NOTHING_AMISS
    return world


def edit(world: World, branch: str, **more: Any) -> None:
    pull = world.pulls()[branch]
    (world.forge / "pulls" / f"{pull['number']}.json").write_text(json.dumps(pull | more))


def false(world: World) -> Mapping[str, list[str]]:
    done = world.waves("audit", code=1)
    assert "criteria do not hold" in done.out
    return {name: found for name, found in world.audit().items() if found}


def test_a_pull_request_that_was_closed_is_not_accounted_for(merged: World) -> None:
    edit(merged, "feat/a", state="closed")
    assert list(false(merged)) == ["accounted"]


def test_a_unit_that_never_came_to_a_pull_request_is_not_accounted_for(world: World) -> None:
    world.plan("a", setup={"run": ["exit 3"]})
    world.run(code=1)
    found = false(world)
    assert list(found) == ["accounted"]
    assert "#1: broken: setup command" in found["accounted"][0]


@pytest.mark.parametrize("script", [say("BLOCKED: no idea"), "exit 1"])
def test_an_escalated_unit_is_handed_over(world: World, script: str) -> None:
    world.plan("a")
    world.agent(implementer_a=script)
    world.run(code=10)
    assert world.audit() == NOTHING_AMISS
    evidence = json.loads((world.checkout / ".waves/b/audit.json").read_text())["criteria"][0]["evidence"]
    assert evidence[0]["text"].startswith("#1: escalated: ")


def test_a_merge_of_another_head_was_not_approved(merged: World) -> None:
    path = merged.unit("a") / "records" / "decide-0.json"
    record = json.loads(path.read_text())
    record["result"]["head"] = "0" * 40
    path.write_text(json.dumps(record))
    assert list(false(merged)) == ["approved"]


def test_a_decision_without_its_review_is_no_approval(merged: World) -> None:
    (merged.unit("a") / "records" / "review-0.json").unlink()
    assert list(false(merged)) == ["approved"]


def test_an_open_pull_request_that_is_not_approved_yet_is_not_approved(world: World) -> None:
    world.plan("a", policy={"correction_cycles": 1})
    world.agent(reviewer_a=BLOCKING)
    world.run(code=10)
    found = false(world)
    assert list(found) == ["approved"]
    assert "no approved review of" in found["approved"][0]


def test_a_head_that_was_pushed_after_the_approval_is_not_approved(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    assert world.audit() == NOTHING_AMISS
    colleague = world.colleague()
    world.git("switch", "-q", "feat/a", at=colleague)
    world.commit({"more.txt": "x\n"}, "feat: more", at=colleague)
    found = false(world)
    assert set(found) == {"approved", "made-by-runs"}


def test_a_pull_request_whose_comment_was_deleted_has_none(merged: World) -> None:
    number = merged.pulls()["feat/a"]["number"]
    for path in (merged.forge / "comments" / str(number)).iterdir():
        path.unlink()
    found = false(merged)
    assert found == {"commented": [f"#{number} has none"]}


def test_a_worktree_that_is_there_again_is_not_cleaned_up(merged: World) -> None:
    merged.worktree("a").mkdir(parents=True)
    found = false(merged)
    assert found == {"cleaned": ["issue-1-a is there"]}


def test_a_commit_that_no_run_made_is_named(merged: World) -> None:
    (merged.unit("a") / "runs" / "implementer-1-1" / "made.json").unlink()
    head = merged.pulls()["feat/a"]["head"]
    found = false(merged)
    assert found == {"made-by-runs": [f"{head[:8]} “feat: a” was made by no recorded run"]}


def test_a_commit_that_a_rebase_gave_another_id_is_known_by_its_patch(merged: World) -> None:
    path = merged.unit("a") / "runs" / "implementer-1-1" / "made.json"
    made = json.loads(path.read_text())
    assert len(made["patch_ids"]) == 1
    path.write_text(json.dumps(made | {"commits": []}))
    assert merged.audit() == NOTHING_AMISS


def test_a_review_that_was_voided_is_told_with_the_one_that_counts(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0_1=APPROVED + "echo x > new.txt")
    world.run()
    assert "1 voided" in world.waves("audit", "--verbose").out


def test_the_audit_of_a_batch_that_goes_on_says_so(world: World) -> None:
    world.plan("a", "c", policy={"merge": "ask"})
    world.agent(implementer_c=commit(c_txt="x\n"))
    world.run(code=10)
    world.rule("a", "merge@0", "approve")
    world.run(code=10)
    assert world.audit() == NOTHING_AMISS
    evidence = world.waves("audit", "--verbose").out
    assert "#1: pull request" in evidence
    assert "is merged" in evidence
    assert "is open" in evidence


def test_doit_writes_the_audit_of_the_very_end(merged: World) -> None:
    written = json.loads((merged.checkout / ".waves/b/audit.json").read_text())
    assert written["ok"] is True
    before = (merged.checkout / ".waves/b/audit.json").stat().st_mtime_ns
    merged.run()
    assert (merged.checkout / ".waves/b/audit.json").stat().st_mtime_ns == before

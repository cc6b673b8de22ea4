"""What reaches the base, or changes in a local origin, without Waves: noticed, named, and not proved until accepted."""

from __future__ import annotations

import json

import pytest
from loop_world import APPROVED, IMPLEMENT, NOTHING_AMISS, World

# As an agent without a sandbox can do it: a commit of its own, straight onto the base.
PUSH = """
git commit -q --allow-empty -m "chore: sneaked in"
git push -q origin HEAD:main
git reset -q --hard HEAD~1
"""
FULL = {"sandbox": "danger-full-access"}


def strange(world: World) -> list[str]:
    """What the audit says of the base."""
    assert world.waves("audit", code=1)
    found = world.audit()
    assert {name: said for name, said in found.items() if said} == {"base": found["base"]}
    return found["base"]


@pytest.mark.parametrize("role", ["implementer", "reviewer"])
def test_what_an_agent_pushes_to_the_base_is_named_and_not_proved(world: World, role: str) -> None:
    world.plan("a", policy=FULL)
    scripts = {"implementer": PUSH + IMPLEMENT, "reviewer": PUSH + APPROVED}
    world.agent(**{f"{role}_a": scripts[role]})
    done = world.run()
    assert "flag: main has " in done.out
    assert "a.txt" in world.tree(), "it blocks no landing"
    (said,) = strange(world)
    assert "“chore: sneaked in” by " in said
    status = world.waves("status").out
    assert "“chore: sneaked in” by " in status
    (kept,) = json.loads(world.waves("status", "--json").out)["batches"][0]["base_commits"]
    assert kept["subject"] == "chore: sneaked in"
    assert kept["at"].startswith("20")


def test_a_persons_push_to_the_base_is_named_until_it_is_accepted(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    by_hand = world.commit({"bo.txt": "bo\n"}, "chore: bo", at=world.colleague())
    world.rule("a", "merge@0", "approve")
    world.run()
    (said,) = strange(world)
    assert f"main has {by_hand[:8]} “chore: bo” by Bo <bo@example.org>, " in said
    assert f"`waves accept {by_hand[:12]} --why …`" in said
    out = world.waves("accept", by_hand[:12], "--why", "bo told me").out
    assert out == f"b: {by_hand[:12]} is accepted: bo told me\n"
    assert world.waves("audit").code == 0
    assert world.audit() == NOTHING_AMISS
    assert "chore: bo" not in world.waves("status").out
    assert "“chore: bo”" in world.waves("audit", "--verbose").line("bo told me")


def test_only_a_commit_that_is_named_can_be_accepted(world: World) -> None:
    world.plan("a")
    world.run()
    done = world.waves("accept", "1234567", "--why", "x", code=2)
    assert done.out == "1234567: no commit on main waits to be accepted; `waves audit` names those that do\n"


def test_what_comes_after_the_batch_is_none_of_its_business(world: World) -> None:
    world.plan("a")
    world.run()
    world.commit({"later.txt": "x\n"}, "chore: later", at=world.colleague())
    world.waves("audit")
    assert world.audit() == NOTHING_AMISS


@pytest.mark.parametrize("method", ["squash", "merge", "rebase"])
def test_a_batchs_own_merges_are_explained_by_every_method(world: World, method: str) -> None:
    world.plan("a", "c", policy={"merge_method": method})
    world.agent(implementer_a=IMPLEMENT + "\ngit commit -q --allow-empty -m 'feat: more'\n")
    world.run()
    assert world.audit() == NOTHING_AMISS


def test_a_merge_that_somebody_takes_off_the_base_is_named(world: World) -> None:
    world.plan("a", "c", merge_order=["a", "c"], policy={"merge": "ask"})
    world.run(code=10)
    world.rule("a", "merge@0", "approve")
    world.run(code=10)
    before = world.git("rev-parse", "main~1", at=world.origin)
    world.git("update-ref", "refs/heads/main", before, at=world.origin)
    world.waves("audit", code=1)
    assert world.audit()["base"] == ["the merge of a is not in main any more: somebody rewrote it"]


ORIGIN = "$(git remote get-url origin)"
PLANTED = {
    "a hook": f"""cat > "{ORIGIN}/hooks/pre-receive" <<'END'
#!/bin/sh
touch ran
END
chmod +x "{ORIGIN}/hooks/pre-receive"
""",
    "a setting": f'git -C "{ORIGIN}" config core.alternateRefsCommand "touch {ORIGIN}/ran"',
}


@pytest.mark.parametrize("planted", PLANTED)
def test_what_a_run_plants_in_a_local_origin_is_put_back_and_voids_it(world: World, planted: str) -> None:
    (world.origin / "hooks").mkdir(exist_ok=True)
    config = (world.origin / "config").read_text()
    world.plan("a", policy=FULL)
    world.agent(reviewer_a_0_1=PLANTED[planted] + "\n" + APPROVED)
    done = world.run()
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 0 2"]
    assert "of the remote" in world.read("a", "runs/reviewer-0-1/judged.json")["fault"]
    assert "restored: " in done.out
    assert (world.origin / "config").read_text() == config
    assert not (world.origin / "hooks/pre-receive").exists()
    assert not (world.origin / "ran").exists()


HIDES = {"deletes": "rm -f {}", "empties": ": > {}", "edits": "sed -i 's/refs.heads.main/refs\\/heads\\/none/' {}"}


@pytest.mark.parametrize("hides", HIDES)
def test_a_run_that_tampers_with_what_waves_knows_of_the_time_before_is_void_and_put_back(
    world: World, hides: str
) -> None:
    settings = world.checkout / ".git/config"
    (world.origin / "hooks").mkdir(exist_ok=True)
    world.plan("a", policy=FULL)
    hidden = HIDES[hides].format(world.unit("a") / "runs/implementer-1-1/before.json")
    plant = f'{PLANTED["a hook"]}git config --file "{settings}" core.fsmonitor false\n'
    world.agent(implementer_a_0_1=f"{plant}{hidden}\n")
    was = settings.read_text()
    done = world.run()
    fault = world.read("a", "runs/implementer-1-1/judged.json")["fault"]
    assert "before.json of its run was deleted or edited" in fault
    assert "restored: " in done.out
    assert settings.read_text() == was
    assert not (world.origin / "hooks/pre-receive").exists()


def test_a_branch_that_a_run_makes_on_a_local_origin_is_named_and_left(world: World) -> None:
    world.plan("a", policy=FULL)
    world.agent(implementer_a=IMPLEMENT + "\ngit push -q origin HEAD:refs/heads/mine HEAD:refs/tags/v9\n")
    done = world.run()
    assert "branch mine of the remote made at" in done.out
    assert "tag v9 of the remote made at" in done.out
    assert "mine" in world.branches()

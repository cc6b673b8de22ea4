"""The whole loop, from issue to merged, with the real codex in every role."""

from __future__ import annotations

import json
import os
import signal

from codex_world import CodexWorld, commit, prompt_of, review
from loop_world import item, until
from stand_in import Refuse, Say, Shell

IMPLEMENTER, REVIEWER, CORRECTOR = (prompt_of(role, "a") for role in ("implementer", "reviewer", "corrector"))


def test_a_unit_goes_from_its_issue_to_merged_with_one_correction(world: CodexWorld) -> None:
    world.plan("a")
    world.stand_in.on(IMPLEMENTER, [commit("a.txt", "one"), Say("Did it.")])
    blocked = review("blocking", blocking=[item("no test")])
    world.stand_in.on(REVIEWER, [Shell("git log --oneline; touch x"), blocked], [review()])
    world.stand_in.on(CORRECTOR, [commit("test_a.txt", "two", "test: a"), Say("B1: done.")])
    world.run()
    assert world.states() == {"a": "merged"}
    assert world.tree() == {"a.txt": "one", "app.txt": "one", "test_a.txt": "two"}
    assert world.runs("a") == ["corrector-1-1", "implementer-1-1", "reviewer-0-1", "reviewer-1-1"]
    assert world.read("a", "run.json")["tokens"] == 240
    # What the reviewer tried was kept from it, so its review stands.
    assert any("Read-only file system" in text for asked in world.stand_in.asked for text in asked.outputs)
    assert all(not found for found in world.audit().values())


def test_an_answer_that_is_no_json_is_asked_for_once_more(world: CodexWorld) -> None:
    world.plan("a")
    world.stand_in.on(IMPLEMENTER, [commit("a.txt", "one"), Say("Did it.")])
    world.stand_in.on(REVIEWER, [Say("Looks good to me!")], [review()])
    world.run()
    assert world.states() == {"a": "merged"}
    assert world.runs("a") == ["implementer-1-1", "reviewer-0-1", "reviewer-0-2"]
    assert "there is no JSON object in the answer" in world.stand_in.asked_for(REVIEWER)[-1].prompt


def test_an_answer_that_is_no_json_twice_is_a_persons_matter(world: CodexWorld) -> None:
    world.plan("a")
    world.stand_in.on(IMPLEMENTER, [commit("a.txt", "one"), Say("Did it.")])
    world.stand_in.on(REVIEWER, [Say("Looks good to me!")])
    world.run(code=10)
    assert world.states() == {"a": "escalated"}
    assert len(world.stand_in.asked_for(REVIEWER)) == 2


def test_an_agent_that_is_killed_is_resumed_in_its_thread_and_does_nothing_twice(world: CodexWorld) -> None:
    world.plan("a")
    waiting = world.worktree("a") / "waiting"
    world.stand_in.on(
        IMPLEMENTER,
        [commit("a.txt", "one"), Shell("touch waiting; sleep 300")],
        [Shell("rm waiting; git log --format=%s -1"), Say("Did it.")],
    )
    world.stand_in.on(REVIEWER, [review()])
    started = world.start("run")
    until(waiting.exists, "the agent waits")
    parent = json.loads((world.unit("a") / "runs/implementer-1-1/started.json").read_text())["pid"]
    os.kill(parent, signal.SIGKILL)
    assert started.wait().code == 0
    assert world.states() == {"a": "merged"}
    asked = world.stand_in.asked_for(IMPLEMENTER)
    assert len({one.thread for one in asked}) == 1
    assert "You were interrupted" in asked[-1].prompt
    assert asked[-1].outputs[-1].endswith("feat: work\n")
    assert len(world.merged()) == 1


def test_a_usage_limit_is_waited_for_and_costs_no_strike(world: CodexWorld) -> None:
    world.plan("a")
    limit = Refuse(429, {"type": "usage_limit_reached", "plan_type": "plus"})
    world.stand_in.on(IMPLEMENTER, [limit], [limit], [limit], [commit("a.txt", "one"), Say("Did it.")])
    world.stand_in.on(REVIEWER, [review()])
    for _ in range(3):
        assert "usage limit is reached" in world.run(code=75).out
    world.run()
    assert world.states() == {"a": "merged"}


def test_reaching_the_cap_of_a_unit_is_a_persons_matter(world: CodexWorld) -> None:
    world.plan("a", policy={"tokens_per_unit": 5_000})
    world.stand_in.on(IMPLEMENTER, [commit("a.txt", "one"), Shell("true", tokens=5_000), Shell("sleep 300")])
    done = world.run(code=10)
    assert "tokens, and 5000 were left" in done.out
    assert world.states() == {"a": "escalated"}

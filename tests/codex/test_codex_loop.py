"""The whole loop, from issue to merged, with the real codex in every role."""

from __future__ import annotations

from codex_world import CodexWorld, commit, prompt_of, review
from loop_world import item
from stand_in import Say, Shell

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

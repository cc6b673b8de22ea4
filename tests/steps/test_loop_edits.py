"""The plan is edited, or a target deleted, while the batch is at work."""

from __future__ import annotations

from loop_world import BLOCKING, IMPLEMENT, NOTHING_AMISS, World, commit, item, review

A = {"unit": "a", "scope": {"in": ["one"]}}
CHANGED = {"unit": "a", "scope": {"in": ["two"]}}


def held_at_the_merge(world: World) -> None:
    world.plan(A, policy={"merge": "ask"})
    world.run(code=10)


def test_a_changed_scope_has_the_implementer_go_on_from_its_branch_and_keeps_the_old_head(world: World) -> None:
    held_at_the_merge(world)
    before = world.pulls()["feat/a"]["head"]
    world.plan(CHANGED, policy={"merge": "ask"})
    explained = world.waves("explain", "a").out
    assert "prompt:b/a: run (scope.in of unit 'a' changed)" in explained
    world.agent(implementer_a="test -e a.txt; " + commit("feat: as asked by now", b_txt="b\n"))
    done = world.run(code=10)
    assert "b/a prompt: " not in done.out  # only what is paid for is announced
    assert "b/a implement: runs: prompt.md changed" in done.out
    assert world.paid("implementer") == ["implementer a 0 1", "implementer a 0 2"]
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 0 2"]
    assert world.head("refs/waves/b/a/implemented-1", at=world.checkout) == before
    assert "feat: a" in world.prompt("implementer a 0 2")  # what is on the branch already
    assert "two" in world.prompt("implementer a 0 2")
    assert len(world.pulls()) == 1
    world.rule("a", "merge@0", "approve")
    world.run()
    assert world.tree() == {"app.txt": "one", "a.txt": "a", "b.txt": "b"}
    world.waves("accept", world.head("HEAD", at=world.checkout), "--why", "the plan")
    assert world.audit() == NOTHING_AMISS


def test_an_approval_of_what_was_there_before_is_no_approval_of_what_is_made_anew(world: World) -> None:
    held_at_the_merge(world)
    world.rule("a", "merge@0", "approve")
    text = (world.checkout / "plans/b.yaml").read_text().replace("one", "two")
    (world.checkout / "plans/b.yaml").write_text(text)
    world.commit({}, "chore: plan")
    world.agent(implementer_a=commit("feat: new", b_txt="b\n"))
    world.run(code=10)
    assert world.merged() == []


def test_a_change_that_the_prompt_does_not_speak_of_reruns_nothing(world: World) -> None:
    held_at_the_merge(world)
    world.plan(A, {"unit": "c"}, policy={"merge": "ask", "implementers": 2}, merge_order=["a", "c"])
    world.run(code=10)
    assert world.paid("implementer a") == ["implementer a 0 1"]
    assert world.paid("reviewer a") == ["reviewer a 0 1"]


def test_a_changed_policy_decides_anew_without_a_new_review(world: World) -> None:
    world.plan(A, policy={"nits": "ask"})
    world.agent(reviewer_a_0=review(nits=[item("shorter name")]))
    world.run(code=10)
    world.plan(A, policy={"nits": "defer"})
    world.run()
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1"]
    assert "policy.nits: defer" in world.comments("feat/a")["cycle-0"]
    assert list(world.comments("feat/a")) == ["cycle-0"]


def test_a_policy_that_changes_after_the_correction_makes_no_old_cycle_stale(world: World) -> None:
    world.plan(A, policy={"merge": "ask", "should_fix": "correct"})
    world.agent(reviewer_a_0=review("should_fix", should_fix=[item("shorter name")]))
    world.run(code=10)
    world.plan(A, policy={"merge": "ask", "should_fix": "defer"})
    world.run(code=10)
    assert len(world.paid()) == 4
    assert "to correct" in world.comments("feat/a")["cycle-0"]


def test_an_edit_of_a_merged_units_entry_is_reported_on_that_unit_and_reruns_nothing(world: World) -> None:
    world.plan(A, "c", merge_order=["a", "c"])
    world.agent(implementer_c="printf 'BLOCKED: no' > $WAVES_OUTPUT")
    world.run(code=10)
    assert world.landed() == ["Thing 1"]
    world.plan(CHANGED, "c", merge_order=["a", "c"], policy={"should_fix": "ask"})
    world.agent(implementer_c=IMPLEMENT)
    world.rule("c", "implement", "retry")
    done = world.run()
    assert "unit 'a': is merged, so its scope.in can't change any more" in done.out
    assert world.landed() == ["Thing 1", "Thing 2"]
    assert world.paid("implementer a") == ["implementer a 0 1"]
    assert len(world.pulls()) == 2


def test_a_unit_added_to_a_batch_that_is_done_is_done_too(world: World) -> None:
    world.plan("a")
    world.run()
    world.plan("a", "c")
    world.run()
    assert world.landed() == ["Thing 1", "Thing 2"]
    assert world.paid("implementer") == ["implementer a 0 1", "implementer c 0 1"]
    assert world.audit()["accounted"] == []


# ---- deleting a target asks for its step again


def test_without_its_review_file_a_head_is_reviewed_again(world: World) -> None:
    held_at_the_merge(world)
    (world.unit("a") / "review-0.json").unlink()
    world.agent(reviewer_a_0_2=BLOCKING)
    done = world.run(code=10)
    assert "b/a review@0: runs: review-0.json is gone" in done.out
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 0 2", "reviewer a 1 1"]
    assert world.paid("implementer") == ["implementer a 0 1"]
    assert world.paid("corrector") == ["corrector a 1 1"]


def test_asked_for_twice_it_is_made_twice(world: World) -> None:
    held_at_the_merge(world)
    for expected in (2, 3):
        (world.unit("a") / "review-0.json").unlink()
        world.run(code=10)
        assert len(world.paid("reviewer")) == expected
    assert world.read("a", "records/review-0.json")["result"]["run"] == "reviewer-0-3"


def test_without_its_prompt_file_only_the_prompt_is_rendered_again(world: World) -> None:
    held_at_the_merge(world)
    text = (world.unit("a") / "prompt.md").read_text()
    (world.unit("a") / "prompt.md").unlink()
    world.run(code=10)
    assert (world.unit("a") / "prompt.md").read_text() == text
    assert len(world.paid()) == 2


def test_without_its_log_the_implementer_goes_on_from_its_branch(world: World) -> None:
    held_at_the_merge(world)
    before = world.pulls()["feat/a"]["head"]
    (world.unit("a") / "codex.out").unlink()
    world.agent(implementer_a_0_2="test -e a.txt; " + commit("feat: once more", b_txt="b\n"))
    done = world.run(code=10)
    assert "b/a implement: runs: codex.out is gone" in done.out
    assert world.paid("implementer") == ["implementer a 0 1", "implementer a 0 2"]
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 0 2"]
    assert world.head("refs/waves/b/a/implemented-1", at=world.checkout) == before
    assert world.git("merge-base", "--is-ancestor", before, world.pulls()["feat/a"]["head"]) == ""


def test_an_implementer_asked_again_may_have_nothing_to_add(world: World) -> None:
    held_at_the_merge(world)
    (world.unit("a") / "codex.out").unlink()
    world.agent(implementer_a_0_2="echo nothing to add")
    world.run(code=10)
    assert world.paid("implementer") == ["implementer a 0 1", "implementer a 0 2"]
    assert world.paid("reviewer") == ["reviewer a 0 1"]


def test_without_its_decision_file_the_decision_is_taken_again_and_says_the_same(world: World) -> None:
    held_at_the_merge(world)
    (world.unit("a") / "decision-0.json").unlink()
    world.run(code=10)
    assert len(world.paid()) == 2
    assert list(world.comments("feat/a")) == ["cycle-0"]


def test_without_its_checks_file_the_checks_are_looked_at_again(world: World) -> None:
    held_at_the_merge(world)
    (world.unit("a") / "checks-0.json").unlink()
    done = world.run(code=10)
    assert "b/a checks@0: checks of" in done.out
    assert len(world.paid()) == 2


def test_without_the_files_of_a_merged_unit_nothing_happens(world: World) -> None:
    world.plan("a")
    world.run()
    for name in ("review-0.json", "prompt.md", "codex.out", "pr.json"):
        (world.unit("a") / name).unlink()
    world.run()
    assert len(world.paid()) == 2
    assert len(world.pulls()) == 1


def test_an_edited_review_is_no_review(world: World) -> None:
    held_at_the_merge(world)
    path = world.unit("a") / "review-0.json"
    path.write_text(path.read_text().replace("approved", "approved!"))
    done = world.run(code=10)
    assert "b/a review@0: runs: review-0.json was changed by hand" in done.out
    assert len(world.paid("reviewer")) == 2

from __future__ import annotations

import json

from loop_world import APPROVED, BLOCKING, World, commit, item, review, say


def test_without_approval_after_the_allowed_corrections_a_person_is_asked(world: World) -> None:
    world.plan("a", policy={"correction_cycles": 2})
    world.agent(reviewer_a=BLOCKING)
    done = world.run(code=10)
    assert world.paid("corrector") == ["corrector a 1 1", "corrector a 2 1"]
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 1 1", "reviewer a 2 1"]
    assert done.line("  a: ") == "  a: escalated: 2 corrections made, still open: B1 (no test)"
    assert done.asks() == ["waves rule a decide@2 retry"]
    assert list(world.comments("feat/a")) == ["cycle-0", "cycle-1", "cycle-2"]
    assert world.pulls()["feat/a"]["state"] == "open"
    assert world.worktree("a").exists()
    world.run(code=10)
    assert len(world.paid()) == 6
    # A retry is one more correction.
    world.rule("a", "decide@2", "retry")
    world.run(code=10)
    assert world.paid("corrector")[-1] == "corrector a 3 1"
    assert len(world.paid("corrector")) == 3
    world.agent(reviewer_a=APPROVED)
    world.rule("a", "decide@3", "retry")
    world.run()
    assert world.paid("corrector") == [f"corrector a {number} 1" for number in (1, 2, 3, 4)]
    assert world.tree()["a.txt"] == "a\n1\n2\n3\n4"


def test_one_retry_of_an_exhausted_unit_can_be_enough(world: World) -> None:
    world.plan("a", policy={"correction_cycles": 1})
    world.agent(reviewer_a_0=BLOCKING, reviewer_a_1=BLOCKING)
    world.run(code=10)
    world.rule("a", "decide@1", "retry")
    world.run()
    assert world.paid("corrector") == ["corrector a 1 1", "corrector a 2 1"]
    assert world.states() == {"a": "merged"}


def test_a_person_can_defer_a_blocking_item_and_the_unit_lands(world: World) -> None:
    world.plan("a", policy={"correction_cycles": 1})
    world.agent(reviewer_a=BLOCKING)
    world.run(code=10)
    world.rule("a", "B1@1", "defer")
    world.run()
    assert world.states() == {"a": "merged"}
    assert len(world.paid("corrector")) == 1
    assert "| no test | deferred | ruled: because |" in world.comments("feat/a")["cycle-1"]
    assert "no test | to correct" in world.comments("feat/a")["cycle-0"]


def test_a_ruling_before_the_correction_began_changes_what_is_corrected(world: World) -> None:
    world.plan("a", policy={"nits": "ask"})
    world.agent(reviewer_a_0=review("blocking", blocking=[item("no test")], nits=[item("shorter name")]))
    world.run(code=10)
    assert world.paid("corrector") == []  # one question holds the cycle
    world.rule("a", "B1@0", "defer")
    world.rule("a", "N1@0", "correct")
    world.run()
    prompt = world.prompt("corrector a 1 1")
    assert prompt.index("shorter name") < prompt.index("Out of scope") < prompt.index("no test")


def test_a_ruling_on_an_item_whose_content_is_another_does_not_count(world: World) -> None:
    world.plan("a", policy={"should_fix": "ask"})
    world.agent(reviewer_a_0_1=review(should_fix=[item("shorter name")]))
    world.run(code=10)
    world.rule("a", "S1@0", "defer")
    # Before anything is done about it, the review is asked for again, and says something else.
    (world.unit("a") / "review-0.json").unlink()
    world.agent(reviewer_a_0_2=review(should_fix=[item("there is a race")]))
    done = world.run(code=10)
    assert done.line("  a: ") == "  a: waiting: a person must rule on S1"
    assert world.merged() == []
    world.rule("a", "S1@0", "correct")
    world.run()
    assert "there is a race" in world.prompt("corrector a 1 1")


def test_a_dropped_unit_is_left_where_it_is(world: World) -> None:
    world.plan("a", {"unit": "late", "after": ["a"]}, "c", merge_order=["a", "c"])
    world.agent(implementer_a=say("BLOCKED: no idea"))
    world.run(code=10)
    world.rule("a", "implement", "drop")
    done = world.run(code=10)
    assert world.states() == {"a": "dropped", "late": "waiting", "c": "merged"}
    assert done.line("  a: ") == "  a: dropped: because"
    assert "after 'a', which is dropped" in done.line("  late: ")
    assert len(world.paid("implementer")) == 2
    assert world.worktree("a").exists()


def test_a_dropped_unit_alone_is_a_batch_at_its_end(world: World) -> None:
    world.plan("a", "c")
    world.agent(implementer_a=say("BLOCKED: no idea"))
    world.run(code=10)
    world.rule("a", "implement", "drop")
    done = world.run()
    assert "b: 1 merged, 1 dropped" in done.out
    assert world.python_doit().code == 0
    assert world.audit()["accounted"] == []


def test_with_merge_ask_a_person_approves_each_merge(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    done = world.run(code=10)
    assert done.line("  a: ") == "  a: waiting: approved; policy.merge is `ask`"
    assert done.asks() == ["waves rule a merge@0 approve"]
    assert world.merged() == []
    world.run(code=10)
    assert len(world.paid()) == 2
    world.rule("a", "merge@0", "approve")
    world.run()
    assert world.merged() == ["feat: Thing 1 (#2)"]


def test_an_approval_of_one_cycle_is_none_of_a_later_one(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    world.rule("a", "merge@0", "approve")
    colleague = world.colleague()
    world.git("switch", "-q", "feat/a", at=colleague)
    world.commit({"more.txt": "by hand\n"}, "feat: more", at=colleague)
    done = world.run(code=10)
    assert done.asks() == ["waves rule a merge@1 approve"]
    assert world.merged() == []


def test_while_a_unit_waits_for_approval_the_next_in_order_holds(world: World) -> None:
    world.plan("a", "c", merge_order=["a", "c"], policy={"merge": "ask"})
    done = world.run(code=10)
    assert "lands after 'a'" in done.line("  c: ")
    world.rule("a", "merge@0", "approve")
    done = world.run(code=10)
    assert world.landed() == ["Thing 1"]
    assert done.asks() == ["waves rule c merge@0 approve"]


def test_a_correction_without_a_commit_gets_one_more_run_and_then_a_person(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=BLOCKING, corrector_a="true")
    done = world.run(code=10)
    assert world.paid("corrector") == ["corrector a 1 1", "corrector a 1 2"]
    assert "no new commit: the items stand" in done.line("  a: ")
    assert done.asks() == ["waves rule a correct@1 retry"]
    assert "no new commit" in world.prompt("corrector a 1 2")
    world.agent(corrector_a=commit("fix: at last", a_txt="better\n"))
    world.rule("a", "correct@1", "retry")
    world.run()
    assert world.tree()["a.txt"] == "better"


def test_a_corrector_that_is_blocked_by_its_own_word_asks_a_person_at_once(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=BLOCKING, corrector_a=commit("fix: half", half_txt="1\n") + "echo 'BLOCKED: which test?'")
    done = world.run(code=10)
    assert world.paid("corrector") == ["corrector a 1 1"]
    assert done.line("  a: ") == "  a: escalated: the corrector is blocked: which test?"
    assert done.asks() == ["waves rule a correct@1 retry"]
    world.run(code=10)
    assert len(world.paid("corrector")) == 1
    world.agent(corrector_a=commit("fix: test", test_txt="1\n"))
    world.rule("a", "correct@1", "retry")
    world.run()
    assert world.tree() == {"app.txt": "one", "a.txt": "a", "half.txt": "1", "test.txt": "1"}


def test_red_checks_are_an_item_like_a_blocking_one(world: World) -> None:
    world.plan("a", local={"checks": ["cat *.txt", "sh -c 'echo the tail; test ! -e BROKEN'"]})
    world.agent(
        implementer_a=commit(a_txt="a\n", BROKEN="x\n"),
        corrector_a="git rm -q BROKEN; git commit -qm 'fix: mend'",
    )
    world.run()
    assert world.paid() == ["corrector a 1 1", "implementer a 0 1", "reviewer a 0 1", "reviewer a 1 1"]
    prompt = world.prompt("corrector a 1 1")
    assert "test ! -e BROKEN" in prompt
    assert "the tail" in prompt
    assert "C1@0" in world.comments("feat/a")["cycle-0"]
    assert "checks: red" in world.comments("feat/a")["cycle-0"]
    assert "BROKEN" not in world.tree()


def test_checks_that_stay_red_are_never_merged_whatever_is_ruled(world: World) -> None:
    world.plan("a", policy={"correction_cycles": 1})
    world.agent(implementer_a=commit(BROKEN="x\n"))
    world.run(code=10)
    refused = world.waves("rule", "a", "C1@1", "defer", "--why", "because", code=2)
    assert "always corrected" in refused.out
    by_hand = world.checkout / "plans" / "b.yaml"
    by_hand.write_text(by_hand.read_text() + "rulings: [{unit: a, item: C1@1, ruling: defer, why: because}]\n")
    done = world.run(code=10)
    assert world.merged() == []
    assert world.states() == {"a": "escalated"}
    assert "still open: C1 (check `test ! -e BROKEN` is red)" in done.line("  a: ")
    assert "a ruling cannot change that" in world.comments("feat/a")["cycle-1"]


def test_a_plan_without_checks_merges_and_says_that_there_are_none(world: World) -> None:
    world.plan("a", local={"checks": []})
    world.run()
    assert "the forge has no checks" in world.comments("feat/a")["cycle-0"]
    assert json.loads((world.unit("a") / "checks-0.json").read_text())["state"] == "none"

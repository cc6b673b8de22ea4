"""People do things on the outside, between two runs and during one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from loop_world import APPROVED, BLOCKING, CORRECT, IMPLEMENT, NOTHING_AMISS, World, commit, until


def waiting_for_approval(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)


def on_its_branch(world: World) -> Path:
    """The colleague's clone, on the branch of the unit."""
    colleague = world.colleague()
    world.git("switch", "-q", "feat/a", at=colleague)
    return colleague


def test_a_commit_pushed_by_hand_is_checked_and_reviewed_and_shown_by_the_audit(world: World) -> None:
    waiting_for_approval(world)
    by_hand = world.commit({"more.txt": "by hand\n"}, "feat: more", at=on_its_branch(world))
    done = world.run(code=10)
    assert f"pushed by hand to {by_hand[:8]}" in done.out
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1", "reviewer a 1 1"]
    assert "+by hand" in world.prompt("reviewer a 1 1")
    assert world.head("feat/a", at=world.checkout) == by_hand
    assert (world.worktree("a") / "more.txt").exists()
    world.run(code=10)
    assert len(world.paid()) == 3
    world.rule("a", "merge@1", "approve")
    world.run()
    assert world.tree() == {"app.txt": "one", "a.txt": "a", "more.txt": "by hand"}
    assert world.audit()["made-by-runs"] == [f"{by_hand[:8]} “feat: more” was made by no recorded run"]


def test_a_forced_push_by_hand_is_followed_and_the_old_head_kept(world: World) -> None:
    waiting_for_approval(world)
    before = world.pulls()["feat/a"]["head"]
    colleague = on_its_branch(world)
    (colleague / "a.txt").write_text("rewritten\n")
    world.git("commit", "-qa", "--amend", "-m", "feat: rewritten", at=colleague)
    world.git("push", "-q", "--force", "origin", "HEAD", at=colleague)
    world.run(code=10)
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 1 1"]
    assert before in world.git("for-each-ref", "--format=%(objectname)", "refs/waves/b/a").splitlines()
    world.rule("a", "merge@1", "approve")
    world.run()
    assert world.tree()["a.txt"] == "rewritten"


def test_the_base_merged_in_by_hand_and_nothing_else_inherits_the_review(world: World) -> None:
    waiting_for_approval(world)
    bo = world.commit({"bo.txt": "bo\n"}, "chore: bo", at=world.colleague())
    colleague = on_its_branch(world)
    world.git("merge", "-q", "--no-edit", "origin/main", at=colleague)
    world.git("push", "-q", "origin", "HEAD", at=colleague)
    world.rule("a", "merge@0", "approve")
    world.run()
    assert len(world.paid()) == 2
    assert world.tree() == {"app.txt": "one", "a.txt": "a", "bo.txt": "bo"}
    world.waves("accept", bo, "--why", "bo's own")
    assert world.audit() == NOTHING_AMISS
    updated = world.head("refs/waves/b/a/merged", at=world.checkout)
    assert world.read("a", "merged.json")["updates"] == [updated]
    assert f"and nothing else: {updated[:8]}" in world.waves("audit", "-v").out


def test_a_merge_of_the_base_that_holds_more_is_a_push_by_hand(world: World) -> None:
    waiting_for_approval(world)
    world.commit({"bo.txt": "bo\n"}, "chore: bo", at=world.colleague())
    colleague = on_its_branch(world)
    world.git("merge", "-q", "--no-commit", "origin/main", at=colleague)
    (colleague / "app.txt").write_text("slipped in\n")
    world.git("commit", "-qam", "Merge branch 'main' into feat/a", at=colleague)
    world.git("push", "-q", "origin", "HEAD", at=colleague)
    by_hand = world.head("feat/a")
    assert len(world.git("rev-list", "--parents", "-1", by_hand, at=colleague).split()) == 3
    world.rule("a", "merge@0", "approve")
    world.run(code=10)
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 1 1"]
    world.rule("a", "merge@1", "approve")
    world.run()
    (strange,) = world.audit()["made-by-runs"]
    assert strange.startswith(by_hand[:8])


def test_a_push_by_hand_that_is_reviewed_as_faulty_is_corrected_on_top(world: World) -> None:
    waiting_for_approval(world)
    world.commit({"more.txt": "by hand\n"}, "feat: more", at=on_its_branch(world))
    world.agent(reviewer_a_1=BLOCKING)
    world.run(code=10)
    assert world.paid("corrector") == ["corrector a 2 1"]
    world.rule("a", "merge@2", "approve")
    world.run()
    assert world.tree() == {"app.txt": "one", "a.txt": "a\n2", "more.txt": "by hand"}


def test_a_push_by_hand_into_an_escalated_unit_gets_it_going_again(world: World) -> None:
    world.plan("a", policy={"correction_cycles": 1})
    world.agent(reviewer_a=BLOCKING)
    world.run(code=10)
    world.commit({"test.txt": "at last\n"}, "test: at last", at=on_its_branch(world))
    world.agent(reviewer_a=APPROVED)
    world.run()
    assert world.landed() == ["Thing 1"]
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 1 1", "reviewer a 2 1"]


def test_a_push_while_the_reviewer_is_at_work_is_never_merged_unreviewed(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=world.gate() + APPROVED)
    run = world.start("run")
    with world.open_gate():
        by_hand = world.commit({"more.txt": "by hand\n"}, "feat: more", at=on_its_branch(world))
    assert run.wait().code == 0, run.out
    assert world.landed() == ["Thing 1"]
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1", "reviewer a turn1 1"]
    assert "+by hand" in world.prompt("reviewer a turn1 1")
    assert world.pulls()["feat/a"]["head"] == by_hand


def test_a_push_while_the_corrector_is_at_work_loses_neither(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=BLOCKING, corrector_a=world.gate() + commit("fix: test", test_txt="1\n"))
    run = world.start("run")
    with world.open_gate():
        by_hand = world.commit({"more.txt": "by hand\n"}, "feat: more", at=on_its_branch(world))
    done = run.wait()
    assert done.code == 10
    assert f"feat/a was pushed by hand to {by_hand[:8]} while an agent worked" in done.line("  a: ")
    assert world.head("feat/a") == by_hand
    corrected = world.head("feat/a", at=world.checkout)
    assert world.git("log", "-1", "--format=%s", corrected) == "fix: test"
    # What the line says to do.
    path = world.worktree("a")
    world.git("fetch", "-q", "origin", "feat/a", at=path)
    world.git("merge", "-q", "--no-edit", "FETCH_HEAD", at=path)
    world.git("push", "-q", "origin", "HEAD:feat/a", at=path)
    world.run()
    assert world.tree() == {"app.txt": "one", "a.txt": "a", "test.txt": "1", "more.txt": "by hand"}


def test_a_push_while_the_implementer_is_at_work_loses_neither(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=world.gate() + IMPLEMENT)
    run = world.start("run")
    with world.open_gate():
        by_hand = world.commit({"more.txt": "by hand\n"}, "feat: more", at=on_its_branch(world))
    done = run.wait()
    assert done.code == 10
    assert f"feat/a was pushed by hand to {by_hand[:8]} while an agent worked" in done.line("  a: ")
    # What the line says to do.
    path = world.worktree("a")
    world.git("fetch", "-q", "origin", "feat/a", at=path)
    world.git("merge", "-q", "--no-edit", "FETCH_HEAD", at=path)
    world.git("push", "-q", "origin", "HEAD:feat/a", at=path)
    world.rule("a", "pr", "retry")
    world.run(code=None)
    world.run()
    assert world.tree() == {"app.txt": "one", "a.txt": "a", "more.txt": "by hand"}
    assert world.paid("implementer") == ["implementer a 0 1"]


def set_state(world: World, state: str, **more: str) -> None:
    """What a person does to the pull request of unit `a` on the forge."""
    pull = world.pulls()["feat/a"]
    (world.forge / "pulls" / f"{pull['number']}.json").write_text(json.dumps({**pull, "state": state, **more}))


def merge_by_hand(world: World) -> None:
    colleague = world.colleague()
    world.git("merge", "-q", "--no-ff", "-m", "feat: Thing 1 by hand", "origin/feat/a", at=colleague)
    world.git("push", "-q", "origin", "main", at=colleague)
    set_state(world, "merged", merge_commit=world.head("main"), head=world.head("feat/a"))


def test_a_pull_request_closed_by_hand_stops_its_unit_and_nobody_else_until_it_is_reopened(world: World) -> None:
    world.plan("a", "c", merge_order=["a", "c"], policy={"merge": "ask"})
    world.run(code=10)
    set_state(world, "closed")
    world.rule("c", "merge@0", "approve")
    done = world.run(code=10)
    assert "was closed by a person: reopen it, or drop the unit" in done.line("  a: ")
    assert done.asks() == ["waves rule a unit drop"]
    assert world.states() == {"a": "closed", "c": "merged"}
    world.run(code=10)
    set_state(world, "open")
    done = world.run(code=10)
    assert done.asks() == ["waves rule a merge@0 approve"]
    world.rule("a", "merge@0", "approve")
    world.run()
    assert world.landed() == ["Thing 2", "Thing 1"]


def test_nothing_more_is_paid_for_a_pull_request_that_a_person_closed(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=world.gate() + BLOCKING)
    run = world.start("run")
    with world.open_gate():
        set_state(world, "closed")
    done = run.wait()
    assert done.code == 10
    assert "was closed by a person" in done.line("  a: ")
    assert world.paid("corrector") == []
    assert len(world.pulls()) == 1
    set_state(world, "open")
    world.run()
    assert world.landed() == ["Thing 1"]


def test_a_pull_request_merged_by_hand_instead_of_approved_is_done(world: World) -> None:
    world.plan("a", {"unit": "late", "after": ["a"]}, policy={"merge": "ask"})
    world.run(code=10)
    merge_by_hand(world)
    world.run(code=10)
    assert world.states() == {"a": "merged", "late": "waiting"}
    assert world.worktrees() == ["issue-2-late"]
    assert len(world.pulls()) == 2
    assert world.audit() == NOTHING_AMISS


def test_an_escalated_unit_that_a_person_merged_is_done_and_the_audit_says_what_is_missing(world: World) -> None:
    world.plan("a", {"unit": "late", "after": ["a"]}, policy={"correction_cycles": 1})
    world.agent(reviewer_a=BLOCKING)
    world.run(code=10)
    merge_by_hand(world)
    done = world.run()
    assert world.states() == {"a": "merged", "late": "merged"}
    assert world.worktrees() == []
    assert "b/a land@0: pull request #3 is merged already" in done.out
    assert world.audit()["approved"] != []
    assert len(world.paid("corrector")) == 1


def test_a_person_may_push_and_merge_at_once(world: World) -> None:
    waiting_for_approval(world)
    by_hand = world.commit({"more.txt": "by hand\n"}, "feat: more", at=on_its_branch(world))
    world.git("switch", "-q", "main", at=world.colleague())
    merge_by_hand(world)
    done = world.run()
    assert f"merged by somebody else at {by_hand[:8]}, reviewed was" in done.line("flag: ")
    assert world.worktrees() == []
    assert len(world.paid()) == 2


def test_a_remote_branch_that_was_deleted_is_said_and_nothing_is_lost(world: World) -> None:
    waiting_for_approval(world)
    head = world.head("feat/a")
    world.git("push", "-q", "origin", "--delete", "feat/a", at=world.colleague())
    world.rule("a", "merge@0", "approve")
    done = world.run(code=10)
    assert "feat/a is gone from the remote" in done.line("  a: ")
    assert world.head("feat/a", at=world.checkout) == head
    world.git("push", "-q", "origin", "feat/a")
    world.run()
    assert world.landed() == ["Thing 1"]
    assert len(world.paid()) == 2


def test_a_remote_branch_that_was_deleted_while_the_corrector_is_at_work_is_there_again(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=BLOCKING, corrector_a=world.gate() + commit("fix: test", test_txt="1\n"))
    run = world.start("run")
    with world.open_gate():
        world.git("push", "-q", "origin", "--delete", "feat/a", at=world.colleague())
    run.wait()
    world.run(code=None)
    assert world.landed() == ["Thing 1"]
    assert len(world.pulls()) == 1
    assert len(world.paid("corrector")) == 1


def test_worktree_and_local_branch_that_were_deleted_come_back_where_they_were(world: World) -> None:
    waiting_for_approval(world)
    head = world.head("feat/a")
    world.git("worktree", "remove", "--force", str(world.worktree("a")))
    world.git("branch", "-qD", "feat/a")
    world.run(code=10)
    assert world.head("feat/a", at=world.checkout) == head
    assert world.git("rev-parse", "HEAD", at=world.worktree("a")) == head
    world.rule("a", "merge@0", "approve")
    world.run()
    assert world.worktrees() == []
    assert world.audit() == NOTHING_AMISS


def test_a_worktree_that_was_deleted_is_made_anew_when_it_is_needed(world: World) -> None:
    world.plan("a", setup={"run": ["echo set up > notes.log"]})
    world.agent(reviewer_a_0_1="exit 1", reviewer_a_0_2="exit 1")
    world.run(code=10)
    world.agent(reviewer_a_0_3="cat notes.log\n" + APPROVED)
    world.rule("a", "review@0", "retry")
    world.git("worktree", "remove", "--force", str(world.worktree("a")))
    world.run()
    assert world.tree()["a.txt"] == "a"
    assert world.worktrees() == []


def test_a_worktree_folder_that_vanished_does_not_disturb_the_clean_up(world: World) -> None:
    waiting_for_approval(world)
    shutil.rmtree(world.worktree("a"))
    world.rule("a", "merge@0", "approve")
    world.run()
    assert world.worktrees() == []
    assert world.branches(at=world.checkout) == ["main"]


def test_a_local_branch_that_was_moved_by_hand_is_left_to_its_mover(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a=BLOCKING, corrector_a="exit 1")
    world.run(code=10)
    by_hand = commit_in(world, "mine.txt")
    world.rule("a", "correct@1", "retry")
    done = world.run(code=10)
    assert "is at" in done.line("  a: ")
    assert world.head("feat/a", at=world.checkout) == by_hand
    # As the line says: push it, and a new cycle looks at it.
    world.git("push", "-q", "origin", "feat/a", at=world.worktree("a"))
    world.agent(reviewer_a=APPROVED)
    world.run()
    assert world.tree() == {"app.txt": "one", "a.txt": "a", "mine.txt": "x"}


def commit_in(world: World, name: str) -> str:
    path = world.worktree("a")
    (path / name).write_text("x\n")
    world.git("add", "--all", at=path)
    world.git("commit", "-qm", "feat: mine", at=path)
    return world.git("rev-parse", "HEAD", at=path)


# Each is lost in one of three ways, which come to the same for every one of them.
RECORDS = {
    "issue": "deleted", "worktree": "torn", "prompt": "edited", "implement": "deleted", "pr": "torn",
    "checks-0": "edited", "review-0": "deleted", "decide-0": "torn",
}  # fmt: skip


@pytest.mark.parametrize(("record", "how"), RECORDS.items())
def test_a_lost_record_costs_no_paid_run_and_nothing_on_the_outside(world: World, record: str, how: str) -> None:
    waiting_for_approval(world)
    before = world.head("feat/a"), world.pulls(), world.comments("feat/a")
    path = world.unit("a") / "records" / f"{record}.json"
    if how == "deleted":
        path.unlink()
    else:
        path.write_text(path.read_text()[:20] if how == "torn" else '{"step": 1, "colour": "blue"}')
    done = world.run(code=10)
    assert done.asks() == ["waves rule a merge@0 approve"], done.out
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1"]
    assert (world.head("feat/a"), world.pulls(), world.comments("feat/a")) == before
    world.rule("a", "merge@0", "approve")
    world.run()
    assert world.landed() == ["Thing 1"]
    assert len(world.paid()) == 2


@pytest.mark.parametrize("record", ["land-0", "cleanup"])
def test_a_lost_record_of_the_end_merges_nothing_twice(world: World, record: str) -> None:
    world.plan("a")
    world.run()
    before = world.head("main")
    (world.unit("a") / "records" / f"{record}.json").unlink()
    (world.unit("a") / "outcome.json").unlink()
    world.run()
    assert world.head("main") == before
    assert len(world.paid()) == 2


def test_a_base_that_somebody_moves_between_runs_is_merged_with(world: World) -> None:
    waiting_for_approval(world)
    world.commit({"bo.txt": "bo\n"}, "chore: bo", at=world.colleague())
    world.rule("a", "merge@0", "approve")
    done = world.run()
    assert "the base moved: checks the merge result" in done.out
    assert world.tree() == {"app.txt": "one", "a.txt": "a", "bo.txt": "bo"}


def test_a_base_that_was_rewritten_is_merged_with_too(world: World) -> None:
    waiting_for_approval(world)
    colleague = world.colleague()
    world.git("commit", "-q", "--amend", "-m", "chore: reworded", at=colleague)
    world.git("push", "-q", "--force", "origin", "main", at=colleague)
    world.rule("a", "merge@0", "approve")
    world.run()
    assert world.tree() == {"app.txt": "one", "a.txt": "a"}


def test_what_a_person_wrote_into_the_worktree_before_a_review_is_not_the_reviewers_fault(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0_1="exit 1", reviewer_a_0_2="exit 1")
    world.run(code=10)
    (world.worktree("a") / "scratch.txt").write_text("mine\n")
    world.agent(reviewer_a_0_3=APPROVED)
    world.rule("a", "review@0", "retry")
    done = world.run(code=10)
    assert world.landed() == ["Thing 1"]
    assert "scratch.txt" in done.line("  a: ")
    assert (world.worktree("a") / "scratch.txt").read_text() == "mine\n"


def test_an_implementer_that_goes_on_from_a_push_by_hand(world: World) -> None:
    """A person pushes while the implementer's unit waits, then changes the scope."""
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    world.commit({"more.txt": "by hand\n"}, "feat: more", at=on_its_branch(world))
    world.plan({"unit": "a", "scope": {"in": ["new"]}}, policy={"merge": "ask"})
    world.agent(implementer_a_0_2="test -e more.txt; " + IMPLEMENT.replace(".txt", ".md"))
    world.run(code=10)
    assert "more.txt" in world.tree("feat/a")


def test_a_push_by_hand_waits_for_the_corrector_that_is_at_work(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=BLOCKING, corrector_a_1=world.gate() + CORRECT)
    until(lambda: world.run("--once", code=None) and world.paid("corrector"), "a corrector is at work")
    colleague = world.colleague()
    world.git("switch", "-q", "feat/a", at=colleague)
    world.commit({"more.txt": "by hand"}, "feat: more", at=colleague)
    with world.open_gate():
        assert "its corrector is at work" in world.run("--once", code=75).out
    until(lambda: "corrector a 1 1" in world.journal("end"), "the corrector has ended")
    world.run()
    assert world.read("a", "runs/corrector-1-1/made.json")["commits"]
    assert world.tree()["more.txt"] == "by hand"

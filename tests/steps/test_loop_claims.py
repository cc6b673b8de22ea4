"""Who has a unit: a second clone, another batch, a branch or a pull request that exists."""

from __future__ import annotations

import json
from pathlib import Path

from loop_world import APPROVED, BLOCKING, NOTHING_AMISS, World, commit


def second_clone(world: World) -> Path:
    return world.clone(world.folder / "second", name="Cy")


def test_a_second_clone_is_told_who_has_the_unit_and_does_nothing(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    second = second_clone(world)
    before = world.branches(), world.pulls()
    done = world.run(code=10, at=second)
    assert "  a: waiting: claimed by " in done.line("  a: ")
    assert len(world.paid()) == 2
    assert (world.branches(), world.pulls()) == before
    # The first one goes on undisturbed.
    world.rule("a", "merge@0", "approve")
    world.run()
    assert world.audit() == NOTHING_AMISS


def test_what_another_clone_has_merged_is_not_done_again(world: World) -> None:
    world.plan("a")
    world.run()
    done = world.run(code=None, at=second_clone(world))
    assert len(world.paid()) == 2
    assert len(world.pulls()) == 1
    assert "issue #1 is closed, and pull request #2 merged: `waves recover b` takes that in" in done.line("  a: ")
    world.waves("recover", at=world.folder / "second")
    world.run(at=world.folder / "second")
    assert world.audit(world.folder / "second") == NOTHING_AMISS
    assert len(world.paid()) == 2


def test_of_two_clones_at_once_exactly_one_does_each_unit(world: World) -> None:
    world.plan("a", "c", "d")
    second = second_clone(world)
    runs = [world.start("run"), world.start("run", at=second)]
    for run in runs:
        run.wait()
    world.run(code=None)
    world.run(code=None, at=second)
    assert sorted(world.landed()) == ["Thing 1", "Thing 2", "Thing 3"]
    assert world.paid("implementer") == ["implementer a 0 1", "implementer c 0 1", "implementer d 0 1"]
    assert len(world.pulls()) == 3


def test_a_claim_that_was_interrupted_is_taken_up_where_it_was_though_the_base_went_on(world: World) -> None:
    world.plan("a", setup={"run": ["false"]})
    claimed = world.head("main")
    world.run(code=1)  # claimed, and nothing is written down of it
    world.git("worktree", "remove", "--force", str(world.worktree("a")))
    world.git("branch", "-qD", "feat/a")
    world.plan("a")
    world.run()
    assert world.git("merge-base", "refs/waves/b/a/merged", "main~1") == claimed
    assert world.tree()["a.txt"] == "a"


def test_a_branch_of_that_name_that_nobody_claimed_is_left_alone(world: World) -> None:
    world.git("switch", "-qc", "feat/a", at=world.colleague())
    theirs = world.commit({"theirs.txt": "x\n"}, "feat: theirs", at=world.colleague())
    world.plan("a")
    done = world.run(code=10)
    assert "branch feat/a exists on the remote and no batch claimed it" in done.line("  a: ")
    assert "adopt it with `branch:`" in done.line("  a: ")
    assert world.head("feat/a") == theirs
    assert world.paid() == []
    world.git("push", "-q", "origin", "--delete", "feat/a", at=world.colleague())
    world.run()
    assert world.landed() == ["Thing 1"]


def test_a_local_branch_of_that_name_is_left_alone(world: World) -> None:
    world.plan("a")
    world.git("branch", "feat/a")
    world.git("switch", "-q", "feat/a")
    (world.checkout / "mine.txt").write_text("x\n")
    world.git("add", "mine.txt")
    world.git("commit", "-qm", "feat: mine")
    mine = world.git("rev-parse", "HEAD")
    world.git("switch", "-q", "main")
    done = world.run(code=10)
    assert "branch feat/a exists here and is not this unit's" in done.line("  a: ")
    assert world.head("feat/a", at=world.checkout) == mine
    assert world.paid() == []
    world.git("branch", "-qm", "feat/a", "rescued")
    world.run()
    assert world.landed() == ["Thing 1"]


def test_an_issue_that_another_batch_works_on_waits(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    world.plan({"unit": "z", "issues": [1]}, name="second")
    done = world.run(code=10)
    assert "issue #1 is in the batch 'b' too" in done.line("  z: ")
    assert world.paid("implementer") == ["implementer a 0 1"]


# ---- adoption


def somebodys_branch(world: World, name: str = "theirs") -> str:
    colleague = world.colleague()
    world.git("switch", "-qc", name, at=colleague)
    return world.commit({"theirs.txt": "x\n"}, "feat: theirs", at=colleague)


def test_a_branch_that_is_there_is_adopted_at_checks_and_review(world: World) -> None:
    head = somebodys_branch(world)
    world.plan({"unit": "a", "branch": "theirs"})
    world.run()
    assert world.paid() == ["reviewer a 0 1"]
    assert world.pulls()["theirs"]["head"] == head
    assert world.landed() == ["Thing 1"]
    assert world.tree() == {"app.txt": "one", "theirs.txt": "x"}
    assert world.audit() == NOTHING_AMISS
    assert world.worktrees() == []
    assert "theirs" not in world.branches()


def opened_by_hand(world: World, head: str) -> int:
    """A pull request that a person opened on the forge."""
    folder = world.forge / "pulls"
    folder.mkdir(parents=True, exist_ok=True)
    pull = {
        "number": 77, "state": "open", "branch": "theirs", "base": "main", "title": "Mine", "body": "Fixes #1",
        "head": head, "merge_commit": "",
    }  # fmt: skip
    (folder / "77.json").write_text(json.dumps(pull))
    (world.forge / "branches").mkdir(exist_ok=True)
    (world.forge / "branches" / "theirs.json").write_text(json.dumps({"branch": "theirs", "pulls": [77]}))
    return 77


def test_a_pull_request_that_is_there_is_adopted(world: World) -> None:
    opened_by_hand(world, somebodys_branch(world))
    world.plan({"unit": "a", "pull_request": 77}, "c")
    world.agent(reviewer_a_0=BLOCKING)
    world.run()
    assert world.paid("implementer") == ["implementer c 0 1"]
    assert world.paid("corrector") == ["corrector a 1 1"]
    assert world.pulls()["theirs"]["number"] == 77
    assert world.pulls()["theirs"]["state"] == "merged"
    assert len(world.pulls()) == 2
    assert "feat: Thing 1 (#77)" in world.merged()
    assert world.audit() == NOTHING_AMISS


def test_of_two_clones_that_adopt_the_same_one_does(world: World) -> None:
    opened_by_hand(world, somebodys_branch(world))
    world.plan({"unit": "a", "pull_request": 77}, policy={"merge": "ask"})
    world.run(code=10)
    done = world.run(code=10, at=second_clone(world))
    assert "a: waiting: claimed by " in done.line("  a: ")
    assert world.paid() == ["reviewer a 0 1"]
    world.rule("a", "merge@0", "approve")
    world.run()
    assert world.git("for-each-ref", "refs/waves", at=world.origin) == ""


def test_the_open_pull_request_of_an_adopted_branch_is_used(world: World) -> None:
    opened_by_hand(world, somebodys_branch(world))
    world.plan({"unit": "a", "branch": "theirs"})
    world.run()
    assert list(world.pulls()) == ["theirs"]
    assert world.merged() == ["feat: Thing 1 (#77)"]


def test_an_adopted_pull_request_that_is_closed_waits_until_it_is_reopened(world: World) -> None:
    opened_by_hand(world, somebodys_branch(world))
    path = world.forge / "pulls" / "77.json"
    path.write_text(path.read_text().replace('"open"', '"closed"'))
    world.plan({"unit": "a", "pull_request": 77})
    done = world.run(code=10)
    assert "pull request #77 was closed by a person" in done.line("  a: ")
    assert world.paid() == []
    path.write_text(path.read_text().replace('"closed"', '"open"'))
    world.run()
    assert world.merged() == ["feat: Thing 1 (#77)"]


def test_an_adopted_branch_that_is_not_there_waits(world: World) -> None:
    world.plan({"unit": "a", "branch": "theirs"})
    done = world.run(code=10)
    assert "the remote has no branch theirs to adopt" in done.line("  a: ")
    somebodys_branch(world)
    world.run()
    assert world.landed() == ["Thing 1"]


def test_a_push_to_an_adopted_branch_is_followed(world: World) -> None:
    opened_by_hand(world, somebodys_branch(world))
    world.plan({"unit": "a", "pull_request": 77}, policy={"merge": "ask"})
    world.run(code=10)
    world.commit({"more.txt": "x\n"}, "feat: more of theirs", at=world.colleague())
    world.run(code=10)
    assert world.paid() == ["reviewer a 0 1", "reviewer a 1 1"]
    world.rule("a", "merge@1", "approve")
    world.run()
    assert set(world.tree()) == {"app.txt", "theirs.txt", "more.txt"}


def test_an_adopted_branch_with_a_local_one_of_the_same_name_keeps_both(world: World) -> None:
    somebodys_branch(world)
    world.git("branch", "theirs")
    world.plan({"unit": "a", "branch": "theirs"})
    done = world.run(code=10)
    assert "branch theirs is elsewhere here than on the remote" in done.line("  a: ")
    world.git("branch", "-qD", "theirs")
    world.agent(reviewer=APPROVED, corrector=commit(x="x"))
    world.run()
    assert world.landed() == ["Thing 1"]

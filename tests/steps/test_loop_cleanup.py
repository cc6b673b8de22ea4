from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from loop_world import APPROVED, IMPLEMENT, NOTHING_AMISS, World, commit


def with_left_over(world: World, script: str) -> Path:
    world.plan("a", {"unit": "late", "after": ["a"]})
    world.agent(implementer_a=IMPLEMENT + "\n" + script)
    return world.worktree("a")


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("echo x >> app.txt", "app.txt"),
        ("mkdir deep; echo x > deep/er.txt", "deep/er.txt"),
    ],
)
def test_a_worktree_with_uncommitted_work_is_kept_and_named(world: World, script: str, name: str) -> None:
    path = with_left_over(world, script)
    done = world.run(code=10)
    assert world.landed() == ["Thing 1", "Thing 2"]  # who comes after it need not wait for the clean-up
    assert done.line("  a: ") == f"  a: merged: {path} is kept: uncommitted {name}"
    assert (path / name).exists()
    assert "a" in world.audit()["cleaned"][0]
    # The person takes care of it.
    world.git("reset", "-q", "--hard", at=path)
    world.git("clean", "-qfd", at=path)
    done = world.run()
    assert "2 merged; `waves audit` has the proof" in done.out
    assert world.worktrees() == []
    assert world.branches() == ["main"]
    assert world.branches(at=world.checkout) == ["main"]
    assert world.audit() == NOTHING_AMISS
    assert len(world.paid()) == 4


def test_ignored_files_that_an_agent_made_are_moved_away_and_named_and_those_of_set_up_go(world: World) -> None:
    world.plan("a", {"unit": "late", "after": ["a"]}, setup={"run": ["echo x > set-up.log"]})
    world.agent(implementer_a=IMPLEMENT + "\nmkdir deep; echo notes > deep/notes.log")
    path = world.worktree("a")
    world.run()
    assert not path.exists()
    left = world.unit("a") / "left"
    assert [one.name for one in left.rglob("*.log")] == ["notes.log"]
    assert (left / "deep/notes.log").read_text() == "notes\n"
    line = world.waves("status").line("ignored files")
    assert line.startswith("a: kept: ignored files that were made after set-up: deep: .waves/b/a/left")
    assert world.audit() == NOTHING_AMISS
    shutil.rmtree(left)
    assert "ignored files" not in world.waves("status").out


def test_a_commit_made_by_hand_after_the_review_keeps_the_worktree(world: World) -> None:
    world.plan("a")
    # Somebody works in the worktree while the landing waits.
    world.agent(reviewer_a=world.gate() + APPROVED)
    run = world.start("run")
    with world.open_gate():
        pass
    assert run.wait().code == 0
    world.plan({"unit": "a"}, {"unit": "c"}, policy={"merge": "ask"})
    world.run(code=10)
    path = world.worktree("c", 2)
    (path / "mine.txt").write_text("x\n")
    world.git("add", "--all", at=path)
    world.git("commit", "-qm", "feat: mine", at=path)
    mine = world.git("rev-parse", "HEAD", at=path)
    world.rule("c", "merge@0", "approve")
    done = world.run(code=10)
    assert "is kept: it has commits that were not merged" in done.line("  c: ")
    assert str(path) in done.line("  c: ")
    assert world.head("feat/c", at=world.checkout) == mine
    world.git("branch", "rescued", mine)
    world.git("reset", "-q", "--hard", "HEAD~1", at=path)
    world.run()
    assert world.worktrees() == []
    assert world.branches(at=world.checkout) == ["main", "rescued"]


def test_a_worktree_that_somebody_put_on_another_branch_is_kept(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    world.git("switch", "-qc", "mine", at=world.worktree("a"))
    world.rule("a", "merge@0", "approve")
    done = world.run(code=10)
    assert "somebody put it on another branch" in done.line("  a: ")
    world.git("switch", "-q", "feat/a", at=world.worktree("a"))
    world.run()
    assert world.worktrees() == []


def test_a_remote_branch_that_was_pushed_after_the_merge_is_kept_and_named(world: World) -> None:
    path = with_left_over(world, "echo x > notes.txt")
    world.run(code=10)
    colleague = world.colleague()
    world.git("switch", "-q", "feat/a", at=colleague)
    late = world.commit({"late.txt": "x\n"}, "feat: too late", at=colleague)
    (path / "notes.txt").unlink()
    done = world.run(code=10)
    assert "feat/a is kept on the remote: it was pushed after the merge" in done.line("  a: ")
    assert world.head("feat/a") == late
    world.git("push", "-q", "origin", "--delete", "feat/a", at=colleague)
    world.run()
    assert world.branches() == ["main"]


def test_what_is_gone_already_is_no_trouble(world: World) -> None:
    path = with_left_over(world, "echo x > notes.txt")
    world.run(code=10)
    shutil.rmtree(path)
    world.git("push", "-q", "origin", "--delete", "feat/a")
    world.run()
    assert world.branches(at=world.checkout) == ["main"]


def test_a_worktree_that_is_locked_is_kept_and_named(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    world.git("worktree", "lock", str(world.worktree("a")))
    world.rule("a", "merge@0", "approve")
    done = world.run(code=10)
    assert "is kept: somebody locked it" in done.line("  a: ")
    world.git("worktree", "unlock", str(world.worktree("a")))
    # As a `git worktree add` leaves it that was killed: that is nobody's lock.
    world.git("worktree", "lock", "--reason", "initializing", str(world.worktree("a")))
    world.run()
    assert world.worktrees() == []


def test_the_reviewed_commits_are_reachable_after_the_squash(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=commit("feat: one", a_txt="1\n") + commit("feat: two", a_txt="2\n"))
    world.run()
    head = world.pulls()["feat/a"]["head"]
    world.git("gc", "-q", "--prune=now")
    assert world.git("cat-file", "-t", head) == "commit"
    assert world.audit() == NOTHING_AMISS


def test_a_run_from_a_subfolder_of_the_repository_is_the_same(world: World) -> None:
    world.plan("a")
    world.run(at=world.checkout / "plans")
    assert world.landed() == ["Thing 1"]
    assert world.worktrees() == []

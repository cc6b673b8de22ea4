from __future__ import annotations

import pytest
from loop_world import APPROVED, World, commit

# What a reviewer may not do: the script, and a word of what is said about it.
OFFENCES = {
    "writes a new file": ("echo x > new.txt", "new.txt"),
    "edits a tracked file": ("echo x >> app.txt", "app.txt"),
    "edits an ignored file": ("echo x > notes.log", "notes.log"),
    "changes the index only": ("git rm -q --cached app.txt", "app.txt"),
    "commits": (commit("feat: sneaked in", sneaked_txt="x"), "feat/a"),
    "moves the branch": ("git update-ref refs/heads/feat/a HEAD~1", "feat/a"),
    "switches to another branch": ("git switch -qc other", "HEAD"),
    "adds a hook": ('echo true > "$(git rev-parse --git-path hooks)/pre-push"', "pre-push"),
    "changes the configuration": ("git config core.fsmonitor evil", "config"),
    "removes worktree and branch": (
        'git update-ref -d refs/heads/feat/a; rm -rf "$(git rev-parse --absolute-git-dir)" "$PWD"',
        "",
    ),
    "empties the worktree's git directory": ('rm -rf "$(git rev-parse --absolute-git-dir)"/*', ""),
    "removes the worktree's git directory": ('rm -rf "$(git rev-parse --absolute-git-dir)"', ""),
}


def setup(world: World) -> None:
    (world.checkout / ".git" / "hooks").mkdir(exist_ok=True)
    world.plan("a", setup={"run": ["echo secret > notes.log"]})


@pytest.mark.parametrize("offence", OFFENCES)
def test_a_review_by_one_who_writes_is_void_and_everything_is_put_back(world: World, offence: str) -> None:
    setup(world)
    script, named = OFFENCES[offence]
    world.agent(reviewer_a_0_1=APPROVED + script, reviewer_a_0_2='test "$(cat notes.log)" = secret\n' + APPROVED)
    done = world.run()
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 0 2"]
    assert "reviewer: it changed what it must not: " in done.out
    assert named in world.read("a", "runs/reviewer-0-1/judged.json")["fault"]
    assert world.tree() == {"app.txt": "one", "a.txt": "a"}
    assert world.git("config", "core.fsmonitor", check=False) == ""
    assert not (world.checkout / ".git/hooks/pre-push").exists()
    assert "feat/a" not in world.branches(at=world.checkout)
    assert world.worktrees() == []
    assert world.audit()["approved"] == []


def test_a_second_time_a_person_is_asked(world: World) -> None:
    setup(world)
    world.agent(reviewer_a=APPROVED + "echo x >> app.txt")
    done = world.run(code=10)
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 0 2"]
    assert "it changed what it must not: tracked file app.txt changed" in done.line("  a: ")
    assert done.asks() == ["waves rule a review@0 retry"]
    assert (world.worktree("a") / "app.txt").read_text() == "one\n"
    assert world.git("status", "--porcelain", at=world.worktree("a")) == ""
    assert world.merged() == []


def test_what_a_reviewer_wrote_is_kept_for_a_look(world: World) -> None:
    setup(world)
    world.agent(reviewer_a_0_1=APPROVED + "echo evidence > new.txt")
    world.run()
    kept = [path.read_text() for path in world.unit("a").glob("runs/reviewer-0-1/removed/**/new.txt")]
    assert kept == ["evidence\n"]


def test_an_uncommitted_file_of_the_implementer_survives_the_reviews(world: World) -> None:
    world.plan("a")
    world.agent(implementer=commit(a_txt="a\n") + "echo mine > left.txt", reviewer_a_0_1=APPROVED + "rm left.txt")
    done = world.run(code=10)
    assert (world.worktree("a") / "left.txt").read_text() == "mine\n"
    assert "left.txt" in done.line("  a: ")


def test_other_units_at_work_meanwhile_void_no_review(world: World) -> None:
    world.plan("a", "c")
    world.agent(reviewer_a=world.gate() + APPROVED)
    run = world.start("run")
    with world.open_gate():
        run.until("b/c land@0: merged")
    assert run.wait().code == 0
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer c 0 1"]
    assert "flag" not in run.out


def test_a_branch_that_a_person_makes_meanwhile_is_reported_and_left_alone(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a=world.gate() + APPROVED)
    run = world.start("run")
    with world.open_gate():
        world.git("branch", "mine")
    done = run.wait()
    assert done.code == 0
    assert "branch mine made" in done.line("flag: ")
    assert "mine" in world.branches(at=world.checkout)
    assert world.paid("reviewer") == ["reviewer a 0 1"]


def test_an_arbiter_is_held_to_the_same(world: World) -> None:
    from loop_world import item, review, say

    world.plan("a")
    answer = say({"items": [{"id": "V1", "requested": True, "quote": "Please make thing 1 work.", "why": "x"}]})
    world.agent(
        reviewer_a_0=review("blocking", scope_violations=[item("colours", detail="x")]),
        arbiter_a_0_1=answer + "echo x >> app.txt",
        arbiter_a_0_2=answer,
    )
    world.run()
    assert world.paid("arbiter") == ["arbiter a 0 1", "arbiter a 0 2"]
    assert world.tree()["app.txt"] == "one"

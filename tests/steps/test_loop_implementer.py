from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from loop_world import IMPLEMENT, World, commit, say


def test_a_run_without_a_commit_gets_one_more_and_then_a_person(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a="echo x > uncommitted.txt; echo 'all done!'")
    done = world.run(code=10)
    assert world.paid() == ["implementer a 0 1", "implementer a 0 2"]
    assert done.line("  a: ") == (
        "  a: escalated: implementer came to nothing 2 times: it ended without a commit; "
        "left uncommitted: uncommitted.txt"
    )
    assert done.asks() == ["waves rule a implement retry"]
    assert "it ended without a commit" in world.prompt("implementer a 0 2")
    assert world.pulls() == {}
    assert (world.worktree("a") / "uncommitted.txt").read_text() == "x\n"
    world.agent(implementer_a=IMPLEMENT)
    world.rule("a", "implement", "retry")
    world.run()
    assert world.tree() == {"app.txt": "one", "a.txt": "a", "uncommitted.txt": "x"}


def test_one_that_is_blocked_by_its_own_word_asks_a_person_at_once(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=say("I tried.\nBLOCKED: which colour?\nBye"))
    done = world.run(code=10)
    assert world.paid() == ["implementer a 0 1"]
    assert done.line("  a: ") == "  a: escalated: the implementer is blocked: which colour?"
    world.run(code=10)
    assert len(world.paid()) == 1
    world.agent(implementer_a=IMPLEMENT)
    world.rule("a", "implement", "retry")
    world.run()
    assert world.paid("implementer") == ["implementer a 0 1", "implementer a 0 2"]
    assert world.states() == {"a": "merged"}


def test_what_it_left_uncommitted_is_flagged_and_never_lost(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=commit(a_txt="a\n") + "echo precious > forgotten.txt")
    done = world.run(code=10)
    assert "left uncommitted: forgotten.txt" in done.line("flag: ")
    assert world.landed() == ["Thing 1"]
    assert "uncommitted forgotten.txt" in done.line("  a: ")
    assert str(world.worktree("a")) in done.line("  a: ")
    assert (world.worktree("a") / "forgotten.txt").read_text() == "precious\n"
    assert "forgotten.txt" not in world.tree()


def test_several_commits_are_one_squashed_merge_and_all_of_them_are_the_runs(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=commit("feat: one", a_txt="1\n") + commit("feat: two", a_txt="2\n"))
    world.run()
    assert world.merged() == ["feat: Thing 1 (#2)"]
    assert world.tree()["a.txt"] == "2"
    assert len(world.read("a", "run.json")["commits"]) == 2
    assert world.audit()["made-by-runs"] == []


def test_one_that_amends_its_own_commit_is_fine(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=commit(a_txt="1\n") + "echo 2 > a.txt; git commit -qa --amend --no-edit")
    world.run()
    assert world.tree()["a.txt"] == "2"
    assert world.audit()["made-by-runs"] == []


def test_a_corrector_that_amends_the_first_commit_is_pushed_over_it(world: World) -> None:
    from loop_world import BLOCKING

    world.plan("a")
    world.agent(reviewer_a_0=BLOCKING, corrector_a="echo better > a.txt; git commit -qa --amend --no-edit")
    world.run()
    assert world.tree()["a.txt"] == "better"
    assert world.audit()["made-by-runs"] == []
    # What stood there before is kept.
    assert "feat: a" in world.git("log", "--format=%s", "--glob=refs/waves/*")


@pytest.mark.parametrize(
    ("elsewhere", "words"),
    [
        ("git switch -qc other; " + IMPLEMENT, "the agent left its branch for 'other'"),
        ("git switch -q --detach; " + IMPLEMENT, "HEAD was detached"),
    ],
)
def test_commits_made_off_the_branch_are_taken_and_flagged(world: World, elsewhere: str, words: str) -> None:
    world.plan("a")
    world.agent(implementer_a=elsewhere)
    done = world.run()
    assert words in done.line("flag: ")
    assert world.tree()["a.txt"] == "a"
    assert world.branches(at=world.checkout) == ["main"]


@pytest.mark.parametrize(
    "harm",
    [
        "rm .git",
        'cd ..; rm -rf "$OLDPWD"',
        'git_dir=$(git rev-parse --absolute-git-dir); rm -rf "$git_dir"/*',
    ],
)
def test_a_worktree_that_is_damaged_is_made_anew_and_the_repository_is_whole(world: World, harm: str) -> None:
    world.plan("a", "c")
    world.agent(implementer_a_0_1=harm)
    world.run()
    assert world.paid("implementer a") == ["implementer a 0 1", "implementer a 0 2"]
    assert world.states() == {"a": "merged", "c": "merged"}
    assert set(world.tree()) == {"app.txt", "a.txt", "c.txt"}
    assert world.git("fsck", "--strict", "--no-dangling") == ""
    assert world.git("status", "--porcelain") == ""


def test_a_damaged_worktree_after_a_commit_loses_no_commit(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a_0_1=IMPLEMENT + '\ncd ..; rm -rf "$OLDPWD"')
    world.run()
    assert world.paid("implementer") == ["implementer a 0 1"]
    assert world.tree()["a.txt"] == "a"


def test_a_worktree_that_is_made_anew_is_set_up_anew_and_what_was_in_it_is_kept_and_named(world: World) -> None:
    world.plan("a", setup={"run": ["echo set up > notes.log"]})
    world.agent(
        implementer_a_0_1='echo precious > left.txt; rm -r notes.log "$(git rev-parse --absolute-git-dir)"',
        implementer_a_0_2='test "$(cat notes.log)" = "set up"; ' + IMPLEMENT,
    )
    done = world.run()
    kept = done.line("flag: what stood there was no sound worktree on feat/a").rpartition(" ")[2]
    assert (Path(kept) / "left.txt").read_text() == "precious\n"
    assert world.tree() == {"app.txt": "one", "a.txt": "a"}


def test_a_worktree_that_git_has_forgotten_is_made_anew(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.agent(reviewer_a_0_1="exit 1", reviewer_a_0_2="exit 1")
    world.run(code=10)
    shutil.rmtree(world.checkout / ".git/worktrees")
    world.rule("a", "review@0", "retry")
    world.run(code=10)
    world.rule("a", "merge@0", "approve")
    world.run()
    assert world.worktrees() == []
    assert world.branches(at=world.checkout) == ["main"]


def test_conflict_markers_are_flagged_to_the_reviewer(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=commit(a_txt="<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> other\n"))
    done = world.run()
    assert "conflict markers in a.txt" in done.line("flag: ")
    assert "conflict markers in a.txt" in world.prompt("reviewer a 0 1")


def test_one_that_fails_after_a_commit_keeps_it_and_the_next_goes_on_from_there(world: World) -> None:
    world.plan("a")
    world.agent(
        implementer_a_0_1=commit("feat: half", half_txt="1\n") + "exit 1",
        implementer_a_0_2="test -e half.txt; " + IMPLEMENT,
    )
    world.run()
    assert world.paid("implementer") == ["implementer a 0 1", "implementer a 0 2"]
    assert world.tree() == {"app.txt": "one", "half.txt": "1", "a.txt": "a"}
    assert world.audit()["made-by-runs"] == []


def test_one_that_runs_out_of_time_keeps_its_commits_and_asks_in_the_end(world: World) -> None:
    world.plan("a", policy={"run_timeout": "1s"})
    world.gate()
    world.agent(implementer_a=commit("feat: half", half_txt="1\n") + 'cat "$LOOP_SCENARIO/gate"')
    world.agent(implementer_a_0_2='cat "$LOOP_SCENARIO/gate"')
    done = world.run(code=10)
    assert "longer than `policy.run_timeout`" in done.line("  a: ")
    assert world.paid() == ["implementer a 0 1", "implementer a 0 2"]
    assert (world.worktree("a") / "half.txt").exists()
    world.agent(implementer_a_0_3=IMPLEMENT)
    world.rule("a", "implement", "retry")
    world.run()
    assert world.tree() == {"app.txt": "one", "half.txt": "1", "a.txt": "a"}


def test_an_agent_that_is_not_there_is_told_as_such(world: World) -> None:
    world.plan("a", agent={"kind": "command", "command": ["no-such-program"]})
    done = world.run(code=10)
    assert "no-such-program" in done.line("  a: ")
    assert "could not be started" in done.line("  a: ")


def test_a_setup_command_that_fails_breaks_its_unit_and_is_tried_again(world: World) -> None:
    world.plan("a", setup={"run": ['test ! -e "$HOME/not-ready"']})
    (world.home / "not-ready").touch()
    done = world.run(code=1)
    assert "setup command" in done.line("  a: ")
    assert world.paid() == []
    (world.home / "not-ready").unlink()
    world.run()
    assert world.states() == {"a": "merged"}


def test_the_agent_has_no_secret_and_no_more_of_the_environment_than_the_plan_names(world: World) -> None:
    world.plan("a", setup={"copy": [".env"]})
    (world.checkout / ".env").write_text("KEY=1\n")
    world.commit({".gitignore": ".env\n"})
    world.agent(implementer_a='env > "$LOOP_SCENARIO/env"; test -e .env\n' + IMPLEMENT)
    world.extra = {"GITHUB_TOKEN": "ghp_secret", "UNRELATED": "x"}
    world.run()
    seen = (world.scenario / "env").read_text()
    assert "ghp_secret" not in seen
    assert "UNRELATED" not in seen
    for path in world.unit("a").rglob("*"):
        assert not path.is_file() or b"ghp_secret" not in path.read_bytes(), path


def test_a_branch_with_very_much_in_it_is_flagged(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a='for n in $(seq 45); do echo x > "f$n.txt"; done\n' + IMPLEMENT)
    done = world.run()
    assert "large: 46 files" in done.line("flag: ")


def test_what_an_agent_says_reaches_the_terminal_as_plain_text(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=r"printf 'BLOCKED: \033[31mred\033[0m \a\342\200\256' > $WAVES_OUTPUT")
    done = world.run(code=10)
    assert "\033" not in done.out
    assert "\a" not in done.out
    assert json.dumps(done.line("  a: ")).count("\\u") == 0

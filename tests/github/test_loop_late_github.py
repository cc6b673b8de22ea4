"""What happens on GitHub between a look and the act that follows from it: late checks, late words, other bases."""

from __future__ import annotations

from github_world import GitHubWorld
from loop_world import APPROVED, BLOCKING, until


def test_a_check_that_is_red_after_the_cycles_look_is_corrected_and_not_merged(hub_world: GitHubWorld) -> None:
    world = hub_world
    world.plan("a")
    world.agent(reviewer_a_0=world.gate() + APPROVED)
    run = world.start("run")
    with world.open_gate():
        run.until("checks of")
        world.github.check(world.pull_of("feat/a").head_sha, "slow", "failure")
    assert "check slow is red on the merge result" in run.wait().out
    assert "correct@turn1" in run.out


def test_what_a_writer_says_while_the_updated_branch_is_checked_is_heard(hub_world: GitHubWorld) -> None:
    world = hub_world
    world.github.user("ben", "write", "MEMBER")
    world.plan("a")
    world.agent(reviewer_a_0=world.gate() + APPROVED)
    run = world.start("run")
    with world.open_gate():
        run.until("checks of")
        world.github.every_head()
        world.github.person_pushes("main", {"bo.txt": "bo\n"})
    until(lambda: world.sent("PUT", "/update-branch"), "the branch is brought up to date")
    pull = world.pull_of("feat/a")
    world.github.comments(pull.number, "stop, do not merge this", "ben")
    world.github.check(pull.head_sha, "ci", "success")
    assert "said by ben since the approval: stop" in run.wait().out
    assert "Thing 1" not in world.landed()


def test_a_pull_request_onto_another_base_is_not_taken_over(hub_world: GitHubWorld) -> None:
    world = hub_world
    world.issue(1)
    world.github.person_pushes("topic", {"theirs.txt": "theirs\n"})
    world.plan({"unit": "old", "pull_request": 2})
    world.git("push", "-q", "origin", "main:release")
    world.github.pull("topic", "My topic", author="ana", base="release")
    assert "#2 goes to release, and the plan to main" in world.run(code=10).line("  old: waiting")


def test_an_adopted_branch_whose_pull_request_was_merged_before_gets_a_new_one(hub_world: GitHubWorld) -> None:
    world = hub_world
    world.issue(1)
    world.github.person_pushes("topic", {"first.txt": "first\n"})
    world.github.merges(world.github.pull("topic", "First", author="ana").number)
    world.github.person_pushes("topic", {"second.txt": "second\n"})
    world.plan({"unit": "old", "branch": "topic"})
    world.run()
    assert world.tree()["second.txt"] == "second"
    assert len(list(world.github.state.pulls())) == 2


def test_one_that_was_merged_before_it_was_written_down_is_not_opened_again(hub_world: GitHubWorld) -> None:
    world = hub_world
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    for name in ("pr.json", "records/pr.json"):  # as after a kill between the two
        (world.unit("a") / name).unlink()
    world.github.merges(world.pull_of("feat/a").number)
    world.run(code=None)
    assert len(list(world.github.state.pulls())) == 1
    assert world.states() == {"a": "merged"}


def test_a_deployment_whose_start_is_not_known_is_not_started_again(hub_world: GitHubWorld) -> None:
    from hub import act_then

    world = hub_world
    world.github.workflow(inputs=("environment",))
    world.plan("a", deploy={"workflow": "deploy.yml", "environments": ["staging"]})
    world.run()
    world.github.lie("POST", "/repos/*/dispatches", act_then(502))
    world.waves("deploy", "b", "staging", code=1)
    world.waves("deploy", "b", "staging")
    assert len(world.github.runs) == 1


def test_a_branch_that_a_person_put_back_to_an_earlier_head_is_a_push_by_hand(hub_world: GitHubWorld) -> None:
    world = hub_world
    world.plan("a", policy={"merge": "ask"})
    world.agent(reviewer_a_0=BLOCKING)
    world.run(code=10)
    colleague = world.colleague()
    first = world.read("a", "pr.json")["head"]
    world.git("switch", "-q", "feat/a", at=colleague)
    world.git("reset", "-q", "--hard", first, at=colleague)
    world.git("push", "-q", "--force", "origin", "HEAD", at=colleague)
    assert f"pushed by hand to {first[:8]}" in world.run(code=10).out
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 1 1", "reviewer a 2 1"]

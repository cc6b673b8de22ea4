"""The whole loop with `forge: github`, through the real `doit`: what a plan comes to there."""

from __future__ import annotations

from github_world import GitHubWorld
from loop_world import BLOCKING, NOTHING_AMISS


def test_a_plan_becomes_merged_pull_requests_on_github_and_leaves_nothing_behind(hub_world: GitHubWorld) -> None:
    world = hub_world
    world.plan("a", {"unit": "b", "issues": [2]}, policy={"draft": True, "labels": ["waves"]})
    world.agent(reviewer_a_0=BLOCKING)
    world.run()
    assert world.landed() == ["Thing 2", "Thing 1"]
    assert world.tree() == {"app.txt": "one", "a.txt": "a\n1", "b.txt": "b"}
    assert world.branches() == ["main"]
    assert world.worktrees() == []
    pull = world.pull_of("feat/a")
    assert (pull.merge_commit is not None, pull.draft, [one.name for one in pull.labels]) == (True, False, ["waves"])
    assert "\nFixes #1\n" in pull.body
    assert "| 1 | " in pull.body
    assert sorted(world.commented("feat/a")) == ["cycle-0", "cycle-1"]
    assert [world.github.state.issues[number].state for number in (1, 2)] == ["closed", "closed"]
    assert world.audit() == NOTHING_AMISS
    assert world.github.token not in world.everything_written()

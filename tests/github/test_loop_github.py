"""The whole loop with `forge: github`, through the real `doit`: what a plan comes to there."""

from __future__ import annotations

from github_world import GitHubWorld
from hub import act_then, act_then_drop
from loop_world import BLOCKING, NOTHING_AMISS


def test_a_plan_becomes_merged_pull_requests_on_github_and_leaves_nothing_behind(hub_world: GitHubWorld) -> None:
    world = hub_world
    units = ("a", {"unit": "b", "issues": [2]})
    world.plan(*units, merge_order=["b", "a"], policy={"draft": True, "labels": ["waves"]})
    world.agent(reviewer_a_0=BLOCKING)
    # Everything is done, and the answers are lost: nothing is done twice.
    for path in ("pulls", "issues/*/comments"):
        world.github.lie("POST", f"/repos/acme/widgets/{path}", act_then(502))
    world.github.lie("PUT", "/repos/acme/widgets/pulls/*/merge", act_then_drop())
    world.run()
    assert world.landed() == ["Thing 2", "Thing 1"]
    assert world.tree() == {"app.txt": "one", "a.txt": "a\n1", "b.txt": "b"}
    assert world.branches() == ["main"]
    assert world.worktrees() == []
    pull = world.pull_of("feat/a")
    assert (pull.merge_commit is not None, pull.draft, [one.name for one in pull.labels]) == (True, False, ["waves"])
    assert "\nFixes #1\n" in pull.body
    assert "| 1 | " in pull.body
    assert [lie.times for lie in world.github.lies] == [0, 0, 0]
    assert len(world.read("a", "merged.json")["updates"]) == 1, "b was merged before"
    assert sorted(world.commented("feat/a")) == ["cycle-0", "cycle-1"]
    assert [world.github.state.issues[number].state for number in (1, 2)] == ["closed", "closed"]
    assert world.audit() == NOTHING_AMISS
    assert world.github.token not in world.everything_written()

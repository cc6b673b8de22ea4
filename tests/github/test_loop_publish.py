"""With `policy.publish: agent` the implementer pushes and opens the pull request itself, and Waves takes them over."""

from __future__ import annotations

from github_world import GitHubWorld
from loop_world import IMPLEMENT, NOTHING_AMISS, say

PUSH = """
git push -q "$(git remote get-url origin | sed "s#://#://x-access-token:$GITHUB_TOKEN@#")" HEAD:refs/heads/feat/a
"""
OPEN = """
curl -sf -o opened.log -X POST -H "Authorization: token $GITHUB_TOKEN" "$GITHUB_API_URL/repos/acme/widgets/pulls" \
  -d '{"title": "feat: mine", "head": "feat/a", "base": "main", "body": "By hand.\\n\\nFixes #1"}'
"""
ADDRESS = say("Did it.\n\nhttps://github.example/acme/widgets/pull/2")
NO_TOKEN = 'test -z "$GITHUB_TOKEN$GH_TOKEN"\n'


def test_what_an_agent_published_is_taken_over_and_only_the_implementer_has_the_token(hub_world: GitHubWorld) -> None:
    world = hub_world
    world.plan("a", policy={"publish": "agent"})
    reviewer = world.scripts["reviewer"]
    world.agent(implementer_a=IMPLEMENT + PUSH + OPEN + ADDRESS, reviewer_a=NO_TOKEN + reviewer)
    world.run()
    assert world.landed() == ["mine"]
    assert [one.head for one in world.github.state.pulls()] == ["feat/a"]
    assert world.audit() == NOTHING_AMISS
    assert "The last line of your last message is the address" in world.prompt("implementer a 0 1")
    assert "IMPLEMENTERS GET THE NETWORK AND YOUR TOKEN" in world.waves("check", code=None).out


def test_one_that_names_no_pull_request_has_not_done_its_work(hub_world: GitHubWorld) -> None:
    world = hub_world
    world.plan("a", policy={"publish": "agent"})
    world.agent(
        implementer_a_0_1=IMPLEMENT + "\n" + say("All done, trust me."), implementer_a_0_2=PUSH + OPEN + ADDRESS
    )
    done = world.run()
    assert "it did not end with the address of its pull request: All done, trust me." in done.out
    assert world.landed() == ["mine"]

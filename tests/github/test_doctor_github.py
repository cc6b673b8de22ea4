from __future__ import annotations

import pytest
from github_world import GitHubWorld


def lines(world: GitHubWorld, code: int) -> dict[str, str]:
    """What `waves doctor` says of the plan, by what it looked at."""
    found = world.waves("doctor", code=code).out.splitlines()
    return {line[5:].partition(" of b: ")[0]: line for line in found if " of b: " in line}


def test_a_plan_on_github_is_looked_at_with_its_tokens(hub_world: GitHubWorld) -> None:
    world = hub_world
    world.plan("a")
    asked = len(world.github.requests)
    found = lines(world, 0)
    assert found["forge"] == "ok   forge of b: github: origin answers, issue #1 can be read"
    assert found["token"] == "ok   token of b: ana, by GITHUB_TOKEN, may WRITE acme/widgets"
    assert found["push"] == "ok   push of b: origin takes pushes; none was made"
    assert world.branches() == ["main"]
    assert not any(one.writes for one in world.github.requests[asked:] if not one.is_git)
    world.extra["WAVES_REVIEWER_TOKEN"] = world.github.new_token("eve").secret
    world.github.user("eve", "read", "MEMBER")
    world.extra["GITHUB_TOKEN"] = ""
    world.extra["GH_TOKEN"] = world.github.token
    found = lines(world, 1)
    assert found["token"].startswith("bad  token of b: eve, by WAVES_REVIEWER_TOKEN, may READ acme/widgets; ")


@pytest.mark.parametrize(
    ("given", "line", "words"),
    [
        ({"metadata": "read", "contents": "read", "issues": "write", "pull_requests": "write", "checks": "read",
          "statuses": "read"}, "push", "its token needs `contents: write`, or its key write access"),
        (None, "token", "GitHub does not accept the token of GITHUB_TOKEN; renew it"),
    ],
)  # fmt: skip
def test_what_a_token_may_not_is_named(
    hub_world: GitHubWorld, given: dict[str, str] | None, line: str, words: str
) -> None:
    world = hub_world
    world.plan("a")
    token = world.github.new_token("ana", permissions=given).secret if given else "ghp_wrong"
    world.extra["GITHUB_TOKEN"] = token
    found = lines(world, 1)
    assert found[line].startswith("bad  ")
    assert words in found[line]
    assert token not in "".join(found.values())

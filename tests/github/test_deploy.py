"""`waves deploy` on GitHub: one environment after the other, never twice for one commit, never by itself."""

from __future__ import annotations

import json

import pytest
from github_world import GitHubWorld

from waves.cli.deploy import Deployment, following, why_not

ENVIRONMENTS = ("staging", "production")


def at(environment: str, head: str, state: str = "green") -> Deployment:
    return Deployment(environment, head, 0.0, 7, "URL", state)


@pytest.mark.parametrize(
    ("known", "chosen", "refused"),
    [
        ((), "staging", ("", "staging comes before production, and does not have c2")),
        ((at("staging", "c1"),), "staging", ("", "staging comes before production, and does not have c2")),
        ((at("staging", "c2", "red"),), "staging", ("", "staging comes before production, and does not have c2")),
        ((at("staging", "c2", "pending"),), "staging", ("", "staging comes before production, and does not have c2")),
        ((at("staging", "c2"),), "production", ("staging has c2 already, see URL", "")),
        ((at("staging", "c2"), at("production", "c1")), "production", ("staging has c2 already, see URL", "")),
        ((at("staging", "c2"), at("production", "c2")), "",
         ("staging has c2 already, see URL", "production has c2 already, see URL")),
    ],
)  # fmt: skip
def test_what_may_be_deployed_next(known: tuple[Deployment, ...], chosen: str, refused: tuple[str, str]) -> None:
    by_name = {one.environment: one for one in known}
    assert following(ENVIRONMENTS, by_name, "c2") == chosen
    assert tuple(why_not(ENVIRONMENTS, by_name, name, "c2") for name in ENVIRONMENTS) == refused


def test_a_merged_batch_is_deployed_once_to_each_environment_in_their_order(hub_world: GitHubWorld) -> None:
    world = hub_world
    deploy = world.github.workflow(inputs=("environment",), ends="failure")
    world.plan("a", deploy={"workflow": "deploy.yml", "environments": list(ENVIRONMENTS)})
    assert "a is going" in world.waves("deploy", "b", "staging", code=2).out
    world.run()
    assert world.github.runs == []
    asked = world.waves("deploy", "b", code=10)
    assert "`waves deploy b staging` does it" in asked.out
    assert "staging comes before production" in world.waves("deploy", "b", "production", code=2).out
    failed = world.waves("deploy", "b", "staging", code=1)
    assert "staging: failed, see " in failed.out
    # Waves is killed between the dispatch and the note of its run.
    deploy.ends = None
    going = world.start("deploy", "b", "staging")
    going.until("staging: http")
    going.kill()
    path, head = world.checkout / ".waves/b/deploys.json", world.head("main")
    known = json.loads(path.read_text())
    path.write_text(json.dumps({"staging": {**known["staging"], "run": 0}}))
    deploy.ends = "success"
    done = world.waves("deploy", "b", "staging")
    assert f"staging: {head[:8]} is deployed" in done.out
    assert "staging has" in world.waves("deploy", "b", "staging", code=2).out
    world.waves("deploy", "b", "production")
    assert [run.inputs["environment"] for run in world.github.runs] == ["staging", "staging", "production"]
    assert "is in staging, production" in world.waves("deploy", "b").out

"""Which base a drafted plan gets: the option, the remote's default branch, or what this clone knows of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from loop_world import World


@pytest.fixture
def trunk(world: World) -> World:
    """A repository whose default branch is `trunk`, with an older branch beside it."""
    world.issue(1)
    world.commit({}, "chore: an issue")
    world.git("branch", "-m", "main", "trunk", at=world.origin)
    world.git("branch", "old", "trunk", at=world.origin)
    world.git("branch", "-q", "-m", "trunk")
    world.git("update-ref", "-d", "refs/remotes/origin/main")
    return world


def drafted(world: World, *options: str) -> str:
    world.waves("triage", "1", "--batch", "b", *options)
    lines = (world.checkout / "plans/b.yaml").read_text().splitlines()
    return next((line for line in lines if line.startswith("base:")), "")


def test_the_remote_says_its_default_branch(trunk: World) -> None:
    trunk.git("switch", "-q", "-c", "a-feature")
    assert drafted(trunk) == "base: trunk"
    assert "write `base" not in trunk.waves("check", code=None).out


def test_a_remote_whose_head_leads_nowhere_leaves_it_to_the_clone(trunk: World) -> None:
    trunk.git("symbolic-ref", "HEAD", "refs/heads/gone", at=trunk.origin)
    trunk.git("fetch", "-q", "origin")
    trunk.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/old")
    assert drafted(trunk) == "base: old"


def test_the_branch_that_is_checked_out_comes_after_what_the_clone_noted(trunk: World) -> None:
    trunk.git("symbolic-ref", "HEAD", "refs/heads/gone", at=trunk.origin)
    assert drafted(trunk) == "base: trunk"


def test_an_option_comes_first(trunk: World) -> None:
    assert drafted(trunk, "--base", "old") == "base: old"


def test_a_base_that_the_remote_lacks_is_told_with_the_one_that_it_has(trunk: World) -> None:
    found = trunk.waves("triage", "1", "--batch", "b", "--base", "nowhere", code=1)
    assert "the remote has no branch nowhere" in found.out
    assert "`base: trunk`" in found.out
    assert not Path(trunk.checkout / "plans/b.yaml").exists()


def test_the_base_of_a_plan_stays_as_it_is(trunk: World) -> None:
    drafted(trunk)
    found = trunk.waves("triage", "--batch", "b", "--update", "--base", "old", code=2)
    assert "--base is for a new plan" in found.out

"""The whole loop with git set up in every way that git documents, and with a repository that git refuses."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from loop_world import World

NOT_OURS = '#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {git} "$@"\n'  # git's own way to act as somebody else


@pytest.fixture
def stranger(world: World) -> World:
    """Nobody has said who commits."""
    world.plan("a")
    for key in ("user.name", "user.email"):
        world.git("config", "--unset", key)
    world.git("config", "user.useConfigOnly", "true")
    return world


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


BO = "[user]\n\tname = Bo\n\temail = bo@example.org\n"


def by_variables(world: World) -> dict[str, str]:
    return {f"GIT_{role}_{what}": text for role in ("AUTHOR", "COMMITTER")
            for what, text in (("NAME", "Bo"), ("EMAIL", "bo@example.org"))}  # fmt: skip


def by_email_variable(world: World) -> dict[str, str]:
    world.git("config", "--unset", "user.useConfigOnly")
    world.git("config", "user.name", "Bo")
    return {"EMAIL": "bo@example.org"}


def by_numbered_settings(world: World) -> dict[str, str]:
    pairs = (("user.name", "Bo"), ("user.email", "bo@example.org"))
    numbered = {f"GIT_CONFIG_{what}_{at}": text for at, pair in enumerate(pairs)
                for what, text in zip(("KEY", "VALUE"), pair, strict=True)}  # fmt: skip
    return {"GIT_CONFIG_COUNT": "2", **numbered}


def by_parameters(world: World) -> dict[str, str]:
    """What `git -c user.name=Bo …` leaves to an alias."""
    return {"GIT_CONFIG_PARAMETERS": "'user.name'='Bo' 'user.email=bo@example.org' 'core.hooksPath'='/nowhere'"}


def by_another_global_file(world: World) -> dict[str, str]:
    return {"GIT_CONFIG_GLOBAL": str(write(world.folder / "my git/config", BO))}


def by_system_file(world: World) -> dict[str, str]:
    return {"GIT_CONFIG_SYSTEM": str(write(world.folder / "system", BO)), "GIT_CONFIG_NOSYSTEM": "0"}


def by_xdg_folder(world: World) -> dict[str, str]:
    write(world.folder / "xdg/git/config", BO)
    return {"XDG_CONFIG_HOME": str(world.folder / "xdg")}


def by_condition_on_the_folder(world: World) -> dict[str, str]:
    """Of the very repository: an agent's git directory is another one."""
    write(world.folder / "bo", BO)
    write(world.home / ".gitconfig", f'[includeIf "gitdir:{world.checkout}/.git"]\n\tpath = {world.folder}/bo\n')
    write(world.home / ".gitconfig", f'[includeIf "gitdir:{world.checkout}/.git/**"]\n\tpath = {world.folder}/bo\n'
          + (world.home / ".gitconfig").read_text())  # fmt: skip
    return {}


def by_worktree_settings(world: World) -> dict[str, str]:
    world.git("config", "extensions.worktreeConfig", "true")
    for key, value in (("user.name", "Bo"), ("user.email", "bo@example.org")):
        world.git("config", "--worktree", key, value)
    return {}


WAYS = (by_variables, by_email_variable, by_numbered_settings, by_parameters, by_another_global_file, by_system_file,
        by_xdg_folder, by_condition_on_the_folder, by_worktree_settings)  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_an_identity_is_found_in_every_way_that_git_knows(stranger: World, way: object) -> None:
    assert callable(way)
    stranger.extra = way(stranger)
    stranger.waves("doctor")
    stranger.waves("run", code=0)
    shown = stranger.git("log", "-1", "--format=%an <%ae>, %cn <%ce>", "main", at=stranger.origin)
    assert shown == "Bo <bo@example.org>, Bo <bo@example.org>"
    made = stranger.git("log", "-1", "--format=%an <%ae>, %cn <%ce>", "refs/waves/b/a/merged")
    assert made == "Bo <bo@example.org>, Bo <bo@example.org>", "the agent's own commit"


def test_author_and_committer_may_be_two_people(stranger: World) -> None:
    stranger.extra = by_variables(stranger) | {"GIT_AUTHOR_NAME": 'Cy "C" O\\N', "GIT_AUTHOR_EMAIL": "cy@example.org"}
    stranger.waves("run", code=0)
    made = stranger.git("log", "-1", "--format=%an <%ae>, %cn", "refs/waves/b/a/merged")
    assert made == 'Cy "C" O\\N <cy@example.org>, Bo'


def test_settings_that_git_can_not_read_are_refused_in_one_line(world: World) -> None:
    world.plan("a")
    world.extra = {"GIT_CONFIG_COUNT": "one"}
    found = world.waves("run", code=2)
    assert found.out.strip() == (
        "git refuses the settings in your environment: error: bogus count in GIT_CONFIG_COUNT "
        "fatal: unable to parse command-line config; correct that variable, or unset it"
    )


# ---- whose repository it is


def act_as_somebody_else(world: World) -> None:
    place = world.folder / "bin"
    write(place / "git", NOT_OURS.format(git=shutil.which("git"))).chmod(0o755)
    world.extra = {"PATH": f"{place}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize("verb", ["status", "check", "doctor", "run", "init", "audit", "triage 1 --batch c", "logs a"])
def test_a_repository_that_git_refuses_for_its_owner_is_refused_with_gits_remedy(world: World, verb: str) -> None:
    world.plan("a")
    ran = world.folder / "RAN"
    world.git("config", "remote.origin.uploadpack", f"touch {ran}; git-upload-pack")
    act_as_somebody_else(world)
    found = world.waves(*verb.split(), code=2)
    assert found.out.strip() == (
        f"{world.checkout}: git refuses this repository because somebody else owns it; "
        f"if you trust it: `git config --global --add safe.directory {world.checkout}`"
    )
    assert not ran.exists()


def trust(world: World, *folders: str | Path) -> None:
    write(world.home / ".gitconfig", "".join(f"[safe]\n\tdirectory = {folder}\n" for folder in folders))


def test_a_repository_that_the_person_trusts_works(world: World) -> None:
    world.plan("a")
    act_as_somebody_else(world)
    trust(world, "*")
    world.waves("run", code=0)


def test_the_origin_of_somebody_else_is_refused(world: World) -> None:
    world.plan("a")
    act_as_somebody_else(world)
    trust(world, world.checkout)
    assert f"`git config --global --add safe.directory {world.origin}`" in world.waves("run", code=None).out
    assert world.paid() == []

"""The stand-in for GitHub as a fixture: see `hub` for how it is used."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from github_desk import VARIABLES, Desk
from github_world import GitHubWorld
from hub import GitHub
from loop_world import World

from waves import git


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHub]:
    """GitHub, with the repository `acme/widgets`; fails the test if GitHub's descriptions were gone against."""
    made = GitHub(tmp_path / "github")
    yield made
    made.done()


@pytest.fixture
def desk(github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A person's checkout, whose `origin` is the stand-in, with that person's token in the environment."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_API_URL", github.api)
    monkeypatch.setenv("GITHUB_TOKEN", github.token)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    checkout = tmp_path / "checkout"
    subprocess.run(["git", "init", "-q", "-b", "main", str(checkout)], check=True)
    subprocess.run(["git", "-C", str(checkout), "remote", "add", "origin", github.git_url], check=True)
    return Desk(github, git.discover(checkout))


@pytest.fixture
def hub_world(tmp_path: Path, first_world: World) -> Iterator[GitHubWorld]:
    """For the tests of the whole loop on GitHub; whatever a test leaves running is ended."""
    made = GitHubWorld(tmp_path, first_world)
    yield made
    made.end()

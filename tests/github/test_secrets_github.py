"""Tokens that are in no variable: what `gh` keeps, what git's store keeps, what stands in a remote's address."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

from github_world import GitHubWorld
from loop_world import APPROVED, IMPLEMENT

GH = '#!/bin/sh\nsed -n "s/.*oauth_token: //p" "$HOME/.config/gh/hosts.yml"\n'
LOOK = (
    'env >> "$LOOP_SCENARIO/seen"; cat "/proc/$(cut -d " " -f 4 "/proc/$PPID/stat")/environ" >> "$LOOP_SCENARIO/seen"\n'
)


def kept_by_gh(world: GitHubWorld) -> None:
    """With git lent the same token."""
    (world.home / ".config/gh").mkdir(parents=True)
    (world.home / ".config/gh/hosts.yml").write_text(f"github.com:\n    oauth_token: {world.github.token}\n")


def kept_by_git(world: GitHubWorld) -> None:
    address = world.github.git_url_of(world.github.token)
    (world.home / ".git-credentials").write_text(address.removesuffix("/acme/widgets.git") + "\n")
    (world.home / ".gitconfig").write_text("[credential]\n\thelper = store\n")


def in_the_address(world: GitHubWorld) -> None:
    config = world.checkout / ".git/config"
    config.write_text(config.read_text().replace(world.github.git_url, world.github.git_url_of(world.github.token)))


KEPT: tuple[Callable[[GitHubWorld], None], ...] = (kept_by_gh, kept_by_git, in_the_address)


def test_a_token_stays_where_it_is_kept(hub_world: GitHubWorld) -> None:
    world, token = hub_world, hub_world.github.token
    del world.extra["GITHUB_TOKEN"]
    programs = world.folder / "bin"
    programs.mkdir()
    called = f'#!/bin/sh\nprintf "%s\\n" "$*" >> {world.scenario}/called\nexec {shutil.which("git")} "$@"\n'
    for name, text in (("gh", GH), ("git", called)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    world.agent(implementer=LOOK + IMPLEMENT, reviewer=LOOK + APPROVED)
    for number, keep in enumerate(KEPT, 1):
        keep(world)
        world.plan({"unit": f"u{number}", "issues": [10 * number]}, name=f"batch-{number}")
        world.extra["PATH"] = f"{programs}:{os.environ['PATH']}"
        world.run(f"batch-{number}")
        del world.extra["PATH"]  # what the test itself types is no matter
        world.waves("report", "-o", "-")
        written = world.everything_written().replace((world.checkout / ".git/config").read_text(), "")
        assert token not in written, keep.__name__
        assert token not in world.git("log", "--all", "-p", at=world.origin)
    assert "WAVES_ROLE=reviewer" in (world.scenario / "seen").read_text()
    assert "push" in (world.scenario / "called").read_text()

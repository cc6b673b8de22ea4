"""The set-ups of a repository that are tried, one by one: `waves check` must say of each what its run then shows.

docs/repositories.md has the same table. To add a row, add a Situation; the test prints the table that the page needs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from loop_world import World

GIT = tuple(int(part) for part in subprocess.check_output(["git", "version"], text=True).split()[2].split(".")[:2])


@dataclass(frozen=True)
class Situation:
    """`state` is what `waves check` says of the topic; with `no`, it refuses, and no agent may be started."""

    topic: str
    name: str  # of the set-up, in words for the documentation
    state: Literal["works", "partly", "no"]
    says: str  # found in the row, or in the one line that stands in the place of the table
    make: Callable[[World], World]
    since: tuple[int, int] = (2, 38)  # the git that knows it
    plan: Mapping[str, object] | None = None  # keys over those of the usual plan

    @property
    def id(self) -> str:
        return f"{self.topic}: {self.name}"


def plain(world: World) -> World:
    world.begin().plan("a")
    return world


def with_variables(**variables: str) -> Callable[[World], World]:
    """Repositories made while git is told so by variables."""

    def make(world: World) -> World:
        world.extra = variables
        plain(world)
        world.extra = {}
        return world

    return make


def with_settings(*settings: tuple[str, str]) -> Callable[[World], World]:
    def make(world: World) -> World:
        plain(world)
        for key, value in settings:
            world.git("config", key, value)
        return world

    return make


def cloned(*options: str, **settings: str) -> Callable[[World], World]:
    """A clone of the origin in the place of the checkout."""

    def make(world: World) -> World:
        plain(world)
        for number in range(3):
            world.commit({"more.txt": f"{number}\n"})
        for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
            world.git("config", key, "true", at=world.origin)
        shutil.rmtree(world.checkout)
        world.git("clone", "-q", *options, f"file://{world.origin}", str(world.checkout), at=world.folder)
        for key, value in (("user.name", "Ana"), ("user.email", "ana@example.org")):
            world.git("config", key, value)
        return world

    return make


# ---- owner


def owned_by_somebody_else(world: World) -> World:
    """For git, by a variable of its own for tests."""
    plain(world)
    place = world.folder / "bin"
    place.mkdir()
    (place / "git").write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {shutil.which("git")} "$@"\n')
    (place / "git").chmod(0o755)
    world.extra = {"PATH": f"{place}{os.pathsep}{os.environ['PATH']}"}
    return world


def trusted(world: World) -> World:
    owned_by_somebody_else(world)
    (world.home / ".gitconfig").write_text("[safe]\n\tdirectory = *\n")
    return world


# ---- formats and settings


def relative_worktrees(world: World) -> World:
    plain(world)
    world.git("config", "worktree.useRelativePaths", "true")
    world.git("worktree", "add", "-q", "--detach", "../beside")
    return world


def own_settings(world: World) -> World:
    plain(world)
    world.git("config", "extensions.worktreeConfig", "true")
    world.git("config", "--worktree", "core.autocrlf", "input")
    return world


def unknown_extension(world: World) -> World:
    plain(world)
    world.git("config", "core.repositoryFormatVersion", "1")
    world.git("config", "extensions.tomorrow", "true")
    return world


def sparse(world: World) -> World:
    plain(world)
    world.commit({"wide/x.txt": "x\n", "deep/y.txt": "y\n"})
    world.git("sparse-checkout", "set", "wide", "plans", "issues")
    return world


# ---- people


def nobody(world: World) -> World:
    plain(world)
    for key in ("user.name", "user.email"):
        world.git("config", "--unset", key)
    world.git("config", "user.useConfigOnly", "true")
    return world


def signs_with(*, key: bool) -> Callable[[World], World]:
    def make(world: World) -> World:
        plain(world)
        if key:
            program = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(world.home / "key")]
            subprocess.run(program, check=True)
        for name, value in (("gpg.format", "ssh"), ("user.signingKey", f"{world.home}/key.pub"),
                            ("commit.gpgSign", "true"), ("log.showSignature", "true")):  # fmt: skip
            world.git("config", "--file", str(world.home / ".gitconfig"), name, value)
        return world

    return make


def program_of_repository(world: World) -> World:
    signs_with(key=True)(world)
    world.git("config", "gpg.ssh.program", str(shutil.which("ssh-keygen")))
    return world


def with_hook(name: str) -> Callable[[World], World]:
    def make(world: World) -> World:
        plain(world)
        hook = world.checkout / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 0\n")
        hook.chmod(0o755)
        return world

    return make


# ---- remotes


def pushed_elsewhere(world: World) -> World:
    plain(world)
    world.git("init", "-q", "--bare", str(world.folder / "other.git"))
    world.git("remote", "set-url", "--push", "origin", str(world.folder / "other.git"))
    return world


def with_other_name(world: World) -> World:
    plain(world)
    world.git("remote", "rename", "origin", "upstream")
    return world


def with_another_base(world: World) -> World:
    plain(world)
    world.git("branch", "-m", "main", "trunk", at=world.origin)
    world.git("update-ref", "-d", "refs/remotes/origin/main")
    return world


def triangular(world: World) -> World:
    """A person's own pushes go to a fork; what Waves does for the repository of the plan goes to origin."""
    plain(world)
    world.git("init", "-q", "--bare", str(world.folder / "fork.git"))
    world.git("remote", "add", "fork", str(world.folder / "fork.git"))
    world.git("config", "remote.pushDefault", "fork")
    world.git("config", "push.default", "current")
    return world


def mirror(world: World) -> World:
    plain(world)
    world.git("config", "remote.origin.mirror", "true")
    world.git("config", "remote.origin.fetch", "+refs/*:refs/mirror/*")
    return world


def at_address(address: str, *settings: tuple[str, str]) -> Callable[[World], World]:
    """`{origin}` and `{folder}` are where the origin and its folder are."""

    def make(world: World) -> World:
        plain(world)
        named = {"origin": str(world.origin), "folder": str(world.folder)}
        for key, value in settings:
            world.git("config", "--global", key.format(**named), value.format(**named))
        world.git("remote", "set-url", "origin", address.format(**named))
        return world

    return make


def in_folder_with_spaces(world: World) -> World:
    world.origin = world.folder / "the origin.git"
    world.forge = world.folder / "the origin.forge"
    return plain(world)


def detached(world: World) -> World:
    plain(world)
    world.git("checkout", "-q", "--detach")
    return world


def checkout_of_bare(world: World) -> World:
    """The layout of a bare repository with all its checkouts as worktrees."""
    plain(world)
    shutil.rmtree(world.checkout)
    world.git("clone", "-q", "--bare", str(world.origin), str(world.folder / "bare"), at=world.folder)
    world.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*", at=world.folder / "bare")
    for key, value in (("user.name", "Ana"), ("user.email", "ana@example.org")):
        world.git("config", key, value, at=world.folder / "bare")
    world.git("worktree", "add", "-q", str(world.checkout), "main", at=world.folder / "bare")
    return world


SITUATIONS = (
    Situation("owner", "the repository is yours", "works", "yours", plain),
    Situation("owner", "somebody else's, which `safe.directory` trusts", "works", "", trusted),
    Situation("owner", "somebody else's", "no", "safe.directory", owned_by_somebody_else),
    Situation("formats", "SHA-1, refs in files", "works", "sha1, refs in files", plain),
    Situation("formats", "SHA-256", "works", "sha256, refs in files", with_variables(GIT_DEFAULT_HASH="sha256")),
    Situation("formats", "refs in a reftable", "works", "sha1, refs in reftable",
              with_variables(GIT_DEFAULT_REF_FORMAT="reftable"), since=(2, 45)),
    Situation("formats", "SHA-256 and a reftable", "works", "sha256, refs in reftable",
              with_variables(GIT_DEFAULT_REF_FORMAT="reftable", GIT_DEFAULT_HASH="sha256"), since=(2, 45)),
    Situation("formats", "an extension that the installed git does not know", "no", "extension tomorrow",
              unknown_extension),
    Situation("worktree settings", "`extensions.worktreeConfig`", "works", "config.worktree", own_settings),
    Situation("worktree settings", "`extensions.relativeWorktrees`", "works", "relative paths", relative_worktrees,
              since=(2, 48)),
    Situation("shallow", "a shallow clone", "partly", "--unshallow", cloned("--depth=1")),
    Situation("partial", "a partial clone", "partly", "blob:none", cloned("--filter=blob:none")),
    Situation("partial", "a partial clone without trees", "partly", "tree:0", cloned("--filter=tree:0")),
    Situation("sparse", "a sparse checkout", "partly", "the same part", sparse),
    Situation("size", "room for a worktree per unit", "works", " files", plain),
    Situation("remotes", "`origin` on this machine", "works", "origin", plain),
    Situation("remotes", "only one with another name", "no", "git remote rename upstream origin", with_other_name),
    Situation("remotes", "`origin` with another address for pushes", "no", "another address", pushed_elsewhere),
    Situation("remotes", "a clone of one branch", "works", "origin", cloned("--single-branch")),
    Situation("remotes", "a base that `origin` lacks", "no", "write `base: trunk`", with_another_base),
    Situation("remotes", "pushes of your own that go to a fork", "works", "origin", triangular),
    Situation("remotes", "`origin` as a mirror", "works", "origin", mirror),
    Situation("remotes", "a relative path", "works", "origin", at_address("../origin.git")),
    Situation("remotes", "`file://`", "works", "origin", at_address("file://{origin}")),
    Situation("remotes", "a path with a space", "works", "origin", in_folder_with_spaces),
    Situation("remotes", "`url.….insteadOf`", "works", "origin",
              at_address("mine:origin.git", ("url.{folder}/.insteadOf", "mine:"))),
    Situation("remotes", "`url.….pushInsteadOf` to another place", "no", "another address",
              at_address("{origin}", ("url.{folder}/elsewhere/.pushInsteadOf", "{folder}/"))),
    Situation("remotes", "a detached HEAD", "works", "origin", detached),
    Situation("remotes", "a worktree of a bare repository", "works", "origin", checkout_of_bare),
    Situation("identity", "set up in any way that git knows", "works", "Ana <ana@example.org>", plain),
    Situation("identity", "none", "no", "set `user.name` and `user.email`", nobody),
    Situation("signing", "off", "works", "not signed", plain),
    Situation("signing", "by a key without a passphrase", "works", "agents sign", signs_with(key=True)),
    Situation("signing", "by a program that the repository's own settings name", "partly", "gpg.ssh.program",
              program_of_repository),
    Situation("signing", "by a key that is missing, or needs a passphrase", "no", "commit.gpgSign false",
              signs_with(key=False)),
    Situation("hooks", "of commits", "works", "run pre-commit", with_hook("pre-commit")),
    Situation("hooks", "of pushes", "partly", "don't run pre-push", with_hook("pre-push")),
    Situation("LFS", "not used", "works", "not used", plain),
    Situation("filters", "none", "works", "none", plain),
    Situation("submodules", "none", "works", "none", plain),
)  # fmt: skip

"""A remote that is a path on this machine: nothing planted there runs, and what may run sees no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from waves import git
from waves.git import Repository

HOOKS = ("pre-receive", "update", "post-receive", "post-update", "reference-transaction", "proc-receive", "pre-auto-gc")
IDENTITY = {f"GIT_{who}_{what}": "ana" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "canary-7f3a")


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """Where every planted program leaves its name and its environment."""
    (tmp_path / "ran").mkdir()
    return tmp_path / "ran"


@pytest.fixture(params=["path", "relative", "file", "pushurl", "insteadOf"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    """A checkout whose remote is a folder, by each way to say so."""
    git.init(tmp_path / "the origin.git", bare=True)
    found = git.init(tmp_path / "checkout")
    (tmp_path / "checkout/a.txt").write_text("one\n")
    git.commit_all(found, "start\n", IDENTITY)
    place = str(tmp_path / "the origin.git")
    kind = str(request.param)
    url = {"relative": "../the origin.git", "file": f"file://{place.replace(' ', '%20')}", "insteadOf": "near:o"}
    git.call(found, "remote", "add", "origin", url.get(kind, place))
    if kind == "pushurl":
        git.call(found, "remote", "set-url", "--push", "origin", place)
    if kind == "insteadOf":
        git.call(found, "config", f"url.{place}.insteadOf", "near:o")
    if kind == "file":
        git.call(found, "remote", "set-url", "origin", f"file://{place}")
    return found


@pytest.fixture
def origin(repository: Repository, tmp_path: Path) -> Repository:
    return git.discover(tmp_path / "the origin.git")


def plant(path: Path, ran: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nenv > '{ran}/{path.name}'\n")
    path.chmod(0o755)


def use_the_remote(repository: Repository) -> None:
    at = git.resolve(repository, "HEAD") or ""
    assert git.push(repository, at, "main", "")
    git.fetch(repository, ["main"])
    assert git.remote_heads(repository) == {"main": at}
    git.fetch_objects(repository, "refs/heads/main")
    git.try_push(repository, "other")


def test_no_hook_planted_on_the_other_side_runs(repository: Repository, origin: Repository, ran: Path) -> None:
    for name in HOOKS:
        plant(origin.git_dir / "hooks" / name, ran)
    use_the_remote(repository)
    assert list(ran.iterdir()) == []


def test_no_program_named_in_the_settings_over_there_runs(
    repository: Repository, origin: Repository, ran: Path, tmp_path: Path
) -> None:
    plant(tmp_path / "elsewhere" / "pre-receive", ran)
    plant(tmp_path / "program", ran)
    git.call(origin, "config", "core.hooksPath", str(tmp_path / "elsewhere"))
    for key in ("core.alternateRefsCommand", "uploadpack.packObjectsHook", "gc.recentObjectsHook", "core.fsmonitor"):
        git.call(origin, "config", key, str(tmp_path / "program"))
    for key in ("receive.autogc", "gc.auto"):
        git.call(origin, "config", key, "1")
    other = git.init(tmp_path / "other.git", bare=True)
    (origin.git_dir / "objects/info/alternates").write_text(f"{other.git_dir}/objects\n")
    use_the_remote(repository)
    assert list(ran.iterdir()) == []


def test_hooks_that_were_there_first_run_without_the_environment(
    repository: Repository, origin: Repository, ran: Path
) -> None:
    plant(origin.git_dir / "hooks/pre-receive", ran)
    state = git.hooks_state(origin.git_dir)
    assert state is not None
    git.trust_hooks(repository, state)
    use_the_remote(repository)
    assert "canary" not in (ran / "pre-receive").read_text()


@pytest.mark.parametrize("change", ["another hook", "an edited hook", "an edited setting"])
def test_hooks_do_not_run_once_anything_was_changed_there(
    repository: Repository, origin: Repository, ran: Path, change: str
) -> None:
    plant(origin.git_dir / "hooks/pre-receive", ran)
    git.trust_hooks(repository, git.hooks_state(origin.git_dir) or "")
    if change == "another hook":
        plant(origin.git_dir / "hooks/update", ran)
    elif change == "an edited hook":
        (origin.git_dir / "hooks/pre-receive").write_text(f"#!/bin/sh\ntouch '{ran}/edited'\n")
    else:
        git.call(origin, "config", "receive.denyDeletes", "false")
    use_the_remote(repository)
    assert list(ran.iterdir()) == []


def test_a_remote_on_another_machine_is_started_as_git_does_it(tmp_path: Path) -> None:
    repository = git.init(tmp_path / "checkout")
    for url in ("https://example.org/a.git", "git@example.org:a.git", "ssh://example.org/a.git"):
        assert git.local_path(url) is None
        git.call(repository, "remote", "add", "r", url)
        assert git.where(repository, "r", push=True) is None
        git.call(repository, "remote", "remove", "r")

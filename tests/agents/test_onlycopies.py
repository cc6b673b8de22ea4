"""What would be lost with a worktree, wherever in it an agent has put it, and what would not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from worktree_world import World, make

from waves import git
from waves.agents.guard import onlycopies
from waves.agents.guard.onlycopies import Contents
from waves.foundation.errors import WavesError

Act = Callable[[World], object]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make(tmp_path)


def ask(url: str) -> set[str]:
    done = git.call(git.discover(Path(url)), "for-each-ref", "--format=%(objectname)")
    return set(done.text.split())


def refuse(url: str) -> set[str]:
    raise WavesError("no network")


def look(world: World, ask: onlycopies.Ask = ask) -> Contents:
    return onlycopies.look(world.worktree, ask)


def found(world: World, ask: onlycopies.Ask = ask) -> str:
    return "; ".join(str(one) for one in look(world, ask).only)


def repository(world: World, path: str, *, at: Path | None = None) -> Path:
    """A repository with one commit below the worktree, as an agent makes it."""
    place = (at or world.path) / path
    place.mkdir(parents=True)
    world.git("init", "--quiet", "--template=", at=place)
    world.commit("work.py", "all the work\n", "feat: work", at=place)
    return place


def a_nested_one(world: World) -> None:
    repository(world, "tool")


def one_that_is_ignored(world: World) -> None:
    repository(world, "cache.log")


def one_deep_in_an_ignored_folder(world: World) -> None:
    repository(world, "x.log/y/z")


def one_in_a_cache(world: World) -> None:
    (world.path / "x.log").mkdir()
    (world.path / "x.log/CACHEDIR.TAG").write_bytes(onlycopies.CACHE_SIGNATURE)
    repository(world, "x.log/y")


def one_inside_another(world: World) -> None:
    repository(world, "tool/inner", at=repository(world, "outer"))


def one_that_is_a_gitlink(world: World) -> None:
    repository(world, "tool")
    world.commit("f", "f")


def a_bare_one(world: World) -> None:
    repository(world, "source")
    world.git("clone", "--quiet", "--bare", "source", "hub.log")
    world.git("push", "--quiet", "../hub.log", "HEAD:refs/heads/more", at=world.path / "source")


def one_whose_remote_lies_beside_it(world: World) -> None:
    world.git("init", "--quiet", "--bare", "hub.log")
    place = repository(world, "clone.log")
    world.git("remote", "add", "origin", str(world.path / "hub.log"), at=place)
    world.git("push", "--quiet", "origin", "HEAD", at=place)


def one_without_a_head(world: World) -> None:
    (repository(world, "tool.log") / ".git/HEAD").unlink()


def one_with_odd_objects(world: World) -> None:
    (repository(world, "tool.log") / ".git/objects/odd").symlink_to("/")


def one_with_no_commit_yet(world: World) -> None:
    place = world.path / "tool.log"
    place.mkdir()
    world.git("init", "--quiet", "--template=", at=place)
    (place / "work.py").write_text("work")


REPOSITORIES = [
    a_nested_one, one_that_is_ignored, one_deep_in_an_ignored_folder, one_in_a_cache, one_inside_another,
    one_that_is_a_gitlink, a_bare_one, one_whose_remote_lies_beside_it, one_without_a_head, one_with_odd_objects,
    one_with_no_commit_yet,
]  # fmt: skip


@pytest.mark.parametrize("act", REPOSITORIES)
def test_a_repository_that_is_nowhere_else_is_found(world: World, act: Act) -> None:
    act(world)
    assert "repository" in found(world)


# ---- inside one whose commits are safe


@pytest.fixture
def clone(world: World) -> Path:
    """A clone, below the worktree, of a repository outside."""
    upstream = repository(world, "upstream", at=world.folder)
    world.git("clone", "--quiet", str(upstream), "lib.log")
    return world.path / "lib.log"


def test_a_clone_that_its_remote_has_is_no_only_copy(world: World, clone: Path) -> None:
    assert found(world) == ""
    assert "commits that are nowhere else" in found(world, refuse), "nobody could say so"


def test_a_forged_remote_tracking_branch_proves_nothing(world: World, clone: Path) -> None:
    made = world.commit("more.py", "more", at=clone)
    world.git("update-ref", "refs/remotes/origin/main", made, at=clone)
    assert "commits that are nowhere else" in found(world)


INSIDE = {
    "a commit": 'echo x > new.py; git add new.py; git commit -qm more',
    "a commit on another branch": 'git switch -qc side; git commit -q --allow-empty -m more; git switch -q -',
    "a detached commit": 'git switch -q --detach; git commit -q --allow-empty -m more; git switch -q -',
    "a stash": 'echo x >> work.py; git stash -q',
    "a dropped stash": 'echo x >> work.py; git stash -q; git stash drop -q',
    "an amended commit": 'git commit -q --allow-empty -m one; git reset -q --hard HEAD~1; '
                         'git reflog expire --expire=now --all',
    "a tag's words": 'git tag -a v1 -m "release notes"',
    "a changed file": 'echo x >> work.py',
    "a new file": 'echo x > new.py',
    "a new file, deep": 'mkdir -p a/b; echo x > a/b/new.py',
    "a staged file": 'echo x > new.py; git add new.py',
    "staged content that no file has": 'echo x > new.py; git add new.py; rm new.py',
    "a hidden change": 'git update-index --assume-unchanged work.py; echo x >> work.py',
    "a worktree of it": 'git worktree add -q -b side ../side.log; echo x > ../side.log/new.py',
}  # fmt: skip


@pytest.mark.parametrize("name", INSIDE)
def test_what_only_a_clone_inside_has_is_found(world: World, clone: Path, name: str) -> None:
    shell(world, clone, INSIDE[name])
    assert "lib.log" in found(world) or "side.log" in found(world)


def shell(world: World, at: Path, script: str) -> None:
    world.git("-c", f"alias.x=!cd '{at}' && ( {script} )", "x", at=at)


def test_ignored_files_of_a_clone_are_listed_and_stand_in_nobodys_way(world: World, clone: Path) -> None:
    (clone / ".gitignore").write_text("*.o\n")
    world.git("add", ".", at=clone)
    world.git("commit", "--quiet", "-m", "ignore", at=clone)
    world.git("push", "--quiet", "origin", "HEAD:refs/heads/ignore", at=clone)
    (clone / "work.o").write_text("built")
    assert found(world) == ""
    assert look(world).ignored == ("lib.log/work.o",)


def test_no_program_of_a_repository_inside_runs(world: World, clone: Path) -> None:
    seen = world.folder / "seen"
    (clone / ".gitattributes").write_text("* filter=evil diff=evil\n")
    for key in ("filter.evil.clean", "filter.evil.smudge", "core.fsmonitor", "core.sshCommand", "diff.evil.textconv"):
        world.git("config", key, f"touch {seen}; cat", at=clone)
    world.git("config", "remote.origin.url", f"ext::touch {seen}", at=clone)
    (clone / "work.py").write_text("changed")
    assert "uncommitted" in found(world, refuse)
    assert not seen.exists()


# ---- what set-up made


def test_what_set_up_made_and_nobody_changed_is_no_only_copy(world: World, clone: Path) -> None:
    (clone / "work.py").write_text("smudged")
    (world.path / "deps.log").write_text("installed")
    onlycopies.note_set_up(world.worktree)
    assert look(world, refuse) == Contents(inside=look(world, refuse).inside)
    (clone / "work.py").write_text("smudged and edited")
    (world.path / "deps.log").write_text("edited")
    (world.path / "new.log").write_text("new")
    assert "uncommitted files (lib.log/work.py)" in found(world, refuse)
    assert look(world, refuse).ignored == ("deps.log", "new.log")


def test_a_commit_in_what_set_up_made_is_found(world: World, clone: Path) -> None:
    onlycopies.note_set_up(world.worktree)
    world.commit("new.py", "new", at=clone)
    assert "commits that are nowhere else (heads/" in found(world, refuse)


def test_caches_are_no_only_copies(world: World) -> None:
    (world.path / "x.log").mkdir()
    (world.path / "x.log/CACHEDIR.TAG").write_bytes(onlycopies.CACHE_SIGNATURE + b"\n")
    (world.path / "x.log/blob").write_text("again")
    (world.path / "y.log/__pycache__").mkdir(parents=True)
    (world.path / "y.log/__pycache__/a.pyc").write_text("again")
    (world.path / "z.log").mkdir()
    (world.path / "z.log/CACHEDIR.TAG").write_text("says so")
    assert look(world) == Contents(ignored=("z.log/CACHEDIR.TAG",))


# ---- the worktree itself


def test_a_change_that_the_index_overlooks_is_found(world: World) -> None:
    for option, name in (("--assume-unchanged", "src/a.py"), ("--skip-worktree", "src/b.py")):
        world.git("update-index", option, name)
    assert found(world) == ""
    for name in ("src/a.py", "src/b.py"):
        (world.path / name).write_text("hidden")
    assert git.uncommitted(world.worktree) == []
    assert [one.path for one in look(world).only] == ["src/a.py", "src/b.py"]


def test_a_worktree_of_the_repository_inside_another_is_found(world: World) -> None:
    world.git("worktree", "add", "--quiet", "--detach", str(world.path / "inner.log"), at=world.checkout)
    assert "another worktree of this repository" in found(world)


def test_submodules_of_a_worktree_are_looked_at_where_git_keeps_them(world: World) -> None:
    upstream = repository(world, "upstream", at=world.folder)
    allow = ("-c", "protocol.file.allow=always")
    world.git(*allow, "submodule", "--quiet", "add", str(upstream), "vendor/lib")
    world.git("commit", "--quiet", "-m", "add")
    onlycopies.note_set_up(world.worktree)
    assert found(world, refuse) == ""
    assert [one.path for one in look(world).inside] == ["vendor/lib"]
    made = world.commit("new.py", "new", at=world.path / "vendor/lib")
    world.git("submodule", "--quiet", "deinit", "--force", "vendor/lib")
    assert "modules/vendor/lib is a repository with commits that are nowhere else" in found(world, refuse)
    modules = world.worktree.git_dir / "modules/vendor/lib"
    world.git("push", "--quiet", str(upstream), f"{made}:refs/heads/new", at=modules)
    assert found(world) == ""


def test_a_folder_that_cannot_be_read_or_a_pipe_stands_in_the_way(world: World) -> None:
    os.mkfifo(world.path / "x.log")
    assert found(world) == ""
    (world.path / "y.log").mkdir()
    os.mkfifo(world.path / "y.log/.gitignore")
    assert "is a pipe" in found(world)

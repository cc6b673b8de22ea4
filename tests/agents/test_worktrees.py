"""Worktrees made, found damaged and made anew, with nothing lost that is nowhere else."""

from __future__ import annotations

import concurrent.futures
import shutil
import sys
from pathlib import Path

import pytest
from worktree_world import BRANCH, World, make

from waves.agents.guard import worktrees
from waves.foundation import process
from waves.foundation.errors import WavesError


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make(tmp_path)


def is_whole(world: World) -> None:
    """The repository has all its objects, and the worktree is on its branch with a fitting index."""
    world.git("fsck", "--strict", "--no-dangling", at=world.checkout)
    assert world.git("symbolic-ref", "HEAD") == f"refs/heads/{BRANCH}"
    assert world.git("rev-parse", "--absolute-git-dir") == str(world.worktree.git_dir)
    assert world.git("diff", "--cached", "--name-only") == ""


def test_a_sound_worktree_is_left_alone(world: World) -> None:
    (world.path / "note.txt").write_text("mine")
    rebuilt = worktrees.rebuild(world.main, world.path, BRANCH)
    assert rebuilt == worktrees.Rebuilt(world.worktree)
    assert (world.path / "note.txt").read_text() == "mine"


def test_what_is_nowhere_else_is_moved_aside(world: World) -> None:
    (world.path / "note.txt").write_text("mine")
    (world.path / "debug.log").write_text("ignored")
    (world.path / ".git").unlink()
    rebuilt = worktrees.rebuild(world.main, world.path, BRANCH)
    assert rebuilt.left == world.path.parent / "left" / "x"
    assert (rebuilt.left / "note.txt").read_text() == "mine"
    assert (rebuilt.left / "debug.log").read_text() == "ignored"
    assert not (world.path / "note.txt").exists()


def test_what_the_branch_has_is_not_moved_aside(world: World) -> None:
    (world.path / ".git").unlink()
    (world.path / "src/a.py").unlink()
    rebuilt = worktrees.rebuild(world.main, world.path, BRANCH)
    assert rebuilt.left is None
    assert [path.name for path in world.path.parent.iterdir()] == ["x"]


def test_a_worktree_that_was_made_and_not_put_on_its_branch_is_put_on_it(world: World) -> None:
    (world.worktree.git_dir / "HEAD").write_text(f"{world.before}\n")
    (world.path / "note.txt").write_text("mine")
    worktrees.rebuild(world.main, world.path, BRANCH)
    assert (world.path / "note.txt").exists()
    is_whole(world)


def test_a_locked_worktree_that_vanished_is_made_anew(world: World) -> None:
    world.git("worktree", "lock", str(world.path), at=world.checkout)
    shutil.rmtree(world.path)
    worktrees.rebuild(world.main, world.path, BRANCH)
    is_whole(world)


def test_a_missing_branch_is_told_with_what_to_do(world: World) -> None:
    with pytest.raises(WavesError, match=r"branch gone is gone: bring it back \(`git branch gone COMMIT`\)"):
        worktrees.rebuild(world.main, world.folder / "y", "gone")


def test_worktrees_can_be_made_by_several_processes_at_once(world: World) -> None:
    code = (
        "import sys; from pathlib import Path; from waves import git; from waves.agents.guard import worktrees\n"
        "worktrees.rebuild(git.discover(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3])"
    )
    names = [f"n{number}" for number in range(6)]
    for name in names:
        world.git("branch", name, at=world.checkout)

    def one(name: str) -> process.Finished:
        argv = [sys.executable, "-c", code, str(world.checkout), str(world.folder / "worktrees" / name), name]
        return process.run(argv, cwd=Path(__file__).parents[2])

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert [(done.code, done.err) for done in pool.map(one, names)] == [(0, b"")] * 6
    assert len(world.git("worktree", "list", at=world.checkout).splitlines()) == 8

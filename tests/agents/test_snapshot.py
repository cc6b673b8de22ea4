"""What a snapshot sees, what it lets pass, and the words for each difference."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from changes import CHANGES, Change, begin, by_name, take
from unprivileged import without_root_powers
from worktree_world import BRANCH, World, make

from waves import git
from waves.agents.guard import entries, snapshot
from waves.agents.guard.snapshot import compare


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make(tmp_path)
    begin(made)
    return made


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_reviewer_may_change_nothing(world: World, change: Change) -> None:
    before = take(world)
    change.act(world)
    found = compare(before, take(world, before), "nothing")
    now = git.resolve(world.main, f"refs/heads/{BRANCH}")
    assert tuple(one.what for one in found.differences) == tuple(
        words.format(world.before, now) if words.startswith(("branch", "waves")) else words for words in change.words
    )
    assert found.foreign == ()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_an_implementer_may_change_its_own_files_and_branch_and_nothing_else(world: World, change: Change) -> None:
    before = take(world)
    change.act(world)
    found = compare(before, take(world, before), "own-work")
    assert tuple(one.what for one in found.differences) == (() if change.own_work else change.words)
    assert found.foreign == ()


def test_nothing_happened_is_no_difference(world: World) -> None:
    before = take(world)
    assert compare(before, take(world, before), "nothing") == snapshot.Comparison((), ())
    assert compare(before, take(world), "nothing") == snapshot.Comparison((), ())


def test_what_only_reads_or_touches_is_no_difference(world: World) -> None:
    before = take(world)
    world.git("status")
    world.git("add", "--refresh", ".")
    for name in ("src/a.py", "notes/mine.txt", ".env"):
        os.utime(world.path / name, ns=(1, 1))
    copy = world.path / "src/copy"
    copy.write_bytes((world.path / "src/a.py").read_bytes())
    copy.replace(world.path / "src/a.py")
    assert compare(before, take(world, before), "nothing") == snapshot.Comparison((), ())


def test_housekeeping_of_the_repository_is_no_difference(world: World) -> None:
    before = take(world)
    world.git("gc", "--quiet", "--prune=now", at=world.checkout)
    world.git("pack-refs", "--all", at=world.checkout)
    world.git("update-server-info", at=world.checkout)
    assert compare(before, take(world, before), "nothing") == snapshot.Comparison((), ())


def test_the_output_file_of_a_reviewer_is_let_pass_at_the_top_alone(world: World) -> None:
    before = take(world)
    (world.path / ".codex-review-output.json").write_text("{}")
    assert compare(before, take(world, before), "nothing").differences == ()
    (world.path / "src/.codex-review-output.json").write_text("{}")
    (found,) = compare(before, take(world, before), "nothing").differences
    assert found.path == "src/.codex-review-output.json"


def test_other_refs_are_told_apart_and_what_waves_moved_is_not_told(world: World) -> None:
    before = take(world)
    made = world.commit("f", "f", at=world.checkout)
    world.git("branch", "new", at=world.checkout)
    world.git("tag", "v1", at=world.checkout)
    world.git("branch", "--delete", "sibling", at=world.checkout)
    world.git("update-ref", "refs/remotes/origin/main", made, at=world.checkout)
    world.git("update-ref", "refs/waves/batch/y/1", made, at=world.checkout)
    after = take(world, before)
    for allow in ("nothing", "own-work"):
        found = compare(before, after, allow)  # type: ignore[arg-type]
        assert found.differences == ()
        assert [one.what for one in found.foreign] == [
            f"branch main moved from {world.before} to {made}",
            f"branch new made at {made}",
            f"branch sibling deleted, was at {world.before}",
            f"remote branch origin/main made at {made}",
            f"tag v1 made at {made}",
            f"waves/batch/y/1 made at {made}",
        ]
    ours = [("refs/heads/main", made), ("refs/heads/sibling", git.ZERO), ("refs/remotes/origin/main", made)]
    left = compare(before, after, "nothing", ours).foreign
    assert [one.path for one in left] == ["refs/heads/new", "refs/tags/v1", "refs/waves/batch/y/1"]


def test_a_move_of_the_units_branch_by_waves_is_no_difference(world: World) -> None:
    before = take(world)
    by_name("commit_on_the_branch").act(world)
    made = git.resolve(world.main, f"refs/heads/{BRANCH}")
    assert compare(before, take(world, before), "nothing", [(f"refs/heads/{BRANCH}", str(made))]).differences == ()


@pytest.mark.parametrize("size", [entries.SMALL, entries.SMALL + 1])
def test_long_files_are_compared_too(world: World, size: int) -> None:
    paths = [world.path / name for name in ("long.txt", "long.log", "src/a.py")]
    for path in paths:
        path.write_bytes(b"x" * size)
    before = take(world)
    for path in paths:
        path.write_bytes(b"y" * size)
    found = compare(before, take(world, before), "nothing")
    assert [one.what for one in found.differences] == [
        "ignored file long.log changed",
        "untracked file long.txt changed",
        "tracked file src/a.py changed",
    ]


def test_a_file_as_old_as_the_last_look_is_read_again(world: World) -> None:
    """Its times can be the same, where the clock is coarse: the earlier snapshot is made to say so."""
    before = take(world)
    status = (world.path / "src/a.py").stat()
    (world.path / "src/a.py").write_text("eno\n")
    os.utime(world.path / "src/a.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    seen = before.files["src/a.py"]
    now = (world.path / "src/a.py").stat()
    same_times = entries.Entry(
        seen.kind, seen.mode, seen.size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino, seen.content
    )
    coarse = snapshot.Snapshot(
        before.taken_ns, {**before.files, "src/a.py": same_times}, before.closed, before.index, before.untracked,
        before.guarded, before.refs, before.unit_refs, before.origin, before.contents,
    )  # fmt: skip
    (found,) = compare(before, take(world, coarse), "nothing").differences
    assert found.what == "tracked file src/a.py changed"


def test_an_unchanged_file_is_not_read_again(world: World) -> None:
    before = take(world)
    after = take(world, replace(before, taken_ns=before.taken_ns + 2 * entries.TICK))
    assert all(after.files[path] is before.files[path] for path in before.files)
    assert after.contents == before.contents


def test_contents_are_kept_of_what_no_object_holds(world: World) -> None:
    kept = take(world).contents
    assert kept["src/b.py"] == b"dirty already\n"
    assert kept["notes/mine.txt"] == b"untracked\n"
    assert kept[".env"] == b"SECRET=1\n"
    assert "src/a.py" not in kept


def test_a_submodule_is_files(world: World) -> None:
    world.git("init", "--quiet", "sub")
    inner = world.commit("inner", "inner", at=world.path / "sub")
    world.git("update-index", "--add", "--cacheinfo", f"160000,{inner},sub")
    before = take(world)
    (world.path / "sub/inner").write_text("other")
    (found,) = compare(before, take(world, before), "nothing").differences
    assert found.path == "sub/inner"


def test_a_folder_that_may_not_be_read_is_told(world: World) -> None:
    before = take(world)
    (world.path / "notes").chmod(0)
    with without_root_powers():
        words = [one.what for one in compare(before, take(world, before), "nothing").differences]
    assert "folder notes can't be read any more" in words


def test_a_worktree_that_is_gone_is_told_without_a_crash(world: World) -> None:
    before = take(world)
    world.path.rename(world.folder / "gone")
    words = [one.what for one in compare(before, take(world, before), "nothing").differences]
    assert "the worktree's .git deleted" in words
    assert "tracked file src/a.py deleted" in words


def test_a_git_directory_that_is_gone_is_told_without_a_crash(world: World) -> None:
    before = take(world)
    world.worktree.git_dir.rename(world.folder / "gone")
    words = [one.what for one in compare(before, take(world, before), "nothing").differences]
    assert {"the worktree's HEAD deleted", "the worktree's gitdir deleted", "the index is damaged"} <= set(words)

"""What is put back, what is kept, and that nothing is written where a link leads."""

from __future__ import annotations

from pathlib import Path

import pytest
from changes import CHANGES, Change, begin, by_name, take
from worktree_world import World, make

from waves import git
from waves.agents.guard import entries, index, restore
from waves.agents.guard.snapshot import Snapshot, compare
from waves.foundation.errors import WavesError

KEPT = "refs/waves/batch/x/kept-1"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make(tmp_path)
    begin(made)
    return made


def put_back(world: World, before: Snapshot) -> tuple[str, ...]:
    found = compare(before, take(world, before), "nothing").differences
    return restore.restore(world.worktree, before, found, world.run / "removed")


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_every_change_is_put_back(world: World, change: Change) -> None:
    before = take(world)
    change.act(world)
    said = put_back(world, before)
    assert said
    assert not [line for line in said if line.startswith("not put back")]
    assert compare(before, take(world), "nothing").differences == ()
    world.git("fsck", "--strict", "--no-dangling", at=world.checkout)
    assert put_back(world, before) == ()


def test_all_changes_at_once_are_put_back(world: World) -> None:
    before = take(world)
    (world.path / "src/b.py").unlink()
    for name in ("put_a_folder_in_a_files_place", "add_files_with_odd_names", "make_a_nested_repository",
                 "hide_a_file", "commit_on_the_branch", "delete_a_hook", "change_what_is_ignored"):  # fmt: skip
        by_name(name).act(world)
    put_back(world, before)
    assert compare(before, take(world), "nothing").differences == ()


def test_what_was_new_or_stood_in_the_way_is_moved_and_not_deleted(world: World) -> None:
    before = take(world)
    (world.path / "notes/more.txt").write_text("new")
    (world.path / "src/a.py").write_text("edited")
    (world.path / "src/a.py").chmod(0o600)
    (world.checkout / ".git/hooks/pre-push").write_text("hook")
    put_back(world, before)
    removed = world.run / "removed"
    assert (removed / "tree/notes/more.txt").read_text() == "new"
    assert (removed / "tree/src/a.py").read_text() == "edited"
    assert (removed / "shared/hooks/pre-push").read_text() == "hook"
    (world.path / "notes/more.txt").write_text("newer")
    put_back(world, before)
    assert (removed / "tree/notes/more.txt.1").read_text() == "newer"


def test_other_branches_are_left_where_they_are(world: World) -> None:
    before = take(world)
    made = world.commit("f", "f", at=world.checkout)
    found = compare(before, take(world, before), "nothing")
    restore.restore(world.worktree, before, (*found.differences, *found.foreign), world.run / "removed")
    assert git.resolve(world.main, "refs/heads/main") == made


def test_nothing_is_written_through_a_link(world: World) -> None:
    outside = world.folder / "outside"
    outside.mkdir()
    before = take(world)
    for name in ("src", "notes"):
        (world.path / name).rename(world.folder / name)
        (world.path / name).symlink_to(outside)
    hooks = world.checkout / ".git/hooks"
    hooks.rename(world.folder / "hooks")
    hooks.symlink_to(outside)
    differences = [one for one in compare(before, take(world, before), "nothing").differences
                   if one.path not in {"src", "notes", "shared/hooks"}]  # fmt: skip
    said = restore.restore(world.worktree, before, differences, world.run / "removed")
    assert list(outside.iterdir()) == []
    assert sum(line.startswith("not put back: ") for line in said) == 4
    put_back(world, before)
    assert list(outside.iterdir()) == []
    assert compare(before, take(world), "nothing").differences == ()


def test_what_was_too_long_to_keep_is_named(world: World) -> None:
    (world.path / "long.log").write_bytes(b"x" * (entries.SMALL + 1))
    before = take(world)
    (world.path / "long.log").write_bytes(b"short")
    assert put_back(world, before) == ("not put back: long.log: its content was not kept",)
    assert (world.path / "long.log").read_bytes() == b"short"


def test_a_folder_closed_to_its_owner_is_opened_again(world: World) -> None:
    before = take(world)
    (world.path / "notes/mine.txt").write_text("changed")
    (world.path / "notes").chmod(0o000)
    put_back(world, before)
    put_back(world, before)
    assert compare(before, take(world), "nothing").differences == ()


def test_a_new_folder_closed_to_its_owner_is_moved(world: World) -> None:
    before = take(world)
    (world.path / "dark").mkdir()
    (world.path / "dark/f").write_text("f")
    (world.path / "dark").chmod(0o000)
    put_back(world, before)
    put_back(world, before)
    assert compare(before, take(world), "nothing").differences == ()
    assert not (world.path / "dark").exists()


def test_a_large_change_is_put_back(world: World) -> None:
    for number in range(300):
        (world.path / "src" / f"f{number}").write_text(f"{number}\n")
    world.git("add", "--all")
    world.git("commit", "--quiet", "--message", "many")
    before = take(world)
    by_name("delete_a_folder").act(world)
    put_back(world, before)
    assert compare(before, take(world), "nothing").differences == ()


# ---- keep


def files(world: World, commit: str) -> dict[str, bytes]:
    return {path: git.file_at(world.main, commit, path) or b"" for path in git.files_at(world.main, commit)}


def test_a_clean_worktree_needs_no_keeping(tmp_path: Path) -> None:
    world = make(tmp_path)
    (world.path / "x.log").write_text("ignored")
    assert restore.keep(world.worktree, KEPT) is None
    assert git.refs(world.main, "refs/waves") == {}


def test_all_that_is_uncommitted_is_kept_and_nothing_is_touched(world: World) -> None:
    (world.path / "src/a.py").unlink()
    (world.path / "staged").write_text("staged")
    world.git("add", "staged")
    before = take(world)
    raw = index.index_of(world.worktree).read_bytes()
    made = restore.keep(world.worktree, KEPT)
    assert made is not None
    kept = files(world, made)
    assert kept["src/b.py"] == b"dirty already\n"
    assert kept["notes/mine.txt"] == b"untracked\n"
    assert kept["staged"] == b"staged"
    assert kept["way"] == b"src/a.py"
    assert kept["line\nbreak"] == rb"odd 'line\nbreak'"
    assert kept["b\udcffd"] == rb"odd 'b\udcffd'"
    assert kept["-rf"] == b"odd '-rf'"
    assert "src/a.py" not in kept
    assert ".env" not in kept
    assert git.refs(world.main, "refs/waves") == {KEPT: made}
    assert git.is_ancestor(world.main, world.before, made)
    assert index.index_of(world.worktree).read_bytes() == raw
    assert compare(before, take(world), "own-work").differences == ()
    assert [one.path for one in compare(before, take(world), "nothing").differences] == [KEPT]


def test_what_only_the_index_holds_is_kept(tmp_path: Path) -> None:
    world = make(tmp_path)
    (world.path / "src/a.py").write_text("staged\n")
    world.git("add", "src/a.py")
    (world.path / "src/a.py").write_text("one\n")
    made = restore.keep(world.worktree, KEPT)
    assert made is not None
    assert files(world, made)["src/a.py"] == b"one\n"
    assert files(world, f"{made}^2")["src/a.py"] == b"staged\n"


def test_hidden_files_are_kept(world: World) -> None:
    by_name("hide_files_and_edit_them").act(world)
    made = restore.keep(world.worktree, KEPT)
    assert made is not None
    assert (files(world, made)["src/a.py"], files(world, made)["src/b.py"]) == (b"unseen", b"unseen")


def test_keeping_twice_is_keeping_once_and_other_work_is_refused(world: World) -> None:
    made = restore.keep(world.worktree, KEPT)
    assert restore.keep(world.worktree, KEPT) == made
    (world.path / "src/a.py").write_text("more")
    with pytest.raises(WavesError, match=f"{KEPT} keeps something else already"):
        restore.keep(world.worktree, KEPT)


def test_line_endings_that_git_changes_are_no_work(tmp_path: Path) -> None:
    world = make(tmp_path)
    world.git("config", "core.autocrlf", "true")
    (world.path / "src/a.py").write_bytes(b"one\r\n")
    assert restore.keep(world.worktree, KEPT) is None


@pytest.mark.parametrize("name", ["wreck_the_index", "delete_the_branch", "put_a_folder_in_a_files_place",
                                  "put_a_link_in_a_folders_place", "make_a_nested_repository"])  # fmt: skip
def test_work_is_kept_whatever_else_was_done(world: World, name: str) -> None:
    by_name(name).act(world)
    made = restore.keep(world.worktree, KEPT)
    assert made is not None
    assert files(world, made)["notes/mine.txt"] == b"untracked\n"
    (world.worktree.git_dir / "index").unlink(missing_ok=True)  # newer versions of fsck look at it as well
    world.git("fsck", "--strict", "--no-dangling", at=world.checkout)


def test_a_pipe_where_git_reads_is_refused_with_its_name(world: World) -> None:
    by_name("put_a_pipe_where_git_reads").act(world)
    with pytest.raises(WavesError, match=r"'\.gitignore' is a pipe or a device where git reads a file; remove it"):
        restore.keep(world.worktree, KEPT)


def test_no_program_runs_while_work_is_kept(world: World) -> None:
    trace, program = world.folder / "it-ran", world.folder / "program"
    program.write_text(f"#!/bin/sh\ntouch {trace}\ncat\n")
    program.chmod(0o755)
    world.git("config", "extensions.worktreeConfig", "true", at=world.checkout)
    (world.worktree.git_dir / "config.worktree").write_text(
        f'[core]\n\tfsmonitor = {program}\n[filter "x"]\n\tclean = {program}\n'
    )
    (world.path / ".gitattributes").write_text("* filter=x\n")
    restore.keep(world.worktree, KEPT)
    before = take(world)
    (world.path / "src/a.py").write_text("other")
    put_back(world, before)
    assert not trace.exists()
    world.git("add", "src/b.py")
    assert trace.exists()

"""Everything that an agent could change around its worktree, each with the words that must tell it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass

from worktree_world import BRANCH, World

from waves.agents.guard import snapshot
from waves.foundation.text import shown

UNIT_REFS = (f"refs/heads/{BRANCH}", "refs/waves/batch/x/*")
ODD_NAMES = ("line\nbreak", "-rf", "--force", "tab\there", ' "quoted" ', "b\udcffd", "*", "é")


@dataclass(frozen=True)
class Change:
    act: Callable[[World], object]
    words: tuple[str, ...]  # of all differences, in their order; {0} and {1} are the worktree's commit and the new one
    own_work: bool = False  # an implementer may do it

    @property
    def name(self) -> str:
        return self.act.__name__


CHANGES: list[Change] = []


def change(*words: str, own_work: bool = False) -> Callable[[Callable[[World], object]], Callable[[World], object]]:
    def add(act: Callable[[World], object]) -> Callable[[World], object]:
        CHANGES.append(Change(act, words, own_work))
        return act

    return add


def begin(world: World) -> None:
    """Files of every kind, so that each change has something to change."""
    (world.path / "src/b.py").write_text("dirty already\n")
    (world.path / "notes").mkdir()
    (world.path / "notes/mine.txt").write_text("untracked\n")
    (world.path / ".env").write_text("SECRET=1\n")
    (world.path / "empty").mkdir()
    (world.path / "way").symlink_to("src/a.py")
    (world.path / "out").symlink_to(world.folder)
    for name in ODD_NAMES:
        (world.path / name).write_text(f"odd {name!a}")
    hook = world.checkout / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 0\n")
    hook.chmod(0o755)
    (world.checkout / ".git/info").mkdir(exist_ok=True)
    (world.checkout / ".git/info/exclude").write_text("*.tmp\n")
    for name, flag in (("hidden.py", "--assume-unchanged"), ("absent.py", "--skip-worktree")):
        (world.path / name).write_text(f"{name}\n")
        world.git("add", name)
        world.git("update-index", flag, name)
    world.git("branch", "sibling", at=world.checkout)


def take(world: World, previous: snapshot.Snapshot | None = None) -> snapshot.Snapshot:
    return snapshot.take(world.worktree, UNIT_REFS, previous)


# ---- files


@change("tracked file src/a.py changed", own_work=True)
def edit_a_tracked_file(world: World) -> None:
    (world.path / "src/a.py").write_text("other\n")


@change("tracked file src/b.py changed", own_work=True)
def edit_a_file_already_dirty(world: World) -> None:
    (world.path / "src/b.py").write_text("more dirty\n")


@change("tracked file src/a.py changed", own_work=True)
def edit_without_a_trace_in_size_and_time(world: World) -> None:
    path = world.path / "src/a.py"
    status = path.stat()
    path.write_text("eno\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@change("tracked file src/a.py deleted", own_work=True)
def delete_a_tracked_file(world: World) -> None:
    (world.path / "src/a.py").unlink()


@change("tracked file src/a.py deleted", "tracked file src/b.py deleted", own_work=True)
def delete_a_folder(world: World) -> None:
    for path in (world.path / "src").iterdir():
        path.unlink()
    (world.path / "src").rmdir()


@change("new untracked file notes/more.txt", own_work=True)
def add_a_file_in_an_untracked_folder(world: World) -> None:
    (world.path / "notes/more.txt").write_text("new")


@change("untracked file notes/mine.txt changed", own_work=True)
def edit_an_untracked_file(world: World) -> None:
    (world.path / "notes/mine.txt").write_text("gone")


@change("untracked file notes/mine.txt deleted", own_work=True)
def delete_an_untracked_file(world: World) -> None:
    (world.path / "notes/mine.txt").unlink()


@change("ignored file .env deleted", own_work=True)
def delete_an_ignored_file(world: World) -> None:
    (world.path / ".env").unlink()


@change("ignored file .env changed", "new ignored file x.log", own_work=True)
def change_and_add_ignored_files(world: World) -> None:
    (world.path / ".env").write_text("SECRET=2\n")
    (world.path / "x.log").write_text("log")


@change("tracked file src/a.py changed its mode from 644 to 755", own_work=True)
def make_a_file_executable(world: World) -> None:
    (world.path / "src/a.py").chmod(0o755)


@change("untracked link way changed", own_work=True)
def turn_a_link_elsewhere(world: World) -> None:
    (world.path / "way").unlink()
    (world.path / "way").symlink_to("/etc/passwd")


@change("tracked file src/a.py was a file and is a link now", own_work=True)
def put_a_link_in_a_files_place(world: World) -> None:
    (world.path / "src/a.py").unlink()
    (world.path / "src/a.py").symlink_to("b.py")


@change(
    "folder src was a folder and is a link now", "tracked file src/a.py deleted", "tracked file src/b.py deleted",
    own_work=True,
)  # fmt: skip
def put_a_link_in_a_folders_place(world: World) -> None:
    outside = world.folder / "outside"
    (world.path / "src").rename(outside)
    (world.path / "src").symlink_to(outside)


@change("tracked file src/a.py was a file and is a folder now", "new untracked file src/a.py/in/it", own_work=True)
def put_a_folder_in_a_files_place(world: World) -> None:
    (world.path / "src/a.py").unlink()
    (world.path / "src/a.py/in").mkdir(parents=True)
    (world.path / "src/a.py/in/it").write_text("new")


@change("folder empty was a folder and is a file now", own_work=True)
def put_a_file_in_a_folders_place(world: World) -> None:
    (world.path / "empty").rmdir()
    (world.path / "empty").write_text("file")


@change("folder empty deleted", "new folder void", own_work=True)
def make_and_delete_empty_folders(world: World) -> None:
    (world.path / "empty").rmdir()
    (world.path / "void").mkdir()


@change("folder notes changed its mode from 755 to 700", own_work=True)
def change_a_folders_mode(world: World) -> None:
    (world.path / "notes").chmod(0o700)


@change("new special file pipe", "new special file sock", own_work=True)
def make_a_pipe_and_a_socket(world: World) -> None:
    os.mkfifo(world.path / "pipe")
    handle = os.open(world.path, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"/proc/self/fd/{handle}/sock")
    os.close(handle)


@change("tracked file .gitignore was a file and is no file of any kind now", own_work=True)
def put_a_pipe_where_git_reads(world: World) -> None:
    (world.path / ".gitignore").unlink()
    os.mkfifo(world.path / ".gitignore")


@change(*(f"untracked file {shown(name)} changed" for name in sorted(ODD_NAMES)), own_work=True)
def change_files_with_odd_names(world: World) -> None:
    for name in ODD_NAMES:
        (world.path / name).write_text("other")


@change(r"new untracked file 'new\nline'", r"new untracked file 'new\udcffline'", own_work=True)
def add_files_with_odd_names(world: World) -> None:
    (world.path / "new\nline").write_text("")
    (world.path / "new\udcffline").write_text("")


@change(
    "new untracked file nested/.git/HEAD", "new untracked file nested/.git/config", "new untracked file nested/f",
    own_work=True,
)  # fmt: skip
def make_a_nested_repository(world: World) -> None:
    git_dir = world.path / "nested/.git"
    for folder in ("objects", "refs"):
        (git_dir / folder).mkdir(parents=True)
    for folder in ("objects", "refs"):
        (git_dir / folder).rmdir()
    (git_dir / "HEAD").write_text("ref: refs/heads/main\n")
    (git_dir / "config").write_text("")
    (world.path / "nested/f").write_text("")


# ---- git's own


@change("src/b.py changed in the index", own_work=True)
def stage_a_change(world: World) -> None:
    world.git("add", "src/b.py")


@change("src/a.py removed from the index", own_work=True)
def edit_the_index_alone(world: World) -> None:
    world.git("rm", "--quiet", "--cached", "src/a.py")


@change("src/b.py marked assume-unchanged in the index", own_work=True)
def hide_a_file(world: World) -> None:
    world.git("update-index", "--assume-unchanged", "src/b.py")


@change(
    "src/a.py marked skip-worktree in the index", "src/b.py marked assume-unchanged in the index",
    "tracked file src/a.py changed", "tracked file src/b.py changed", own_work=True,
)  # fmt: skip
def hide_files_and_edit_them(world: World) -> None:
    world.git("update-index", "--assume-unchanged", "src/b.py")
    world.git("update-index", "--skip-worktree", "src/a.py")
    (world.path / "src/a.py").write_text("unseen")
    (world.path / "src/b.py").write_text("unseen")


@change("hidden.py no longer marked assume-unchanged or skip-worktree in the index", own_work=True)
def show_a_hidden_file(world: World) -> None:
    world.git("update-index", "--no-assume-unchanged", "hidden.py")


@change("absent.py no longer marked assume-unchanged or skip-worktree in the index", own_work=True)
def show_an_absent_file(world: World) -> None:
    world.git("update-index", "--no-skip-worktree", "absent.py")


@change("notes/mine.txt added to the index", own_work=True)
def mean_to_add_a_file(world: World) -> None:
    world.git("add", "notes/mine.txt")


@change("the index is damaged", own_work=True)
def wreck_the_index(world: World) -> None:
    (world.worktree.git_dir / "index").write_bytes(b"nonsense")


@change("HEAD changed from 'ref: refs/heads/feat/x' to 'ref: refs/heads/sibling'", own_work=True)
def switch_to_another_branch_at_the_same_commit(world: World) -> None:
    world.git("symbolic-ref", "HEAD", "refs/heads/sibling")


@change("branch feat/x moved from {0} to {1}", own_work=True)
def commit_on_the_branch(world: World) -> None:
    world.git("commit", "--quiet", "--allow-empty", "--no-verify", "--message", "x")


@change("branch feat/x deleted, was at {0}", own_work=True)
def delete_the_branch(world: World) -> None:
    world.git("update-ref", "-d", f"refs/heads/{BRANCH}")


@change("waves/batch/x/9 made at {0}", own_work=True)
def make_one_of_the_units_refs(world: World) -> None:
    world.git("update-ref", "refs/waves/batch/x/9", "HEAD")


@change("the repository's config changed")
def change_the_settings(world: World) -> None:
    world.git("config", "core.fsmonitor", "/bin/false")


@change("hook pre-push added")
def add_a_hook(world: World) -> None:
    (world.checkout / ".git/hooks/pre-push").write_text("#!/bin/sh\n")


@change("hook pre-commit changed")
def change_a_hook(world: World) -> None:
    (world.checkout / ".git/hooks/pre-commit").write_text("#!/bin/sh\nrm -rf /\n")


@change("hook pre-commit changed its mode from 755 to 644")
def disarm_a_hook(world: World) -> None:
    (world.checkout / ".git/hooks/pre-commit").chmod(0o644)


@change("hook pre-commit deleted")
def delete_a_hook(world: World) -> None:
    (world.checkout / ".git/hooks/pre-commit").unlink()


@change("hooks was a folder and is a link now", "hook pre-commit deleted")
def put_other_hooks_in_their_place(world: World) -> None:
    hooks = world.checkout / ".git/hooks"
    hooks.rename(world.folder / "hooks")
    hooks.symlink_to(world.folder / "hooks")


@change("info/attributes added", "info/exclude changed")
def change_what_is_ignored(world: World) -> None:
    (world.checkout / ".git/info/exclude").write_text("other\n")
    (world.checkout / ".git/info/attributes").write_text("* filter=x\n")


@change("objects/info/alternates added")
def add_an_alternate(world: World) -> None:
    (world.checkout / ".git/objects/info/alternates").write_text("/nowhere\n")


@change("the worktree's commondir changed", "the worktree's config.worktree added", "the worktree's gitdir changed")
def redirect_the_worktree(world: World) -> None:
    (world.worktree.git_dir / "commondir").write_text("/elsewhere\n")
    (world.worktree.git_dir / "gitdir").write_text("/elsewhere/.git\n")
    (world.worktree.git_dir / "config.worktree").write_text("[core]\n\tfsmonitor = /bin/false\n")


@change("the worktree's .git changed")
def redirect_the_git_file(world: World) -> None:
    (world.path / ".git").write_text("gitdir: /elsewhere\n")


@change("the worktree's .git was a file and is a folder now")
def put_a_repository_in_the_git_files_place(world: World) -> None:
    (world.path / ".git").unlink()
    world.git("init", "--quiet")


def by_name(name: str) -> Change:
    return next(one for one in CHANGES if one.name == name)

"""The git package on real repositories: compare-and-swap, no program of anybody's, locks of the dead."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from waves import git
from waves.foundation.errors import GitError, UsageError
from waves.git import Repository

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "ana@example.org",
    "GIT_COMMITTER_NAME": "Ana", "GIT_COMMITTER_EMAIL": "ana@example.org",
}  # fmt: skip


@pytest.fixture
def origin(tmp_path: Path) -> Repository:
    return git.init(tmp_path / "origin.git", bare=True)


@pytest.fixture
def repository(tmp_path: Path, origin: Repository) -> Repository:
    """A checkout with one commit on main, pushed."""
    found = git.init(tmp_path / "checkout")
    commit(found, "a.txt", "one\n")
    git.call(found, "remote", "add", "origin", str(origin.git_dir))
    assert git.push(found, head(found), "main", "")
    return found


def commit(repository: Repository, name: str, text: str) -> str:
    assert repository.work_tree is not None
    (repository.work_tree / name).write_text(text)
    return git.commit_all(repository, f"write {name}\n", IDENTITY)


def head(repository: Repository) -> str:
    found = git.resolve(repository, "HEAD")
    assert found is not None
    return found


# ---- refs


def test_a_ref_is_found_loose_and_packed_and_one_that_is_not_there_is_none(repository: Repository) -> None:
    at = head(repository)
    assert git.resolve(repository, "refs/heads/main") == at
    git.call(repository, "pack-refs", "--all")
    assert not (repository.common_dir / "refs/heads/main").exists()
    assert git.resolve(repository, "refs/heads/main") == at
    assert git.resolve(repository, "refs/heads/other") is None
    assert git.resolve(repository, "refs/heads/../heads/main") is None


def test_a_loose_ref_with_anything_but_an_id_is_left_to_git(repository: Repository) -> None:
    (repository.common_dir / "refs/heads/link").write_text("ref: refs/heads/main\n")
    assert git.resolve(repository, "refs/heads/link") == head(repository)
    (repository.common_dir / "refs/heads/torn").write_text("abc")
    assert git.resolve(repository, "refs/heads/torn") is None


def test_an_id_is_one_of_a_commit_loose_or_packed_or_names_none(repository: Repository) -> None:
    at = head(repository)
    tree = git.tree_of(repository, at)
    assert (git.resolve(repository, at), git.resolve(repository, tree)) == (at, None)
    (repository.common_dir / "objects" / "ab").mkdir(exist_ok=True)
    (repository.common_dir / "objects" / "ab" / ("c" * 38)).write_bytes(b"torn")
    assert git.resolve(repository, "ab" + "c" * 38) is None
    (repository.common_dir / "objects" / "ab" / ("c" * 38)).unlink()
    git.call(repository, "repack", "-adq")
    assert not (repository.common_dir / "objects" / at[:2] / at[2:]).exists()
    assert (git.resolve(repository, at), git.resolve(repository, tree)) == (at, None)


def test_a_ref_moves_only_from_where_it_is_expected(repository: Repository) -> None:
    first = head(repository)
    second = commit(repository, "b.txt", "two\n")
    git.update_ref(repository, "refs/heads/side", first, git.ZERO)
    with pytest.raises(GitError, match="refs/heads/side exists already"):
        git.update_ref(repository, "refs/heads/side", second, git.ZERO)
    git.update_ref(repository, "refs/heads/side", second, first)
    with pytest.raises(GitError, match="but expected"):
        git.delete_ref(repository, "refs/heads/side", first)
    assert git.resolve(repository, "refs/heads/side") == second


# ---- remotes


def test_a_push_moves_a_branch_only_from_where_it_is_expected(repository: Repository, origin: Repository) -> None:
    first = head(repository)
    second = commit(repository, "b.txt", "two\n")
    assert not git.push(repository, second, "main", second)
    assert not git.push(repository, second, "main", "")
    assert git.resolve(origin, "refs/heads/main") == first
    assert git.push(repository, second, "main", first)
    assert git.remote_heads(repository, "main") == {"main": second}


def test_refs_are_pushed_all_or_none(repository: Repository, origin: Repository) -> None:
    assert git.push(repository, head(repository), "taken", "")
    at = commit(repository, "b.txt", "two\n")
    moves = {"refs/heads/new": (at, ""), "refs/heads/taken": (at, "")}
    assert not git.push_refs(repository, moves)
    assert git.remote_refs(repository, "refs/heads/new") == {}
    assert git.push_refs(repository, {"refs/heads/new": (at, ""), "refs/waves/claim": (at, "")})
    assert git.remote_refs(repository, "refs/heads/new", "refs/waves/claim").keys() == {
        "refs/heads/new", "refs/waves/claim",
    }  # fmt: skip


def test_a_branch_is_deleted_on_the_remote_only_where_it_is_expected(repository: Repository) -> None:
    first = head(repository)
    second = commit(repository, "b.txt", "two\n")
    assert git.push(repository, second, "fix/x", "")
    assert not git.push_refs(repository, {"refs/heads/fix/x": ("", first)})
    assert git.push_refs(repository, {"refs/heads/fix/x": ("", second)})
    assert git.remote_heads(repository, "fix/x") == {}


def test_a_remote_that_is_not_there_says_so_in_gits_words(repository: Repository) -> None:
    git.call(repository, "remote", "set-url", "origin", "/nowhere/at/all")
    with pytest.raises(GitError, match="origin is no repository, or one that you may not see"):
        git.fetch(repository, ["main"])


def test_only_the_base_is_fetched_and_nothing_else_is_left(repository: Repository) -> None:
    git.fetch(repository, ["main"])
    assert git.resolve(repository, "refs/remotes/origin/main") == head(repository)
    assert not (repository.common_dir / "FETCH_HEAD").exists()


# ---- nobody's programs


def planted(folder: Path, name: str) -> tuple[Path, Path]:
    """A program, and the file that it makes when it runs."""
    program, trace = folder / name, folder / f"{name}.ran"
    program.write_text(f"#!/bin/sh\ntouch {trace}\ncat\n")
    program.chmod(0o755)
    return program, trace


@pytest.mark.parametrize(
    "hook", ["post-checkout", "pre-commit", "pre-push", "reference-transaction", "post-index-change"]
)
def test_no_hook_runs(repository: Repository, tmp_path: Path, hook: str) -> None:
    program, trace = planted(tmp_path, "hook")
    (repository.common_dir / "hooks").mkdir(exist_ok=True)
    program.rename(repository.common_dir / "hooks" / hook)
    new = commit(repository, "b.txt", "two\n")
    git.add_worktree(repository, tmp_path / "tree", new)
    assert git.push(repository, new, "side", "")
    assert not trace.exists()


PROGRAMS = (
    "core.fsmonitor", "diff.external", "filter.evil.clean", "filter.evil.smudge", "diff.evil.textconv",
    "merge.evil.driver", "core.pager", "core.sshCommand",
)  # fmt: skip


@pytest.mark.parametrize("setting", PROGRAMS)
def test_no_program_of_the_configuration_runs(repository: Repository, tmp_path: Path, setting: str) -> None:
    program, trace = planted(tmp_path, "program")
    git.call(repository, "config", setting, str(program))
    base = commit(repository, ".gitattributes", "*.txt filter=evil diff=evil merge=evil\n")
    git.update_ref(repository, "refs/heads/side", base, git.ZERO)
    mine = commit(repository, "a.txt", "mine\n")
    git.add_worktree(repository, tmp_path / "tree", base)
    tree = git.worktree_of(repository, tmp_path / "tree")
    assert tree is not None
    theirs = commit(tree, "a.txt", "theirs\n")
    assert git.merge_tree(repository, mine, theirs).conflicts == ("a.txt",)
    assert [one.path for one in git.patches(repository, base, mine)]
    assert git.uncommitted(tree) == []
    assert not trace.exists()


# ---- merging


def test_a_merge_is_predicted_without_touching_anything(repository: Repository, tmp_path: Path) -> None:
    base = head(repository)
    mine = commit(repository, "b.txt", "mine\n")
    git.add_worktree(repository, tmp_path / "tree", base)
    tree = git.worktree_of(repository, tmp_path / "tree")
    assert tree is not None
    other = commit(tree, "c.txt", "other\n")
    clean = git.merge_tree(repository, mine, other)
    assert clean.tree is not None
    assert set(git.files_at(repository, clean.tree)) == {"a.txt", "b.txt", "c.txt"}
    assert head(repository) == mine


def test_a_bad_name_is_no_conflict(repository: Repository) -> None:
    with pytest.raises(GitError, match="merge-tree"):
        git.merge_tree(repository, "no-such-commit", head(repository))


# ---- locks


def test_the_lock_of_a_git_that_is_dead_is_cleared(repository: Repository) -> None:
    first = head(repository)
    lock = repository.common_dir / "refs/heads/side.lock"
    lock.write_text("")
    os.utime(lock, (1, 1))  # older than any git that lives now
    git.update_ref(repository, "refs/heads/side", first, git.ZERO)
    assert git.resolve(repository, "refs/heads/side") == first


def test_the_lock_of_a_git_that_may_live_is_respected(repository: Repository) -> None:
    lock = repository.common_dir / "refs/heads/side.lock"
    with subprocess.Popen(["git", "hash-object", "--stdin"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as other:
        lock.write_text("")
        with pytest.raises(GitError, match="another git works in the repository, or one died there"):
            git.update_ref(repository, "refs/heads/side", head(repository), git.ZERO)
        assert other.poll() is None
        assert lock.exists()
        assert other.stdin is not None
        other.stdin.close()


# ---- where to look


def test_a_folder_without_a_repository_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a git repository; run `git init`"):
        git.discover(tmp_path)
    with pytest.raises(UsageError, match="there is no such folder"):
        git.discover(tmp_path / "nowhere")


def test_a_repository_that_git_refuses_is_reported_in_gits_words(repository: Repository) -> None:
    (repository.common_dir / "config").write_text("[core]\n\trepositoryformatversion = 99\n")
    assert repository.work_tree is not None
    with pytest.raises(UsageError, match="Expected git repo version"):
        git.discover(repository.work_tree)


def test_the_environment_of_the_person_does_not_lead_git_elsewhere(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert git.discover(repository.work_tree or tmp_path).common_dir == repository.common_dir
    assert git.uncommitted(repository) == []

"""The change manifest and the merge on real repositories, where attributes and settings say otherwise."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from small_repository import IDENTITY, commit, head

from waves import git
from waves.git import ChangedPath, Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = git.init(tmp_path / "checkout")
    commit(found, {"a.txt": b"one\ntwo\n"})
    return found


def changed(repository: Repository, old: str, new: str) -> dict[str, ChangedPath]:
    return {one.path: one for one in git.manifest(repository, old, new)}


def raw(repository: Repository, *arguments: str, **environment: str) -> str:
    """git as the person runs it, with all attributes and settings."""
    done = subprocess.run(
        ["git", *arguments], cwd=repository.work_tree, env=os.environ | IDENTITY | environment, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


# ---- the manifest


def test_each_path_has_ids_modes_sizes_and_lines(repository: Repository) -> None:
    assert repository.work_tree is not None
    old = commit(repository, {"gone.txt": b"x\n", "run.sh": b"#!/bin/sh\n"})
    (repository.work_tree / "run.sh").chmod(0o755)
    (repository.work_tree / "link").symlink_to("a.txt")
    new = commit(repository, {"a.txt": b"one\nthree\nfour\n", "gone.txt": None, "new\n.bin": b"\0\n\n"})
    found = changed(repository, old, new)
    assert {path: (one.status, one.kind) for path, one in found.items()} == {
        "a.txt": ("modified", "file"), "gone.txt": ("deleted", ""), "link": ("added", "symlink"),
        "new\n.bin": ("added", "file"), "run.sh": ("modified", "executable"),
    }  # fmt: skip
    a, binary = found["a.txt"], found["new\n.bin"]
    assert (a.old, a.new) == tuple(raw(repository, "rev-parse", f"{one}:a.txt") for one in (old, new))
    assert (a.old_size, a.size, a.added, a.deleted, a.binary) == (8, 15, 2, 1, False)
    assert (binary.size, binary.added, binary.binary, set(binary.old)) == (3, 2, True, {"0"})


def test_no_attribute_or_setting_takes_a_path_or_a_line_out_of_the_manifest(repository: Repository) -> None:
    assert repository.work_tree is not None
    old = head(repository)
    before = {"sub": "1" * 40}
    git.call(repository, "update-index", "--add", "--cacheinfo", f"160000,{before['sub']},sub")
    (repository.work_tree / ".gitmodules").write_text('[submodule "sub"]\n\tpath = sub\n\turl = x\n\tignore = all\n')
    (repository.work_tree / ".gitattributes").write_text("* -diff -text\n")
    git.call(repository, "add", ".gitmodules", ".gitattributes")
    old = _written(repository, old)
    git.call(repository, "update-index", "--add", "--cacheinfo", f"160000,{'2' * 40},sub")
    (repository.work_tree / "a.txt").write_bytes(b"one\nTWO\n")
    (repository.work_tree / "b.txt").write_bytes(b"one\ntwo\n")
    git.call(repository, "add", "a.txt", "b.txt")
    (repository.common_dir / "info").mkdir(exist_ok=True)
    (repository.common_dir / "info" / "attributes").write_text("* -diff\n")
    for name, value in (("diff.ignoreSubmodules", "all"), ("diff.renames", "copies"), ("diff.renameLimit", "1"),
                        ("diff.orderFile", "/nowhere"), ("diff.noprefix", "true"), ("diff.relative", "true"),
                        ("submodule.sub.ignore", "all"), ("core.quotePath", "true")):  # fmt: skip
        git.call(repository, "config", name, value)
    new = _written(repository, old)
    found = changed(repository, old, new)
    assert sorted(found) == ["a.txt", "b.txt", "sub"]
    assert (found["a.txt"].added, found["a.txt"].deleted, found["a.txt"].binary) == (1, 1, False)
    assert (found["sub"].old, found["sub"].new, found["sub"].kind) == ("1" * 40, "2" * 40, "submodule")
    assert [one.path for one in git.changes(repository, old, new)] == ["a.txt", "b.txt", "sub"]


def _written(repository: Repository, parent: str) -> str:
    """A commit of the index as it is: `git add --all` would drop the submodule that is not checked out."""
    tree = raw(repository, "write-tree")
    made = git.commit_tree(repository, tree, [parent], "change\n", IDENTITY)
    git.call(repository, "update-ref", "HEAD", made)
    return made


def test_a_blob_that_is_too_long_to_be_looked_at_is_listed_with_its_size(repository: Repository) -> None:
    old = head(repository)
    size = git.BIG + 1
    new = commit(repository, {"long.txt": b"x" * (size - 1) + b"\n"})
    (only,) = git.manifest(repository, old, new)
    assert (only.path, only.size, only.counted, only.binary) == ("long.txt", size, False, True)


@pytest.mark.parametrize("kind", ["sha256", "shallow"])
def test_other_hashes_and_shallow_clones_have_a_manifest_and_a_merge(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "source"
    subprocess.run(
        ["git", "init", "-q", "-b", "main", "--object-format", "sha256" if kind == "sha256" else "sha1", source],
        check=True,
    )  # fmt: skip
    repository = git.discover(source)
    for number in range(3):
        base = commit(repository, {"a.txt": b"%d\n" % number})
    if kind == "shallow":
        subprocess.run(["git", "clone", "-q", "--depth=2", f"file://{source}", tmp_path / "clone"], check=True)
        repository = git.discover(tmp_path / "clone")
    new = commit(repository, {"b.txt": b"b\n"})
    assert [one.path for one in git.manifest(repository, base, new)] == ["b.txt"]
    assert git.merge_tree(repository, base, new).tree == git.tree_of(repository, new)


# ---- the merge


def two_sides(repository: Repository, path: str, mine: bytes, theirs: bytes) -> tuple[str, str]:
    """Two commits from the present head that both change one file."""
    start = head(repository)
    one = commit(repository, {path: mine})
    git.call(repository, "reset", "-q", "--hard", start)
    other = commit(repository, {path: theirs})
    git.call(repository, "reset", "-q", "--hard", start)
    return one, other


@pytest.mark.parametrize("attribute", ["merge=union", "merge=ours", "merge=binary", "-merge", "merge=custom"])
@pytest.mark.parametrize("source", ["tree", "info", "global", "default"])
def test_no_merge_attribute_changes_a_merge(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attribute: str, source: str
) -> None:
    commit(repository, {"log.txt": b"1\n2\n3\n4\n5\n6\n7\n8\n9\n"})
    git.call(repository, "config", "merge.custom.driver", "true")
    line = f"log.txt {attribute}\n"
    if source == "tree":
        commit(repository, {".gitattributes": line.encode()})
    elif source == "info":
        (repository.common_dir / "info").mkdir(exist_ok=True)
        (repository.common_dir / "info" / "attributes").write_text(line)
    elif source == "global":
        (tmp_path / "config" / "git").mkdir(parents=True)
        (tmp_path / "config" / "git" / "attributes").write_text(line)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    else:
        git.call(repository, "config", "merge.default", attribute.rpartition("=")[2].removeprefix("-"))
    same, place = two_sides(repository, "log.txt", b"one\n2\n3\n4\n5\n6\n7\n8\n9\n", b"uno\n2\n3\n4\n5\n6\n7\n8\n9\n")
    assert git.merge_tree(repository, same, place).conflicts == ("log.txt",)
    apart, there = two_sides(repository, "log.txt", b"1\n2\n3\n4\n5\n6\n7\n8\nnine\n", b"1st\n2\n3\n4\n5\n6\n7\n8\n9\n")
    merged = git.merge_tree(repository, apart, there).tree
    assert merged is not None
    assert git.file_at(repository, merged, "log.txt") == b"1st\n2\n3\n4\n5\n6\n7\n8\nnine\n"


def test_a_partial_clone_fetches_what_a_merge_needs(repository: Repository, tmp_path: Path) -> None:
    git.call(repository, "config", "uploadpack.allowFilter", "true")
    commit(repository, {"log.txt": b"1\n2\n3\n4\n5\n6\n7\n8\n9\n"})
    one, other = two_sides(repository, "log.txt", b"1\n2\n3\n4\n5\n6\n7\n8\nnine\n", b"1st\n2\n3\n4\n5\n6\n7\n8\n9\n")
    for name, oid in (("one", one), ("other", other)):
        git.update_ref(repository, f"refs/heads/{name}", oid, git.ZERO)
    clone = ["git", "clone", "-q", "--bare", "--filter=blob:none", f"file://{repository.common_dir}"]
    subprocess.run([*clone, str(tmp_path / "partial.git")], check=True)
    partial = git.discover(tmp_path / "partial.git")
    assert git.merge_tree(partial, one, other) == git.merge_tree(repository, one, other)
    assert [one.path for one in git.manifest(partial, one, other)] == ["log.txt"]


@pytest.mark.parametrize(
    "setting", ["merge.renames=false", "diff.renames=false", "merge.renameLimit=1", "merge.directoryRenames=true"]
)
def test_no_setting_changes_a_merge(repository: Repository, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    body = b"".join(b"line %d\n" % number for number in range(20))
    commit(repository, {"old.txt": body, "dir/x.txt": b"x" * 50, "dir/y.txt": b"y" * 50})
    start = head(repository)
    renamed = commit(repository, {"old.txt": None, "moved.txt": body})
    git.call(repository, "reset", "-q", "--hard", start)
    edited = commit(repository, {"old.txt": body + b"more\n"})
    expected = git.merge_tree(repository, renamed, edited)
    assert expected.tree is not None
    assert git.file_at(repository, expected.tree, "moved.txt") == body + b"more\n"
    git.call(repository, "config", *setting.split("="))
    assert git.merge_tree(repository, renamed, edited) == expected
    key, _, value = setting.partition("=")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", key)
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", value)
    assert git.merge_tree(repository, renamed, edited) == expected

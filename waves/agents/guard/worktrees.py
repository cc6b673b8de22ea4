"""Makes worktrees, tells a damaged one and makes it anew; it never loses a file that is nowhere else."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from waves import git
from waves.agents.guard import aside, index, plainfiles
from waves.agents.guard.aside import Aside
from waves.foundation import locks
from waves.foundation.errors import GitError, WavesError
from waves.git import Repository

LOCK = "waves-worktrees.lock"  # in the repository: git is not safe when worktrees are made side by side


def pointer(worktree: Repository) -> Path | None:
    """The git directory that the worktree's `.git` file names, None where there is no such file."""
    assert worktree.work_tree is not None
    text = plainfiles.look(worktree.work_tree / ".git").text
    return _place(worktree.work_tree, text.removeprefix("gitdir: ")) if text and text.startswith("gitdir: ") else None


def _place(folder: Path, text: str | None) -> Path | None:
    """A path that git wrote, which may be relative to the folder of its file."""
    return Path(os.path.realpath(folder / text)) if text and "\0" not in text else None


def same(one: Path | None, other: Path) -> bool:
    return one is not None and one == Path(os.path.realpath(other))


IN_REFTABLE = "ref: refs/heads/.invalid"  # what the file HEAD says where git keeps all refs in a reftable


def in_reftable(worktree: Repository) -> bool:
    return plainfiles.look(worktree.common_dir / "HEAD").text == IN_REFTABLE


def head(worktree: Repository) -> str | None:
    """What a worktree's HEAD says: `ref: NAME`, or the id of a commit."""
    return git.head_of(worktree) if in_reftable(worktree) else plainfiles.look(worktree.git_dir / "HEAD").text


def set_head(worktree: Repository, text: str) -> None:
    """Make HEAD say that again, without a look at what it says now."""
    in_file = IN_REFTABLE if in_reftable(worktree) else text
    if plainfiles.look(worktree.git_dir / "HEAD").text != in_file:
        plainfiles.write(worktree.git_dir, "HEAD", f"{in_file}\n".encode(), 0o644)
    if in_file == text:
        return
    if text.startswith("ref: refs/heads/"):
        git.attach(worktree, text.removeprefix("ref: refs/heads/"))
    else:
        git.detach(worktree, text)


def point_to(worktree: Repository, git_dir: Path, scratch: Path) -> None:
    """Make the worktree's `.git` file lead to `git_dir`; raises OSError where a folder stands in its place.

    Nothing half-written is left in the worktree, where an agent would commit it: it is in `scratch`.
    """
    assert worktree.work_tree is not None
    data = f"gitdir: {git_dir}\n".encode("utf-8", "surrogateescape")
    plainfiles.write(worktree.work_tree, ".git", data, 0o644, scratch)


def damage(worktree: Repository, leads_to: Path | None = None) -> str | None:
    """What is not as git made it in a worktree's own files, found without running git there; None: all is.

    Its `.git` file is to lead to its own git directory, or to `leads_to`.
    """
    assert worktree.work_tree is not None
    own = worktree.git_dir
    if plainfiles.look(own).kind != "folder":
        return "its git directory is gone"
    if odd := plainfiles.oddity(own):
        return f"{odd!a} in its git directory is no plain file"
    if not same(_place(own, plainfiles.look(own / "commondir").text), worktree.common_dir):
        return "`commondir` in its git directory was changed"
    if not same(_place(own, plainfiles.look(own / "gitdir").text), worktree.work_tree / ".git"):
        return "`gitdir` in its git directory was changed"
    if plainfiles.look(own / "config.worktree").kind != "absent" and not _has_own_settings(worktree):
        return "`config.worktree` in its git directory was planted"
    if plainfiles.look(worktree.work_tree).kind != "folder":
        return "its folder is gone"
    return None if same(pointer(worktree), leads_to or own) else "its `.git` file was changed"


def _has_own_settings(worktree: Repository) -> bool:
    done = git.call(
        index.main_of(worktree), "config", "--type=bool", "--get", "extensions.worktreeConfig", ok=(0, 1, 128)
    )
    return done.text.strip() == "true"


# ---- making


@dataclass(frozen=True, slots=True)
class Rebuilt:
    worktree: Repository
    left: Path | None = None  # where files that are nowhere else were moved
    aside: tuple[Aside, ...] = ()  # what only the old one's git directory led to


def rebuild(repository: Repository, path: Path, branch: str, kept: str = "") -> Rebuilt:
    """A sound worktree at `path` on `branch`: one that is stays as it is, else it is made (anew); raises GitError.

    What is left of an old one is moved to the folder `left` beside it, whole, if anything in it is not in the branch's
    commit. Commits that only it led to are kept below the ref `kept`. Worktrees are made one at a time: git fails now
    and then when they are made side by side.
    """
    main = index.main_of(repository)
    commit = git.resolve(main, f"refs/heads/{branch}")
    if commit is None:
        raise WavesError(f"branch {branch} is gone: bring it back (`git branch {branch} COMMIT`), then run again")
    with locks.waiting(main.common_dir / LOCK):
        there = git.worktree_of(main, path)
        if there is not None and damage(there) is None and _attached(there, branch, commit):
            unlock(there)
            return Rebuilt(there)
        kept = kept or kept_of(path)
        left, lost = _clear(main, path, commit, kept)
        made = _add(main, path, commit, kept)
        git.attach(made, branch)
    return Rebuilt(made, left, lost)


def drop_unborn(repository: Repository) -> None:
    """Take off git's list what a `git worktree add` left that was killed: a HEAD of zeros makes every fetch fail.

    The caller holds LOCK, so none is being made at the moment.
    """
    for path in sorted((repository.common_dir / "worktrees").glob("*/HEAD")):
        if (text := plainfiles.look(path).text) is not None and text.strip("0") == "":
            _retire(index.main_of(repository), path.parent, repository.common_dir / "waves-left", kept_of(path.parent))


MAKING = "initializing"  # the reason with which `git worktree add` locks what it makes, until it is made


def is_locked(worktree: Repository) -> bool:
    """Whether somebody locked it; the lock of a `git worktree add` that was killed is nobody's."""
    lock = plainfiles.look(worktree.git_dir / "locked")
    return lock.kind != "absent" and lock.text != MAKING


def unlock(worktree: Repository) -> None:
    """Take off the lock of a `git worktree add` that was killed before it could do so."""
    if plainfiles.look(worktree.git_dir / "locked").text == MAKING:
        (worktree.git_dir / "locked").unlink()


def _attached(worktree: Repository, branch: str, commit: str) -> bool:
    """Whether the worktree is on its branch; one that was made, and not put on it, is put on it now."""
    at = head(worktree)
    if at == commit and plainfiles.look(index.index_of(worktree)).kind != "absent":
        git.attach(worktree, branch)
        return True
    return at == f"ref: refs/heads/{branch}"


def _add(main: Repository, path: Path, commit: str, kept: str) -> Repository:
    try:
        git.add_worktree(main, path, commit)
    except GitError:
        _clear(main, path, commit, kept)
        git.add_worktree(main, path, commit)
    made = git.worktree_of(main, path)
    if made is None:
        raise WavesError(f"{path}: git made this worktree and does not list it; is the path a symbolic link?")
    return made


def _clear(main: Repository, path: Path, commit: str, kept: str) -> tuple[Path | None, tuple[Aside, ...]]:
    """Take an old worktree out of the way and off git's list; where its folder went, and what was kept of its own."""
    left = None
    if os.path.lexists(path) and not _has_more_than(main, path, commit):
        _delete(path)  # where it is: half of it, after a kill, must not look like somebody's work
    if os.path.lexists(path):
        left = plainfiles.move_out(path.parent, path.name, path.parent / "left")
    lost = [one for folder in _listed(main, path) for one in _retire(main, folder, path.parent / "left", kept)]
    return left, tuple(lost)


def _has_more_than(main: Repository, path: Path, commit: str) -> bool:
    """Whether a folder holds anything that the commit does not."""
    if plainfiles.look(path).kind != "folder" or plainfiles.look(path / ".git").kind == "folder":
        return True
    known = index.tree(main, commit)
    algorithm = index.algorithm([commit])
    found, closed = plainfiles.walk(path)
    converted = {}
    for name, status in found.items():
        kind = plainfiles.kind_of(status.st_mode)
        if kind in {"folder", "other"}:
            continue
        there = plainfiles.look(path / name, status.st_size)
        mode, oid = known.get(name, ("", ""))
        if (kind == "link") != (mode == "120000"):
            return True
        if index.blob_id(there.data, algorithm) != oid:
            converted[name] = oid
    return bool(closed) or not _come_to(main, path, converted, found)


def _come_to(main: Repository, path: Path, wanted: Mapping[str, str], found: Mapping[str, os.stat_result]) -> bool:
    """Whether git would store each of these files as the blob that is wanted, after its filters and line endings."""
    if not wanted:
        return True
    if "" in wanted.values() or any("\n" in name for name in wanted) or index.trap(found):
        return False
    try:
        return index.as_stored(replace(main, work_tree=path), wanted) == list(wanted.values())
    except GitError:
        return False


def _listed(main: Repository, path: Path) -> Iterator[Path]:
    """Git's own folders for a worktree at `path`, and one of its name that no worktree leads back to."""
    for folder in sorted((main.common_dir / "worktrees").glob("*")):
        named = _place(folder, plainfiles.look(folder / "gitdir").text)
        if same(named, path / ".git"):
            yield folder
        elif folder.name == path.name:
            other = Repository(main.common_dir, folder, named.parent if named else path)
            if named is None or not same(pointer(other), folder):
                yield folder


def kept_of(place: Path) -> str:
    """Below this, what is kept of a worktree that is no unit's."""
    return f"refs/waves/{re.sub(r'[^A-Za-z0-9_]+', '-', place.name).strip('-') or 'worktree'}"


def _retire(main: Repository, folder: Path, left: Path, kept: str) -> tuple[Aside, ...]:
    """Take git's own folder for a worktree off its list; with submodules in it, it is moved to `left` whole."""
    lost = aside.keep_stranded(main, folder, f"{kept}/aside")
    if plainfiles.look(folder / "modules").kind == "folder" and plainfiles.walk(folder / "modules")[0]:
        place = plainfiles.move_out(folder.parent, folder.name, left / "git")
        return (*lost, Aside(f"submodules of the worktree {folder.name}", "", str(place)))
    _delete(folder)
    return lost


def _delete(folder: Path) -> None:
    """Remove a folder with all that is in it, or a link alone."""
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink(missing_ok=True)
        return
    for name, status in plainfiles.walk(folder)[0].items():
        if plainfiles.kind_of(status.st_mode) == "folder":
            with contextlib.suppress(OSError):
                plainfiles.set_mode(folder, name, 0o700)
    shutil.rmtree(folder, ignore_errors=True)

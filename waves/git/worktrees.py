"""Linked worktrees and what is uncommitted in them; it never decides whether one may go."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path

from waves.git.hardened import Repository, call


def add_worktree(repository: Repository, path: Path, commit: str) -> None:
    """A detached worktree at `commit`; the caller holds the worktree lock (git is not safe side by side)."""
    call(repository, "worktree", "add", "--quiet", "--detach", "--", str(path), commit)


def worktree_of(repository: Repository, path: Path) -> Repository | None:
    """The linked worktree at `path`, found from the main repository's own list; None where there is none."""
    for entry in sorted((repository.common_dir / "worktrees").glob("*/gitdir")):
        with contextlib.suppress(FileNotFoundError):  # another one is removed at this very moment
            # A relative path is one from the folder of this very file.
            if Path(os.path.normpath(entry.parent / entry.read_text().rstrip("\n"))) == path / ".git":
                return replace(repository, git_dir=entry.parent, work_tree=path)
    return None


def remove_worktree(repository: Repository, path: Path, *, with_repositories: bool = False) -> None:
    """Remove a worktree; git itself looks once more whether anything in it is uncommitted.

    Git refuses to do so for one with submodules, so with those the caller has to have shown that nothing is lost.
    """
    force = ["--force"] if with_repositories else []
    call(repository, "worktree", "remove", *force, "--", str(path))


def attach(worktree: Repository, branch: str) -> None:
    """Put a detached worktree on a branch that is at the same commit; no file is touched."""
    call(worktree, "symbolic-ref", "HEAD", f"refs/heads/{branch}")


def head_of(worktree: Repository) -> str | None:
    """What a worktree's HEAD says, as git would write it to a file; None where it names nothing."""
    if (branch := branch_of(worktree)) is not None:
        return f"ref: refs/heads/{branch}"
    done = call(worktree, "rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1, 128))
    return done.text.strip() or None


def detach(worktree: Repository, commit: str) -> None:
    """Put HEAD on a commit itself; no file is touched."""
    call(worktree, "update-ref", "--no-deref", "HEAD", commit)


def reset_hard(worktree: Repository, commit: str) -> None:
    call(worktree, "reset", "--quiet", "--hard", commit)


def uncommitted(worktree: Repository, *, ignored: bool = False) -> list[str]:
    """Paths that differ from HEAD: modified, staged, untracked, and ignored ones if asked.

    What is uncommitted inside a submodule is not looked at: git would run there, under that one's own configuration.
    """
    options = ["--ignored=matching"] if ignored else []
    raw = call(worktree, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames",
               "--ignore-submodules=dirty", *options).out  # fmt: skip
    return [entry[3:] for entry in raw.decode("utf-8", "surrogateescape").split("\0") if entry]


def branch_of(worktree: Repository) -> str | None:
    """The branch that a worktree is on, None where its HEAD is detached."""
    done = call(worktree, "symbolic-ref", "--quiet", "HEAD", ok=(0, 1))
    return done.text.strip().removeprefix("refs/heads/") or None

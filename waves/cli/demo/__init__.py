"""Makes the demo's sample repository from files beside this one; it starts no agent and changes nothing that exists."""

from __future__ import annotations

import shutil
from pathlib import Path

from waves import git
from waves.foundation import records
from waves.foundation.errors import UsageError

SAMPLE = Path(__file__).with_name("sample")
NAME, EMAIL = "Ana Demo", "ana@example.org"
# One person at one moment, so that every demo has the same commit ids.
FIRST_COMMIT = {
    "GIT_AUTHOR_NAME": NAME,
    "GIT_AUTHOR_EMAIL": EMAIL,
    "GIT_AUTHOR_DATE": "2026-01-05T09:00:00+00:00",
    "GIT_COMMITTER_NAME": NAME,
    "GIT_COMMITTER_EMAIL": EMAIL,
    "GIT_COMMITTER_DATE": "2026-01-05T09:00:00+00:00",
}


def origin_of(folder: Path) -> Path:
    """The bare repository that belongs to a demo checkout."""
    return folder.with_name(f"{folder.name}-origin.git")


def make(folder: Path) -> None:
    """Make the sample's checkout and its bare repository; what is there already stays as it is.

    Each of the two appears whole or not at all, so an interrupted call is mended by the next one.
    """
    folder = folder.absolute()
    if folder.exists():
        if not (folder / ".git").exists():
            raise UsageError(f"{folder}: is in the way of the demo and no git checkout; move it and try again")
        return
    with records.folder(f".{folder.name}-", folder.parent) as temporary:
        if not origin_of(folder).exists():
            _make_origin(temporary)
            _place(temporary / "origin", origin_of(folder))
        # A person who has only just installed git has told it no name yet.
        git.clone(origin_of(folder), temporary / "checkout", {"user.name": NAME, "user.email": EMAIL})
        _place(temporary / "checkout", folder)


def _make_origin(temporary: Path) -> None:
    first = temporary / "first"
    # An installed package also holds compiled files, and its files may be executable or read-only.
    shutil.copytree(SAMPLE, first, ignore=shutil.ignore_patterns("__pycache__"), copy_function=shutil.copyfile)
    repository = git.init(first)
    commit = git.commit_all(repository, "feat: count words and lines", FIRST_COMMIT)
    git.init(temporary / "origin", bare=True)
    git.push(repository, commit, "main", expected="", remote=str(temporary / "origin"))


def _place(made: Path, wanted: Path) -> None:
    """Move a finished folder to its place; if another process was quicker, its folder is as good."""
    try:
        made.rename(wanted)
    except OSError:
        if not wanted.exists():
            raise


def task_sample() -> dict[str, object]:
    """The doit task of this repository's own dodo.py: the sample repository is there before the batch begins."""
    folder = Path(".waves/tally")
    return {"actions": [(make, [folder])], "targets": [str(folder / ".git")], "uptodate": [(folder / ".git").exists()]}

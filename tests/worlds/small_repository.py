"""Commits in a repository that `git.init` made, for tests of one git question."""

from __future__ import annotations

from waves import git
from waves.git import Repository

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "ana@example.org",
    "GIT_COMMITTER_NAME": "Ana", "GIT_COMMITTER_EMAIL": "ana@example.org",
}  # fmt: skip


def commit(repository: Repository, files: dict[str, bytes | None]) -> str:
    assert repository.work_tree is not None
    for name, data in files.items():
        path = repository.work_tree / name
        if data is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return git.commit_all(repository, "change\n", IDENTITY)


def head(repository: Repository) -> str:
    found = git.resolve(repository, "HEAD")
    assert found is not None
    return found

"""A repository with one linked worktree on a unit's branch, for the tests of what guards agent runs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from waves import git
from waves.agents.guard import worktrees

PERSON = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "ana@example.org",
    "GIT_COMMITTER_NAME": "Ana", "GIT_COMMITTER_EMAIL": "ana@example.org",
}  # fmt: skip
BRANCH = "feat/x"
FILES = {"src/a.py": "one\n", "src/b.py": "two\n", ".gitignore": "*.log\n.env\n"}


@dataclass
class World:
    folder: Path
    worktree: git.Repository
    before: str

    @property
    def main(self) -> git.Repository:
        return git.Repository(self.worktree.common_dir, self.worktree.common_dir)

    @property
    def path(self) -> Path:
        assert self.worktree.work_tree is not None
        return self.worktree.work_tree

    @property
    def checkout(self) -> Path:
        return self.folder / "repository"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    def git(self, *arguments: str, at: Path | None = None, extra: Mapping[str, str] | None = None) -> str:
        """What a person or an agent would type in the worktree."""
        done = subprocess.run(
            ["git", *arguments], cwd=at or self.path, env=os.environ | PERSON | dict(extra or {}),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    def commit(self, name: str, text: str, message: str = "feat: more", at: Path | None = None) -> str:
        file = (at or self.path) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        self.git("add", "--all", at=at)
        self.git("commit", "--quiet", "--message", message, at=at)
        return self.git("rev-parse", "HEAD", at=at)


def make(folder: Path) -> World:
    checkout = folder / "repository"
    checkout.mkdir(parents=True)
    blank = World(folder, git.Repository(checkout / ".git", checkout / ".git", checkout), "")
    blank.git("init", "--quiet", "--template=", "--initial-branch=main", at=checkout)
    for name, value in (("user.name", "Ana"), ("user.email", "ana@example.org")):
        blank.git("config", name, value, at=checkout)
    for name, text in FILES.items():
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text(text)
    base = blank.commit("readme.md", "hello\n", "chore: start", at=checkout)
    blank.git("branch", BRANCH, base, at=checkout)
    made = worktrees.rebuild(blank.worktree, folder / "worktrees" / "x", BRANCH)
    return World(folder, made.worktree, base)

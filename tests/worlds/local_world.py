"""A checkout with its bare `origin`, for the tests of the embedded forge; every repository is a real one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from waves import git
from waves.forges.local.forge import LocalForge
from waves.plan import model

ROOT = Path(__file__).resolve().parents[2]
PERSON = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Author", "GIT_AUTHOR_EMAIL": "author@example.org",
    "GIT_COMMITTER_NAME": "Author", "GIT_COMMITTER_EMAIL": "author@example.org",
}  # fmt: skip


def run_git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | PERSON, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@dataclass
class World:
    folder: Path
    files: dict[str, str] = field(default_factory=lambda: {"app.py": "one\ntwo\nthree\n"})

    def __post_init__(self) -> None:
        self.checkout, self.origin, self.state = (self.folder / name for name in ("work", "origin.git", "origin.forge"))
        run_git(self.folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        run_git(self.folder, "init", "--quiet", "--initial-branch=main", str(self.checkout))
        run_git(self.checkout, "config", "user.name", "Ana")
        run_git(self.checkout, "config", "user.email", "ana@example.org")
        run_git(self.checkout, "remote", "add", "origin", "../origin.git")
        self.commit("main", self.files)

    def plan(
        self, *checks: str, timeout: float = 60.0, setup: tuple[str, ...] = (), sandbox: str = "workspace-write"
    ) -> model.Plan:
        return model.Plan(
            self.checkout / "plans" / "demo.yaml", "demo", (), model.Agent("command"), forge="local",
            local=model.LocalForge(checks=checks), setup=model.Setup(run=setup),
            policy=model.Policy(run_timeout=timeout, sandbox=sandbox),
        )  # fmt: skip

    def forge(self, plan: model.Plan | None = None) -> LocalForge:
        return LocalForge(git.discover(self.checkout), plan or self.plan())

    def commit(self, branch: str, files: dict[str, str], text: str = "change", start: str = "main") -> str:
        """Commit files on a branch, made from `start` where it is new, and push it."""
        known = run_git(self.checkout, "branch", "--list", branch)
        if run_git(self.checkout, "for-each-ref", "refs/heads"):
            run_git(self.checkout, "switch", "--quiet", *([branch] if known else ["-c", branch, start]))
        for name, content in files.items():
            path = self.checkout / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        run_git(self.checkout, "add", "--", *files)
        run_git(self.checkout, "commit", "--quiet", "--message", text)
        run_git(self.checkout, "push", "--quiet", "--force", "origin", branch)
        return self.head(branch)

    def commit_on_origin(self, name: str) -> None:
        """What a colleague merged meanwhile."""
        run_git(self.checkout, "fetch", "--quiet", "origin")
        run_git(self.checkout, "switch", "--quiet", "-C", "main", "origin/main")
        self.commit("main", {f"{name}.txt": f"{name}\n"})

    def head(self, branch: str) -> str:
        return run_git(self.origin, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")

    def show(self, what: str) -> str:
        return run_git(self.origin, "show", what)

    def log(self, form: str, branch: str = "main") -> list[str]:
        return run_git(self.origin, "log", f"--format={form}", branch).splitlines()


def python(code: str, *arguments: str, path: str = "") -> subprocess.Popen[str]:
    """A process of its own that runs `code`, so that it can be killed or race with another; `path` goes before PATH."""
    places = [place for place in (path, os.environ["PATH"]) if place]
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PATH": os.pathsep.join(places)},
    )  # fmt: skip

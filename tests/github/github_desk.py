"""Waves' own side of the stand-in: a forge that talks to it, with a clone, as a plan would have it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hub import GitHub

from waves import git
from waves.forges import Pull
from waves.forges.github import GithubForge
from waves.plan import model

VARIABLES = (
    "GITHUB_TOKEN", "GH_TOKEN", "GITHUB_API_URL", "WAVES_APP_ID", "WAVES_APP_PRIVATE_KEY_FILE", "WAVES_REVIEWER_TOKEN",
)  # fmt: skip


@dataclass
class Desk:
    github: GitHub
    checkout: git.Repository

    def plan(self, *issues: int, repo: str | None = "acme/widgets") -> model.Plan:
        units = tuple(model.Unit(f"unit-{number}", (number,), "fix") for number in issues)
        return model.Plan(Path("/plans/a.yaml"), "a", units, model.Agent("command"), repo=repo)

    def forge(self, *issues: int, grace: float = 0.0) -> GithubForge:
        """One that knows nothing yet, and has little patience."""
        return GithubForge(self.checkout, self.plan(*issues), grace=grace, first_pause=0.01)

    def opened(self, branch: str = "fix/a", body: str = "Fixes #41", files: dict[str, str] | None = None) -> Pull:
        """A branch that was pushed, and its pull request."""
        self.github.person_pushes(branch, files or {f"{branch.replace('/', '-')}.txt": "new\n"})
        return self.forge().open_pull(branch, "main", f"fix: {branch}", body)

    def merged(self, pull: Pull, forge: GithubForge | None = None, method: str = "squash") -> Pull:
        """Merged as a landing does it: onto the base as it is."""
        base = self.github.head("main")
        return (forge or self.forge()).merge(pull.number, pull.head, base, method, f"{pull.title} (#1)", "Fixes #41\n")

"""The world of the whole loop with GitHub in the place of the embedded forge: `origin` is the stand-in."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub import Check, GitHub
from loop_world import World

CI = Check("ci", "success")


class GitHubWorld(World):
    """Issues and pull requests are GitHub's; people push with credentials of their own, Waves with the token's."""

    def __init__(self, folder: Path, template: World) -> None:
        super().__init__(folder)
        self.github = GitHub(folder / "github", bare=template.origin)
        self.origin = self.github.path
        shutil.copytree(template.checkout, self.checkout)
        config = self.checkout / ".git/config"
        config.write_text(config.read_text().replace(str(template.origin), self.github.git_url))
        self.extra = {"GITHUB_TOKEN": self.github.token, "GITHUB_API_URL": self.github.api}
        self.github.every_head(CI)

    def git(self, *arguments: str, at: Path | None = None, check: bool = True) -> str:
        known = f"url.{self.github.git_url_of(self.github.token)}.insteadOf={self.github.git_url}"
        return super().git("-c", known, *arguments, at=at, check=check)

    def write_plan(self, *units: Mapping[str, Any] | str, name: str = "b", **keys: Any) -> None:
        super().write_plan(*units, name=name, **{"forge": "github", "repo": "acme/widgets", "local": None} | keys)

    def issue(self, number: int, text: str = "", **more: Any) -> None:
        if number not in self.github.state.issues:
            self.github.issue(f"Thing {number}", text or f"Please make thing {number} work.", number=number, **more)

    def pull_of(self, branch: str) -> Any:
        """The only pull request of a branch, as GitHub has it now."""
        (found,) = [one for one in self.github.state.pulls() if one.head == branch]
        return self.github.pulled(found.number)

    def commented(self, branch: str) -> dict[str, str]:
        """Marker to body of what Waves wrote on a branch's pull request."""
        comments = [one.body for one in self.pull_of(branch).comments if one.body.startswith("<!-- waves:")]
        parts = [text.partition(" -->\n") for text in comments]
        assert len({head for head, _, _ in parts}) == len(parts)
        return {head.rpartition("/")[2]: body for head, _, body in parts}

    def sent(self, method: str, path: str) -> int:
        """How often something was asked of GitHub, by the end of its path."""
        return len(self.github.asked(method, path))

    def everything_written(self) -> str:
        """What Waves, git and the agents left in files, without what git keeps compressed."""
        places = (self.checkout / ".waves", self.checkout / ".git", self.scenario)
        files = [path for place in places for path in place.rglob("*") if path.is_file()]
        return "".join(path.read_text("utf-8", "replace") for path in [*files, *self.folder.glob("output-*")])

    def end(self) -> None:
        super().end()
        self.github.done()

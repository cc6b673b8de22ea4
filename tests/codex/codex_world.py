"""The world of the loop's tests, with the real codex for its agent and a stand-in for the model."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loop_world import World
from stand_in import Say, Shell, StandIn

KEY = "sk-stand-in-0123456789"


@dataclass(frozen=True)
class Installed:
    folder: Path  # to be put on the path

    def environment(self, folder: Path, path: str) -> dict[str, str]:
        """What a person's environment is like; codex refuses to have its home in the folder for temporary files."""
        for name in ("codex-home", "tmp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        return {
            "PATH": f"{self.folder}:{path}", "STAND_IN_KEY": KEY,
            "CODEX_HOME": str(folder / "codex-home"), "TMPDIR": str(folder / "tmp"),
        }  # fmt: skip

    def why_no_sandbox(self, folder: Path) -> str | None:
        environment = os.environ | self.environment(folder, os.environ["PATH"])
        done = subprocess.run(
            ["codex", "sandbox", "--", "true"], env=environment, capture_output=True, text=True, check=False
        )
        return f"its sandbox does not work here: {done.stderr.strip()[-300:]}" if done.returncode else None


def prompt_of(role: str, unit: str) -> str:
    """Words that only the prompts of a role for a unit hold."""
    title = {"implementer": "Implement", "corrector": "Correct", "reviewer": "Review"}[role]
    return f"# {title} `{unit}`"


def review(verdict: str = "approved", **lists: Any) -> Say:
    empty: dict[str, Any] = {"blocking": [], "should_fix": [], "nits": [], "scope_violations": []}
    return Say(json.dumps({"verdict": verdict, "summary": "looked at it", **empty, **lists}))


def commit(name: str, text: str, message: str = "feat: work") -> Shell:
    return Shell(f"echo {text} > {name} && git add --all && git commit -qm '{message}'")


class CodexWorld(World):
    def __init__(self, folder: Path, installed: Installed, stand_in: StandIn) -> None:
        self.installed, self.stand_in = installed, stand_in
        super().__init__(folder)

    @property
    def environment(self) -> dict[str, str]:
        found = super().environment
        return found | self.installed.environment(self.folder, found["PATH"])

    @property
    def codex(self) -> dict[str, Any]:
        """`agent` of a plan."""
        return {"kind": "codex", "model": "gpt-5-codex", "config": self.stand_in.config, "env": ["STAND_IN_KEY"]}

    def write_plan(self, *units: Mapping[str, Any] | str, name: str = "b", **keys: Any) -> None:
        super().write_plan(*units, name=name, **({"agent": self.codex} | keys))

    def runs(self, unit: str) -> list[str]:
        return sorted(path.name for path in (self.unit(unit) / "runs").iterdir())

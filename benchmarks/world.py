"""A repository, its bare origin and a batch of units for measurements; it measures nothing itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

AGENT = """#!/bin/sh
# Takes as long as it is told, then does what its role needs at the least.
sleep "$(cat "$TIMES/$WAVES_ROLE-$WAVES_UNIT" 2>/dev/null || echo 0)"
case "$WAVES_ROLE" in
implementer) echo "$WAVES_UNIT" > "work/$WAVES_UNIT.txt" && git add -A && git commit -q -m "feat: $WAVES_UNIT" ;;
reviewer) cp "$TIMES/approved.json" "$WAVES_OUTPUT" ;;
esac
"""
APPROVED = {"verdict": "approved", "summary": "", "blocking": [], "should_fix": [], "nits": [], "scope_violations": []}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def names(count: int) -> list[str]:
    return [f"unit-{number:03}" for number in range(1, count + 1)]


class World:
    """`checkout` with a committed and confirmed plan of `count` units, and `times` for the agent's pauses."""

    def __init__(
        self, folder: Path, count: int, policy: str = "", checks: Sequence[str] = ("test -d work",), agent: str = ""
    ) -> None:
        self.checkout, self.origin, self.times = folder / "checkout", folder / "origin.git", folder / "times"
        self.agent = folder / "agent"
        self.units = names(count)
        self.times.mkdir(parents=True)
        (self.times / "approved.json").write_text(json.dumps(APPROVED))
        self.agent.write_text(AGENT)
        self.agent.chmod(0o755)
        self._repository()
        self._plan(policy, checks, agent or f"{{kind: command, command: [{self.agent}], env: [TIMES]}}")

    def _repository(self) -> None:
        (self.checkout / "work").mkdir(parents=True)
        (self.checkout / "plans").mkdir()
        (self.checkout / "issues").mkdir()
        (self.checkout / "work" / "README").write_text("one file a unit\n")
        for number, unit in enumerate(self.units, 1):
            (self.checkout / "issues" / f"{number}-{unit}.md").write_text(f"---\ntitle: Add {unit}\n---\nPlease.\n")
        (self.checkout / "dodo.py").write_text('from waves.tasks import load\n\nglobals().update(load("plans"))\n')
        git(self.checkout, "init", "-q", "-b", "main")
        (self.checkout / ".git" / "info" / "exclude").write_text(".waves/\n.worktrees/\n__pycache__/\n")

    def _plan(self, policy: str, checks: Sequence[str], agent: str) -> None:
        units = "".join(
            f"  - {{unit: {unit}, issues: [{number}], type: feat}}\n" for number, unit in enumerate(self.units, 1)
        )
        commands = json.dumps(list(checks))
        (self.checkout / "plans" / "bench.yaml").write_text(
            "batch: bench\nforge: local\n"
            f"local: {{issues: issues, checks: {commands}}}\n"
            f"confirmed: {{by: bench, on: 2026-01-01}}\nunits:\n{units}"
            f"{policy}agent: {agent}\n"
        )
        git(self.checkout, "add", "-A")
        git(self.checkout, "commit", "-q", "-m", "chore: start")
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.origin)], check=True)
        git(self.checkout, "remote", "add", "origin", str(self.origin))
        git(self.checkout, "push", "-q", "origin", "main")

    @property
    def doit(self) -> list[str]:
        return [str(Path(sys.executable).with_name("doit"))]

    def run(self, *arguments: str) -> None:
        """One `doit`, which must end well."""
        done = subprocess.run(
            [*self.doit, *arguments], cwd=self.checkout, env={**os.environ, "TIMES": str(self.times)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"the batch did not end well:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")

from __future__ import annotations

import json
from pathlib import Path

from codex_world import CodexWorld, Installed

from waves.agents.codex import trial


def test_the_doctor_finds_the_real_codex_well(world: CodexWorld) -> None:
    world.plan("a")
    found = world.waves("doctor", code=0)
    program = found.line(" codex:")
    assert program.startswith("ok   codex: 0.169.0 at ")
    assert program.endswith("/bin/codex")
    assert "/vendor/" in program
    assert found.line(" provider ") == f"ok   provider stand_in: {world.stand_in.url}"
    assert found.line(" sandbox:") == "ok   sandbox: a commit in a worktree works"
    assert world.git("status", "--porcelain") == ""
    assert [path.name for path in (world.checkout / ".waves").glob("trial-*")] == []


def test_without_a_login_the_doctor_says_what_to_do(world: CodexWorld) -> None:
    world.plan("a", agent={"kind": "codex"})
    assert "not logged in; `codex login`" in world.waves("doctor", code=1).line(" login:")


def test_a_program_that_is_no_sandbox_fails_the_trial(installed: Installed, tmp_path: Path) -> None:
    fault = trial.fault(Path("/bin/false"), tmp_path)
    assert fault == "exit code 1, 0 commits"
    assert list(tmp_path.iterdir()) == []
    assert json.loads((installed.folder.parent / "@openai/codex/package.json").read_text())["version"] == "0.169.0"

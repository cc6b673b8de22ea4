"""The real codex for the tests of this folder: installed from npm once, into a cache, or the reason why not."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import worktree_world
from codex_world import CodexWorld, Installed
from desk import Desk
from loop_world import World
from stand_in import StandIn

from waves.agents import run

VERSION = "0.169.0"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "waves-tests" / f"codex-{VERSION}"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The folder with the `codex` that npm puts on the path; skipped without."""
    reason = _install()
    if reason is None:
        found = Installed(CACHE / "node_modules" / ".bin")
        reason = found.why_no_sandbox(tmp_path_factory.mktemp("sandbox"))
    if reason is not None:
        pytest.skip(f"codex {VERSION} can't be had: {reason}")
    return found


def _install() -> str | None:
    """Install into the cache unless it is there; why that is not possible."""
    if CACHE.exists():
        return None
    npm = shutil.which("npm")
    if npm is None:
        return "there is no npm"
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    with CACHE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if CACHE.exists():
            return None  # another worker of the same tests was quicker
        new = CACHE.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(new)]
        done = subprocess.run(
            [npm, "install", *options, f"@openai/codex@{VERSION}"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"npm install: {done.stderr.strip()[-300:]}"
        new.rename(CACHE)
    return None


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    made = StandIn()
    yield made
    made.close()


@pytest.fixture
def world(tmp_path: Path, first_world: World, installed: Installed, stand_in: StandIn) -> Iterator[CodexWorld]:
    """The whole loop with the real codex; whatever a test leaves running is ended."""
    made = CodexWorld(tmp_path / "world", installed, stand_in)
    made.copy(first_world)
    yield made
    made.end()


@pytest.fixture
def desk(tmp_path: Path, installed: Installed, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """One worktree for codex alone, in an environment of the test's own."""
    for name, value in installed.environment(tmp_path, os.environ["PATH"]).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    made = Desk(worktree_world.make(tmp_path / "desk"), stand_in)
    yield made
    for spec in (tmp_path / "desk" / "runs").glob("*/spec.json"):
        run.stop(spec.parent)
        run.kill_leftovers(spec.parent)

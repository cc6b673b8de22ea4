from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from waves.agents.codex import binary
from waves.foundation.errors import UsageError


def package(folder: Path) -> Path:
    """The script of npm's package, as its link on the path leads to it."""
    script = folder / "node_modules/@openai/codex/bin/codex.js"
    script.parent.mkdir(parents=True)
    script.write_text("#!/usr/bin/env node\n")
    script.chmod(0o755)
    link = folder / "node_modules/.bin/codex"
    link.parent.mkdir()
    link.symlink_to(script)
    return script


ARM = platform.machine().lower() in ("arm64", "aarch64")
MACHINE = "aarch64" if ARM else "x86_64"
TARGET = f"{MACHINE}-apple-darwin" if sys.platform == "darwin" else f"{MACHINE}-unknown-linux-musl"
OPTIONAL = f"@openai/codex-{'darwin' if sys.platform == 'darwin' else 'linux'}-{'arm64' if ARM else 'x64'}"


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "node_modules/.bin"))


@pytest.mark.parametrize(
    "place",
    [
        f"node_modules/{OPTIONAL}/vendor/{TARGET}/bin/codex",
        f"node_modules/@openai/codex/node_modules/{OPTIONAL}/vendor/{TARGET}/bin/codex",
        f"node_modules/@openai/codex/vendor/{TARGET}/codex/codex",
    ],
)
def test_the_program_behind_npms_script_is_found(tmp_path: Path, place: str) -> None:
    package(tmp_path)
    program = tmp_path / place
    program.parent.mkdir(parents=True)
    program.write_bytes(b"\x7fELF")
    assert binary.find() == binary.Program(program, native=True)


def test_a_script_without_a_program_behind_it_is_taken_and_told_apart(tmp_path: Path) -> None:
    script = package(tmp_path)
    assert binary.find() == binary.Program(script, native=False)


def test_a_program_on_the_path_is_taken_as_it_is(tmp_path: Path) -> None:
    program = tmp_path / "node_modules/.bin/codex"
    program.parent.mkdir(parents=True)
    program.write_bytes(b"\x7fELF")
    program.chmod(0o755)
    assert binary.find() == binary.Program(program, native=True)


def test_no_codex_at_all_says_how_to_get_it() -> None:
    with pytest.raises(UsageError, match="npm install -g @openai/codex"):
        binary.find()

"""Finds the codex program itself, behind the script that npm puts on the path; it never runs an agent."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from waves.foundation import process
from waves.foundation.errors import UsageError

TESTED = (0, 169, 0)  # what Waves' own tests install
VERSION = re.compile(r"\b([0-9]+)\.([0-9]+)\.([0-9]+)")
LONGEST_ANSWER = 30.0  # seconds
MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Program:
    path: Path
    native: bool  # False: a wrapper that the program could not be found behind


def find() -> Program:
    """The codex of the path; raises UsageError where there is none.

    A signal to npm's wrapper would leave the program that it started behind, so that one is run directly.
    """
    found = shutil.which("codex")
    if found is None:
        raise UsageError("codex is not on the path: `npm install -g @openai/codex`, then `waves doctor`")
    path = Path(found).resolve()
    if not _is_script(path):
        return Program(path, native=True)
    native = next((one for one in _candidates(path) if one.is_file()), None)
    return Program(native, native=True) if native else Program(path, native=False)


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def _candidates(wrapper: Path) -> list[Path]:
    """Where npm keeps the program for this machine, seen from `@openai/codex/bin/codex.js`."""
    machine = MACHINES.get(platform.machine().lower(), "")
    target = f"{machine}-apple-darwin" if sys.platform == "darwin" else f"{machine}-unknown-linux-musl"
    package = wrapper.parent.parent
    names = f"codex-{'darwin' if sys.platform == 'darwin' else 'linux'}-{'arm64' if machine == 'aarch64' else 'x64'}"
    # Beside the package, below it, or (older ones) in it, as node itself would look.
    roots = (package.parent / names, package / "node_modules/@openai" / names, package)
    return [root / "vendor" / target / folder / "codex" for root in roots for folder in ("bin", "codex")]


def version(program: Program) -> tuple[int, int, int] | None:
    """What the program says of itself; None where it says nothing."""
    done = process.run([str(program.path), "--version"], env=process.clean_environment(), timeout=LONGEST_ANSWER)
    found = VERSION.search(done.text) if done.code == 0 else None
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def logged_in(program: Program) -> bool:
    """Whether codex has a login of its own; it says so of the file alone, and asks no server."""
    named = {name: os.environ[name] for name in ("CODEX_HOME",) if name in os.environ}
    done = process.run(
        [str(program.path), "login", "status"], env=process.clean_environment(named), timeout=LONGEST_ANSWER
    )
    return done.code == 0

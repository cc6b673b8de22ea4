"""Situations that people reported from real repositories, each a script that says what must be true at its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CASES = sorted((Path(__file__).parent / "cases").glob("*.sh"))
BESIDE = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_real_situation_ends_as_expected(case: Path, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "WAVES_", "PYTEST_"))}
    done = subprocess.run(
        ["bash", str(case), str(tmp_path / "case")], env=kept | {"PATH": BESIDE}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=300, check=False,
    )  # fmt: skip
    if "SKIP" in done.stdout:
        pytest.skip(done.stdout.splitlines()[-1])
    assert done.returncode == 0, done.stdout
    assert f"PASS: {case.stem}" in done.stdout

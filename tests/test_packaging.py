"""What is shipped: built once, installed into an empty environment, and tried there without the clone."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(TOP, sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(folder))
    return folder


def run(folder: Path, *command: str) -> str:
    """Nothing of the clone is on the path of what is run, and nothing of the person's configuration is seen."""
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "TERM": "dumb"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GIT_"))}
    done = subprocess.run(
        command, cwd=folder, env=kept | home, stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def tracked() -> set[str]:
    done = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, capture_output=True, text=True)
    return {name for name in done.stdout.splitlines() if (TOP / name).exists()}


def test_both_hold_everything_and_nothing_else(built: Path) -> None:
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    files = tracked()
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert shipped == {name for name in files if name.startswith("waves/")} | {"waves/demo/demo.yaml"}
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names - {"PKG-INFO"} == files
    assert {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md"} <= names


def test_the_demo_runs_from_the_installed_wheel_without_a_clone(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    environment = tmp_path / "environment"
    run(tmp_path, sys.executable, "-m", "venv", "--without-pip", str(environment))
    python = environment / "bin" / "python"
    run(tmp_path, sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index",
        "--disable-pip-version-check", str(wheel))  # fmt: skip
    # The dependencies are those of the tests, and are found after what was installed.
    site = next(environment.glob("lib/*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    assert run(tmp_path, str(python), "-c", "import waves; print(waves.__file__)").startswith(str(site))
    out = run(tmp_path, str(environment / "bin" / "waves"), "demo")
    assert "\ndemo: 9 merged, 1 skipped; `waves audit` has the proof\n" in out
    assert (tmp_path / "waves-demo/plans/demo.yaml").read_bytes() == (TOP / "plans/demo.yaml").read_bytes()
    again = run(tmp_path, str(environment / "bin" / "waves"), "demo")
    assert again.startswith("demo: 9 merged, 1 skipped; "), "it changes nothing"
    assert run(tmp_path / "waves-demo", "git", "status", "--porcelain") == ""

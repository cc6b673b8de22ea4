"""What is known to be secret is read where each program keeps it, whatever stands there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from waves import git
from waves.batch.secrets import scrubber
from waves.plan.model import Agent, Plan, Unit


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "home"
    found.mkdir()
    monkeypatch.setenv("HOME", str(found))
    for name in ("XDG_CONFIG_HOME", "NETRC", "NPM_CONFIG_USERCONFIG", "GH_CONFIG_DIR", "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return found


def scrub(folder: Path, text: str) -> str:
    repository = git.init(folder / "checkout")
    plan = Plan(folder / "plans/a.yaml", "a", (Unit("x", (1,), "fix"),), Agent("codex"))
    return scrubber(plan, repository)(text)


FILES = {
    ".netrc": "machine example.org login ana password canary-netrc",
    "_netrc": "machine example.org login ana password canary-other-netrc",
    ".npmrc": "//registry.npmjs.org/:_authToken=canary-npm",
    ".config/gh/hosts.yml": "github.com:\n  oauth_token: canary-gh\n",
    ".git-credentials": "https://ana:canary-store@example.org\n",
    ".config/git/credentials": "https://ana:canary-xdg-store@example.org\n",
    ".pypirc": "[pypi]\npassword = canary-pypi\n",
    ".docker/config.json": json.dumps({"auths": {"ghcr.io": {"identitytoken": "canary-docker"}}}),
}


@pytest.mark.parametrize("path", FILES)
def test_a_value_in_a_credential_file_is_replaced_by_the_files_name(path: str, home: Path, tmp_path: Path) -> None:
    (home / path).parent.mkdir(parents=True, exist_ok=True)
    (home / path).write_text(FILES[path])
    value = FILES[path].partition("canary-")[2].partition("@")[0].split("\n")[0].strip('"}')
    assert scrub(tmp_path, f"it is canary-{value}!") == f"it is [secret: a secret in ~/{path}]!"


@pytest.mark.parametrize(
    ("variable", "file", "like"),
    [("NETRC", "elsewhere", ".netrc"), ("NPM_CONFIG_USERCONFIG", "elsewhere", ".npmrc"),
     ("GH_CONFIG_DIR", "hosts.yml", ".config/gh/hosts.yml"), ("DOCKER_CONFIG", "config.json", ".docker/config.json"),
     ("XDG_CONFIG_HOME", "git/credentials", ".git-credentials")],
)  # fmt: skip
def test_a_variable_moves_a_credential_file(
    variable: str, file: str, like: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "moved" / file
    path.parent.mkdir(parents=True)
    path.write_text(FILES[like])
    is_file = variable in ("NETRC", "NPM_CONFIG_USERCONFIG")
    monkeypatch.setenv(variable, str(path if is_file else tmp_path / "moved"))
    value = FILES[like].partition("canary-")[2].partition("@")[0].split("\n")[0].strip('"}')
    assert scrub(tmp_path, f"canary-{value}") == f"[secret: a secret in {path.name}]"


@pytest.mark.parametrize("option", ["--file=", "--file "])
def test_the_files_that_gits_store_is_told_to_use_are_read(option: str, home: Path, tmp_path: Path) -> None:
    (home / "kept here").write_text("https://ana:canary-kept@example.org\n")
    (home / ".gitconfig").write_text(
        f"[credential]\n\thelper = cache --timeout 9\n\thelper = \"store {option}'~/kept here'\"\n"
    )
    assert scrub(tmp_path, "canary-kept") == "[secret: a secret in ~/kept here]"


def test_what_is_no_readable_file_holds_nothing_up(home: Path, tmp_path: Path) -> None:
    os.mkfifo(home / ".netrc")
    (home / ".npmrc").mkdir()
    (home / ".pypirc").symlink_to("/dev/zero")
    (home / ".git-credentials").write_bytes(b"\xff\xfe\x00")
    checkout = git.init(tmp_path / "checkout").work_tree
    assert checkout is not None
    os.mkfifo(checkout / ".env")
    assert scrub(tmp_path, "a text") == "a text"

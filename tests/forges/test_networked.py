from __future__ import annotations

import pytest

from waves.plan.networked import needs_network


@pytest.mark.parametrize(
    "command",
    [
        "npm ci", "npm --prefix web install", "yarn", "yarn install --frozen-lockfile", "cd web && pnpm i",
        "pip install -r requirements.txt", "python -m pip install .", ".venv/bin/pip install -e .[dev]", "uv sync",
        "git submodule update --init --recursive", "git -c protocol.file.allow=always submodule update --init",
        "git lfs pull", "bundle install", "cargo fetch", "go mod download", "./mvnw -q dependency:go-offline",
        "curl -sSf https://sh.rustup.rs | sh", "sh -c 'npm ci'", "test -d node_modules || npm ci", "poetry install",
    ],
)  # fmt: skip
def test_a_command_that_fetches_something_is_told(command: str) -> None:
    assert needs_network(command)


@pytest.mark.parametrize(
    "command",
    ["make build", "npm test", "npm run build", "git status", "touch .env", "python -m venv .venv", "ln -s ../x x",
     "cp -r template site", "sh setup.sh", "echo set up > notes.log", "true"],
)  # fmt: skip
def test_one_that_fetches_nothing_is_not(command: str) -> None:
    assert not needs_network(command)

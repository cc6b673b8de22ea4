"""What git and servers say when they refuse something, as one line with the remedy, told once."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from loop_world import World

from waves.foundation.errors import GitError
from waves.foundation.refusals import refusal

SAID = tomllib.loads(Path(__file__).with_name("refusals.toml").read_text("utf-8"))["said"]
RULES = ["GH013: Repository rule violations", "POLICY: only branches", "storage quota exceeded"]


@pytest.mark.parametrize("said", SAID, ids=lambda said: said["text"].partition("\n")[0][:50])
def test_a_refusal_is_one_line_with_a_remedy(said: dict[str, Any]) -> None:
    found = refusal(said["text"])
    assert found is not None
    assert said["words"] in found.words
    assert said["remedy"] in found.what_next
    assert found.person == said["person"]
    assert "\n" not in str(found)
    assert len(str(found)) < 500


def test_what_is_no_refusal_stays_in_gits_own_words_on_one_line() -> None:
    error = GitError(("frotz",), 128, "fatal: no such verb\nusage: git frotz\n")
    assert error.refusal is None
    assert str(error) == "git frotz failed (128): fatal: no such verb usage: git frotz"
    assert error.original == "git frotz failed (128): fatal: no such verb\nusage: git frotz"


# ---- in the loop


def server_says(world: World, script: str) -> None:
    hook = world.origin / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)


@pytest.mark.parametrize(
    "words", ["GH013: Repository rule violations", "POLICY: only branches", "storage quota exceeded"]
)
def test_a_server_that_refuses_is_told_once_and_a_person_is_asked(world: World, words: str) -> None:
    world.plan("a", "c")
    server_says(world, f'while read old new ref; do case $ref in *feat/a) echo "{words}" >&2; exit 1;; esac; done')
    ran = world.run(code=10)
    lines = [line for line in ran.out.splitlines() if words in line]
    assert all("the server refuses: " in line for line in lines)
    assert len(lines) <= 3, "as the step ends, as the unit ends, and in the summary"
    assert "[remote rejected]" not in ran.out
    assert world.paid("implementer a") == []
    assert len(world.merged()) == 1, "the other unit goes on"
    original = world.waves("logs", "a").out
    assert "[remote rejected] (pre-receive hook declined)" in original
    assert world.git("branch", "--list", "feat/a", at=world.origin) == ""


def test_a_server_that_lets_nobody_delete_leaves_the_unit_merged_and_asks_a_person(world: World) -> None:
    world.plan("a")
    world.git("config", "receive.denyDeletes", "true", at=world.origin)
    ran = world.run(code=10)
    assert "1 merged" in ran.out
    assert "receive.denyDeletes false" in ran.out
    world.git("config", "receive.denyDeletes", "false", at=world.origin)
    world.run()
    assert world.git("for-each-ref", "refs/heads/feat", "refs/waves", at=world.origin) == ""

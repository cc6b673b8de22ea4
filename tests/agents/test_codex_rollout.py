from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from waves.agents.codex.rollout import Answered, Call, Rollout

THREAD = "01a2090d-851c-7881-b83d-664e984c04a8"
EARLIER, LATER = "2026-11-23T15:37:53.038Z", "2026-11-23T15:40:00.000Z"
START = 1795448300.0  # between the two


def line(time: str, kind: str, **payload: Any) -> str:
    return json.dumps({"timestamp": time, "type": kind, "payload": payload}) + "\n"


def call(time: str, name: str, command: str) -> str:
    arguments = json.dumps({"cmd": command})
    return line(time, "response_item", type="function_call", call_id=name, arguments=arguments)


def output(time: str, name: str, text: str) -> str:
    return line(time, "response_item", type="function_call_output", call_id=name, output=text)


@pytest.fixture
def rollout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    folder = tmp_path / "sessions/2026/11/23"
    folder.mkdir(parents=True)
    return folder / f"rollout-2026-11-23T15-37-53-{THREAD}.jsonl"


def test_only_what_happened_since_the_run_began_is_its_own(rollout: Path) -> None:
    usage = {"total_tokens": 100}
    rollout.write_text(
        line(EARLIER, "token_usage_record", usage=usage) + call(EARLIER, "1", "old") + output(EARLIER, "1", "x")
        + line(LATER, "token_usage_record", usage=usage) + call(LATER, "2", "new")
    )  # fmt: skip
    read = Rollout(START)
    assert list(read.new(THREAD)) == [Answered(100)]
    with rollout.open("a") as file:
        file.write(output(LATER, "2", "y"))
    assert list(read.new(THREAD)) == [Call("new", "y")]
    assert read.path == rollout


def test_a_rollout_that_is_not_there_yet_is_looked_for_again(rollout: Path) -> None:
    read = Rollout(START)
    assert list(read.new(THREAD)) == []
    rollout.write_text(line(LATER, "token_usage_record", usage={"total_tokens": 7}))
    assert list(read.new(THREAD)) == [Answered(7)]


def test_lines_of_another_shape_are_passed_over(rollout: Path) -> None:
    rollout.write_text(
        '{"payload": 3}\n{"type": "token_usage_record", "timestamp": 5, "payload": {}}\n'
        + line(LATER, "token_usage_record", usage=3) + line(LATER, "response_item", type="function_call", arguments="{")
        + line("no time", "token_usage_record", usage={"total_tokens": 1})
    )  # fmt: skip
    assert list(Rollout(START).new(THREAD)) == []

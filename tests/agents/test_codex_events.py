from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from waves.agents.codex.events import Lines, Seen, follow, readable

THREAD = "01a2090d-851c-7881-b83d-664e984c04a8"
ITEM: dict[str, Any] = {
    "type": "command_execution", "command": "/bin/bash -lc 'cat x'", "aggregated_output": "a\x1b[2Jb\n", "exit_code": 3,
}  # fmt: skip


def seen(*events: dict[str, Any], now: float = 5.0) -> Seen:
    found = Seen()
    for event in events:
        found = follow(found, event, now)
    return found


def test_a_whole_turn() -> None:
    found = seen(
        {"type": "thread.started", "thread_id": THREAD},
        {"type": "turn.started"},
        {"type": "item.started", "item": ITEM},
        {"type": "item.completed", "item": {"type": "agent_message", "text": "Done."}},
        {"type": "turn.completed", "usage": {"input_tokens": 100, "cached_input_tokens": 90, "output_tokens": 20}},
    )
    assert found == Seen(thread=THREAD, turn_ended=True, usage=120, message="Done.", command="cat x")


def test_an_error_that_codex_got_over_is_no_failure() -> None:
    found = seen({"type": "error", "message": "Reconnecting... 1/5 (stream disconnected)"}, {"type": "turn.completed"})
    assert (found.failed, found.turn_ended, found.usage) == (None, True, None)


def test_waiting_for_the_network_is_timed_from_its_first_word_until_anything_else_is_said() -> None:
    wait = {"type": "error", "message": "Reconnecting... waiting for network (Connection failed)"}
    found = follow(follow(Seen(), wait, 5.0), wait, 9.0)
    assert found.waiting_since == 5.0
    assert follow(found, {"type": "item.started", "item": ITEM}, 10.0).waiting_since is None


def test_events_of_another_shape_are_no_trouble() -> None:
    odd: list[Any] = [
        {}, {"type": 3}, {"type": "item.completed"}, {"type": "item.completed", "item": [1]},
        {"type": "thread.started", "thread_id": "../../x"}, {"type": "turn.failed", "error": "x"},
        {"type": "turn.completed", "usage": {"input_tokens": "many"}}, {"type": "brand.new", "item": {"type": "new"}},
    ]  # fmt: skip
    found = seen(*odd)
    assert (found.thread, found.usage, found.failed) == (None, None, "no reason given")
    assert "".join(readable(one) for one in odd).count("\n") == 2


def test_the_log_for_people_is_safe_to_print() -> None:
    assert readable({"type": "item.completed", "item": ITEM}) == "$ cat x\nab\n[exit code 3]\n"
    assert readable({"type": "item.completed", "item": ITEM | {"exit_code": 0, "aggregated_output": ""}}) == "$ cat x\n"
    assert "[…]" in readable({"type": "item.completed", "item": ITEM | {"aggregated_output": "x" * 9_000}})
    changes = {"type": "file_change", "changes": [{"path": "a\x1b[1m.py"}, {"path": "b.py"}]}
    assert readable({"type": "item.completed", "item": changes}) == "changed: a.py, b.py\n"


def test_a_file_that_grows_gives_each_whole_line_once(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = Lines(path)
    assert list(lines.new()) == []
    path.write_bytes(b'{"n": 1}\nnot json\n[2]\n{"n": ')
    assert list(lines.new()) == [{"n": 1}]
    assert list(lines.new()) == []
    with path.open("ab") as file:
        file.write(b"3}\n" + json.dumps({"n": "x" * 3_000_000}).encode() + b"\n")
    assert [str(one["n"])[:1] for one in lines.new()] == ["3", "x"]

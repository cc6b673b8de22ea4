"""Reads what `codex exec --json` prints while it runs, line by line; it never judges how a run ended."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from waves.foundation.text import plain

THREAD = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LONGEST_LINE = 20_000_000  # bytes; one beyond it is no event of codex's
BLOCK = 1 << 20  # bytes
SHOWN_COMMAND = 300  # characters
SHOWN_OUTPUT = 4_000  # characters of a command's output in the readable log
WAITING = re.compile(r"^Reconnecting\.\.\. waiting for network")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the events so far add up to; all text is the agent's or a server's, and hostile."""

    thread: str | None = None
    turn_ended: bool = False
    usage: int | None = None  # tokens of the thread at the end of the turn: those of earlier runs too
    failed: str | None = None  # the message of the failure that ended the turn
    error: str | None = None  # the latest error, which codex may have got over
    message: str | None = None  # the agent's latest
    command: str | None = None  # the latest, made safe for one line
    waiting_since: float | None = None  # for the network, without anything else in between; seconds since 1970


class Lines:
    """The whole lines of a JSON-lines file that grows; each is given once, what is no JSON object never."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset, self._rest = path, 0, b""

    def new(self) -> Iterator[dict[str, Any]]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                while block := file.read(BLOCK):
                    self._offset += len(block)
                    *whole, self._rest = (self._rest + block).split(b"\n")
                    yield from (value for line in whole if (value := _object(line)) is not None)
                    if len(self._rest) > LONGEST_LINE:
                        self._rest = b""
        except OSError:
            return  # not there yet


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def follow(seen: Seen, event: dict[str, Any], now: float) -> Seen:
    """What is known after one more event; `now` is when it was read, in seconds since 1970."""
    kind, message = event.get("type"), _text(event.get("message"))
    if kind == "error" and WAITING.match(message):
        return replace(seen, error=message, waiting_since=seen.waiting_since or now)
    seen = replace(seen, waiting_since=None)
    if kind == "thread.started" and THREAD.fullmatch(thread := _text(event.get("thread_id"))):
        return replace(seen, thread=thread)
    if kind == "turn.started":
        return replace(seen, turn_ended=False, failed=None)
    if kind == "turn.completed":
        return replace(seen, turn_ended=True, usage=_usage(_map(event.get("usage"))))
    if kind == "turn.failed":
        words = _text(_map(event.get("error")).get("message"))
        return replace(seen, turn_ended=True, failed=words or "no reason given")
    if kind == "error":
        return replace(seen, error=message)
    item = _map(event.get("item"))
    if item.get("type") == "agent_message":
        return replace(seen, message=_text(item.get("text")))
    if item.get("type") == "command_execution":
        return replace(seen, command=one_line(_inner(_text(item.get("command")))))
    return seen


def readable(event: dict[str, Any]) -> str:
    """An event for a person: empty for one that says nothing, else whole lines, safe for a terminal."""
    kind, item = event.get("type"), _map(event.get("item"))
    if kind == "error":
        return f"! {one_line(_text(event.get('message')))}\n"
    if kind == "turn.failed":
        return f"! failed: {one_line(_text(_map(event.get('error')).get('message')))}\n"
    if kind == "item.completed":
        return plain(_item(item))
    if kind == "thread.started":
        return f"thread {one_line(_text(event.get('thread_id')))}\n"
    return ""


def _item(item: dict[str, Any]) -> str:
    kind = item.get("type")
    if kind == "agent_message":
        return f"\n{_text(item.get('text')).rstrip()}\n\n"
    if kind == "command_execution":
        output = _text(item.get("aggregated_output")).rstrip()
        if len(output) > SHOWN_OUTPUT:
            output = f"{output[: SHOWN_OUTPUT // 2]}\n[…]\n{output[-SHOWN_OUTPUT // 2 :]}"
        code = item.get("exit_code")
        end = "" if code == 0 else f"[exit code {code}]\n"
        return f"$ {one_line(_inner(_text(item.get('command'))))}\n{output}{chr(10) if output else ''}{end}"
    if kind == "file_change":
        changes = item.get("changes")
        listed = [_text(_map(one).get("path")) for one in changes] if isinstance(changes, list) else []
        return f"changed: {one_line(', '.join(listed))}\n"
    if kind == "error":
        return f"! {one_line(_text(item.get('message')))}\n"
    return ""


def _inner(command: str) -> str:
    """A command without the shell that codex runs it in."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    return words[2] if len(words) == 3 and words[1] in ("-c", "-lc") else command


def one_line(text: str) -> str:
    """Hostile text, fit for one line of a terminal."""
    return " ".join(plain(text).split())[:SHOWN_COMMAND]


def _usage(value: dict[str, Any]) -> int | None:
    parts = [value.get("input_tokens"), value.get("output_tokens")]
    return sum(one for one in parts if isinstance(one, int)) if any(isinstance(one, int) for one in parts) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

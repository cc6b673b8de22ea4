"""Reads codex's own record of a thread, the rollout: tokens and commands as they happen; it never writes there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from waves.agents.codex.events import Lines


def home() -> Path:
    """Where codex keeps logins and rollouts: `CODEX_HOME`, else `~/.codex`."""
    named = os.environ.get("CODEX_HOME")
    return Path(named) if named else Path.home() / ".codex"


def find(thread: str) -> Path | None:
    """The rollout of a thread, of whatever day; None where there is none."""
    found = sorted((home() / "sessions").glob(f"*/*/*/rollout-*-{thread}.jsonl"))
    return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of the model."""

    tokens: int  # input and output together


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool that has come to an end; all of it is hostile."""

    command: str  # of a shell; for other tools, their arguments
    output: str


@dataclass(slots=True)
class Rollout:
    """One run's part of a thread's rollout, which may hold earlier runs too; each thing is given once."""

    since: float  # seconds since 1970: when the run started
    path: Path | None = field(default=None, init=False)
    _lines: Lines | None = field(default=None, init=False)
    _open: dict[str, str] = field(default_factory=dict, init=False)  # call to command

    def new(self, thread: str) -> Iterator[Answered | Call]:
        if self._lines is None:
            self.path = find(thread)
            if self.path is None:
                return
            self._lines = Lines(self.path)
        for line in self._lines.new():
            payload = line.get("payload")
            if isinstance(payload, dict) and _time(line.get("timestamp")) >= self.since:
                found = self._usage(payload) if line.get("type") == "token_usage_record" else self._call(payload)
                if found is not None:
                    yield found

    def _usage(self, payload: dict[str, Any]) -> Answered | None:
        usage = payload.get("usage")
        total = usage.get("total_tokens") if isinstance(usage, dict) else None
        return Answered(total) if isinstance(total, int) else None

    def _call(self, payload: dict[str, Any]) -> Call | None:
        kind, name = str(payload.get("type")), str(payload.get("call_id"))
        if kind in ("function_call", "custom_tool_call"):
            self._open[name] = _command(payload)
        elif kind in ("function_call_output", "custom_tool_call_output"):
            return Call(self._open.pop(name, ""), str(payload.get("output", "")))
        return None


def _time(text: Any) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0


def _command(payload: dict[str, Any]) -> str:
    given = str(payload.get("arguments") or payload.get("input") or "")
    try:
        value = json.loads(given)
    except (ValueError, RecursionError):
        return given
    return str(value["cmd"]) if isinstance(value, dict) and "cmd" in value else given

"""Tells codex's failures apart by what it says, and sees when an agent runs in circles; it never ends a run."""

from __future__ import annotations

import functools
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

from waves.agents import Failure
from waves.agents.codex.events import one_line

# As codex prints it, in the local time of the machine: the day is left out where it is today.
UNTIL = re.compile(r"try again at (?:(?P<day>[A-Z][a-z]{2} [0-9]{1,2})[a-z]{2}, (?P<year>[0-9]{4}) )?"
                   r"(?P<time>[0-9]{1,2}:[0-9]{2} [AP]M)")  # fmt: skip
MARGIN = 60.0  # seconds: the time has no seconds
# Of a call, whose exit code is that of the last program of a pipe.
FAILED = re.compile(r"(?m)^Process exited with code (?!0$)|\bBUILD FAIL|\bFAILURE\b|\bERROR\b|\b\w+(Error|Exception)\b")


@functools.cache
def _signatures() -> Mapping[str, Any]:
    found: dict[str, list[dict[str, Any]]] = tomllib.loads(
        resources.files("waves.agents.codex").joinpath("signatures.toml").read_text("utf-8")
    )
    for one in (*found["failure"], *found["spiral"]):
        one["pattern"] = re.compile(one["pattern"], re.IGNORECASE)
    return found


def failure_from(message: str, now: float) -> Failure | None:
    """The failure that a message of codex's speaks of; None where it is not known. `now`: seconds since 1970."""
    for one in _signatures()["failure"]:
        if one["pattern"].search(message):
            until = until_from(message, now) if one["kind"] == "usage-limit" else None
            return Failure(one["kind"], f"{one['says']}: {one_line(message)}", one["what_next"], until)
    return None


def until_from(message: str, now: float) -> float | None:
    """The time that a usage limit names, in seconds since 1970; None where it names none."""
    found = UNTIL.search(message)
    if found is None:
        return None
    today = datetime.fromtimestamp(now)
    day = f"{found['day']} {found['year']}" if found["day"] else today.strftime("%b %d %Y")
    try:
        named = datetime.strptime(f"{day} {found['time']}", "%b %d %Y %I:%M %p")
    except ValueError:
        return None
    if not found["day"] and named < today - timedelta(minutes=1):
        named += timedelta(days=1)
    return named.timestamp() + MARGIN


@dataclass(slots=True)
class Spirals:
    """Counts the signs of a spiral in the calls of one run."""

    _times: Counter[str] = field(default_factory=Counter)

    def look(self, command: str, output: str) -> Failure | None:
        """Take in one call that has ended; the failure as soon as it is one."""
        failed = FAILED.search(output) is not None
        for one in _signatures()["spiral"]:
            text = command if one["where"] == "command" else output
            # A flag that works is no sign of anything.
            if not (failed or one["where"] == "output") or not one["pattern"].search(text):
                continue
            self._times[one["name"]] += 1
            if self._times[one["name"]] >= one["times"]:
                message = f"the agent goes round in circles ({one['name']}): {one_line(text)[:160]}"
                return Failure("sandbox", message, f"what it misses: {one['missing']}; then rule `retry`")
        return None

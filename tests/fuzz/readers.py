"""What is read of what strangers wrote: each reader with good input to begin from, and what must hold for any other.

A reader raises nothing but Waves' own errors, and what it accepts can be written down again.
"""

from __future__ import annotations

import atexit
import json
import random
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plan_texts import SMALL, example

from waves.agents.codex.events import Seen, follow, readable
from waves.forges.local import issue_files
from waves.foundation import records
from waves.foundation.errors import ForgeError, PlanError
from waves.foundation.scrub import Scrubber
from waves.lifecycle import contracts
from waves.lifecycle.contracts import Arbitration, Claims, Invalid, Review
from waves.lifecycle.verdicts import Case, decide
from waves.plan import reader
from waves.plan.model import Policy
from waves.steps import texts

FAULT = re.compile(r"\S*plan\.yaml:(\d+:\d+)?: \S")
FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
ITEM = {"file": "a.py", "line": 1, "issue": "wrong", "fix": "mend it", "priority": 1, "confidence": 0.9}
LISTS: dict[str, Any] = {name: [] for name in contracts.LISTS}
REVIEW = {"verdict": "blocking", "summary": "Fine.", **LISTS, "blocking": [ITEM, ITEM | {"line": None}],
          "scope_violations": [ITEM | {"detail": "d"}]}  # fmt: skip
JUDGED = {"items": [{"id": "V1", "requested": True, "quote": "the API too", "why": "it says so"}]}
CLAIM = {"kind": "dependency", "issues": [1, 2], "claim": "x", "quotes": [{"issue": 1, "quote": "y"}], "paths": ["a"],
         "resolution": "z"}  # fmt: skip
RECORD = {"step": "pr", "inputs": {"a": "b"}, "outputs": {"pr.json": "c"}, "result": {"number": 1}, "started": 1.0,
          "ended": 2.5, "generation": 1}  # fmt: skip
TROUBLE = {"step": "pr", "kind": "broken", "reason": "x", "attempts": 1, "rule": "", "inputs": "", "person": False}
EVENTS = [
    {"type": "thread.started", "thread_id": "0199a213-81c0-7800-8aa1-bbab2a035a53"},
    {"type": "item.completed", "item": {"type": "command_execution", "command": "bash -lc 'ls'", "exit_code": 1,
                                        "aggregated_output": "a\n"}},
    {"type": "item.completed", "item": {"type": "file_change", "changes": [{"path": "a", "kind": "add"}]}},
    {"type": "turn.failed", "error": {"message": "no"}}, {"type": "turn.completed", "usage": {"input_tokens": 5}},
]  # fmt: skip
ISSUE = (
    "---\ntitle: A title\nlabels: [bug]\nauthor: eve\ncomments:\n  - {author: bo, body: text}\n---\n# Head\n\nBody.\n"
)


def _plan(data: bytes) -> None:
    path = FOLDER / "plan.yaml"
    path.write_bytes(data)
    try:
        plan = reader.read_plan(path)
    except PlanError as error:
        assert all(FAULT.match(fault) for fault in error.faults)  # noqa: PT017
        str(error).encode()
    else:
        repr(plan).encode()


def _answer(data: bytes) -> None:
    for text in (data.decode("utf-8", "replace"), data.decode("utf-8", "surrogateescape"), data.decode("latin-1")):
        review = contracts.read_review(text)
        if isinstance(review, Review):
            decision = decide(Case("0", review, "green"), Policy())
            texts.cycle_comment("0", "abc", review.summary, "green", decision).encode()
        said = (contracts.read_arbitration(text), contracts.read_claims(text))
        for one in (review, *said):
            assert isinstance(one, Review | Arbitration | Claims | Invalid)
            repr(one).encode()


def _records(data: bytes) -> None:
    unit = FOLDER / "unit"
    shutil.rmtree(unit, ignore_errors=True)
    for kind in ("records", "troubles"):
        (unit / kind).mkdir(parents=True)
        (unit / kind / "pr.json").write_bytes(data)
    folder = records.UnitFolder(unit)
    for record in folder.records.values():
        folder.damage(record)
    for trouble in folder.troubles.values():
        folder.in_trouble(trouble)


def _events(data: bytes) -> None:
    seen = Seen()
    for line in data.splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            seen = follow(seen, event, 1.0)
            readable(event).encode("utf-8", "surrogateescape")


def _issue(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    try:
        repr(issue_files.parse(1, "1-x.md", "1-x", text)).encode()
    except ForgeError as error:
        str(error).encode()


def _scrub(data: bytes) -> None:
    scrub = Scrubber({"canary-1": "A_TOKEN", 'b"\\c\n': "B_KEY"})
    once = scrub(data.decode("utf-8", "surrogateescape"))
    assert scrub(once) == once
    assert "canary-1" not in once


def _dumped(*values: object) -> list[bytes]:
    return [json.dumps(value, indent=indent).encode() for value in values for indent in (None, 1)]


@dataclass(frozen=True)
class Reader:
    read: Callable[[bytes], None]
    good: Sequence[bytes]


READERS: Mapping[str, Reader] = {
    "plan": Reader(_plan, [SMALL.encode(), example().encode()]),
    "answer": Reader(_answer, _dumped(REVIEW, JUDGED, {"findings": [CLAIM]})),
    "records": Reader(_records, _dumped(RECORD, TROUBLE)),
    "events": Reader(_events, [b"\n".join(json.dumps(one).encode() for one in EVENTS)]),
    "issue": Reader(_issue, [ISSUE.encode(), b"# Title\n\nBody.\n"]),
    "scrub": Reader(_scrub, [b"x canary-1 ghp_" + 36 * b"a1", b"-----BEGIN RSA PRIVATE KEY-----\n" + 99 * b"a1+/"]),
}

# What any of the formats has a meaning for, or trouble with.
TOKENS = [
    b"\x00", b"\r\n", b"\r", b"\t", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\x85",
    "\u2028".encode(), "\u202e".encode(), b"\xf4\x90\x80\x80", b"\x1b[2J", b"&a ", b"*a", b"<<: ", b"!!python/object ",
    b"!x ", b"? ", b"| \n", b">+\n", b"---\n", b"...\n", b"%YAML 1.1\n---\n", b"- ",
    b": ", b", ", b"{", b"}", b"[", b"]",
    b'"', b"'", b"#", b"~", b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-0", b"1_0", b"0x1f", b"1.0", b"9" * 30,
    b"9" * 5000, b"-1", b"2026-13-45", b"12:30:45", b'{"a": 1, "a": 2}', b"[" * 40, b"{a: " * 40, b'{"a":[' * 2000,
    b"a" * 70000, b"```json\n", b"{}", b"[]", b'""', b"\xc3\xa9", b"\\",
    b"canary-1", b"ghp_", b"://", b"@", b"-----BEGIN PRIVATE KEY-----",
]  # fmt: skip


def damaged(chance: random.Random, good: bytes) -> bytes:
    """Good input with a few things done to it, each of which somebody's editor, or somebody, might do."""
    data = good
    for _ in range(chance.randint(1, 4)):
        data = chance.choice(DAMAGES)(chance, data)[:200_000]
    return data


def _put(chance: random.Random, data: bytes) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + chance.choice(TOKENS) + data[start + chance.choice([0, 0, 1, 2, 8]) :]


def _flip(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) or 1)
    return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]


def _value(chance: random.Random, data: bytes) -> bytes:
    """Another value in the place of one, wherever a value ends."""
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    key, colon, _ = lines[at].partition(b": ")
    lines[at] = key + (colon or b": ") + chance.choice(TOKENS) + chance.choice([b"", b","])
    return b"\n".join(lines)


def _swap(chance: random.Random, data: bytes) -> bytes:
    mark = chance.choice([b"\n", b", ", b": "])
    parts = data.split(mark)
    one, other = chance.randrange(len(parts)), chance.randrange(len(parts))
    parts[one], parts[other] = parts[other], parts[one]
    return mark.join(parts)


def _twice(chance: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    return b"\n".join(lines[:at] + [lines[at]] * chance.choice([2, 3, 500]) + lines[at + 1 :])


def _cut(chance: random.Random, data: bytes) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start + chance.randrange(40) :]


def _encoded(chance: random.Random, data: bytes) -> bytes:
    ways = ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7"]
    return data.decode("utf-8", "replace").encode(chance.choice(ways), "replace")


def _ends(_: random.Random, data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


DAMAGES = (_put, _put, _put, _flip, _value, _value, _swap, _twice, _cut, _encoded, _ends)

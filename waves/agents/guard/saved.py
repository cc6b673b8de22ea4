"""Keeps a snapshot in a file while an agent runs, for whoever collects the run; plain JSON, never code."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from waves.agents.guard.entries import Entry
from waves.agents.guard.plainfiles import Plain
from waves.agents.guard.snapshot import Snapshot
from waves.foundation import records
from waves.foundation.shapes import fits


def save(snapshot: Snapshot, path: Path) -> None:
    """Write the snapshot; names that are not UTF-8 come back as they were."""
    value: dict[str, Any] = {
        "taken_ns": snapshot.taken_ns,
        "files": {path: _values(entry) for path, entry in snapshot.files.items()},
        "closed": sorted(snapshot.closed),
        "index": None if snapshot.index is None else dict(snapshot.index),
        "untracked": sorted(snapshot.untracked),
        "guarded": {name: [one.kind, one.mode, _text(one.data)] for name, one in snapshot.guarded.items()},
        "refs": dict(snapshot.refs),
        "unit_refs": list(snapshot.unit_refs),
        "origin": snapshot.origin,
        "contents": {path: _text(data) for path, data in snapshot.contents.items()},
    }
    records.write_text(path, json.dumps(value))


def load(path: Path) -> Snapshot | None:
    """The snapshot in a file, None where there is none or it is not whole."""
    value = records.read_json(path)
    if value is None or not fits(value, SHAPE):
        return None
    try:
        return Snapshot(
            taken_ns=value["taken_ns"],
            files={path: Entry(*values) for path, values in value["files"].items()},
            closed=frozenset(value["closed"]),
            index=value["index"],
            untracked=frozenset(value["untracked"]),
            guarded={name: Plain(kind, mode, _bytes(data)) for name, (kind, mode, data) in value["guarded"].items()},
            refs=value["refs"],
            unit_refs=tuple(value["unit_refs"]),
            origin=value["origin"],
            contents={path: _bytes(data) for path, data in value["contents"].items()},
        )
    except (AttributeError, TypeError, ValueError):
        return None


SHAPE = {
    "taken_ns": int, "files": dict, "closed": list, "index": (dict, type(None)), "untracked": list, "guarded": dict,
    "refs": dict, "unit_refs": list, "origin": str, "contents": dict,
}  # fmt: skip


def _values(entry: Entry) -> list[Any]:
    return [entry.kind, entry.mode, entry.size, entry.mtime_ns, entry.ctime_ns, entry.inode, entry.content]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)

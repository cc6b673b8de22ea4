"""`waves audit` for people: a line a criterion, and the evidence that does not hold; it checks nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

DONE = {"merged", "dropped"}


def _ended(report: dict[str, Any]) -> str:
    """Handed to a person is proved as well, and is not done."""
    counts = ", ".join(f"{one['units']} {one['state']}" for one in report["states"])
    done = all(one["state"] in DONE for one in report["states"])
    return f"done, and proved: {counts}" if done else f"what was done is proved: {counts}"


def lines(report: dict[str, Any], *, verbose: bool = False) -> Iterator[str]:
    """What `audit.to_json` found; `verbose`: also the evidence that holds."""
    failed = sum(not one["ok"] for one in report["criteria"])
    total = len(report["criteria"])
    yield f"batch {report['batch']}: " + (f"{failed} of {total} criteria do not hold" if failed else _ended(report))
    for criterion in report["criteria"]:
        held = sum(one["ok"] for one in criterion["evidence"])
        mark = "ok" if criterion["ok"] else "NO"
        yield f"  {mark}  {criterion['means']} ({held} of {len(criterion['evidence'])})"
        for one in criterion["evidence"]:
            if verbose or not one["ok"]:
                yield f"        {'   ' if one['ok'] else 'NO '}{one['unit']}: {one['text']}"

"""What outlives a merged unit's claim: a hidden line in the comment of each cycle; it proves, and says nothing more."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from waves.foundation.records import made_by_runs, read_json

LINE = re.compile(r"^<!-- waves:proof (?P<json>\{[^\n]*\}) -->$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found of one head, and which commits of the unit the recorded runs had made by then."""

    cycle: str
    head: str
    verdict: str  # of the reviewer
    decision: str
    start: str  # what the unit's branch was at when Waves took it
    commits: tuple[str, ...]
    patch_ids: tuple[str, ...]


def line(unit: Path, cycle: str, head: str, start: str, decision: str) -> str:
    """The line for a cycle of the unit whose folder this is."""
    review = read_json(unit / f"review-{cycle}.json") or {}
    commits, patches = made_by_runs(unit)
    verdict = str(review.get("verdict", ""))
    found = Proof(cycle, head, verdict, decision, start, tuple(sorted(commits)), tuple(sorted(patches)))
    return f"<!-- waves:proof {json.dumps(asdict(found), sort_keys=True)} -->\n"


def read(comment: str) -> Proof | None:
    """The proof in the text of a comment that Waves wrote."""
    found = LINE.search(comment)
    try:
        value = json.loads(found["json"]) if found else {}
        cycle, head, verdict, decision, start = (
            str(value[name]) for name in ("cycle", "head", "verdict", "decision", "start")
        )
        commits, patches = (tuple(str(one) for one in value[name]) for name in ("commits", "patch_ids"))
        return Proof(cycle, head, verdict, decision, start, commits, patches)
    except (ValueError, KeyError, TypeError):
        return None

"""Names a unit after its issues: a slug from the title, and a type with the reason for it; it reads no repository."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

from waves.plan.schema import TYPES
from waves.triage.model import OpenIssue
from waves.triage.words import COMMON

LONGEST_SLUG = 40  # it names a branch, a folder and many lines of output
MOST_WORDS = 5
PREFIX = re.compile(rf"({'|'.join(TYPES)})(?:\([^()]*\))?!?:\s*", re.IGNORECASE)
# What people call the types, in labels and in titles; of several the first here counts.
SAID = {
    "fix": "bug bugs bugfix fix fixes defect regression typo crash crashes traceback broken wrong error fails",
    "docs": "docs doc documentation document readme",
    "test": "test tests testing",
    "ci": "ci pipeline",
    "perf": "perf performance slow speed faster",
    "build": "build dependencies dependency packaging",
    "refactor": "refactor refactoring rename extract replace remove cleanup",
    "chore": "chore maintenance housekeeping bump",
    "feat": "feat feature features enhancement add support allow show report new",
}


def slug(title: str, taken: Collection[str], number: int) -> str:
    """A name that no other unit has; the issue's number makes it one where the title alone does not."""
    bare = unicodedata.normalize("NFKD", PREFIX.sub("", title, count=1).casefold())
    words = re.findall(r"[a-z0-9]+", re.sub(r"['\u2019]", "", bare).encode("ascii", "ignore").decode())
    telling = [word for word in words if word not in COMMON] or words
    name = ""
    for word in telling[:MOST_WORDS]:
        longer = f"{name}-{word}".strip("-")
        if len(longer) > LONGEST_SLUG:
            break
        name = longer
    name = name or f"issue-{number}"
    return f"{name}-{number}" if name in taken else name


def type_of(issues: Sequence[OpenIssue]) -> tuple[str, str]:
    """The type of a unit, and what speaks for it."""
    found = [_type_of(issue) for issue in issues]
    kinds = {kind for kind, _ in found}
    if len(kinds) == 1:
        return found[0]
    kind = next(one for one in ("feat", *SAID) if one in kinds)
    return kind, "of " + ", ".join(f"{one} for {issue.number}" for issue, (one, _) in zip(issues, found, strict=True))


def _type_of(issue: OpenIssue) -> tuple[str, str]:
    if prefix := PREFIX.match(issue.title):
        return prefix[1].lower(), "the title says it"
    for label in issue.labels:
        if kind := _said(label):
            return kind, f"label {label}"
    if kind := _said(issue.title):
        return kind, "guessed from the title"
    return "feat", "a guess: neither label nor title says it"


def _said(text: str) -> str:
    words = set(re.findall(r"[a-z]+", text.lower()))
    return next((kind for kind, said in SAID.items() if words & set(said.split())), "")

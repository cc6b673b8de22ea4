"""Finds where an agent says itself that something was not done; it never judges whether that is so."""

from __future__ import annotations

import re

from waves.foundation.text import plain

MOST = 3  # statements of one message
LONGEST = 200  # characters
NOT = r"(n['\u2019]t| not)"
COULD_NOT = re.compile(
    rf"\b(could{NOT}|unable to|(was|were|am|is|are) not able to|cannot|can['\u2019]t|fail(s|ed) to"
    rf"|did{NOT} (run|test|finish|complete)|not (been )?(run|tested|verified)"
    r"|(tests?|checks?) (still )?fail|skipped (the )?(tests?|checks?))\b",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


def could_not(message: str) -> tuple[str, ...]:
    """The first sentences of a last message that speak of what was not done, each fit for one line."""
    sentences = (" ".join(one.split()).strip("-*# ") for one in SENTENCE.split(plain(message)))
    found = [one[:LONGEST] for one in sentences if COULD_NOT.search(one)]
    return tuple(f"says itself: {one}" for one in dict.fromkeys(found[:MOST]))

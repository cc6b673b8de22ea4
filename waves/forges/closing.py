"""GitHub's closing keywords: which issues a pull request's text says it closes; it closes none."""

from __future__ import annotations

import re

# At the start of a line.
CLOSES = re.compile(
    r"^[ \t]*(?:[-*][ \t]+)?(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?[ \t]+#([0-9]{1,9})\b",
    re.IGNORECASE | re.MULTILINE,
)


def closed_by(body: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(found) for found in CLOSES.findall(body)))

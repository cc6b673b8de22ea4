"""Matches globs of people against paths of a repository, and tells a glob from words; it looks at no disk."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from waves.plan.series import expression


def matching(glob: str, paths: Iterable[str]) -> list[str]:
    """The paths that a glob means: `*` stays within a folder, `**` does not; without a `/` it may be in any folder."""
    matches = compiled(glob).fullmatch
    return [path for path in paths if matches(path)]


@functools.lru_cache(maxsize=1024)
def compiled(glob: str) -> re.Pattern[str]:
    bare = glob.removeprefix("./")
    whole = bare if "/" in bare.rstrip("/") else f"**/{bare}"
    # What is named without a wildcard at its end may be a folder.
    below = "" if "*" in whole.rpartition("/")[2] else "(?:/.*)?"
    return re.compile(expression(f"{whole}**" if whole.endswith("/") else whole) + below, re.DOTALL)


def is_glob(entry: str) -> bool:
    """Whether an entry of a scope is a path or a glob, and no sentence: one word with a `/`, a `*` or an ending."""
    return re.fullmatch(r"\S*(?:[/*]\S*|\.\w+)", entry) is not None

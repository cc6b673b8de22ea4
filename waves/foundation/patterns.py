"""Match paths against paths, folders and globs that anybody may have written, in time linear in both."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

LONGEST = 1_024  # characters of a pattern; a longer one names itself alone


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern names a path: the path itself, a folder that it is in, or a glob.

    `*` and `?` stay within a folder, `**` as a whole part does not. A glob without a `/` holds in every folder.
    """
    if pattern == path:
        return True
    parts, below = _compiled(pattern)
    states = _closure({0}, parts)
    for name in path.split("/"):
        states = _closure(
            {one if parts[one] is None else one + 1 for one in states if one < len(parts) and _holds(parts[one], name)}
            | ({len(parts)} & states if below else set()),
            parts,
        )
    return bool(parts) and len(parts) in states


def is_broad(pattern: str) -> bool:
    """Whether a pattern says nothing about a path, such as `**`, `*` or `./`."""
    return not pattern.strip("*?./ ")


def named_by(patterns: Iterable[str], path: str) -> bool:
    return any(matches(one, path) for one in patterns)


def _holds(part: re.Pattern[str] | None, name: str) -> bool:
    return part is None or part.fullmatch(name) is not None


def _closure(states: set[int], parts: tuple[re.Pattern[str] | None, ...]) -> set[int]:
    """The states, and those behind a `**`, which may stand for nothing."""
    return states | {one + 1 for one in states if one < len(parts) and parts[one] is None}


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str) -> tuple[tuple[re.Pattern[str] | None, ...], bool]:
    """An expression for each part, None for `**`; and whether what lies below a match is meant too."""
    bare = pattern.removeprefix("./") if len(pattern) <= LONGEST else ""
    parts = [word for word in bare.split("/") if word]
    words = [word for before, word in zip([None, *parts], parts, strict=False) if not before == word == "**"]
    has_wildcard = any(mark in word for word in words for mark in "*?")
    if has_wildcard and "/" not in bare.rstrip("/"):
        words.insert(0, "**")
    below = bool(words) and (bare.endswith("/") or not any(mark in words[-1] for mark in "*?"))
    return tuple(None if word == "**" else _expression(word) for word in words), below


def _expression(word: str) -> re.Pattern[str]:
    """Each piece is taken where it is found first, and never given back: no word takes exponential time."""
    first, *pieces = (_literal(piece) for piece in re.split(r"\*+", word))
    if not pieces:
        return re.compile(first, re.DOTALL)
    *middle, last = pieces
    return re.compile(first + "".join(f"(?>.*?{piece})" for piece in middle) + f".*{last}", re.DOTALL)


def _literal(piece: str) -> str:
    return "".join("." if char == "?" else re.escape(char) for char in piece)

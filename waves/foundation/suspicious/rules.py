"""The rules of rules.toml as typed data, read once."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    pattern: re.Pattern[str]
    ordinary: tuple[re.Pattern[str], ...]  # where one of these covers it, it is no finding
    where: str  # everywhere | code | program


@dataclass(frozen=True, slots=True)
class Rules:
    control_share: float
    code_extensions: frozenset[str]
    code_names: frozenset[str]
    data_extensions: frozenset[str]
    generated: tuple[str, ...]  # patterns of file names
    unseen: re.Pattern[str]
    ordinary_in_prose: re.Pattern[str]
    found_by_pattern: tuple[Rule, ...]
    lookalikes: Mapping[str, tuple[str, int]]  # letter to the ASCII one, and how many ASCII letters it takes beside it


@functools.cache
def rules() -> Rules:
    raw = tomllib.loads(Path(__file__).with_name("rules.toml").read_text("utf-8"))
    letters = {
        pairs[at]: (pairs[at + 1], table["least"])
        for table in raw["lookalikes"] for pairs in table["letters"] for at in range(0, len(pairs), 2)
    }  # fmt: skip
    found = tuple(
        Rule(one["name"], re.compile(one["pattern"], re.MULTILINE),
             tuple(re.compile(pattern, re.MULTILINE) for pattern in one.get("ordinary", ())), one["where"])
        for one in raw["rule"]
    )  # fmt: skip
    return Rules(
        raw["text"]["control_share"], frozenset(raw["code"]["extensions"]), frozenset(raw["code"]["names"]),
        frozenset(raw["code"]["data"]), tuple(raw["generated"]["patterns"]), re.compile(raw["spelled"]["characters"]),
        re.compile(raw["spelled"]["ordinary"]), found, letters,
    )  # fmt: skip


@functools.lru_cache(maxsize=4096)
def ascii_twin(letter: str) -> tuple[str, int] | None:
    """The ASCII letter that another looks like, or that compatibility forms stand for, and what it takes beside it."""
    if found := rules().lookalikes.get(letter):
        return found
    # Mathematical and full-width letters, which Python takes for ASCII. Raised and lowered ones are easily seen.
    if unicodedata.category(letter) in {"Lu", "Ll"} and "<su" not in unicodedata.decomposition(letter):
        folded = unicodedata.normalize("NFKC", letter)
        if folded != letter and folded.isascii() and folded.isalpha():
            return folded, 1
    return None

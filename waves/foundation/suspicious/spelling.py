"""Spell out every character of a text that a reader can't see or would take for another."""

from __future__ import annotations

import re
import unicodedata

from waves.foundation.suspicious.rules import rules

BYTE = re.compile("[\udc80-\udcff]")  # one that is no UTF-8, as Python's `surrogateescape` keeps it
SURROGATE = re.compile("[\ud800-\udfff]")


def spelled(text: str, *, ordinary: bool = True) -> str:
    """The text with such characters as `<U+202E>`; with `ordinary` false, those stay that belong where they are."""
    if text.isascii() and text.isprintable():
        return text
    text = BYTE.sub(lambda found: f"<byte {ord(found[0]) - 0xDC00:02X}>", text)
    text = SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    keep = set() if ordinary else _ordinary(text)
    return rules().unseen.sub(lambda found: found[0] if found.start() in keep else number(found[0]), text)


def letters_spelled(word: str) -> str:
    """The word with every letter that is not ASCII as its number."""
    return "".join(one if one.isascii() and one.isprintable() else number(one) for one in word)


def number(character: str) -> str:
    return f"<U+{ord(character):04X}>"


def _ordinary(text: str) -> set[int]:
    """Where characters stand that belong there: spaces that do not break, joiners of Persian, parts of an emoji."""
    kept = {found.start() for found in rules().ordinary_in_prose.finditer(text)}
    for rule in rules().found_by_pattern:
        covered = {at for pattern in rule.ordinary for found in pattern.finditer(text) for at in range(*found.span())}
        kept |= {at for found in rule.pattern.finditer(text) if (at := found.start()) in covered}
    return {at for at in kept if unicodedata.category(text[at]) != "Cc"}

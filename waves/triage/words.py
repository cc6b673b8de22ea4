"""Cuts text into comparable words; it knows no language but the commonest English."""

from __future__ import annotations

import re
from collections.abc import Iterator

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")
COMMON = frozenset(re.findall(r"\w+", """
    a about above add after again all also an and any are as at be because been before being but by can cannot change
    could did do does doing done don down each else even few fix fixed fixes for from further get had has have having he
    here how i if in into is isn it its just let like ll make may me merge might more most my need new no not now of off
    on once one only or other our out over own please pr pull re request s same see set she should so some still such t
    than that the their them then there these they this those through to too under up update use used using ve very was
    we were what when where which while who why will with within without would you your sign signed author co
"""))  # fmt: skip
LONGEST = 30


def stems(text: str) -> Iterator[str]:
    """The words of a text in lower case without endings; names are taken apart (`readFile`, `read_file`)."""
    for found in WORD.finditer(text):
        word = found[0].lower()
        if 1 < len(word) <= LONGEST and word not in COMMON:
            yield stem(word)


def stem(word: str) -> str:
    """The word without the endings that plural, past and participle have."""
    for ending, least in (("ies", 5), ("ing", 6), ("ed", 5), ("es", 6), ("s", 4), ("e", 5)):
        if len(word) >= least and word.endswith(ending) and not word.endswith("ss"):
            return f"{word[:-3]}y" if ending == "ies" else word[: -len(ending)]
    return word

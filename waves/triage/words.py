"""Cuts text into comparable words and says how alike two texts are; it knows no language but the commonest English."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

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
    return map(stem, _words(text))


def spoken(text: str) -> dict[str, str]:
    """Stem to the word as it stands first in the text, in lower case."""
    found: dict[str, str] = {}
    for word in _words(text):
        found.setdefault(stem(word), word)
    return found


def _words(text: str) -> Iterator[str]:
    for found in WORD.finditer(text):
        word = found[0].lower()
        if 1 < len(word) <= LONGEST and word not in COMMON:
            yield word


@functools.lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """The word without the endings that plural, past and participle have."""
    for ending, least in (("ies", 5), ("ing", 6), ("ed", 6), ("es", 6), ("s", 4), ("e", 5)):
        if len(word) >= least and word.endswith(ending) and not word.endswith("ss"):
            return f"{word[:-3]}y" if ending == "ies" else word[: -len(ending)]
    return word


class Words(Protocol):
    """A text that has been cut into stems."""

    @property
    def words(self) -> Collection[str]: ...


class Vocabulary:
    """How rare words are among some texts, each given as the set of its stems."""

    def __init__(self, texts: Collection[frozenset[str]], template: Collection[str] = ()) -> None:
        """`template`: words that tell nothing however rare they are."""
        self._template = frozenset(template)
        self._counts = Counter(word for text in texts for word in text)
        self._texts = len(texts)

    def rarity(self, word: str) -> float:
        """The inverse document frequency: 0 for a word that all texts have."""
        return 0.0 if word in self._template else math.log((2 + self._texts) / (1 + self._counts[word]))

    def rarest(self, words: Iterable[str]) -> list[str]:
        """Those that tell anything, the rarest first."""
        return sorted((word for word in words if self.rarity(word)), key=lambda word: (-self.rarity(word), word))

    def norm(self, words: Iterable[str]) -> float:
        return math.sqrt(sum(self.rarity(word) ** 2 for word in words)) or 1.0

    def likeness(self, one: Collection[str], other: Collection[str]) -> float:
        """0 to 1: the cosine between two sets of words, each word as long as it is rare; one in common is chance."""
        both = set(one) & set(other)
        if len(both) < 2:
            return 0.0
        return sum(self.rarity(word) ** 2 for word in both) / self.norm(one) / self.norm(other)


TEMPLATE = 4  # issues


def vocabulary_of(history: Iterable[Words], issues: Iterable[Words]) -> Vocabulary:
    """The vocabulary of past changes and of the issues; what many of the issues say tells none of them from another."""
    said = [frozenset(issue.words) for issue in issues]
    return Vocabulary([*(frozenset(past.words) for past in history), *said], said_by_many(said))


def said_by_many(texts: Sequence[Collection[str]]) -> frozenset[str]:
    """What a quarter of the texts have, and at least four: they were written by one template, or about one thing."""
    counts = Counter(one for text in texts for one in set(text))
    return frozenset(one for one, count in counts.items() if count >= max(TEMPLATE, len(texts) / 4))

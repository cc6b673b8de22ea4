"""Predicts which files an issue will touch from what it names and what the repository knows; it asks nobody."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from waves.triage import globs
from waves.triage.model import Mention, PastChange, Reading, Region, RepositoryFacts
from waves.triage.text import needle
from waves.triage.words import Vocabulary, said_by_many, stems, vocabulary_of

# How likely a file is touched for one reason alone. Chosen on one repository, measured on others: docs/triage.md.
NAMED, COVERED, DEFINED, USED, SAID, SPOKEN_OF, CALLED = 0.8, 0.6, 0.75, 0.5, 0.5, 0.6, 0.2
SHARE = 0.75  # a reason that several files share is worth less for each
SWEEP = 30  # files; a change of more of them says nothing of what belongs together
SPREAD = 12  # files; what more of them hold says nothing about any of them
NEIGHBOURS, SIMILAR = 10, 0.9  # past changes that are most like an issue; how far they are believed
TOGETHER, SUPPORT = 0.5, 3  # of files that change together; commits that must show it
LIKELY = 0.2  # of a file whose company is looked at
LEAST, MOST = 0.03, 60  # weight of a region, and regions of an issue, that are kept


@dataclass(frozen=True, slots=True)
class Reason:
    path: str
    weight: float
    evidence: str
    direct: bool = False  # from what the issue names: the evidence that a person checks quickest


class Atlas:
    """The facts of a repository, turned so that each issue is looked up in them and nothing is searched twice."""

    def __init__(self, facts: RepositoryFacts, readings: Iterable[Reading] = ()) -> None:
        """What many of the `readings` name comes from a template that they were written by, and is left out."""
        self.readings = tuple(readings)
        self.template = said_by_many([[one.text for one in reading.mentions] for reading in self.readings])
        self.facts = facts
        self.files = frozenset(facts.files)

    @cached_property
    def by_name(self) -> Mapping[str, list[str]]:
        found = defaultdict(list)
        for path in self.facts.files:
            found[PurePosixPath(path).name].append(path)
        return found

    @cached_property
    def by_stem(self) -> Mapping[str, list[str]]:
        found = defaultdict(list)
        for path in self.facts.files:
            found[_bare(PurePosixPath(path).name.partition(".")[0])].append(path)
        return found

    @cached_property
    def path_words(self) -> Mapping[str, list[str]]:
        """Word -> the paths that have it in a part of theirs."""
        found = defaultdict(list)
        for path in self.facts.files:
            for word in set(stems(path)):
                found[word].append(path)
        return found

    @cached_property
    def past_words(self) -> Mapping[str, list[int]]:
        found = defaultdict(list)
        for index, past in enumerate(self.facts.history):
            for word in past.words:
                found[word].append(index)
        return found

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return vocabulary_of(self.facts.history, self.readings)

    @cached_property
    def norms(self) -> list[float]:
        return [self.vocabulary.norm(past.words) for past in self.facts.history]

    @cached_property
    def past_of(self) -> Mapping[str, list[int]]:
        """Path -> the past changes that touched it; sweeping ones left out."""
        found = defaultdict(list)
        for index, past in enumerate(self.facts.history):
            for path in past.paths if len(past.paths) <= SWEEP else ():
                found[path].append(index)
        return found

    def similar(self, words: Iterable[str]) -> list[tuple[float, PastChange]]:
        """The past changes whose messages are most like these words, with the cosine of the angle between them."""
        scores: dict[int, float] = defaultdict(float)
        for word in words:
            rare = self.vocabulary.rarity(word) ** 2
            for index in self.past_words.get(word, ()):
                scores[index] += rare
        norm = self.vocabulary.norm(words)
        best = sorted(((score / norm / self.norms[index], -index) for index, score in scores.items()), reverse=True)
        return [(score, self.facts.history[-index]) for score, index in best[:NEIGHBOURS]]


def predict(reading: Reading, atlas: Atlas) -> tuple[Region, ...]:
    """The files that work on the issue will probably touch, likeliest first."""
    mentions = [one for one in reading.mentions if one.text not in atlas.template]
    reasons = [reason for one in mentions for reason in _named(one, atlas)]
    reasons += [*_spoken_of(reading, atlas), *_similar(reading, atlas)]
    return _joined([*reasons, *_together(_joined(reasons), atlas)])[:MOST]


def _joined(reasons: Iterable[Reason]) -> tuple[Region, ...]:
    """One region a file: the reasons count as independent, and the strongest direct one is its evidence."""
    by_path: dict[str, list[Reason]] = defaultdict(list)
    for reason in reasons:
        by_path[reason.path].append(reason)
    found = []
    for path, several in by_path.items():
        weight = 1 - math.prod(1 - one.weight for one in several)
        strongest = max(several, key=lambda one: (one.direct, one.weight, one.evidence))
        if weight >= LEAST:
            found.append(Region(path, round(weight, 4), strongest.evidence))
    return tuple(sorted(found, key=lambda region: (-region.weight, region.path)))


def _named(mention: Mention, atlas: Atlas) -> Iterator[Reason]:
    if mention.kind == "path":
        yield from _by_path(mention.text.rstrip("/"), atlas)
    if mention.kind == "glob":
        yield from _spread(COVERED, globs.matching(mention.text, atlas.facts.files), f"in `{mention.text}`")
    if mention.kind == "symbol":
        yield from _spread(CALLED, atlas.by_stem.get(_bare(mention.text), ()), f"is called like `{mention.text}`")
    if text := needle(mention):
        hits = atlas.facts.hits.get(text, ())
        made = {hit.path: hit.line for hit in reversed(hits) if hit.definition}
        used = {hit.path: hit.line for hit in reversed(hits) if hit.path not in made and not _generated(hit.path)}
        yield from _spread(DEFINED, made, f"`{text}` is defined", made)
        strength, words = (USED, "is used") if mention.kind == "symbol" else (SAID, "stands")
        yield from _spread(strength, used, f"`{text}` {words}", used)


def _generated(path: str) -> bool:
    return path.endswith((".lock", ".snap", ".min.js", ".sum", "lock.json", "lock.yaml"))


def _bare(name: str) -> str:
    """A name without what differs between how it is said and how its file is called."""
    return name.lower().replace("-", "").replace("_", "")


def _by_path(text: str, atlas: Atlas) -> Iterator[Reason]:
    if text in atlas.files:
        yield Reason(text, NAMED, "named", direct=True)
        return
    ending = [path for path in atlas.by_name.get(PurePosixPath(text).name, ()) if f"/{path}".endswith(f"/{text}")]
    below = [] if ending else [path for path in atlas.facts.files if path.startswith(f"{text}/")] if "/" in text else []
    yield from _spread(NAMED, ending, f"named as `{text}`")
    yield from _spread(COVERED, below, f"in `{text}/`")


def _spread(
    weight: float, paths: Iterable[str], evidence: str, lines: Mapping[str, int] | None = None
) -> Iterator[Reason]:
    """The weight of one reason shared among the files that it may mean."""
    several = list(paths)
    for path in several if len(several) <= SPREAD else ():
        line = (lines or {}).get(path, 0)
        place = f" at line {line}" if line else ""
        yield Reason(path, weight / len(several) ** SHARE, evidence + place, direct=True)


def _spoken_of(reading: Reading, atlas: Atlas) -> Iterator[Reason]:
    """Files whose path has rare words of the issue."""
    rarity = atlas.vocabulary.rarity
    total = sum(rarity(word) for word in reading.words) or 1
    weights: dict[str, float] = defaultdict(float)
    words: dict[str, list[str]] = defaultdict(list)
    for word in reading.words:
        paths = atlas.path_words.get(word, ())
        for path in paths if len(paths) <= 5 * SPREAD else ():
            weights[path] += rarity(word) / total / len(paths) ** 0.5
            words[path].append(reading.words[word])
    for path, weight in weights.items():
        yield Reason(path, min(SPOKEN_OF, 2 * SPOKEN_OF * weight), f"its path has the words {', '.join(words[path])}")


def _similar(reading: Reading, atlas: Atlas) -> Iterator[Reason]:
    """Files that past changes with like words touched."""
    near = [(score, past) for score, past in atlas.similar(reading.words) if past.paths]
    total = sum(score**2 for score, _ in near) or 1
    trust = SIMILAR * min(1.0, 2 * near[0][0]) if near else 0
    weights: dict[str, float] = defaultdict(float)
    example: dict[str, PastChange] = {}
    for score, past in near:
        for path in past.paths:
            if path in atlas.files:
                weights[path] += score**2 / total / max(1.0, len(past.paths) / 5)
                example.setdefault(path, past)
    for path, weight in weights.items():
        like = example[path]
        yield Reason(path, trust * weight, f"a like change touched it: {like.commit[:10]} {like.subject[:60]!r}")


def _together(regions: Iterable[Region], atlas: Atlas) -> Iterator[Reason]:
    """Files that history says change together with those already found."""
    for region in regions:
        changes = atlas.past_of.get(region.path, ())
        if region.weight < LIKELY or len(changes) < SUPPORT:
            continue
        beside = Counter(path for index in changes for path in atlas.facts.history[index].paths)
        for path, count in beside.items():
            if count >= SUPPORT and path != region.path and path in atlas.files:
                evidence = f"{count} of the {len(changes)} changes to {region.path} touched it too"
                yield Reason(path, TOGETHER * region.weight * count / (len(changes) + 2), evidence)

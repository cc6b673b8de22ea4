"""Precision and recall of triage on the histories of real repositories, against two simple ways to guess.

python -m benchmarks.triage REPOSITORY... [--changes N]      paths or URLs of clones, with their history
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from benchmarks.triage import truth
from benchmarks.triage.truth import Batch
from waves import git
from waves.triage import meeting, regions, repository, text
from waves.triage.findings import SAME_REGION
from waves.triage.model import Reading

URL = re.compile(r"https?://\S+|\S+@\S+")
PATH = re.compile(r"[\w@.+-]+(?:/[\w@.+-]+)*\.\w+")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two issues of a batch: what came of them, and how sure each way of guessing was that they meet."""

    same_file: bool
    conflict: bool | None  # None: could not be tried
    by_triage: float
    by_paths: float
    by_words: float


def pairs(within: git.Repository, batch: Batch) -> Iterator[Pair]:
    readings = {change.issue.number: text.read(change.issue) for change in batch.changes}
    atlas = regions.Atlas(repository.gather(within, batch.base, readings.values()), readings.values())
    predicted = {number: regions.predict(reading, atlas) for number, reading in readings.items()}
    paths = {change.issue.number: named(change.issue.title + "\n" + change.issue.body) for change in batch.changes}
    for one, other in combinations(batch.changes, 2):
        pair = (one.issue.number, other.issue.number)
        yield Pair(
            bool(one.files & other.files), batch.conflicts.get(pair),
            meeting.likelihood(
                meeting.shared(predicted[pair[0]], predicted[pair[1]]),
                atlas.vocabulary.likeness(readings[pair[0]].words, readings[pair[1]].words),
            ),
            float(bool(paths[pair[0]] & paths[pair[1]])),
            jaccard(readings[pair[0]], readings[pair[1]]),
        )  # fmt: skip


def named(words: str) -> frozenset[str]:
    """The names of the files that a text names, without their folders."""
    return frozenset(found.rpartition("/")[2] for found in PATH.findall(URL.sub(" ", words)))


def jaccard(one: Reading, other: Reading) -> float:
    both, either = one.words.keys() & other.words.keys(), one.words.keys() | other.words.keys()
    return len(both) / len(either) if either else 0.0


@dataclass(frozen=True, slots=True)
class Score:
    said: int
    right: int
    there: int

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.said + self.there) if self.right else 0.0

    def __str__(self) -> str:
        precision = f"{self.right}/{self.said} = {self.right / max(1, self.said):.2f}"
        recall = f"{self.right}/{self.there} = {self.right / max(1, self.there):.2f}"
        return f"{precision:>16} {recall:>16} {self.f1:5.2f}"


Holds = Callable[[Pair], bool | None]


def score(found: Sequence[Pair], sure: Callable[[Pair], float], least: float, holds: Holds) -> Score:
    judged = [(sure(pair) >= least, outcome) for pair in found if (outcome := holds(pair)) is not None]
    return Score(
        sum(one for one, _ in judged), sum(one and outcome for one, outcome in judged), sum(one for _, one in judged)
    )


@dataclass(frozen=True, slots=True)
class Guess:
    name: str
    sure: Callable[[Pair], float]
    least: float | None  # how sure it must be; None: whatever is best for it, in hindsight


GUESSES = (
    Guess("triage", lambda pair: pair.by_triage, SAME_REGION),
    Guess("triage, sure", lambda pair: pair.by_triage, 0.8),
    Guess("paths named", lambda pair: pair.by_paths, 1.0),
    Guess("words in common", lambda pair: pair.by_words, None),
)
OUTCOMES: Mapping[str, Holds] = {
    "same file": lambda pair: pair.same_file,
    "conflict": lambda pair: pair.conflict,
}


def scored(guess: Guess, found: Sequence[Pair], holds: Holds) -> Score:
    levels = sorted({guess.sure(pair) for pair in found} - {0.0}) if guess.least is None else [guess.least]
    scores = [score(found, guess.sure, least, holds) for least in levels]
    return max(scores, key=lambda one: one.f1, default=Score(0, 0, 0))


def average_precision(guess: Guess, found: Sequence[Pair], holds: Holds) -> float:
    """The precision at each pair that is there, from the surest down; pairs that are as sure share their place."""
    judged = [(guess.sure(pair), outcome) for pair in found if (outcome := holds(pair)) is not None]
    levels: dict[float, list[bool]] = {}
    for sure, outcome in sorted(judged, reverse=True):
        levels.setdefault(sure, []).append(outcome)
    right = said = 0
    total = 0.0
    for outcomes in levels.values():
        right, said = right + sum(outcomes), said + len(outcomes)
        total += sum(outcomes) * right / said
    return total / right if right else 0.0


def report(name: str, found: Sequence[Pair]) -> None:
    print(f"{name}: {len(found)} pairs, {sum(pair.same_file for pair in found)} share a file, "
          f"{sum(bool(pair.conflict) for pair in found)} conflict, "
          f"{sum(pair.conflict is None for pair in found)} could not be tried")  # fmt: skip
    print(f"  {'truth':10} {'guess':16}        precision           recall    F1  average precision")
    for outcome, holds in OUTCOMES.items():
        for guess in GUESSES:
            average = average_precision(guess, found, holds)
            print(f"  {outcome:10} {guess.name:16} {scored(guess, found, holds)}  {average:5.2f}", flush=True)


def measured(source: str, changes: int) -> list[Pair]:
    with tempfile.TemporaryDirectory(prefix="triage-") as folder:
        within = truth.borrowed(source, Path(folder) / "repository")
        return [pair for batch in truth.batches(within, changes) for pair in pairs(within, batch)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", nargs="+")
    parser.add_argument("--changes", type=int, default=300)
    given = parser.parse_args()
    for source in given.repository:
        report(source, measured(source, given.changes))


if __name__ == "__main__":
    main()

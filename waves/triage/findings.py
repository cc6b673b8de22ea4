"""Finds what collides among issues from what they say and where they will work; it reads nothing itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, pairwise

from waves.agents.prompts.fences import line
from waves.plan.schema import FINDING_KINDS
from waves.triage import meeting, numbered
from waves.triage.meeting import Shared
from waves.triage.model import (
    NOTHING_KNOWN,
    ForgeFacts,
    Found,
    InFlight,
    Intent,
    Mention,
    Proposal,
    Reading,
    Region,
    RepositoryFacts,
)  # fmt: skip
from waves.triage.words import Vocabulary, vocabulary_of

SAME_REGION = 0.3  # likelihood from which a pair is named; the trade of precision for recall is in docs/triage.md
SURE_FILE = 0.5
SHORT = 600  # characters of an issue that may be trivial
SHOWN, LEAST_SHOWN = 3, 0.05  # files named in one finding, and how likely such a file is
SHOWN_WORDS, ALIKE = 5, 0.1  # words named in one finding, and how alike two issues are for it
NOT_WORK = {"duplicate", "question", "invalid", "wontfix", "discussion", "support"}
UMBRELLA = re.compile(r"(?i)\b(?:umbrella|epic|meta|tracking(?: issue)?|roadmap)\b")

Regions = Mapping[int, Sequence[Region]]


def find(
    readings: Sequence[Reading], regions: Regions, facts: RepositoryFacts, forge: ForgeFacts = NOTHING_KNOWN
) -> tuple[Found, ...]:
    """All findings, by kind and then by issue; a pair that a surer finding names is not named as same-region too."""
    opened = [one for one in readings if _is_open(one.number, readings, forge)]
    found = [*_idle(readings, forge), *_in_flight(opened, regions, forge), *_umbrellas(opened, readings, forge)]
    left_out = {number for one in found for number in one.proposal.issues if one.proposal.action == "skip"}
    working = [one for one in opened if one.number not in left_out]
    found += [
        *_dependencies(opened, readings, left_out, forge),
        *_overlaps(working),
        *numbered.find(working, facts.files),
    ]
    settled = {pair for one in found if one.kind != "shared-numbering" for pair in combinations(sorted(one.issues), 2)}
    found += _same_region(working, regions, vocabulary_of(facts.history, readings), settled)
    # Names of files and quotes are anybody's: a finding stays one line.
    found = [replace(one, evidence=line(one.evidence)) for one in found]
    return tuple(sorted(found, key=lambda one: (FINDING_KINDS.index(one.kind), one.issues, one.evidence)))


def _is_open(number: int, readings: Iterable[Reading], forge: ForgeFacts) -> bool:
    """Whether work may be left on an issue: nothing says that it is closed."""
    return number not in forge.closed and all(one.state == "open" for one in readings if one.number == number)


# ---- issues that are no work, or somebody's already


def _idle(readings: Sequence[Reading], forge: ForgeFacts) -> Iterator[Found]:
    for one in readings:
        if not _is_open(one.number, readings, forge):
            yield _skipped("in-flight", one.number, f"#{one.number} is closed")
            continue
        for reference in one.references:
            if reference.role == "duplicate-of" and reference.issue != one.number:
                yield _skipped("in-flight", one.number, f"duplicate of #{reference.issue}: {reference.quote}")
                break
        else:
            if labels := [label for label in one.labels if label.lower() in NOT_WORK]:
                yield _skipped("in-flight", one.number, f"labelled {', '.join(labels)}")


def _skipped(kind: str, issue: int, evidence: str) -> Found:
    return Found(kind, (issue,), evidence, Proposal("skip", f"skip #{issue}", (issue,)))


def _in_flight(opened: Sequence[Reading], regions: Regions, forge: ForgeFacts) -> Iterator[Found]:
    for one in opened:
        for work in forge.in_flight:
            if one.number in work.issues:
                adopt = f"`pull_request: {work.pull_request}` in its unit, or " if work.pull_request else ""
                proposal = Proposal("decide", f"{adopt}skip #{one.number}", (one.number,))
                yield Found("in-flight", (one.number,), f"{work.what} is for #{one.number}", proposal)
            elif found := _touching(one.number, regions.get(one.number, ()), work):
                yield found


def _touching(issue: int, regions: Sequence[Region], work: InFlight) -> Found | None:
    both = meeting.shared(regions, [Region(path, 1.0, "") for path in sorted(work.paths)])
    weight = meeting.likelihood(both)
    if not both or both[0].weight < SURE_FILE:
        return None
    where = "; ".join(f"{each.path} ({each.one.evidence})" for each in both[:SHOWN])
    proposal = Proposal("decide", f"#{issue} after {work.what} is merged", (issue,))
    return Found("in-flight", (issue,), f"{work.what} touches {where}", proposal, round(weight, 2),
                 tuple(each.path for each in both[:SHOWN]))  # fmt: skip


# ---- what issues say of each other


def _umbrellas(opened: Sequence[Reading], readings: Sequence[Reading], forge: ForgeFacts) -> Iterator[Found]:
    for one in opened:
        children = children_of(one, readings, forge)
        named = UMBRELLA.search(one.title) or any(UMBRELLA.search(label) for label in one.labels)
        if len(children) < 2 and not (children and named):
            continue
        left = [child for child in children if child not in _done(one) and _is_open(child, readings, forge)]
        free = [child for child in left if not _blockers(child, readings, forge)]
        listed = ", ".join(f"#{child}" for child in children[:8])
        if left:
            first = f"#{free[0]} is its first unblocked sub-issue" if free else "each of its sub-issues is blocked"
        else:
            first = "all its sub-issues are done: close it"
        evidence = f"#{one.number} is an umbrella of {listed}; {first}"
        yield Found(
            "umbrella", (one.number,), evidence, Proposal("skip", f"skip #{one.number}; {first}", (one.number,))
        )


def children_of(one: Reading, readings: Iterable[Reading], forge: ForgeFacts) -> tuple[int, ...]:
    """The sub-issues of an issue in their order: the forge's links, or its task list, and then who says `part of`."""
    tasks = [reference.issue for reference in one.references if reference.role in ("task", "done-task")]
    claiming = [other.number for other in readings for reference in other.references
                if reference.role == "parent" and reference.issue == one.number]  # fmt: skip
    linked = [*(forge.children.get(one.number) or tasks), *claiming]
    return tuple(number for number in dict.fromkeys(linked) if number != one.number)


def _done(one: Reading) -> set[int]:
    return {reference.issue for reference in one.references if reference.role == "done-task"}


def _blockers(number: int, readings: Sequence[Reading], forge: ForgeFacts) -> list[int]:
    """The open issues that must be done before this one, as far as texts and links say so."""
    return [first for first, then, _ in _links(readings, forge) if then == number and _is_open(first, readings, forge)]


def _links(readings: Iterable[Reading], forge: ForgeFacts) -> Iterator[tuple[int, int, str]]:
    """(first, then, what says so) for every order that is stated."""
    for one in readings:
        for number in forge.blocked_by.get(one.number, ()):
            yield number, one.number, f"#{one.number} is marked as blocked by #{number}"
        for reference in one.references:
            if reference.issue != one.number and reference.role == "blocked-by":
                yield reference.issue, one.number, f"#{one.number} says: {reference.quote}"
            elif reference.issue != one.number and reference.role == "blocks":
                yield one.number, reference.issue, f"#{one.number} says: {reference.quote}"


def _dependencies(
    opened: Sequence[Reading], readings: Sequence[Reading], left_out: set[int], forge: ForgeFacts
) -> Iterator[Found]:
    numbers = {one.number for one in opened}
    stated: dict[tuple[int, int], str] = {}
    for first, then, quote in _links(opened, forge):
        if _is_open(first, readings, forge) and then in numbers:
            stated.setdefault((first, then), quote)
    for (first, then), quote in stated.items():
        if (then, first) in stated:
            if first < then:
                both = f"{quote}; {stated[then, first]}"
                yield Found("dependency", (first, then), both, Proposal("decide", "", (first, then)))
        elif first in numbers - left_out and then not in left_out:
            yield Found("dependency", (first, then), quote, Proposal("after", f"{then} after {first}", (first, then)))
        elif then not in left_out:
            proposal = Proposal("decide", f"{then} once #{first} is done", (then,))
            yield Found("dependency", (then,), f"{quote}; #{first} is not in this plan", proposal)
    for one in opened:
        listed = [child for child in children_of(one, (), forge) if child in numbers - left_out]
        for first, then in pairwise(listed):
            if not {(first, then), (then, first)} & stated.keys():
                evidence = f"#{one.number} lists #{first} before #{then}"
                proposal = Proposal("after", f"{then} after {first}", (first, then))
                yield Found("dependency", (first, then), evidence, proposal, 0.5)


def _overlaps(working: Sequence[Reading]) -> Iterator[Found]:
    """One removes or renames what another one names."""
    for one in working:
        for other in working:
            if one is not other and (clash := _clash(one, other)):
                intent, mention = clash
                what = "renames" if intent.verb == "rename" else "removes"
                evidence = f"#{one.number} {what} `{intent.what}` ({intent.quote}), which #{other.number} names"
                proposal = Proposal("after", f"{other.number} after {one.number}", (one.number, other.number))
                place = f" in line {mention.line}" if mention.line > 1 else " in its title"
                yield Found("semantic-overlap", (one.number, other.number), evidence + place, proposal, 0.9)


def _clash(one: Reading, other: Reading) -> tuple[Intent, Mention] | None:
    theirs = {intent.what for intent in other.intents if intent.verb != "add"}
    for intent in one.intents:
        if intent.verb != "add" and intent.what not in theirs:
            for mention in other.mentions:
                if _same_thing(intent.what, mention.text):
                    return intent, mention
    return None


def _same_thing(away: str, named: str) -> bool:
    if "/" in away:
        return named.strip("/") == away.strip("/") or named.startswith(f"{away.rstrip('/')}/")
    return named == away or re.split(r"\.|::|#|->", named)[-1] == away


# ---- where they will work


def _same_region(
    working: Sequence[Reading], regions: Regions, vocabulary: Vocabulary, settled: set[tuple[int, int]]
) -> Iterator[Found]:
    for one, other in combinations(sorted(working, key=lambda each: each.number), 2):
        pair = (one.number, other.number)
        mine, theirs = regions.get(pair[0], ()), regions.get(pair[1], ())
        both = meeting.shared(mine, theirs)
        likeness = vocabulary.likeness(one.words, other.words)
        weight = meeting.likelihood(both, likeness)
        if pair not in settled and weight >= SAME_REGION:
            trivial = _is_trivial(one, mine, both) and _is_trivial(other, theirs, both)
            rarest = vocabulary.rarest(one.words.keys() & other.words.keys())[:SHOWN_WORDS]
            common = [one.words[word] for word in rarest if likeness >= ALIKE]
            yield _region_finding(pair, both, weight, common, trivial)


def _is_trivial(one: Reading, regions: Sequence[Region], both: Sequence[Shared]) -> bool:
    """A short issue whose one likely file is the shared one."""
    likely = [region.path for region in regions if region.weight >= SURE_FILE]
    return one.length <= SHORT and len(likely) == 1 and likely == [each.path for each in both[:1]]


def _region_finding(
    pair: tuple[int, int], both: Sequence[Shared], weight: float, common: Sequence[str], trivial: bool
) -> Found:
    first, then = pair
    telling = [each for each in both if each.weight >= LEAST_SHOWN][:SHOWN] or [*both[:1]]
    words = [f"both speak of {', '.join(common)}"] if common else []
    where = "; ".join([*(_reasons(pair, each) for each in telling), *words])
    paths = tuple(each.path for each in telling)
    if trivial:
        proposal = Proposal("combine", f"one unit for #{first} and #{then}", pair)
        return Found("trivial-siblings", pair, f"two small fixes in {where}", proposal, round(weight, 2), paths)
    proposal = Proposal("after", f"{then} after {first}", pair)
    return Found("same-region", pair, where, proposal, round(weight, 2), paths)


def _reasons(pair: tuple[int, int], each: Shared) -> str:
    mine, theirs = each.one.evidence, each.other.evidence
    if mine == theirs:
        return f"{each.path} (both: {mine})"
    return f"{each.path} (#{pair[0]}: {mine}; #{pair[1]}: {theirs})"

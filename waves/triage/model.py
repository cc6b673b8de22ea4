"""What triage reads, predicts and finds, as frozen data; it decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from waves.agents.prompts.facts import IssueText

NO_NUMBERS: Mapping[int, Sequence[int]] = MappingProxyType({})


class OpenIssue(IssueText, Protocol):
    """An issue as the forge gives it, with its state."""

    @property
    def state(self) -> str: ...


# ---- what an issue says


@dataclass(frozen=True, slots=True)
class Mention:
    """Something an issue names that may be found in the repository."""

    kind: str  # path | glob | symbol | route | text
    text: str
    line: int  # 1-based; line 1 is the title, the body follows


@dataclass(frozen=True, slots=True)
class Reference:
    """Another issue that an issue names, and in which role."""

    issue: int
    role: str  # blocked-by | blocks | task | done-task | parent | duplicate-of
    quote: str  # the line of the issue that says so


@dataclass(frozen=True, slots=True)
class Intent:
    """What an issue wants done to something that it names."""

    verb: str  # remove | rename | add
    what: str  # a name of the code; with `add` the words that follow
    quote: str


@dataclass(frozen=True, slots=True)
class Reading:
    """All that the text of one issue says."""

    number: int
    title: str
    state: str  # open | closed
    labels: tuple[str, ...] = ()
    mentions: tuple[Mention, ...] = ()
    references: tuple[Reference, ...] = ()
    intents: tuple[Intent, ...] = ()
    words: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({})
    )  # stem -> the word as it stands first
    length: int = 0  # characters of title and body


# ---- what the repository knows


@dataclass(frozen=True, slots=True)
class Hit:
    """A line of a file at the base in which something that an issue names stands."""

    path: str
    line: int  # 1-based
    definition: bool = False


@dataclass(frozen=True, slots=True)
class PastChange:
    """A commit of the base's history, merges left out."""

    commit: str
    subject: str
    words: frozenset[str]  # stems of its subject and body
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """The base as one look at it found it."""

    base: str  # commit id
    files: tuple[str, ...]
    hits: Mapping[str, tuple[Hit, ...]]  # text of a mention -> where it stands
    history: tuple[PastChange, ...]  # newest first


@dataclass(frozen=True, slots=True)
class InFlight:
    """Work on its way already: an open pull request, or a unit of a batch that is not done."""

    what: str  # for people: `pull request #77`, `unit 'form' of the batch auth`
    issues: frozenset[int] = frozenset()  # that it closes
    paths: frozenset[str] = frozenset()  # that it touches
    pull_request: int | None = None


@dataclass(frozen=True, slots=True)
class ForgeFacts:
    """What the forge and other plans know beside the issues' own texts; empty: nothing is known."""

    in_flight: tuple[InFlight, ...] = ()
    children: Mapping[int, Sequence[int]] = field(default_factory=lambda: NO_NUMBERS)  # issue -> sub-issues, in order
    blocked_by: Mapping[int, Sequence[int]] = field(default_factory=lambda: NO_NUMBERS)  # the forge's own links
    closed: frozenset[int] = frozenset()  # issues known to be closed, whether triaged or not


NOTHING_KNOWN = ForgeFacts()


# ---- what follows from both


@dataclass(frozen=True, slots=True)
class Region:
    """A file that the work on an issue will probably touch."""

    path: str
    weight: float  # 0 to 1, how likely
    evidence: str  # one line that a person can check


@dataclass(frozen=True, slots=True)
class Proposal:
    """What triage would do about a finding.

    `combine`: one unit for `issues`. `after`: the later ones of `issues` after the first. `skip`: leave `issues` out.
    `number`: give each of `issues` its number of `numbers`, in `series`. `decide`: nothing but a person can tell.
    """

    action: str  # combine | after | skip | number | decide
    text: str  # as it may stand as the `resolution` of the plan
    issues: tuple[int, ...] = ()
    series: str = ""
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One finding before it is in a plan."""

    kind: str  # one of waves.plan.schema.FINDING_KINDS
    issues: tuple[int, ...]
    evidence: str  # one line
    proposal: Proposal
    weight: float = 1.0  # 0 to 1: how sure; what a text says outright is 1
    paths: tuple[str, ...] = ()  # the files it is about, likeliest first


@dataclass(frozen=True, slots=True)
class Turn:
    """The place of an issue in the merge order, and why it is there."""

    issue: int
    reason: str
    size: float  # predicted: files, weighted by how likely each is


@dataclass(frozen=True, slots=True)
class Triage:
    """Everything triage has to say about some issues of one repository."""

    base: str  # commit id
    readings: tuple[Reading, ...]
    regions: Mapping[int, tuple[Region, ...]]  # by issue, likeliest first
    findings: tuple[Found, ...]
    order: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class ScopeOverlap:
    """Two units of a plan that are not ordered and whose scopes can match one file."""

    units: tuple[str, str]
    paths: tuple[str, ...]  # files of the repository that both scopes match
    message: str

"""What Waves writes for people elsewhere: pull requests, merge commits, messages; words by strangers made harmless."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from waves.agents.prompts.fences import code, line
from waves.forges import Issue
from waves.foundation import inert
from waves.foundation.text import plain
from waves.lifecycle.contracts import Item
from waves.lifecycle.verdicts import Decision
from waves.plan.model import Unit
from waves.plan.schema import TYPES

TITLE_LIMIT = 72
LONGEST_CELL = 400
NEWS_LIMIT, MESSAGE_LIMIT = 300, 3500  # characters: of one reason, and of what ntfy takes in one message
CONVENTIONAL = re.compile(rf"({'|'.join(TYPES)})(\([^()]+\))?!?: \S")
BEGIN, END = "<!-- waves: this part is kept up to date -->", "<!-- waves: end -->"
SYMBOLS = {"correct": "to correct", "defer": "deferred", "requested": "asked for by the issue", "ask": "needs a ruling",
           "listed": "listed only"}  # fmt: skip


def harmless(text: str, limit: int = 0) -> str:
    """One line of Markdown that only says something, whoever wrote it; cut to `limit` characters, if that is given."""
    return inert.markdown(_short(line(text), limit) if limit else line(text)).strip() if text.strip() else ""


def heading(text: str) -> str:
    """The same, for where no Markdown is read: titles and commit messages."""
    return inert.words(line(text)).strip() if text.strip() else ""


def pull_title(unit: Unit, issues: Sequence[Issue]) -> str:
    """Conventional: the unit's type, and the issue's title or, for several combined, the unit's reason."""
    about = issues[0].title if len(issues) == 1 else unit.why or ", ".join(issue.title for issue in issues)
    title = f"{unit.type}: {heading(about) or unit.name}"
    return title if len(title) <= TITLE_LIMIT else title[: TITLE_LIMIT - 1].rstrip() + "…"


def closing_lines(unit: Unit) -> str:
    """One keyword an issue: a list after one keyword closes only the first."""
    return "\n".join(f"Fixes #{number}" for number in unit.issues)


def merge_title(unit: Unit, issues: Sequence[Issue], title: str, pull: int) -> str:
    """The title of a pull request if that is conventional, as a person may have worded it, else one that is."""
    return f"{heading(title) if CONVENTIONAL.match(title) else pull_title(unit, issues)} (#{pull})"


@dataclass(frozen=True, slots=True)
class Cycle:
    """What was checked of one head, for the description; empty where that is still to come."""

    name: str
    head: str
    checks: str = ""
    review: str = ""
    decision: str = ""


def pull_body(batch: str, unit: Unit, issues: Sequence[Issue], cycles: Sequence[Cycle],
              aside: Sequence[str] = ()) -> str:  # fmt: skip
    """Waves' own part of the description, between its marks: what was asked, what was checked, what is not in it."""
    parts = [
        BEGIN,
        closing_lines(unit),
        "## What was asked",
        _bullets(f"#{one.number} {harmless(one.title)}" for one in issues),
    ]
    if unit.why:
        parts.append(harmless(unit.why))
    if unit.scope.inside or unit.scope.outside:
        parts += ["## Scope", _bullets([*(f"in: {code(one)}" for one in unit.scope.inside),
                                        *(f"out: {code(one)}" for one in unit.scope.outside)])]  # fmt: skip
    if unit.decisions:
        parts += ["## Decided", _bullets(f"{harmless(one.ask)} {harmless(one.answer)}" for one in unit.decisions)]
    if unit.checks:
        parts += ["## Checks asked for", _bullets(code(one) for one in unit.checks)]
    rows = [
        f"| {one.name} | `{one.head[:12]}` | {one.checks or '…'} | {one.review or '…'} | {one.decision or '…'} |"
        for one in cycles
    ]
    head = ["| cycle | head | checks | review | decision |", "|---|---|---|---|---|"]
    parts += ["## What was checked", "\n".join([*head, *rows])]
    if aside:
        parts += ["## Left beside the branch", "An agent left this, and it is not part of this pull request.",
                  _bullets(harmless(one) for one in aside)]  # fmt: skip
    parts.append(f"Unit `{unit.name}` of batch `{batch}`. Each review cycle has its own comment below.")
    return "\n\n".join([*parts, END])


def with_part(description: str, part: str) -> str:
    """A description with Waves' own part brought up to date; what a person wrote around it stays."""
    present = description.replace("\r\n", "\n")  # as GitHub's own editor saves it
    before, begin, rest = present.partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and end:
        return before + part + after
    return f"{present.rstrip()}\n\n{part}" if present.strip() else part


def merge_message(unit: Unit, pull: int) -> str:
    return f"{closing_lines(unit)}\n\nPull request {pull}, unit {unit.name}.\n"


def approval(unit: Unit) -> str:
    return f"Unit {unit.name}: the last review cycle approved exactly this commit, and its checks are green.\n"


def cycle_comment(cycle: str, head: str, summary: str, checks: str, decision: Decision, after: str = "") -> str:
    """The one comment of a review cycle: verdict, items, what is done about each and why."""
    parts = [
        f"### Review, cycle {cycle}: {decision.kind}",
        f"Head `{head}`, checks: {checks}. {harmless(decision.reason)}.",
        harmless(summary),
    ]
    if decision.treated:
        rows = [_row(one.item, cycle, SYMBOLS.get(one.treatment, one.treatment), one.why) for one in decision.treated]
        parts.append("\n".join(["| item | where | what | decision | why |", "|---|---|---|---|---|", *rows]))
    if after:
        parts.append(after)
    return "\n\n".join(part for part in parts if part) + "\n"


def _row(item: Item, cycle: str, decision: str, why: str) -> str:
    where = item.file if item.line is None else f"{item.file}:{item.line}"
    cells = (
        f"{item.id}@{cycle}",
        code(where) if where else "",
        harmless(item.issue, LONGEST_CELL),
        decision,
        harmless(why),
    )
    return "| " + " | ".join(map(inert.cell, cells)) + " |"


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def corrected(commits: Iterable[tuple[str, str]]) -> str:
    """What a correction changed, for its cycle's comment: commit and message of each."""
    return "Corrected:\n\n" + _bullets(f"`{one[:12]}` {harmless(text.partition(chr(10))[0])}" for one, text in commits)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {one}" for one in lines)


@dataclass(frozen=True, slots=True)
class News:
    """One thing that a person wants to be told. `kind`: done | escalated | ruling | limit | failed."""

    kind: str
    about: str  # the unit, or what there is of the batch
    reason: str = ""
    commands: tuple[str, ...] = ()


HEADLINES = {
    "ruling": "{} waiting for a ruling", "escalated": "{} escalated", "failed": "all that is left failed",
    "limit": "usage limit reached", "done": "done",
}  # fmt: skip


def message(batch: str, news: Sequence[News]) -> tuple[str, str]:
    """Title and text of one message about everything that happened to a batch."""
    counts = Counter(one.kind for one in news)
    title = f"{batch}: " + ", ".join(words.format(counts[kind]) for kind, words in HEADLINES.items() if counts[kind])
    lines = [line for kind in HEADLINES for one in news if one.kind == kind for line in _told(one)]
    text = "\n".join(lines)
    return title, text if len(text) <= MESSAGE_LIMIT else text[:MESSAGE_LIMIT].rpartition("\n")[0] + "\n…"


def _told(news: News) -> Iterable[str]:
    reason = " ".join(plain(news.reason).split())[:NEWS_LIMIT]
    yield f"{news.about}: {reason}" if reason else news.about
    yield from (f"  {command}" for command in news.commands)

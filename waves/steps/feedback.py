"""What people said on a unit's pull request, as items that wait for a ruling; it answers nobody and judges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from waves.forges import Feedback
from waves.foundation.records import read_json
from waves.foundation.text import plain
from waves.lifecycle.contracts import LONGEST, Item
from waves.lifecycle.held import HeldError
from waves.lifecycle.verdicts import CORRECT, FEEDBACK, decision_from, ruling_on
from waves.steps.work import Work, one_line


def items(work: Work) -> tuple[tuple[Item, ...], frozenset[str]]:
    """What was said and no correction has answered, oldest first; and the ids of what strangers said."""
    answered = set(_answered(work))
    said = [(item_of(one), one.trusted) for one in work.batch.said.on(work.unit.name)]
    open_ones = [(item, trusted) for item, trusted in said if item.digest not in answered]
    numbered = [(replace(item, id=f"H{number}"), trusted) for number, (item, trusted) in enumerate(open_ones, 1)]
    return tuple(item for item, _ in numbered), frozenset(item.id for item, trusted in numbered if not trusted)


def item_of(said: Feedback) -> Item:
    """Its name is still to come: the place among what is open makes that."""
    words = plain(said.text)[:LONGEST] or "asks for changes, without a word"
    # Nothing here that becomes another one as time goes on: it has to stay the item that was ruled on.
    detail = f"said by {one_line(said.author) or 'somebody'}, {said.id}"
    return Item("H", FEEDBACK, plain(said.path), said.line, words, "", 0 if said.requests_changes else 1, 1.0, detail)


def refuse_unheard(work: Work, cycle: str) -> None:
    """Look at what was said up to now; raise HeldError where somebody trusted said what nobody has ruled on."""
    work.batch.hear(work.unit)
    found, strangers = items(work)
    for item in found:
        if item.id not in strangers and ruling_on(item, cycle, work.facts.rulings) is None:
            words = one_line(f"{item.detail.partition(',')[0]} since the approval: {item.issue}")
            raise HeldError("waiting", f"{words}; the next `doit` asks for a ruling")


def _answered(work: Work) -> Iterator[str]:
    """The digests of what a correction was told to address."""
    for record in work.facts.records.values():
        kind, _, cycle = str(record.result.get("answers", "")).partition("@")
        if kind == "decide" and work.facts.record(record.step):
            decision = decision_from(read_json(work.path / f"decision-{cycle}.json") or {})
            yield from (item.digest for item in decision.items(CORRECT) if item.list == FEEDBACK)

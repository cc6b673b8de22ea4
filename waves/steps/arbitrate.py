"""Has an arbiter say whether an issue asks for what a reviewer calls out of scope; it is never shown the diff."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from waves.agents import ANSWER, prompts
from waves.agents.prompts.facts import Arbitration as ArbitrationPrompt
from waves.foundation.records import digest
from waves.lifecycle import contracts
from waves.lifecycle.contracts import Arbitration, Item
from waves.lifecycle.verdicts import verified_quote
from waves.steps.points import point_of
from waves.steps.runs import ask
from waves.steps.work import Work


def run(work: Work, items: Sequence[Item]) -> Mapping[str, str | None]:
    """Item id to the verified quote of the issue that asks for it, or None where the item stands."""
    issues = work.issues()

    def prompt(fault: str | None, directory: Path) -> str:
        facts = ArbitrationPrompt(
            unit=work.unit.name,
            repository=work.batch.checkout.name,
            issues=issues,
            points=tuple(point_of(item) for item in items),
            schema=json.dumps(contracts.SCHEMAS["arbiter"], indent=1),
            answer_file=directory / ANSWER if work.batch.plan.agent_for("arbiter").kind == "command" else None,
            previous_fault=fault,
        )
        return prompts.arbiter(facts, prompts.template("arbiter", pinned=work.path / "templates"))

    def accept(ran: ask.Ran) -> str | None:
        answer = contracts.read_arbitration(ran.result.message)
        return None if isinstance(answer, Arbitration) else answer.reason

    key = digest([[one.id, one.digest] for one in items])
    task = ask.Task("arbiter", work.step.at, key, prompt, accept, work.facts.head(work.step.at))
    answer = contracts.read_arbitration(ask.ask(work, task).result.message)
    assert isinstance(answer, Arbitration)
    texts = [prompts.plain(text) for issue in issues for text in (issue.title, issue.body)]
    said = {one.id: verified_quote(one.quote, texts) if one.requested else None for one in answer.items}
    return {item.id: said.get(item.id) for item in items}

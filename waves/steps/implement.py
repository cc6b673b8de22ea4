"""Has the implementer do a unit's work and takes its commits in; Waves itself changes no file."""

from __future__ import annotations

import re
from pathlib import Path

from waves import git
from waves.batch import claim, content
from waves.foundation.records import digest, read_text, to_json
from waves.steps import reword, unpublishable
from waves.steps.runs import ask
from waves.steps.work import Done, Work, one_line

PULL = re.compile(r"/pull/[0-9]+/?\s*\Z")  # at the end of the last message of an agent that publishes by itself
TAIL = 200  # characters


def run(work: Work) -> Done:
    repository, branch = work.batch.repository, work.branch
    generation = work.facts.generation + 1
    before = git.resolve(repository, f"refs/heads/{branch}")
    assert before is not None
    base = str(work.result("worktree")["base"])
    if generation > 1:
        ask.see_off(work, "the implementer runs again", but="implementer")
        _keep_old_head(work, before, generation - 1)
    prompt = read_text(work.path / "prompt.md")

    def accept(ran: ask.Ran) -> str | None:
        assert ran.collected is not None
        if ran.result.failure:
            return ran.result.failure.message
        if ran.collected.head == base:
            return ask.without_commit(ran, "it ended without a commit")
        if told := unpublishable.fault(work, ran) or content.unfit(work.batch, ran.collected.head):
            return told
        if work.batch.plan.policy.publish == "agent" and not PULL.search(ran.result.message):
            said = one_line(ran.result.message[-TAIL:]) or "it said nothing"
            return f"it did not end with the address of its pull request: {said}"
        return None

    def words(fault: str | None, directory: Path) -> str:
        return prompt if fault is None else f"{prompt}\n\nThe run before this one came to nothing: {fault}.\n"

    task = ask.Task("implementer", str(generation), digest(prompt), words, accept, before)
    ran = ask.ask(work, task)
    log = ask.readable_log(ran)
    facts = ask.facts_of(reword.reworded(work, ran, f"words{generation}"))
    work.folder.write_target("codex.out", log)
    work.folder.write_target("run.json", to_json(facts))
    found = {**facts, "generation": generation, "before": before, "base": base}
    return Done(found, ("codex.out", "run.json"))


def _keep_old_head(work: Work, head: str, number: int) -> None:
    """The branch's head before the new words: re-implementing loses nothing."""
    ref = f"{claim.kept(work.batch, work.unit.name)}implemented-{number}"
    if git.resolve(work.batch.repository, ref) is None:
        git.update_ref(work.batch.repository, ref, head, git.ZERO)

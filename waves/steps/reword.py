"""Has a corrector reword commit messages that a forge would act on, before the push; it edits no commit itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from waves import git
from waves.agents import prompts
from waves.agents.prompts.facts import Point
from waves.foundation import inert
from waves.foundation.records import digest
from waves.foundation.text import plain
from waves.steps import unpublishable
from waves.steps.points import correction
from waves.steps.runs import ask
from waves.steps.runs.ask import Ran, Task
from waves.steps.work import Work, one_line

FIX = (
    "Reword the message of this commit (`git commit --amend`, or `git rebase --interactive` with GIT_SEQUENCE_EDITOR), "
    "so that it says the same in words: `issue 9` for #9, a name in backticks for @name. The commit is not pushed. "
    "Change no file."
)


def reworded(work: Work, ran: Ran, label: str, *published: str) -> Ran:
    """The run, if need be with its commit messages reworded by another one; raises HeldError as `ask` does.

    What the base and the `published` commits reach is out already.
    """
    assert ran.collected is not None
    head = str(ran.collected.head)
    points = tuple(_points(work, head, published))
    if not points:
        return ran
    work.say(f"its corrector rewords {len(points)} commit message{'' if len(points) == 1 else 's'} before the push: "
             f"{points[0].issue}")  # fmt: skip
    template = prompts.template("corrector", pinned=work.path / "templates")

    def accept(again: Ran) -> str | None:
        assert again.collected is not None
        if again.result.failure:
            return again.result.failure.message
        now = str(again.collected.head)
        if left := next(_points(work, now, published), None):
            return left.issue
        if git.tree_of(work.batch.repository, now) != git.tree_of(work.batch.repository, head):
            return f"it changed files, and was only to reword commit messages: they must be as in {head[:12]}"
        return unpublishable.fault(work, again, *published)

    def words(fault: str | None, directory: Path) -> str:
        return prompts.corrector(correction(work, points=points, reword=True, previous_fault=fault), template)

    key = digest([head, [one.issue for one in points]])
    again = ask.ask(work, Task("corrector", label, key, words, accept, head))
    return _as_one(work, ran, again, published)


def _as_one(work: Work, ran: Ran, again: Ran, published: tuple[str, ...]) -> Ran:
    """The run as if it had left what it is now, with what both cost."""
    assert again.collected is not None
    commits = git.commits(work.batch.repository, [str(again.collected.head)], [work.batch.base_head, *published])
    spent = [one.result.tokens for one in (ran, again) if one.result.tokens is not None]
    result = replace(ran.result, tokens=sum(spent) if spent else None, flags=(*ran.result.flags, *again.result.flags))
    aside = (*(ran.collected.aside if ran.collected else ()), *again.collected.aside)
    return replace(ran, result=result, collected=replace(again.collected, commits=tuple(commits), aside=aside))


def _points(work: Work, head: str, published: tuple[str, ...]) -> Iterator[Point]:
    """One for each commit message that does more than say something."""
    repository, own = work.batch.repository, {*work.unit.issues}
    if "pr" in work.facts.records:
        own.add(work.pull)
    number = 0
    for commit in git.commits(repository, [head], [work.batch.base_head, *published]):
        text = git.message(repository, commit)
        if found := list(dict.fromkeys(inert.powers(text, own))):
            number += 1
            subject = one_line(plain(text.partition("\n")[0]), 80)
            issue = f"the message of commit {commit[:12]} ('{subject}') {one_line('; '.join(found), 400)}"
            yield Point(f"W{number}", "wording", "", None, issue, FIX)

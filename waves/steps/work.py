"""What one step is given, and the two ways in which it can end; it holds no rule and no effect of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waves import git
from waves.batch import branch
from waves.forges import Issue
from waves.foundation.errors import GitError
from waves.foundation.records import UnitFolder, file_stem, read_json, write_text
from waves.lifecycle import Facts, Step
from waves.lifecycle.held import HeldError
from waves.plan.model import Unit

if TYPE_CHECKING:
    from waves.batch.batch import Batch


REFUSALS = "refusals"  # in the unit's folder: what git said, per step


@dataclass(frozen=True, slots=True)
class Done:
    """A step that did its work: what it found, and which files of the unit's folder it made."""

    result: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    paid: bool = False  # and is nowhere but here: an agent's answer


@dataclass(frozen=True, slots=True)
class Work:
    """One step of one unit of one batch, with the facts as they were when it was found to be due."""

    batch: Batch
    unit: Unit
    step: Step
    facts: Facts

    @property
    def folder(self) -> UnitFolder:
        return self.batch.units[self.unit.name]

    @property
    def path(self) -> Path:
        return self.folder.path

    def say(self, text: str) -> None:
        self.batch.say(self.unit.name, self.step.name, text)

    def escalate(self, reason: str) -> HeldError:
        return HeldError("escalated", reason, self.rule_command(self.step.name, "retry"))

    def rule_command(self, item: str, ruling: str) -> str:
        return f"waves rule {self.unit.name} {item} {ruling} --why '…'"

    def retries(self) -> int:
        return self.facts.retries(self.step.name)

    # ---- what earlier steps found

    def result(self, step: str) -> Mapping[str, Any]:
        """The result of an earlier step, which the verdict has shown to be there."""
        return self.facts.records[step].result

    @property
    def branch(self) -> str:
        return str(self.result("worktree")["branch"])

    @property
    def remote(self) -> str:
        """Where the branch is pushed to: `origin`, or the address of a fork."""
        return branch.remote(self.batch, self.unit.name)

    @property
    def worktree(self) -> git.Repository:
        path = self.batch.worktree_path(self.unit)
        found = git.worktree_of(self.batch.repository, path)
        if found is None:
            raise HeldError(
                "broken", f"{path} is not a worktree of {self.batch.checkout}; the next `doit` makes it anew"
            )
        return found

    @property
    def pull(self) -> int:
        return int(self.result("pr")["number"])

    def issues(self) -> tuple[Issue, ...]:
        """The unit's issues as they were pinned."""
        return issues_from(read_json(self.path / "issue.json") or {})


def refused(work: Work, error: GitError, what: str = "") -> HeldError:
    """How a step ends that git or a server refused something; git's own words are kept for `waves logs`."""
    write_text(work.path / REFUSALS / f"{file_stem(work.step.name)}.txt", work.batch.scrub(error.original) + "\n")
    reason = f"{what}: {error}" if what else str(error)
    if error.refusal is not None and error.refusal.person:
        return HeldError("waiting", reason, person=True)
    return HeldError("broken", reason)


def issues_from(value: Mapping[str, Any]) -> tuple[Issue, ...]:
    from waves.forges import Comment

    found = []
    for one in value.get("issues", ()):
        comments = tuple(Comment(**comment) for comment in one["comments"])
        lists = {name: tuple(one.get(name, ())) for name in ("labels", "sub_issues")}
        found.append(Issue(**{**one, **lists, "comments": comments}))
    return tuple(found)


def one_line(text: str, limit: int = 200) -> str:
    """Text by strangers, fit for one line of a terminal: no control characters, bounded."""
    clean = "".join(one if one.isprintable() else " " for one in text)
    return re.sub(r"\s+", " ", clean).strip()[:limit]

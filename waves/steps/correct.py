"""Has a corrector address exactly the chosen items, or takes in what a person pushed; then pushes, with lease."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waves import git, lifecycle
from waves.agents import prompts
from waves.agents.prompts.facts import Correction, Deferred, Point, RedCheck, Renumbering
from waves.batch import branch as branches
from waves.batch import content
from waves.foundation.errors import WavesError
from waves.foundation.records import digest, read_json, to_json
from waves.lifecycle.verdicts import CHECKS, CORRECT, LISTED, decision_from
from waves.steps import decide, description, reword, texts, unpublishable
from waves.steps.points import correction, point_of
from waves.steps.pr import publish, refuse_ended
from waves.steps.runs import ask, guarded
from waves.steps.texts import Cycle
from waves.steps.work import Done, Work


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be corrected, from the decision or the landing that asked for it."""

    source: str  # the step
    points: tuple[Point, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    conflicts: tuple[str, ...] = ()
    renumber: tuple[Renumbering, ...] = ()
    red_checks: tuple[RedCheck, ...] = ()
    rebase: bool = False

    @property
    def key(self) -> str:
        return digest([self.source, [one.text for one in self.points], self.conflicts, self.rebase,
                       [one.path for one in self.renumber], [one.name for one in self.red_checks]])  # fmt: skip


def run(work: Work) -> Done:
    if work.facts.pushed:
        return _take_in_push(work)
    source = lifecycle.asks_for(work.step, work.facts)
    asked = _asked(work, source)
    before = _head_before(work)
    refuse_ended(work)
    work.batch.fetch()
    template = prompts.template("corrector", pinned=work.path / "templates")

    def words(fault: str | None, directory: Path) -> str:
        return prompts.corrector(_correction(work, asked, fault), template)

    def accept(ran: ask.Ran) -> str | None:
        assert ran.collected is not None
        if ran.result.failure:
            return ran.result.failure.message
        if ran.collected.head == before:
            return ask.without_commit(ran, "it made no new commit: the items stand")
        return unpublishable.fault(work, ran, before) or content.unfit(work.batch, ran.collected.head, before)

    key = digest([before, asked.key])
    ran = ask.ask(work, ask.Task("corrector", work.step.at, key, words, accept, before))
    ran = reword.reworded(work, ran, work.step.at, before)
    assert ran.collected is not None
    facts = ask.facts_of(ran)
    for one in ran.collected.aside:
        work.say(f"flag: left beside its branch: {one.what}")
    publish(work, facts["head"])
    _say_what_changed(work, source, facts["commits"])
    description.update(work, work.batch.forge.pull(work.pull), Cycle(work.step.at, str(facts["head"])))
    work.folder.write_target(f"correct-{work.step.at}.out", ask.readable_log(ran))
    found = {**facts, "before": before, "answers": source}
    return Done(found, (f"correct-{work.step.at}.out",))


def _head_before(work: Work) -> str:
    """The head that the correction starts from: where the last correction, or the implementer, left the branch."""
    cycles = [
        record for record in work.facts.records.values() if record.step.startswith("correct@") or record.step == "pr"
    ]
    present = [one for one in cycles if work.facts.record(one.step) and one.step != work.step.name]
    return str(max(present, key=lambda one: one.ended).result["head"])


def _asked(work: Work, source: str) -> Asked:
    kind, _, at = source.partition("@")
    if kind == "land":
        return _asked_by_landing(source, read_json(work.path / f"land-{at}.json") or {})
    decision = decision_from(read_json(work.path / f"decision-{at}.json") or {})
    chosen = decision.items(CORRECT)
    return Asked(
        source=source,
        points=tuple(point_of(one, at) for one in chosen if one.list != CHECKS),
        deferred=tuple(
            Deferred(point_of(one.item, at), one.why)
            for one in decision.treated
            if one.treatment not in (CORRECT, LISTED)
        ),
        red_checks=_red_checks(work, at) if any(one.list == CHECKS for one in chosen) else (),
    )


def _red_checks(work: Work, at: str) -> tuple[RedCheck, ...]:
    checks = read_json(work.path / f"checks-{at}.json") or {}
    red = (one for one in checks.get("checks", ()) if one["state"] == "red")
    return tuple(RedCheck(one["name"], one["tail"], one["url"]) for one in red)


def _asked_by_landing(source: str, value: dict[str, Any]) -> Asked:
    return Asked(
        source=source,
        conflicts=tuple(value.get("conflicts", ())),
        renumber=tuple(Renumbering(*one) for one in value.get("renumber", ())),
        red_checks=tuple(RedCheck(*one) for one in value.get("red_checks", ())),
        rebase=True,
    )


def _correction(work: Work, asked: Asked, fault: str | None) -> Correction:
    cycle = asked.source.partition("@")[2]
    return correction(
        work,
        review=work.path / f"review-{cycle}.json" if asked.source.startswith("decide@") else None,
        points=asked.points,
        deferred=asked.deferred,
        rebase=asked.rebase,
        conflicts=asked.conflicts,
        red_checks=asked.red_checks,
        renumber=asked.renumber,
        previous_fault=fault,
    )


def _say_what_changed(work: Work, source: str, commits: Sequence[str]) -> None:
    if not source.startswith("decide@"):
        return
    said = [(one, git.message(work.batch.repository, one)) for one in commits]
    decide.comment(work, source.partition("@")[2], texts.corrected(said))


def _take_in_push(work: Work) -> Done:
    """A person pushed to the branch: the local branch and the worktree follow, and a new cycle looks at it."""
    repository, branch = work.batch.repository, work.branch
    ask.see_off(work, "a person pushed while it worked")
    head = branches.head(work.batch, work.unit.name, branch)
    if head is None:
        raise WavesError(f"{branch} is gone from the remote; push it again, or drop the unit")
    branches.fetch(work.batch, work.unit.name, branch)
    local = git.resolve(repository, f"refs/heads/{branch}")
    guarded.move_to(work, head)
    work.batch.forget_push(work.unit)
    work.folder.write_target(f"correct-{work.step.at}.out", to_json({"pushed by hand": head, "before": local}))
    return Done({"by_hand": True, "head": head, "before": local}, (f"correct-{work.step.at}.out",))

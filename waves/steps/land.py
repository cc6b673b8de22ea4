"""Merges an approved head at its turn, or says what is not clean; never a head that was not reviewed green."""

from __future__ import annotations

from dataclasses import dataclass, field

from waves import git, lifecycle, locks
from waves.errors import BaseMovedError, HeadMovedError
from waves.forges import Check, Pull
from waves.plan import series
from waves.records import digest
from waves.report import texts
from waves.steps import feedback
from waves.steps.pr import closed
from waves.steps.work import Done, HeldError, Work, to_json

MOVES = 5  # how often in a row the base or the branch may move between the look and the merge


@dataclass(slots=True)
class Unclean:
    """What a landing found; empty when nothing stands against the merge."""

    conflicts: tuple[str, ...] = ()
    renumber: list[tuple[str, str, int]] = field(default_factory=list)  # path, series, new number
    red_checks: tuple[Check, ...] = ()
    overlaps: tuple[str, ...] = ()  # siblings of a semantic-overlap finding merged since the review
    pushed: str = ""  # a head that a person pushed

    def __bool__(self) -> bool:
        return bool(self.conflicts or self.renumber or self.red_checks or self.overlaps or self.pushed)

    def reason(self) -> str:
        parts = [f"conflicts with the base in {', '.join(self.conflicts)}"] if self.conflicts else []
        parts += [f"{path}: the number is taken, {number} is free" for path, _, number in self.renumber]
        parts += [f"check {check.name} is red on the merge result" for check in self.red_checks]
        parts += [f"{unit} was merged since the review and overlaps" for unit in self.overlaps]
        parts += [f"{self.pushed[:8]} was pushed by hand"] if self.pushed else []
        return "; ".join(parts)


def run(work: Work) -> Done:
    cycle = lifecycle.approved_cycle(work.facts, work.step) or ""
    head = work.facts.head(cycle) if cycle else ""
    if not (cycle and _approved_by_person(work, cycle, head)):
        if done := _ended_by_person(work, work.batch.forge.pull(work.pull), head):
            return done
        raise HeldError("waiting", "approved; policy.merge is `ask`", work.rule_command(f"merge@{cycle}", "approve"))
    # Who has been through a round goes first, or it might be corrected for ever; then the smallest.
    rank = (-int(work.step.at), int(work.result("pr").get("lines", 0)))
    base_lock = work.batch.repository.common_dir / f"waves-base-{digest(work.batch.plan.base)}.lock"
    work.say("waits for its turn to land")
    with work.batch.landing.turn(rank, work.unit.name), locks.waiting(base_lock):
        return _land(work, cycle, head)


def _approved_by_person(work: Work, cycle: str, head: str) -> bool:
    """Whether a person approved this very merge, where the plan wants that."""
    approvals = (one for one in work.facts.rulings if one.ruling == "approve" and one.digest in (None, head))
    return work.batch.plan.policy.merge != "ask" or any(one.item in ("merge", f"merge@{cycle}") for one in approvals)


def _ended_by_person(work: Work, pull: Pull, head: str) -> Done | None:
    """The end of a pull request that a person merged; raises HeldError for one that a person closed."""
    if pull.state == "closed":
        raise closed(work, pull.number)
    if pull.state != "merged":
        return None
    work.say(f"pull request #{pull.number} is merged already")
    return _merged(work, pull, head)


def _land(work: Work, cycle: str, head: str) -> Done:
    for _ in range(MOVES):
        work.batch.fetch()
        base = work.batch.base_head
        pull = work.batch.forge.pull(work.pull)
        if done := _ended_by_person(work, pull, head):
            return done
        feedback.refuse_unheard(work, cycle)
        if unclean := look(work, pull, head, base):
            return _not_clean(work, unclean)
        try:
            title = texts.merge_title(work.unit, work.issues(), pull.title, pull.number)
            message = texts.merge_message(work.unit, pull.number)
            merged = work.batch.forge.merge(
                pull.number, head, base, work.batch.plan.policy.merge_method, title, message
            )
        except BaseMovedError:
            continue
        except HeadMovedError:
            _refuse_gone(work)
            continue
        return _merged(work, merged, head)
    raise HeldError("waiting", "the base, or the branch, moves faster than the checks run; the next `doit` tries again")


def _refuse_gone(work: Work) -> None:
    if work.branch not in git.remote_heads(work.batch.repository, work.branch):
        raise HeldError("waiting", f"{work.branch} is gone from the remote: push it again, or drop the unit",
                        work.rule_command("unit", "drop"))  # fmt: skip


def look(work: Work, pull: Pull, head: str, base: str) -> Unclean:
    """Everything that can stand between an approved head and the base as it is now, cheapest first."""
    repository = work.batch.repository
    if pull.head != head:
        return Unclean(pushed=pull.head)
    merged = git.merge_tree(repository, base, head)
    if merged.tree is None:
        return Unclean(conflicts=merged.conflicts)
    collisions = _collisions(work, base, head)
    overlaps = _overlapping(work, head)
    if collisions or overlaps:
        return Unclean(renumber=collisions, overlaps=overlaps)
    if work.batch.plan.policy.integrate == "tested" and merged.tree != git.tree_of(repository, head):
        work.say("the base moved: checks the merge result")
        checks = work.batch.forge.checks_of_merge(base, head)
        return Unclean(red_checks=tuple(check for check in checks.checks if check.state == "red"))
    return Unclean()


def _collisions(work: Work, base: str, head: str) -> list[tuple[str, str, int]]:
    """Numbers that the branch has given out and the base has meanwhile given to other files."""
    patterns = [one.pattern for one in work.batch.plan.numbering]
    if not patterns:
        return []
    return series.collisions(patterns, git.files_at(work.batch.repository, base), _added(work, base, head))


def _added(work: Work, base: str, head: str) -> list[str]:
    before = git.merge_base(work.batch.repository, base, head) or base
    present = set(git.files_at(work.batch.repository, before))
    return [path for path in git.files_at(work.batch.repository, head) if path not in present]


def _overlapping(work: Work, head: str) -> tuple[str, ...]:
    """Units that share a semantic-overlap finding with this one and were merged since its review."""
    own = set(work.unit.issues)
    others = set().union(*(set(one.issues) - own for one in work.batch.plan.findings
                           if one.kind == "semantic-overlap" and own & set(one.issues)), set())  # fmt: skip
    found = []
    for unit in work.batch.plan.units:
        merge = merge_commit(work, unit.name) if others & set(unit.issues) else ""
        if merge and not git.is_ancestor(work.batch.repository, merge, head):
            found.append(unit.name)
    return tuple(found)


def merge_commit(work: Work, unit: str) -> str:
    records = work.batch.units[unit].records.values()
    return next((str(one.result["merge_commit"]) for one in records if one.result.get("merged")), "")


def _not_clean(work: Work, unclean: Unclean) -> Done:
    if int(work.step.at) >= lifecycle.landing_rounds(work.facts):
        raise work.escalate(f"still not clean after {work.step.at} corrections at its turn: {unclean.reason()}")
    found = {
        "clean": False,
        "decision": "correct",
        "reason": unclean.reason(),
        "conflicts": list(unclean.conflicts),
        "renumber": [list(one) for one in unclean.renumber],
        "red_checks": [[check.name, check.tail, check.url] for check in unclean.red_checks],
        "overlaps": list(unclean.overlaps),
    }
    found["to_correct"] = digest(found)
    if unclean.pushed:
        work.batch.note_push(work.unit, unclean.pushed)
    name = f"land-{work.step.at}.json"
    work.folder.write_target(name, to_json(found))
    work.say(f"not clean: {unclean.reason()}")
    return Done(found, (name,))


def _merged(work: Work, pull: Pull, head: str) -> Done:
    """Verify on the outside that it happened, then write it down."""
    if pull.head and git.resolve(work.batch.repository, pull.head) is None:
        work.batch.fetch(*git.remote_heads(work.batch.repository, work.branch))
    work.batch.fetch()
    if not git.is_ancestor(work.batch.repository, pull.merge_commit, work.batch.base_head):
        raise HeldError("broken", f"#{pull.number} reads merged, but {pull.merge_commit[:8]} is not in the base")
    if pull.head and pull.head != head:
        work.say(f"flag: merged by somebody else at {pull.head[:8]}, reviewed was {head[:8] or 'nothing'}")
    found = {
        "merged": True, "clean": True, "decision": "merged", "head": pull.head or head, "reviewed": head,
        "merge_commit": pull.merge_commit, "number": pull.number,
    }  # fmt: skip
    name = f"land-{work.step.at}.json"
    work.folder.write_target(name, to_json(found))
    work.folder.write_target("merged.json", to_json(found))
    work.say(f"merged as {pull.merge_commit[:8]}")
    return Done(found, (name, "merged.json"))

"""Merges an approved head at its turn, or says what is not clean; never a head that was not reviewed green."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field

from waves import git, lifecycle
from waves.batch import base_commits, branch, claim, content, merge_result
from waves.forges import Check, Checks, Pull
from waves.foundation import locks
from waves.foundation.errors import (
    BaseMovedError,
    BehindError,
    BlockedError,
    ConflictError,
    HeadMovedError,
)
from waves.foundation.records import digest, to_json
from waves.git import inherited
from waves.lifecycle.held import HeldError
from waves.plan import series
from waves.steps import feedback, texts
from waves.steps.checks import wait_for
from waves.steps.pr import closed, refuse_other_base
from waves.steps.work import Done, Work

MOVES = 5  # how often in a row the base or the branch may move between the look and the merge


@dataclass(slots=True)
class Unclean:
    """What a landing found; empty when nothing stands against the merge."""

    conflicts: tuple[str, ...] = ()
    forge_refused: str = ""  # the forge's words, where it alone finds a conflict
    beyond_review: tuple[str, ...] = ()  # paths that the merge would change, and the branch does not
    renumber: list[tuple[str, str, int]] = field(default_factory=list)  # path, series, new number
    red_checks: tuple[Check, ...] = ()
    overlaps: tuple[str, ...] = ()  # siblings of a semantic-overlap finding merged since the review
    pushed: str = ""  # a head that a person pushed

    def __bool__(self) -> bool:
        found = (self.conflicts, self.forge_refused, self.beyond_review, self.renumber, self.red_checks, self.overlaps)
        return any(found) or bool(self.pushed)

    def reason(self) -> str:
        parts = [f"conflicts with the base in {', '.join(self.conflicts)}"] if self.conflicts else []
        parts += [self.forge_refused] if self.forge_refused else []
        parts += [f"would also change {path}, which the branch does not" for path in self.beyond_review]
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
        landed = _land(work, cycle, head)
    # The forge's queue takes its own time, and keeps the base green by itself: nobody has to wait for that here.
    return landed if isinstance(landed, Done) else _through_queue(work, landed, head)


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


def _land(work: Work, cycle: str, head: str) -> Done | Pull:
    """Merge, or say what is not clean; a pull request that is in the forge's merge queue now is returned as it is."""
    for _ in range(MOVES):
        work.batch.fetch()
        for one in base_commits.news(work.batch):
            work.say(f"flag: {one.words(work.batch.plan.base)}")
        pull = work.batch.forge.pull(work.pull)
        if done := _ended_by_person(work, pull, head):
            return done
        claim.refuse_taken(work.batch, work.unit.name)  # it may have waited long for its turn
        if pull.queued:
            return pull
        refuse_other_base(work, pull)
        feedback.refuse_unheard(work, cycle)
        if pull.draft:
            raise HeldError("waiting", f"pull request #{pull.number} is a draft: mark it as ready, and the next "
                                       "`doit` merges it", person=True)  # fmt: skip
        base = work.batch.base_head
        if unclean := look(work, pull, head, base):
            return _not_clean(work, unclean)
        try:
            tested, unclean = _tested(work, pull, head, base)
            if unclean:
                return _not_clean(work, unclean)
            feedback.refuse_unheard(work, cycle)  # the checks may have taken their time
            claim.refuse_taken(work.batch, work.unit.name)
            content.publish(work.batch, work.remote, tested, work.branch)
            merged = _merge(work, pull, tested, base)
        except HeadMovedError:
            continue  # pushed while the base was about to be merged in: the next look sees what that is
        except ConflictError as conflict:  # Waves finds none: the forge merges in another way
            return _not_clean(work, Unclean(conflicts=conflict.paths, forge_refused=str(conflict)))
        if merged:
            return merged if merged.queued else _merged(work, merged, head, base)
    raise HeldError("waiting", "the base, or the branch, moves faster than the checks run; the next `doit` tries again")


def _merge(work: Work, pull: Pull, head: str, base: str) -> Pull | None:
    """The merged or queued pull request; None where something moved, and has to be looked at again."""
    forge, method = work.batch.forge, work.batch.plan.policy.merge_method
    title = texts.merge_title(work.unit, work.issues(), pull.title, pull.number)
    message = texts.merge_message(work.unit, pull.number)
    try:
        return forge.merge(pull.number, head, base, method, title, message)
    except BaseMovedError:
        return None
    except HeadMovedError:
        _refuse_gone(work)
        return None
    except BehindError:
        with contextlib.suppress(HeadMovedError):
            _update(work, pull, head)
        return None
    except BlockedError as blocked:
        if forge.approve(pull.number, head, texts.approval(work.unit)):
            with contextlib.suppress(BlockedError, BaseMovedError, HeadMovedError):
                return forge.merge(pull.number, head, base, method, title, message)
        raise HeldError("waiting", str(blocked), person=True) from None


def _tested(work: Work, pull: Pull, head: str, base: str) -> tuple[str, Unclean]:
    """The head to merge, when checks have run on what merging it comes to as far as the plan wants that."""
    repository, present = work.batch.repository, pull.head
    merged = git.merge_tree(repository, base, present)
    moved = merged.tree != git.tree_of(repository, present) and work.batch.plan.policy.integrate == "tested"
    if moved and pull.integration == "trial":
        work.say("the base moved: checks the merge result")
        return present, Unclean(red_checks=_red(work, work.batch.forge.checks_of_merge(base, present)))
    if moved and pull.integration == "update":
        present = _update(work, pull, present)
    # Also where nothing moved: one that reports late is red since the cycle's own look.
    return present, Unclean(red_checks=_red(work, wait_for(work, present, anew=True)))


def _red(work: Work, checks: Checks) -> tuple[Check, ...]:
    """The red ones; raises HeldError where the whole is red, and none of them says why."""
    red = tuple(check for check in checks.checks if check.state == "red")
    if checks.state not in ("green", "none") and not red:
        raise work.escalate(f"the checks of {checks.commit[:8]} are {checks.state}, and none of them says why")
    return red


def _update(work: Work, pull: Pull, head: str) -> str:
    """Have the forge merge the base into the branch; what it made is looked at before anything else is done with it."""
    work.say("the base moved: has it merged into the branch, and checks that")
    new = work.batch.forge.update_branch(pull.number, head)
    branch.fetch(work.batch, work.unit.name, work.branch)
    if inherited.merges(work.batch.repository, new, head, work.batch.base_head) is None:
        raise work.escalate(f"{new[:8]} was to be {head[:8]} with the base merged in, and is something else")
    return new


def _through_queue(work: Work, pull: Pull, head: str) -> Done:
    """Wait until the forge's merge queue has merged the pull request, or has given it back."""
    work.say(f"pull request #{pull.number} is in the merge queue")
    until = time.monotonic() + work.batch.plan.policy.run_timeout
    while pull.queued and not work.batch.once and (left := until - time.monotonic()) > 0:
        work.batch.forge.wait(left)
        pull = work.batch.forge.pull(pull.number)
    if pull.queued:
        raise HeldError("waiting", f"pull request #{pull.number} is in the merge queue still; "
                                   "the next `doit` looks again")  # fmt: skip
    work.batch.fetch()
    if pull.state == "closed":
        raise closed(work, pull.number)
    if pull.state == "merged":
        return _merged(work, pull, head)
    raise work.escalate(f"the merge queue gave #{pull.number} back: see {pull.url}")


def _refuse_gone(work: Work) -> None:
    if branch.head(work.batch, work.unit.name, work.branch) is None:
        raise HeldError("waiting", f"{work.branch} is gone from the remote: push it again, or drop the unit",
                        work.rule_command("unit", "drop"))  # fmt: skip


def look(work: Work, pull: Pull, head: str, base: str) -> Unclean:
    """What can stand between an approved head and the base as it is now, apart from checks; cheapest first."""
    repository = work.batch.repository
    if pull.head != head and _more_than(work, pull.head, head) is None:
        return Unclean(pushed=pull.head)
    if git.merge_base(repository, base, pull.head) is None:
        words = f"{work.batch.plan.base} was rewritten on the remote, and no commit of {work.branch} is in it any more"
        raise HeldError("waiting", f"{words}: put it back, or rebase {work.branch} by hand and push it", person=True)
    merged = git.merge_tree(repository, base, pull.head)
    if merged.tree is None:
        return Unclean(conflicts=merged.conflicts)
    if strange := merge_result.beyond_review(repository, base, head, merged.tree):
        return Unclean(beyond_review=strange)
    return Unclean(renumber=_collisions(work, base, pull.head), overlaps=_overlapping(work, head))


def _more_than(work: Work, present: str, head: str) -> tuple[str, ...] | None:
    """The merges of the base that the branch has beyond an approved head; None where it has something else."""
    unknown = git.resolve(work.batch.repository, present) is None
    if unknown and branch.head(work.batch, work.unit.name, work.branch):
        branch.fetch(work.batch, work.unit.name, work.branch)
    if git.resolve(work.batch.repository, present) is None:
        return None
    return inherited.merges(work.batch.repository, present, head, work.batch.base_head)


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
        "conflicts": [*unclean.conflicts, *unclean.beyond_review],
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


def _merged(work: Work, pull: Pull, head: str, base: str = "") -> Done:
    """Verify on the outside that it happened, then write it down; `base`: where the base was before."""
    landed = pull.head or head
    work.batch.fetch()
    updates = _more_than(work, landed, head) if head else None
    if not git.is_ancestor(work.batch.repository, pull.merge_commit, work.batch.base_head):
        raise HeldError("broken", f"#{pull.number} reads merged, but {pull.merge_commit[:8]} is not in the base")
    if updates is None:
        work.say(f"flag: merged by somebody else at {landed[:8]}, reviewed was {head[:8] or 'nothing'}")
    differs = merge_result.difference(work.batch.repository, pull.merge_commit, landed)
    if differs:
        work.say(f"flag: #{pull.number} was merged as {pull.merge_commit[:8]}, and {differs}")
    found = {
        "merged": True, "clean": True, "decision": "merged", "head": landed, "reviewed": head,
        "updates": list(updates or ()), "merge_commit": pull.merge_commit, "number": pull.number,
        "base": base or work.batch.base_head, "differs": differs,
    }  # fmt: skip
    name = f"land-{work.step.at}.json"
    work.folder.write_target(name, to_json(found))
    work.folder.write_target("merged.json", to_json(found))
    work.say(f"merged as {pull.merge_commit[:8]}")
    return Done(found, (name, "merged.json"))

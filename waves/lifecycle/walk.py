"""The verdict on every step of a unit, and why: a pure function of facts; it never reads a file and never acts."""

from __future__ import annotations

from dataclasses import dataclass

from waves.foundation.records import Record, Trouble, digest
from waves.lifecycle.chains import route
from waves.lifecycle.facts import CYCLE_KINDS, Facts, Step
from waves.lifecycle.staleness import changes, inputs

NOT_DONE = "not done yet"  # the reason of a step that has never run
RUN, DONE, NOT_NEEDED, WAITS, HELD = "run", "up to date", "not needed", "waits", "held"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind`: run | up to date | not needed | waits | held, with the reasons, made where it was decided."""

    kind: str
    reasons: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        return "; ".join(self.reasons)


class Verdicts(dict[str, Verdict]):
    """The verdicts on a unit's steps, by name and in order."""

    def __missing__(self, name: str) -> Verdict:
        # Unrolled when a doit began, and off the way since: the implementer ran again, say.
        return Verdict(NOT_NEEDED, ("not on its way any more",))


ALWAYS = Verdict(RUN, ("always last",))
# What a recorded decision that holds the unit is called; a trouble has its own word.
HOLDING = {"ask": "waiting for a ruling", "escalate": "escalated"}


def survey(facts: Facts) -> Verdicts:
    """The verdict on every step of a unit, by name, in order: each follows from those before it."""
    steps = route(facts)
    if facts.unknown:
        return Verdicts({step.name: Verdict(WAITS, (facts.unknown,)) for step in steps})
    if facts.dropped is not None:
        dropped = Verdict(NOT_NEEDED, (f"dropped by a ruling: {facts.dropped}",))
        return Verdicts({step.name: dropped for step in steps} | {"settled": ALWAYS})
    return _Walk(facts, steps).verdicts()


class _Walk:
    """One pass over a unit's route, remembering where it stopped and what was decided last."""

    def __init__(self, facts: Facts, steps: tuple[Step, ...]) -> None:
        self.facts, self.steps, self.merged = facts, steps, facts.merged
        self.push_taken_in = "" if self.merged else _slot_for_push(facts, steps)
        self.merge_taken_in = _slot_for_merge(facts, steps)
        self.history = _history(facts, steps, self.push_taken_in)
        self.stopped: Verdict | None = None  # what every later step gets
        self.stopped_at = ""
        self.decision = ""  # of the last `decide` or `land` passed: merge | correct
        self.approved_at = ""
        self.skipped = ""  # the cycle that is not needed

    def verdicts(self) -> Verdicts:
        found = Verdicts()
        for step in self.steps:
            found[step.name] = verdict = self._verdict(step)
            self._advance(step, verdict)
        return found

    def _verdict(self, step: Step) -> Verdict:
        if step.kind == "settled":
            return ALWAYS
        if self.merged:
            return self._after_merge(step)
        if self.facts.taken:
            return Verdict(WAITS, (f"taken over by {self.facts.taken}: nothing more is done for it here",))
        if self.merge_taken_in:
            return self._merged_by_person(step)
        if step.kind == "implement" and self.facts.unit.adopted:
            return Verdict(NOT_NEEDED, ("adopted: the work is there already",))
        if self.stopped and not (step.kind == "review" and self.stopped_at == f"checks@{step.at}"):
            return self.stopped
        if step.name == self.push_taken_in:
            return Verdict(RUN, (f"the branch was pushed by hand to {self.facts.pushed[:8]}",))
        if needless := self._needless(step):
            return Verdict(NOT_NEEDED, (needless,))
        return self.history.get(step.name) or self._waits(step) or self._own(step)

    def _after_merge(self, step: Step) -> Verdict:
        if step.kind == "cleanup":
            return self._own(step)
        return Verdict(DONE if self.facts.record(step.name) else NOT_NEEDED, ("the unit is merged",))

    def _merged_by_person(self, step: Step) -> Verdict:
        reason = ("the pull request was merged by a person",)
        if step.name == self.merge_taken_in:
            return Verdict(RUN, reason)
        return Verdict(DONE if self.facts.record(step.name) else NOT_NEEDED, reason)

    def _needless(self, step: Step) -> str | None:
        """Why a step is not on this unit's way at all."""
        if step.kind == "correct" and self.decision != "correct" and not self.facts.record(step.name):
            return f"approved at cycle {self.approved_at}"
        if step.kind in ("checks", "review", "decide") and step.at == self.skipped:
            return f"approved at cycle {self.approved_at}"
        if step.kind == "land" and self.decision != "merge":
            return "nothing is approved"
        return "not merged" if step.kind == "cleanup" else None

    def _waits(self, step: Step) -> Verdict | None:
        """What the step waits for outside its own unit."""
        if step.kind == "issue" and self.facts.after and "worktree" not in self.facts.records:
            return Verdict(WAITS, tuple(f"after '{unit}', which is {how}" for unit, how in self.facts.after.items()))
        if step.kind == "land" and self.facts.before:
            return Verdict(WAITS, tuple(f"lands after '{unit}' ({how})" for unit, how in self.facts.before.items()))
        return None

    def _own(self, step: Step) -> Verdict:
        """The verdict on a step that everything before it has led to."""
        facts = self.facts
        trouble, record = facts.troubles.get(step.name), facts.record(step.name)
        if trouble and _still_held(step, trouble, facts):
            return Verdict(HELD, (f"{trouble.kind} at {step.name}: {trouble.reason}",))
        if trouble:
            return Verdict(RUN, (f"tried again, it was {trouble.kind}: {trouble.reason}",))
        if step.kind == "issue" and "worktree" not in facts.records and not facts.issue_is_fresh:
            return Verdict(RUN, ("not dispatched yet: read again",))
        if record is None:
            return Verdict(RUN, ("the implementer ran again" if step.name in facts.records else NOT_DONE,))
        if step.name in facts.damaged and not record.result.get("by_hand"):
            return Verdict(RUN, (facts.damaged[step.name],))
        if step.kind == "worktree" and not facts.worktree:
            return Verdict(RUN, ("its folder is gone",))
        if step.kind == "worktree" and facts.let_go:
            return Verdict(RUN, ("its claim was let go of",))
        if changed := tuple(changes(step, record, facts)):
            return Verdict(RUN, changed)
        return _decided(step, record) if step.kind == "decide" else Verdict(DONE)

    def _advance(self, step: Step, verdict: Verdict) -> None:
        if step.kind == "correct":
            self.skipped = step.at if verdict.kind == NOT_NEEDED else ""
        if self.stopped is None and verdict.kind in (RUN, WAITS, HELD):
            self.stopped_at, self.stopped = step.name, _from_here_on(step, verdict)
        record = self.facts.record(step.name)
        if verdict.kind == DONE and record is not None and step.kind in ("decide", "land", "correct"):
            self.decision = str(record.result.get("decision", ""))
            if self.decision == "merge":
                self.approved_at = step.at


def _slot_for_push(facts: Facts, steps: tuple[Step, ...]) -> str:
    """The correction that takes in a push by hand: the first one after everything recorded."""
    if not facts.pushed or not facts.record("pr"):
        return ""
    recorded = max(index for index, step in enumerate(steps) if step.kind in CYCLE_KINDS and facts.record(step.name))
    return next((step.name for step in steps[recorded + 1 :] if step.kind == "correct"), "")


def _slot_for_merge(facts: Facts, steps: tuple[Step, ...]) -> str:
    """The landing that takes in a merge by hand; one that came before the unit's own `pr` is found by that step."""
    if facts.pull != "merged" or "pr" not in facts.records:
        return ""
    return next((step.name for step in steps if step.kind == "land" and not facts.record(step.name)), "")


def _history(facts: Facts, steps: tuple[Step, ...], push_taken_in: str) -> dict[str, Verdict]:
    """The verdicts on steps that a later correction went on from: nothing makes them stale, nothing there holds now."""
    found: dict[str, Verdict] = {}
    reason = ""
    for step in reversed(steps):
        made = facts.record(step.name) is not None
        if reason and step.kind in CYCLE_KINDS and (made or step.kind != "pr"):
            found[step.name] = Verdict(DONE if made else NOT_NEEDED, (reason,))
        if step.name == push_taken_in:
            reason = "the branch was pushed by hand since"
        elif step.kind == "correct" and made:
            reason = f"{step.name} went on from it"
    return found


def _still_held(step: Step, trouble: Trouble, facts: Facts) -> bool:
    """An escalation holds until a person rules `retry`, or changes what the step is made from.

    One about a closed pull request is over when a person has opened it again.
    """
    if trouble.kind == "closed" and facts.pull == "open":
        return False
    if trouble.kind not in ("escalated", "closed") or facts.retries(step.name) >= trouble.attempts:
        return False
    return trouble.inputs == digest(inputs(step, facts))


def _decided(step: Step, record: Record) -> Verdict:
    """The verdict on a decision that is up to date: one that a person must answer holds the unit."""
    decision = str(record.result.get("decision", ""))
    if decision in HOLDING:
        return Verdict(HELD, (f"{HOLDING[decision]} at {step.name}: {record.result.get('reason', '')}",))
    return Verdict(RUN, ("the checks had not ended",)) if decision == "wait" else Verdict(DONE)


def _from_here_on(step: Step, verdict: Verdict) -> Verdict:
    """What the steps after one that is not done get."""
    if verdict.kind == RUN:
        return Verdict(WAITS, (f"after {step.name}",))
    if verdict.kind == HELD:
        return Verdict(NOT_NEEDED, (verdict.reason.partition(":")[0],))
    return verdict

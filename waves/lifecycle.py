"""Which step of a unit is to run, and why: a pure function of facts; it never reads a file and never acts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from waves.plan import semantics
from waves.plan.model import Plan, Policy, Ruling, Unit
from waves.records import Record, Trouble, digest

RUN, DONE, NOT_NEEDED, WAITS, HELD = "run", "up to date", "not needed", "waits", "held"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a unit; `at` is the cycle (`0`, `1`, `turn1`) or the landing round, empty for steps without one."""

    kind: str
    at: str = ""

    @property
    def name(self) -> str:
        return f"{self.kind}@{self.at}" if self.at else self.kind


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind`: run | up to date | not needed | waits | held, with the reasons, made where it was decided."""

    kind: str
    reasons: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        return "; ".join(self.reasons)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the verdicts on one unit's steps depend on."""

    unit: Unit
    policy: Policy = field(default_factory=Policy)
    records: Mapping[str, Record] = field(default_factory=dict)  # by step name
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    damaged: Mapping[str, str] = field(default_factory=dict)  # step name to what is wrong with its outputs
    parts: Mapping[str, str] = field(default_factory=dict)  # the unit's own part of the plan, by name: digests
    rulings: tuple[Ruling, ...] = ()  # of this unit
    after: Mapping[str, str] = field(default_factory=dict)  # unit in `after` to its outcome, those not merged
    before: Mapping[str, str] = field(default_factory=dict)  # unit earlier in the merge order that holds its place
    pushed: str = ""  # the remote branch's head, where nobody but a person can have put it
    worktree: bool = True  # its folder is there
    issue_is_fresh: bool = False  # it was read since this `doit` began

    @property
    def generation(self) -> int:
        implement = self.records.get("implement")
        return int(implement.result["generation"]) if implement else 0

    @property
    def merged(self) -> bool:
        return any(step.startswith("land@") and record.result.get("merged") for step, record in self.records.items())

    @property
    def dropped(self) -> str | None:
        return next((one.why or "no reason given" for one in self.rulings if one.ruling == "drop"), None)

    def retries(self, step: str) -> int:
        return sum(1 for one in self.rulings if one.ruling == "retry" and one.item == step)

    def record(self, step: str) -> Record | None:
        """The record of a step if it belongs to the present generation."""
        record = self.records.get(step)
        if record is None or (step.partition("@")[0] in CYCLE_KINDS and record.generation != self.generation):
            return None
        return record

    def head(self, cycle: str) -> str:
        """The commit that a cycle is about."""
        record = self.record("pr" if cycle == "0" else f"correct@{cycle}")
        return str(record.result["head"]) if record else ""

    def heads(self) -> Iterator[str]:
        """Every head that this unit's records know."""
        for record in self.records.values():
            if head := record.result.get("head"):
                yield str(head)


CYCLE_KINDS = frozenset({"pr", "checks", "review", "decide", "correct", "land"})
LANDING_ROUNDS = 3


def route(facts: Facts) -> tuple[Step, ...]:
    """Every step that this unit may come to, in order: what is recorded, and what the bounds still allow."""
    retries = sum(facts.retries(f"decide@{cycle}") for cycle in range(20))
    by_hand = sum(1 for record in facts.records.values() if record.result.get("by_hand"))
    last = facts.policy.correction_cycles + retries + by_hand + 1  # one to spare, for a push by hand
    rounds = landing_rounds(facts)
    steps = [Step(kind) for kind in ("issue", "worktree", "prompt", "implement", "pr")]
    for cycle in range(last + 1):
        steps += _cycle(str(cycle), first=cycle == 0)
    steps.append(Step("land", "0"))
    for turn in range(1, rounds + 1):
        steps += _cycle(f"turn{turn}")
        steps.append(Step("land", str(turn)))
    return (*steps, Step("cleanup"), Step("settled"))


def landing_rounds(facts: Facts) -> int:
    """How many corrections the landing may ask for: the bound, and one more for each `retry` ruled there."""
    there = ("land@", "decide@turn")
    return LANDING_ROUNDS + sum(1 for one in facts.rulings if one.ruling == "retry" and one.item.startswith(there))


def _cycle(label: str, *, first: bool = False) -> list[Step]:
    kinds = ("checks", "review", "decide") if first else ("correct", "checks", "review", "decide")
    return [Step(kind, label) for kind in kinds]


def predecessors(steps: tuple[Step, ...]) -> dict[str, tuple[str, ...]]:
    """Step name to the steps that must be settled before it; checks and review of one cycle go side by side."""
    found: dict[str, tuple[str, ...]] = {}
    previous = ""
    for step in steps:
        if step.kind == "review":
            found[step.name] = found[f"checks@{step.at}"]
        elif step.kind == "decide":
            found[step.name] = (f"checks@{step.at}", f"review@{step.at}")
        else:
            found[step.name] = (previous,) if previous else ()
        previous = step.name
    return found


# What an implementer is told; `after`, say, is nothing that a prompt depends on.
PROMPT_PARTS = ("issues", "type", "why", "scope.in", "scope.out", "decisions", "checks", "numbering")


def unit_parts(plan: Plan, unit: Unit) -> dict[str, str]:
    """The parts of the plan that a unit's prompt depends on, by the plan's own names."""
    parts = semantics.entry_parts(plan, unit.name)
    return {name: parts[name] for name in PROMPT_PARTS}


# ---- what a step depends on today


def inputs(step: Step, facts: Facts) -> dict[str, str]:
    """Named digests of everything the step is made from, as the records and the plan are now."""
    return _INPUTS[step.kind](step, facts)


def _output(facts: Facts, step: str, name: str) -> dict[str, str]:
    record = facts.record(step)
    return {name: record.outputs.get(name, "") if record else ""}


def _prompt_inputs(step: Step, facts: Facts) -> dict[str, str]:
    return {**facts.parts, **_output(facts, "issue", "issue.json")}


def _implement_inputs(step: Step, facts: Facts) -> dict[str, str]:
    return _output(facts, "prompt", "prompt.md")


def _pr_inputs(step: Step, facts: Facts) -> dict[str, str]:
    implement = facts.records.get("implement")
    return {"head": str(implement.result["head"])} if implement else {"adopted": facts.unit.branch}


def _checks_inputs(step: Step, facts: Facts) -> dict[str, str]:
    return {"head": facts.head(step.at)}


def _review_inputs(step: Step, facts: Facts) -> dict[str, str]:
    issue = _output(facts, "issue", "issue.json")
    return {"head": facts.head(step.at), **issue, **_output(facts, "prompt", "prompt.md")}


def _decide_inputs(step: Step, facts: Facts) -> dict[str, str]:
    on_items = [one for one in facts.rulings if one.item.endswith(f"@{step.at}")]
    return {
        **_output(facts, f"checks@{step.at}", f"checks-{step.at}.json"),
        **_output(facts, f"review@{step.at}", f"review-{step.at}.json"),
        **{f"ruling on {one.item}": digest([one.ruling, one.why, one.digest]) for one in on_items},
        "policy": digest([facts.policy.should_fix, facts.policy.nits, facts.policy.scope_violations]),
    }


def _correct_inputs(step: Step, facts: Facts) -> dict[str, str]:
    source = facts.record(asks_for(step, facts))
    return {"what to correct": str(source.result.get("to_correct", "")) if source else ""}


def asks_for(step: Step, facts: Facts) -> str:
    """The step that a correction answers: the decision before it, or, at its turn, the landing if that came so far."""
    if not step.at.startswith("turn"):
        return f"decide@{int(step.at) - 1}"
    turn = int(step.at.removeprefix("turn")) - 1
    landing = f"land@{turn}"
    return landing if turn == 0 or facts.record(landing) else f"decide@turn{turn}"


def _land_inputs(step: Step, facts: Facts) -> dict[str, str]:
    cycle = approved_cycle(facts, step)
    return {f"decision-{cycle}.json": digest([facts.head(cycle), cycle])} if cycle else {}


def approved_cycle(facts: Facts, land: Step) -> str | None:
    """The cycle whose decision a landing round stands on: the last one recorded before it."""
    labels = [step.at for step in _before(route(facts), land) if step.kind == "decide" and facts.record(step.name)]
    return labels[-1] if labels else None


def _before(steps: tuple[Step, ...], end: Step) -> tuple[Step, ...]:
    return steps[: steps.index(end)] if end in steps else steps


def _no_inputs(step: Step, facts: Facts) -> dict[str, str]:
    return {}


_INPUTS = {
    "issue": _no_inputs, "worktree": _no_inputs, "prompt": _prompt_inputs, "implement": _implement_inputs,
    "pr": _pr_inputs, "checks": _checks_inputs, "review": _review_inputs, "decide": _decide_inputs,
    "correct": _correct_inputs, "land": _land_inputs, "cleanup": _no_inputs, "settled": _no_inputs,
}  # fmt: skip


# ---- the verdicts


def survey(facts: Facts) -> dict[str, Verdict]:
    """The verdict on every step of a unit, by name, in order: each follows from those before it."""
    steps = route(facts)
    if facts.dropped is not None:
        verdicts = {step.name: Verdict(NOT_NEEDED, (f"dropped by a ruling: {facts.dropped}",)) for step in steps}
        return {**verdicts, "settled": Verdict(RUN, ("always last",))}
    return _Walk(facts, steps).verdicts()


class _Walk:
    """One pass over a unit's route, remembering where it stopped and what was decided last."""

    def __init__(self, facts: Facts, steps: tuple[Step, ...]) -> None:
        self.facts, self.steps = facts, steps
        self.stopped: Verdict | None = None  # what every later step gets
        self.stopped_at = ""
        self.decision = ""  # of the last `decide` or `land` passed: merge | correct
        self.approved_at = ""
        self.skipped = ""  # the cycle that is not needed
        self.pushed_slot = self._slot_for_push()

    def _slot_for_push(self) -> str:
        """The correction that takes in a push by hand: the first one after everything recorded."""
        if not self.facts.pushed:
            return ""
        recorded = [number for number, step in enumerate(self.steps) if step.at and self.facts.record(step.name)]
        later = self.steps[recorded[-1] + 1 :] if recorded else ()
        return next((step.name for step in later if step.kind == "correct"), "")

    def verdicts(self) -> dict[str, Verdict]:
        found = {}
        for step in self.steps:
            found[step.name] = verdict = self._verdict(step)
            self._advance(step, verdict)
        return found

    def _verdict(self, step: Step) -> Verdict:
        if step.kind == "settled":
            return Verdict(RUN, ("always last",))
        if self.facts.merged:
            return self._after_merge(step)
        if self.stopped and not (step.kind == "review" and self.stopped_at == f"checks@{step.at}"):
            return self.stopped
        if needless := self._needless(step):
            return Verdict(NOT_NEEDED, (needless,))
        if waiting := self._waits(step):
            return waiting
        return self._own(step)

    def _after_merge(self, step: Step) -> Verdict:
        if step.kind == "cleanup":
            return self._own(step)
        if self.facts.record(step.name):
            return Verdict(DONE, ("the unit is merged",))
        return Verdict(NOT_NEEDED, ("the unit is merged",))

    def _needless(self, step: Step) -> str | None:
        """Why a step is not on this unit's way at all."""
        if step.kind == "implement" and self.facts.unit.adopted:
            return "adopted: the work is there already"
        if step.kind == "correct" and step.name == self.pushed_slot:
            return None
        if step.kind == "correct" and self.decision != "correct" and not self.facts.record(step.name):
            return f"approved at cycle {self.approved_at}"
        if step.at and step.at == self.skipped:
            return f"approved at cycle {self.approved_at}"
        if step.kind == "land" and self.decision != "merge":
            return "nothing is approved"
        if step.kind == "cleanup":
            return "not merged"
        return None

    def _waits(self, step: Step) -> Verdict | None:
        """What the step waits for outside its own unit."""
        if step.kind == "issue" and self.facts.after and not self.facts.records.get("worktree"):
            return Verdict(WAITS, tuple(f"after '{unit}', which is {how}" for unit, how in self.facts.after.items()))
        if step.kind == "land" and self.facts.before:
            return Verdict(WAITS, tuple(f"lands after '{unit}' ({how})" for unit, how in self.facts.before.items()))
        return None

    def _own(self, step: Step) -> Verdict:
        """The verdict on a step that everything before it has led to."""
        facts = self.facts
        trouble, record = facts.troubles.get(step.name), facts.record(step.name)
        if trouble and self._still_held(step, trouble):
            return Verdict(HELD, (f"{trouble.kind} at {step.name}: {trouble.reason}",))
        if trouble:
            return Verdict(RUN, (f"tried again, it was {trouble.kind}: {trouble.reason}",))
        if step.kind == "issue" and not facts.records.get("worktree") and not facts.issue_is_fresh:
            return Verdict(RUN, ("not dispatched yet: read again",))
        if step.name == self.pushed_slot:
            return Verdict(RUN, (f"the branch was pushed by hand to {facts.pushed[:8]}",))
        if record is None:
            old = facts.records.get(step.name)
            return Verdict(RUN, ("the implementer ran again" if old else "not done yet",))
        if later := self._answered_by(step):
            return Verdict(DONE, (f"{later} answered it",))
        if step.name in facts.damaged:
            return Verdict(RUN, (facts.damaged[step.name],))
        if step.kind == "worktree" and not facts.worktree:
            return Verdict(RUN, ("its folder is gone",))
        return self._by_inputs(step, record)

    def _still_held(self, step: Step, trouble: Trouble) -> bool:
        """An escalation holds until a person rules `retry`, or changes what the step is made from."""
        if trouble.kind not in ("escalated", "closed") or self.facts.retries(step.name) >= trouble.attempts:
            return False
        return trouble.inputs == digest(inputs(step, self.facts))

    def _by_inputs(self, step: Step, record: Record) -> Verdict:
        if step.kind == "correct" and record.result.get("by_hand"):
            return Verdict(DONE, ("pushed by hand",))
        changed = tuple(_changes(record.inputs, inputs(step, self.facts)))
        if changed:
            return Verdict(RUN, tuple(f"{name} of unit '{self.facts.unit.name}' {how}" for name, how in changed))
        return Verdict(DONE)

    def _answered_by(self, step: Step) -> str | None:
        """The later correction that has answered this step already: then it is history, and nothing makes it stale."""
        if step.kind not in ("checks", "review", "decide", "land", "correct"):
            return None
        later = self.steps[self.steps.index(step) + 1 :]
        return next((one.name for one in later if one.kind == "correct" and self.facts.record(one.name)), None)

    def _advance(self, step: Step, verdict: Verdict) -> None:
        if verdict.kind == NOT_NEEDED and step.kind == "correct":
            self.skipped = step.at
        if self.stopped is None and verdict.kind in (RUN, WAITS, HELD):
            # `land` that waits for its turn is the end of the road; a step to run is waited for.
            self.stopped_at = step.name
            reason = f"after {step.name}" if verdict.kind == RUN else verdict.reason
            self.stopped = Verdict(WAITS if verdict.kind == RUN else verdict.kind, (reason,))
        record = self.facts.record(step.name)
        if verdict.kind != DONE or record is None:
            return
        if step.kind in ("decide", "land"):
            self._decided(step, record)
        elif step.kind == "correct":
            self.decision = ""

    def _decided(self, step: Step, record: Record) -> None:
        self.decision = str(record.result.get("decision", ""))
        if self.decision == "merge":
            self.approved_at = step.at
        if self.decision in ("ask", "escalate") and not self._answered_by(step):
            self.stopped_at = step.name
            self.stopped = Verdict(HELD, (f"{record.result['decision']} at {step.name}: {record.result['reason']}",))


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in sorted({*old, *new}):
        if name not in old:
            yield name, "is new"
        elif name not in new:
            yield name, "is gone"
        elif old[name] != new[name]:
            yield name, "changed"

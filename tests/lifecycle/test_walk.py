"""A unit lives through whatever comes: a small interpreter does what is due, and people and kills come in between."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hypothesis import event, given
from hypothesis import strategies as st
from lifecycle_model import ADOPTED, PARTS, PUSHED, UNIT, Model, fresh, retry, rule, step_of

from waves import lifecycle
from waves.foundation.records import Record, Trouble, digest
from waves.lifecycle import DONE, NOT_NEEDED, RUN, Facts, Verdict
from waves.lifecycle.outcome import Outcome, outcome_of
from waves.plan.model import Policy, Ruling

PAID = ("implement", "review", "correct")
PASSES = 12  # more than any of these units needs to come to rest
FATES = {  # how each kind of step may end, and how often
    "issue": {"": 9, "waiting": 1},
    "worktree": {"": 9, "broken": 1},
    "implement": {"": 8, "escalated": 1, "broken": 1},
    "pr": {"": 9, "escalated": 1},
    "checks": {"green": 6, "red": 3, "waiting": 1},
    "review": {"": 9, "escalated": 1},
    "decide": {"merge": 5, "correct": 5, "ask": 1},
    "correct": {"": 9, "escalated": 1},
    "land": {"merged": 5, "unclean": 5, "closed": 1, "waiting": 1},
    "cleanup": {"": 9, "waiting": 1},
}


def fate(model: Model, name: str, seed: int) -> str:
    """How a step ends: by chance, and always the same for the same unit, inputs and rulings."""
    step, facts = step_of(name), model.facts
    cause = [seed, name, facts.generation, lifecycle.inputs(step, facts), facts.retries(name)]
    kinds = FATES.get(step.kind, {"": 1})
    found = random.Random(digest(cause)).choices([*kinds], [*kinds.values()])[0]
    if step.kind == "correct" and facts.pushed:
        return "by-hand"
    if step.kind == "land" and facts.pull == "merged":
        return "merged"
    if step.kind == "decide" and found == "correct":
        made, allowed = lifecycle.corrections(facts, step.at)
        return "correct" if made < allowed else "escalate"
    if name.startswith("land@") and found == "unclean" and int(step.at) >= lifecycle.landing_rounds(facts):
        return "escalated"
    return found


@dataclass
class Life:
    """One unit under a doit that is run again and again; what must hold at every moment is checked at every step."""

    model: Model
    seed: int
    paid: set[tuple[str, int, str]] = field(default_factory=set)
    steps: int = 0  # how many were done
    kill_at: frozenset[int] = frozenset()  # these steps were done, and killed before they could write it down
    order: random.Random | None = None  # of steps that may go side by side; None: the plan's own
    known: tuple[Facts, Mapping[str, Verdict]] | None = None

    @property
    def survey(self) -> Mapping[str, Verdict]:
        if self.known is None or self.known[0] is not self.model.facts:
            self.known = (self.model.facts, lifecycle.survey(self.model.facts))
        return self.known[1]

    @property
    def outcome(self) -> Outcome:
        return outcome_of(self.model.facts, self.survey)

    def doit(self) -> bool:
        """One pass over the graph as it is at its start; whether anything changed."""
        before = self.model.facts
        steps = lifecycle.route(before)
        waiting = dict(lifecycle.predecessors(steps))
        while waiting:
            ready = [name for name, those in waiting.items() if not any(one in waiting for one in those)]
            name = self.order.choice(ready) if self.order else ready[0]
            del waiting[name]
            if name != "settled" and self.survey[name].kind == RUN and not self.perform(name):
                return True
        return self.model.facts != before

    def perform(self, name: str) -> bool:
        """Do one step that is due; False when the doit was killed before the step was written down."""
        self.check(name)
        word = fate(self.model, name, self.seed)
        self.steps += 1
        if self.steps in self.kill_at:
            return False
        if word in ("escalated", "broken", "waiting", "closed"):
            self.model = self.model.trouble(name, word)
            return True
        self.pay(name, word)
        self.model = self.model.done(name, word)
        return True

    def pay(self, name: str, word: str) -> None:
        facts = self.model.facts
        if name.partition("@")[0] in PAID and word != "by-hand":
            bill = (name, facts.generation, digest(lifecycle.inputs(step_of(name), facts)))
            assert bill not in self.paid, f"{name} is paid twice"
            self.paid.add(bill)

    def check(self, name: str) -> None:
        """What must hold whenever a step is about to run."""
        facts = self.model.facts
        found = self.survey
        before = lifecycle.predecessors(lifecycle.route(facts))[name]
        assert {found[one].kind for one in before} <= {DONE, NOT_NEEDED}, (name, before)
        if name.startswith("land@") and facts.pull != "merged":
            self.check_landing(name)
        if name.startswith("correct@") and not facts.pushed and not facts.record(name):
            source = lifecycle.asks_for(step_of(name), facts)
            assert found[source].kind == DONE
            assert facts.records[source].result["decision"] == "correct"
            made, allowed = (int(source[5:]), lifecycle.landing_rounds(facts)) if source.startswith("land@") else (
                lifecycle.corrections(facts, source.partition("@")[2]))  # fmt: skip
            assert made < allowed, f"{name} is one correction too many"

    def check_landing(self, name: str) -> None:
        """Only the newest head is landed, and only after its own review, checks and approval."""
        facts = self.model.facts
        cycle = lifecycle.approved_cycle(facts, step_of(name))
        published = [one for key, one in facts.records.items() if key == "pr" or key.startswith("correct@")]
        newest = max((one for one in published if facts.record(one.step)), key=lambda one: one.ended)
        head = newest.result["head"]
        assert cycle is not None
        assert facts.head(cycle) == head
        assert facts.records[f"decide@{cycle}"].result["decision"] == "merge"
        for looked in (f"review@{cycle}", f"checks@{cycle}", f"decide@{cycle}"):
            record = facts.record(looked)
            assert record is not None
            assert dict(record.inputs) == lifecycle.inputs(step_of(looked), facts)
            assert record.result["head"] == head

    def rest(self) -> Outcome:
        """Run doit until nothing changes any more; what has become of the unit."""
        passes = 0
        while self.doit():
            passes += 1
            assert passes < PASSES, f"it never comes to rest: {self.model.shown()}"
        return self.outcome

    def story(self) -> dict[str, object]:
        """What is recorded, whenever it was."""
        records = {name: replace(one, started=0, ended=0) for name, one in self.model.facts.records.items()}
        return {"records": records, "troubles": self.model.facts.troubles, "shown": self.model.shown()}


seeds = st.integers(0, 10**9)
policies = st.builds(Policy, correction_cycles=st.integers(0, 4))
ENDS = ("merged", "escalated", "waiting", "closed", "broken", "dropped")


def begin(seed: int, policy: Policy, *, adopted: bool = False) -> Life:
    return Life(fresh(policy=policy, unit=ADOPTED if adopted else UNIT), seed)


@given(seeds, policies, st.booleans())
def test_one_doit_brings_a_unit_as_far_as_it_can_come(seed: int, policy: Policy, adopted: bool) -> None:
    life = begin(seed, policy, adopted=adopted)
    life.doit()
    assert set(life.model.due()) <= {"settled", *life.model.facts.troubles}
    outcome = life.outcome
    event(outcome.state)
    assert outcome.state in ENDS
    assert outcome.state == "merged" or outcome.at, "nobody is told what to do"
    assert life.rest() == outcome


@given(seeds, policies)
def test_corrections_are_bounded(seed: int, policy: Policy) -> None:
    life = begin(seed, policy)
    life.rest()
    made = [name for name in life.model.facts.records if name.startswith("correct@")]
    assert sum(not name.startswith("correct@turn") for name in made) <= policy.correction_cycles
    assert sum(name.startswith("correct@turn") for name in made) <= 3


@given(seeds, policies, st.frozensets(st.integers(1, 60), max_size=8))
def test_killed_before_it_wrote_something_down_it_comes_to_the_same_end(
    seed: int, policy: Policy, kills: frozenset[int]
) -> None:
    undisturbed, killed = begin(seed, policy), begin(seed, policy)
    undisturbed.rest()
    killed.kill_at = kills
    killed.rest()
    assert killed.story() == undisturbed.story()


@given(seeds, policies, st.randoms(use_true_random=False))
def test_it_comes_to_the_same_end_in_whatever_order_threads_run(
    seed: int, policy: Policy, order: random.Random
) -> None:
    one, other = begin(seed, policy), begin(seed, policy)
    one.rest()
    other.order = order
    other.rest()
    assert other.story() == one.story()


# ---- people come in between

VISITS = (
    "push", "retry", "retry", "rule", "scope", "cycles", "nits", "delete", "folder", "drop", "withdraw", "turn",
    "merge", "reopen",
)  # fmt: skip


class Visitor:
    """A person, or the world, who changes something while nothing runs."""

    def __init__(self, data: st.DataObject) -> None:
        self.data, self.count = data, 0

    def come(self, life: Life) -> None:
        self.count += 1  # so that no two visits are the same
        visit = self.data.draw(st.sampled_from(VISITS))
        event(visit)
        getattr(self, f"_{visit}")(life)

    def _push(self, life: Life) -> None:
        # Only a branch that was published is looked at.
        if "pr" in life.model.facts.records and not life.model.facts.merged:
            life.model = life.model.but(pushed=f"{self.count}-{PUSHED}")

    def _ruled(self, life: Life, ruling: Ruling) -> None:
        life.model = life.model.but(rulings=(*life.model.facts.rulings, ruling))

    def _retry(self, life: Life) -> None:
        self._ruled(life, retry(life.outcome.at or "pr", f"visit {self.count}"))

    def _rule(self, life: Life) -> None:
        decided = [name for name in life.model.facts.records if name.startswith("decide@")]
        item = f"S1@{decided[-1].partition('@')[2]}" if decided else "S1@0"
        self._ruled(life, rule(item, self.data.draw(st.sampled_from(["correct", "defer"])), f"visit {self.count}"))

    def _scope(self, life: Life) -> None:
        life.model = life.model.but(parts={**PARTS, "scope.in": digest(self.count)})

    def _cycles(self, life: Life) -> None:
        policy = replace(life.model.facts.policy, correction_cycles=self.data.draw(st.integers(0, 5)))
        life.model = life.model.but(policy=policy)

    def _nits(self, life: Life) -> None:
        policy = replace(life.model.facts.policy, nits=self.data.draw(st.sampled_from(["correct", "defer", "ask"])))
        life.model = life.model.but(policy=policy)

    def _delete(self, life: Life) -> None:
        if records := sorted(life.model.facts.records):
            name = self.data.draw(st.sampled_from(records))
            life.model = life.model.but(damaged={**life.model.facts.damaged, name: f"the output of {name} is gone"})
            life.paid = {bill for bill in life.paid if bill[0] != name}  # that is how a person asks for it again

    def _folder(self, life: Life) -> None:
        life.model = life.model.but(worktree=False)

    def _drop(self, life: Life) -> None:
        self._ruled(life, rule("pr", "drop"))

    def _withdraw(self, life: Life) -> None:
        life.model = life.model.but(rulings=life.model.facts.rulings[:-1])

    def _merge(self, life: Life) -> None:
        if "pr" in life.model.facts.records:
            life.model = life.model.but(pull="merged")

    def _reopen(self, life: Life) -> None:
        if not life.model.facts.merged:
            life.model = life.model.but(pull="open")

    def _turn(self, life: Life) -> None:
        life.model = life.model.but(before={} if life.model.facts.before else {"first": "going"})


@given(seeds, policies, st.booleans(), st.data())
def test_whatever_people_do_a_unit_comes_to_rest_and_nothing_is_paid_twice_or_landed_unseen(
    seed: int, policy: Policy, adopted: bool, data: st.DataObject
) -> None:
    life, visitor = begin(seed, policy, adopted=adopted), Visitor(data)
    outcome = life.rest()
    for _ in range(data.draw(st.integers(0, 8))):
        merged = life.model.facts.merged
        visitor.come(life)
        outcome = life.rest()
        assert outcome.state in ENDS
        assert not merged or outcome.state == "merged", "what is merged stays merged"
    event(f"at last {outcome.state}")


@given(seeds, policies, st.integers(1, 4))
def test_a_push_by_hand_is_always_taken_in(seed: int, policy: Policy, pushes: int) -> None:
    life = begin(seed, policy)
    life.rest()
    for number in range(pushes):
        facts = life.model.facts
        if facts.merged or facts.record("pr") is None:
            break
        life.model = life.model.but(pushed=f"pushed-{number}")
        life.rest()
        by_hand = [one for one in life.model.facts.records.values() if one.result.get("by_hand")]
        assert max(by_hand, key=lambda one: one.ended).result["head"] == f"pushed-{number}"


# ---- what no person would write by hand, and still must not stop a doit
STEP_NAMES = st.sampled_from(
    [*(step.name for step in lifecycle.route(fresh().facts)), "checks@x", "decide@", "land@turn", "correct@-1", "odd"]
)
RESULTS: st.SearchStrategy[dict[str, object]] = st.dictionaries(
    st.sampled_from(["head", "decision", "reason", "merged", "by_hand", "to_correct"]),
    st.sampled_from([None, "", "merge", "correct", "ask", "escalate", "wait", 0, True, [], {}]),
)
RECORDS = st.builds(
    Record, st.just(""), st.just({}), st.just({}), RESULTS, st.just(0.0), st.floats(0, 9), st.integers(0, 2)
)
TROUBLES = st.builds(
    Trouble, st.just(""), st.sampled_from(["escalated", "waiting", "broken", "closed", "?"]), st.just("why")
)
ITEMS = st.one_of(STEP_NAMES, st.sampled_from(["B1@0", "merge", "B1@turn1", "", "@"]))
WORDS = st.sampled_from(["correct", "defer", "requested", "retry", "approve"])


@given(
    st.dictionaries(STEP_NAMES, RECORDS), st.dictionaries(STEP_NAMES, TROUBLES),
    st.lists(st.builds(rule, ITEMS, WORDS), max_size=4), st.sampled_from(["", PUSHED]), st.booleans(),
    st.dictionaries(STEP_NAMES, st.just("is gone")),
)  # fmt: skip
def test_every_step_gets_a_verdict_whatever_is_recorded(
    records: dict[str, Record], troubles: dict[str, Trouble], rulings: list[Ruling], pushed: str, adopted: bool,
    damaged: dict[str, str],
) -> None:  # fmt: skip
    facts = Facts(
        unit=ADOPTED if adopted else UNIT,
        records={name: replace(one, step=name) for name, one in records.items()},
        troubles=troubles, rulings=tuple(rulings), pushed=pushed, damaged=damaged,
    )  # fmt: skip
    found = lifecycle.survey(facts)
    assert list(found) == [step.name for step in lifecycle.route(facts)]
    assert found["settled"].kind == RUN
    assert all(one.reasons or one.kind == DONE for one in found.values())
    assert all(lifecycle.inputs(step, facts) is not None for step in lifecycle.route(facts))

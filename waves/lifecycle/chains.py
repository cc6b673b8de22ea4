"""Which steps a unit may come to and what leads to what, in both chains; it never says whether a step is due."""

from __future__ import annotations

from collections.abc import Iterator

from waves.foundation.records import Record
from waves.lifecycle.facts import Facts, Step, place

LANDING_ROUNDS = 3


def route(facts: Facts) -> tuple[Step, ...]:
    """Every step that this unit may come to, in order.

    That is what is recorded, what the bounds still allow, and one cycle to spare in each chain, for a push by hand.
    """
    recorded = [found for record in _present(facts) if (found := place(record.step.partition("@")[2]))]
    cycles = max([_corrections_allowed(facts) + _by_hand(facts, turn=False), *_numbers(recorded, turn=False)]) + 1
    rounds = max([landing_rounds(facts), *_numbers(recorded, turn=True)]) + 1
    steps = [Step(kind) for kind in ("issue", "worktree", "prompt", "implement", "pr")]
    for cycle in range(cycles + 1):
        steps += _cycle(str(cycle), first=cycle == 0)
    steps.append(Step("land", "0"))
    for turn in range(1, rounds + 1):
        steps += _cycle(f"turn{turn}")
        steps.append(Step("land", str(turn)))
    return (*steps, Step("cleanup"), Step("settled"))


def _cycle(label: str, *, first: bool = False) -> list[Step]:
    kinds = ("checks", "review", "decide") if first else ("correct", "checks", "review", "decide")
    return [Step(kind, label) for kind in kinds]


def _present(facts: Facts) -> Iterator[Record]:
    """The records of cycles, of the present generation. A landing's own round is bounded by the cycle before it."""
    for name, record in facts.records.items():
        if name.startswith(("checks@", "review@", "decide@", "correct@")) and facts.record(name):
            yield record


def _numbers(recorded: list[tuple[bool, int]], *, turn: bool) -> list[int]:
    return [number for of_turn, number in recorded if of_turn == turn]


def _by_hand(facts: Facts, *, turn: bool) -> int:
    """How many cycles began with a push by hand: they use up none of those that the bounds allow."""
    found = (place(record.step.partition("@")[2]) for record in _present(facts) if record.result.get("by_hand"))
    return sum(1 for one in found if one and one[0] == turn)


# ---- the bounds


def corrections(facts: Facts, cycle: str) -> tuple[int, int]:
    """How many corrections led to a cycle, not counting pushes by hand, and how many there may be."""
    of_turn, number = place(cycle) or (False, 0)
    if of_turn:
        return number, landing_rounds(facts)
    made = (facts.record(f"correct@{earlier}") for earlier in range(1, number + 1))
    return sum(1 for one in made if one and not one.result.get("by_hand")), _corrections_allowed(facts)


def _corrections_allowed(facts: Facts) -> int:
    ruled = [one for one in facts.rulings if one.ruling == "retry" and one.item.startswith("decide@")]
    return facts.policy.correction_cycles + sum(1 for one in ruled if not one.item.startswith("decide@turn"))


def landing_rounds(facts: Facts) -> int:
    """How many corrections the landing may ask for: the bound, and one more for each `retry` or push by hand there."""
    there = ("land@", "decide@turn")
    retries = sum(1 for one in facts.rulings if one.ruling == "retry" and one.item.startswith(there))
    return LANDING_ROUNDS + retries + _by_hand(facts, turn=True)


# ---- what leads to what


def predecessors(steps: tuple[Step, ...]) -> dict[str, tuple[str, ...]]:
    """Step name to the steps that must be settled before it; checks and review of one cycle go side by side.

    `steps` is a route or what a unit came to of it: where one is left out, those after it follow the one before.
    """
    found: dict[str, tuple[str, ...]] = {}
    previous = ""
    for step in steps:
        checks, review = f"checks@{step.at}", f"review@{step.at}"
        found[step.name] = (previous,) if previous else ()
        if step.kind == "review" and checks in found:
            found[step.name] = found[checks]
        elif step.kind == "decide" and checks in found and review in found:
            found[step.name] = (checks, review)
        previous = step.name
    return found


def asks_for(step: Step, facts: Facts) -> str:
    """The step that a correction answers: the decision before it, or, at its turn, the landing that came after that."""
    of_turn, number = place(step.at) or (False, 0)
    if not of_turn:
        return f"decide@{number - 1}"
    decision = facts.record(f"decide@turn{number - 1}")
    asks = decision is not None and decision.result.get("decision") == "correct"
    return f"decide@turn{number - 1}" if asks else f"land@{number - 1}"


def approved_cycle(facts: Facts, land: Step) -> str | None:
    """The cycle whose decision a landing round stands on: the last one recorded before it."""
    decided = [
        (found, record) for record in _present(facts)
        if record.step.startswith("decide@") and (found := place(record.step.partition("@")[2]))
        and found <= (True, int(land.at))
    ]  # fmt: skip
    return max(decided, key=lambda one: one[0])[1].step.partition("@")[2] if decided else None

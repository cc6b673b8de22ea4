"""A unit without a world: its steps are done by writing down what they might have found, as the driver would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from waves import lifecycle
from waves.foundation.records import Record, Trouble, digest
from waves.lifecycle import CYCLE_KINDS, Facts, Step
from waves.plan.model import Policy, Ruling, Unit

UNIT = Unit(name="form", issues=(41,), type="fix")
PARTS = {name: digest(name) for name in ("issues", "scope.in", "checks")}
OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "issue": ("issue.json",), "worktree": ("worktree.json",), "prompt": ("prompt.md",),
    "implement": ("codex.out", "run.json"), "pr": ("pr.json",), "checks": ("checks-{}.json",),
    "review": ("review-{}.json",), "decide": ("decision-{}.json",), "correct": ("correct-{}.out",),
    "land": ("land-{}.json",), "cleanup": ("cleaned.json",),
}  # fmt: skip


def step_of(name: str) -> Step:
    kind, _, at = name.partition("@")
    return Step(kind, at)


def retry(item: str, why: str = "again") -> Ruling:
    return Ruling("form", item, "retry", why)


@dataclass(frozen=True)
class Model:
    """The facts of one unit, and how many records were written: a clock that never stands still."""

    facts: Facts
    clock: int = 0

    def but(self, **changes: Any) -> Model:
        """The same unit after something happened to it from outside."""
        return replace(self, facts=replace(self.facts, **changes))

    def done(self, name: str, word: str = "") -> Model:
        """One step done, with `word` as what it found: of a decision what it says, `by-hand`, `merged` or `unclean`."""
        facts, step = self.facts, step_of(name)
        inputs = lifecycle.inputs(step, facts)
        result = self._result(step, word, inputs)
        generation = int(result.get("generation", facts.generation))
        outputs = {one.format(step.at): digest([one, inputs, result]) for one in OUTPUTS[step.kind]}
        record = Record(name, inputs, outputs, result, self.clock, self.clock + 1, generation)
        over = CYCLE_KINDS if step.kind == "implement" else frozenset[str]()
        troubles = {key: one for key, one in facts.troubles.items() if key != name and step_of(key).kind not in over}
        damaged = {key: one for key, one in facts.damaged.items() if key != name}
        changed: dict[str, Any] = {"records": {**facts.records, name: record}, "troubles": troubles, "damaged": damaged}
        changed |= {"issue": {"issue_is_fresh": True}, "worktree": {"worktree": True}}.get(step.kind, {})
        changed |= {"pushed": ""} if word == "by-hand" else {}
        return Model(replace(facts, **changed), self.clock + 1)

    def _result(self, step: Step, word: str, inputs: Mapping[str, str]) -> dict[str, Any]:
        facts = self.facts
        match step.kind:
            case "implement":
                generation = facts.generation + 1
                return {"generation": generation, "head": f"implemented-{generation}"}
            case "pr":
                implement = facts.records.get("implement")
                return {"head": implement.result["head"] if implement else "adopted"}
            case "checks":
                return {"head": facts.head(step.at), "state": word or "green"}
            case "review":
                return {"head": facts.head(step.at)}
            case "decide":
                return {"decision": word, "reason": f"because of {step.name}", "head": facts.head(step.at),
                        "to_correct": digest(inputs)}  # fmt: skip
            case "correct" if word == "by-hand":
                return {"by_hand": True, "head": facts.pushed}
            case "correct":
                return {"head": f"corrected-{digest([step.at, inputs, facts.generation])}"}
            case "land" if word == "merged":
                return {"merged": True, "decision": "merged", "head": facts.head(str(self.approved(step)))}
            case "land":
                return {"decision": "correct", "to_correct": digest([step.at, word])}
        return {}

    def approved(self, land: Step) -> str | None:
        return lifecycle.approved_cycle(self.facts, land)

    def trouble(self, name: str, kind: str, reason: str = "no luck") -> Model:
        """One step that could not go on."""
        facts, step = self.facts, step_of(name)
        before = facts.troubles.get(name)
        attempts = 1 + (before.attempts if before and before.kind == kind == "escalated" else 0)
        attempts = max(attempts, facts.retries(name) + 1)
        found = Trouble(name, kind, reason, attempts, "", digest(lifecycle.inputs(step, facts)))
        return self.but(troubles={**facts.troubles, name: found})

    def shown(self) -> str:
        """The verdicts on all steps, the same ones in a row as one line."""
        verdicts = lifecycle.survey(self.facts).items()
        lines = []
        for (kind, reason), group in groupby(verdicts, key=lambda pair: (pair[1].kind, pair[1].reason)):
            names = [name for name, _ in group]
            steps = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
            lines.append(f"{steps}: {kind}" + (f" ({reason})" if reason else ""))
        return "\n".join(lines)

    def due(self) -> list[str]:
        return [name for name, verdict in lifecycle.survey(self.facts).items() if verdict.kind == lifecycle.RUN]


def fresh(**facts: Any) -> Model:
    return Model(Facts(**{"unit": UNIT, "policy": Policy(), "parts": PARTS, **facts}))


def told(story: str | Iterable[str], **facts: Any) -> Model:
    """A unit whose steps were done in this order; `decide@0:merge` says what a step found."""
    model = fresh(**facts)
    for part in story.split() if isinstance(story, str) else story:
        name, _, word = part.partition(":")
        model = model.done(name, word)
    return model


# ---- stories that many tests begin with

DISPATCHED = "issue worktree"
PUBLISHED = f"{DISPATCHED} prompt implement pr"
REVIEWED = f"{PUBLISHED} checks@0 review@0"
APPROVED = f"{REVIEWED} decide@0:merge"
REFUSED = f"{REVIEWED} decide@0:correct"
CORRECTED = f"{REFUSED} correct@1"
UNCLEAN = f"{APPROVED} land@0:unclean"
TURNED = f"{UNCLEAN} correct@turn1 checks@turn1 review@turn1 decide@turn1:merge"
MERGED = f"{APPROVED} land@0:merged"
ADOPTED = replace(UNIT, adopted_branch="theirs")
PUSHED = "abcdef0123456789"
OTHER_SCOPE = {**PARTS, "scope.in": digest("another")}


def cycles(last: int, word: str, start: str = REFUSED) -> str:
    """A review chain that asks for corrections up to a cycle, whose decision is `word`."""
    story = start
    for cycle in range(1, last + 1):
        said = word if cycle == last else "correct"
        story += f" correct@{cycle} checks@{cycle} review@{cycle} decide@{cycle}:{said}"
    return story


EXHAUSTED = cycles(3, "escalate")


def turns(last: int) -> str:
    """A landing that is not clean again and again, up to the round before the last."""
    story = UNCLEAN
    for turn in range(1, last + 1):
        story += f" correct@turn{turn} checks@turn{turn} review@turn{turn} decide@turn{turn}:merge"
        story += f" land@{turn}:unclean" if turn < last else ""
    return story


def rule(item: str, word: str, why: str = "because") -> Ruling:
    return Ruling("form", item, word, why)

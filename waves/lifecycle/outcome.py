"""Where a unit stands, as a function of its facts and verdicts; it reads nothing and holds nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from waves import lifecycle
from waves.lifecycle import Facts, Verdict


def at_work(role: str) -> str:
    """Why a unit waits while its agent works and nobody waits for that."""
    return f"its {role} is at work"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a unit stands: merged | escalated | waiting | dropped | closed | broken | going, with the reason."""

    state: str
    at: str = ""
    reason: str = ""
    rule: str = ""  # the command that a person can give


def outcome_of(facts: Facts, verdicts: Mapping[str, Verdict]) -> Outcome:
    """Where a unit stands, from the verdicts on its steps: the first that is not done says it."""
    if facts.dropped is not None and not facts.unknown:
        return Outcome("dropped", reason=facts.dropped)
    for name, verdict in verdicts.items():
        trouble = facts.troubles.get(name)
        claim = facts.troubles.get("worktree") if name == "issue" and trouble is None else None
        if verdict.kind == lifecycle.RUN and claim is not None:
            # The issue is only read again; what the unit stands at is the claim that failed.
            return Outcome(claim.kind, "worktree", claim.reason, claim.rule)
        if verdict.kind == lifecycle.HELD:
            return _held(name, facts)
        if verdict.kind == lifecycle.RUN and trouble is not None:
            # What is merged stays merged for whoever comes after it, though the clean-up may wait for a person.
            return Outcome("merged" if facts.merged else trouble.kind, name, trouble.reason, trouble.rule)
        if verdict.kind == lifecycle.WAITS:
            return Outcome("waiting", name, verdict.reason)
        if verdict.kind == lifecycle.RUN and name != "settled":
            return Outcome("merged" if facts.merged else "going", name, verdict.reason)
    return Outcome("merged") if facts.merged else Outcome("waiting", reason="nothing left to run, and not merged")


def _held(name: str, facts: Facts) -> Outcome:
    trouble = facts.troubles.get(name)
    if trouble is not None:
        return Outcome(trouble.kind, name, trouble.reason, trouble.rule)
    record = max(
        (one for one in facts.records.values() if one.step.startswith("decide@")), key=lambda one: one.ended
    )  # a decision holds the unit: it says why, and what to write
    state = "waiting" if record.result["decision"] == "ask" else "escalated"
    return Outcome(state, record.step, str(record.result["reason"]), str(record.result.get("rule", "")))

"""Says whose turn it is with a unit, and the commands that a person can give; it decides nothing about the unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waves.foundation.records import read_json
from waves.lifecycle import RUN
from waves.lifecycle.outcome import at_work
from waves.lifecycle.verdicts import FEEDBACK, decision_from
from waves.plan.schema import ROLES

if TYPE_CHECKING:
    from waves.batch.workspace import Planned
    from waves.lifecycle.contracts import Item
    from waves.lifecycle.outcome import Outcome
    from waves.plan.model import Unit

NOBODY, PERSON, AGENT, UNIT, DOIT = "nobody", "person", "agent", "unit", "doit"
# Steps that only wait for time to pass when they wait: the next `doit` looks again.
PATIENT = ("implement", "checks", "review", "decide", "correct", "land")
LONGEST = 200  # characters of a reviewer's words


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a person is asked: what about, and the command that answers it."""

    about: str
    command: str
    others: tuple[str, ...] = ()  # rulings that may stand in the place of the one in the command
    item: str = ""  # that is ruled on: `unit`, `merge@0`, a step or an item of a review
    ruling: str = ""  # the one in the command

    @property
    def words(self) -> tuple[str, ...]:
        """The item and the ruling of the command, or a ruling on the whole unit alone."""
        return tuple(self.command.partition(" --why")[0].split()[3:])


@dataclass(frozen=True, slots=True)
class Turn:
    """`who`: nobody | person | agent | unit | doit."""

    who: str
    waits_for: str = ""  # in a word or two, for a table
    reason: str = ""
    asked: tuple[Asked, ...] = ()


def turn_of(planned: Planned, unit: Unit, running: str = "") -> Turn:
    """Whose turn it is; `running` is the agent run that goes on, if one does."""
    outcome = planned.batch.outcome(unit.name)
    if running:
        return Turn(AGENT, f"its {running.partition('-')[0]}")
    trouble = planned.batch.units[unit.name].troubles.get(outcome.at)
    if outcome.state == "merged" and trouble:  # in the clean-up, such as of what is nowhere else
        waits = (PERSON, "a person") if trouble.kind == "waiting" else (DOIT, "the next doit")
        return Turn(*waits, outcome.reason)
    if outcome.at == "issue" and (taken := planned.elsewhere(unit)):
        return Turn(PERSON, "a person", taken)
    if outcome.state == "going" or (outcome.state == "merged" and outcome.at):
        return Turn(DOIT, "the next doit")
    if outcome.state in ("merged", "dropped"):
        return Turn(NOBODY, reason=outcome.reason)
    if outcome.state == "broken":
        return Turn(DOIT, "the next doit", outcome.reason)
    if outcome.state in ("escalated", "closed") and planned.batch.survey(unit)[outcome.at].kind == RUN:
        return Turn(DOIT, "the next doit")  # a person has ruled, or has changed what it was about
    if role := _left_at_work(outcome):
        return _ended(planned, unit, role)
    asked = tuple(_asked(planned, unit, outcome))
    if outcome.state == "waiting" and not asked:
        return _patience(planned, unit, outcome)
    return Turn(PERSON, "a person", outcome.reason, asked)


def _left_at_work(outcome: Outcome) -> str | None:
    """The role of the agent that was at work when somebody looked last and did not wait for it."""
    return next((role for role in ROLES if outcome.state == "waiting" and outcome.reason == at_work(role)), None)


def _ended(planned: Planned, unit: Unit, role: str) -> Turn:
    from waves.agents import run

    if run.going(planned.batch.folder / unit.name / "runs"):
        return Turn(AGENT, f"its {role}", at_work(role))
    return Turn(DOIT, "the next doit", f"its {role} has ended; the next `doit` goes on from there")


def _patience(planned: Planned, unit: Unit, outcome: Outcome) -> Turn:
    facts = planned.batch.facts(unit)
    kind = outcome.at.partition("@")[0]
    before = facts.after if kind == "issue" else facts.before if kind == "land" else {}
    if gone := [name for name, state in before.items() if state == "dropped"]:
        reason = f"after '{gone[0]}', which is dropped: take it out of `after` in {planned.shown}, or drop this unit"
        return Turn(PERSON, "a person", reason, (_drop(planned, unit),))
    if before:
        return Turn(UNIT, f"{'units' if len(before) > 1 else 'unit'} {', '.join(before)}", outcome.reason)
    trouble = planned.batch.units[unit.name].troubles.get(outcome.at)
    if kind in PATIENT and not (trouble and trouble.person):
        return Turn(DOIT, "the next doit", outcome.reason)
    return Turn(PERSON, "a person", outcome.reason)


# ---- what a person is asked


def _asked(planned: Planned, unit: Unit, outcome: Outcome) -> Iterator[Asked]:
    record = planned.batch.units[unit.name].records.get(outcome.at)
    trouble = planned.batch.units[unit.name].troubles.get(outcome.at)
    if record is not None and trouble is None and record.result.get("decision") == "ask":
        yield from _items(planned, unit, outcome.at, record.result["items"])
    elif outcome.rule:
        # What a step printed names the unit alone, which is not enough where two batches have one of that name.
        item, ruling = outcome.rule.split()[3:5]
        yield Asked("", command(planned, unit, item, ruling), (), item, ruling)


def _items(planned: Planned, unit: Unit, step: str, treatments: Mapping[str, str]) -> Iterator[Asked]:
    cycle = step.partition("@")[2]
    decision = decision_from(read_json(planned.batch.folder / unit.name / f"decision-{cycle}.json") or {})
    for item in (one.item for one in decision.treated):
        name = f"{item.id}@{cycle}"
        if treatments.get(name) == "ask":
            others = ("defer", "requested") if name.startswith("V") else ("defer",)
            yield Asked(_words(name, item), command(planned, unit, name, "correct"), others, name, "correct")


def _words(name: str, item: Item) -> str:
    from waves.foundation.text import plain

    place = f" {item.file}" + (f":{item.line}" if item.line else "") if item.file else ""
    who = f" ({item.detail.partition(',')[0]})" if item.list == FEEDBACK else ""
    return " ".join(plain(f"{name}{place}{who}: {item.issue}").split())[:LONGEST]


def _drop(planned: Planned, unit: Unit) -> Asked:
    return Asked("", command(planned, unit, "drop"), (), "unit", "drop")


def command(planned: Planned, unit: Unit, *words: str) -> str:
    """A `waves rule` that can be copied as it stands; the reason is for the person to write."""
    return " ".join(["waves rule", reference(planned, unit.name), *words, "--why '…'"])


def reference(planned: Planned, unit: str) -> str:
    """The unit's name, with its batch where another batch has one of that name."""
    others = (one for one in planned.siblings if one is not planned and not one.fault)
    shared = any(each.name == unit for one in others for each in one.plan.units)
    return f"{planned.name}/{unit}" if shared else unit

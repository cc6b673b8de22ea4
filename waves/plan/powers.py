"""What a plan can do: programs, variables, servers, paths outside of the repository, and sandboxes that it opens."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from typing import Any

from waves.foundation import records
from waves.plan.model import Agent, Plan, Policy, Setup

TOKENS = ("GITHUB_TOKEN", "GH_TOKEN", "WAVES_APP_ID", "WAVES_APP_PRIVATE_KEY_FILE", "WAVES_REVIEWER_TOKEN")
OF_CODEX = ("CODEX_HOME", "OPENAI_API_KEY", "CODEX_API_KEY")
VERBS = ("runs", "reads", "contacts", "touches", "opens")
# Keys that have lines of their own here, or no power. Whatever else differs from its default is shown as it is written.
NO_POWER = {
    Policy: {
        "implementers", "reviewers", "correction_cycles", "should_fix", "nits", "scope_violations", "run_timeout",
        "stall_timeout", "tokens_per_unit", "tokens_per_batch", "corrector", "no_checks", "draft", "labels", "trusted",
        "merge", "merge_method", "integrate",
    },
    Agent: {"kind", "model", "effort", "command", "config", "env", "writable", "network"},
    Setup: {"copy", "run"},
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Power:
    verb: str  # runs | reads | contacts | touches | opens
    what: str

    def __str__(self) -> str:
        return f"{self.verb} {self.what}"


def powers(plan: Plan) -> tuple[Power, ...]:
    """Everything, as the plan says it: the same on each machine."""
    parts = (_agents(plan), _commands(plan), _forge(plan), _notify(plan), _paths(plan), _open(plan))
    found = dict.fromkeys(Power(verb, " ".join(what.split())) for part in parts for verb, what in part)
    return tuple(sorted(found, key=lambda one: VERBS.index(one.verb)))


def digest(plan: Plan) -> str:
    """Of all that a plan can do, whatever the order."""
    return records.digest(sorted(map(str, powers(plan))))


Parts = Iterator[tuple[str, str]]


def _agents(plan: Plan) -> Parts:
    for where, agent in (("agent", plan.agent), *((f"agents.{role}", one) for role, one in plan.agents.items())):
        program = "codex" if agent.kind == "codex" else shlex.join(agent.command)
        yield "runs", f"{program} ({where}), which runs what it likes within its sandbox"
        names = (*agent.env, *(OF_CODEX if agent.kind == "codex" else ()))
        yield from (("reads", f"{name} ({where})") for name in names)
        yield from (("touches", f"{path} ({where}.writable)") for path in agent.writable)
        if agent.kind == "command" and agent.network:
            yield "contacts", f"any server ({where}, whose sandbox has the network unless {where}.network is false)"
        yield from (("opens", f"{where}.config: {key} = {value}") for key, value in agent.config.items())
        yield from (("opens", f"{where}.{name}: {value}") for name, value in _unusual(agent))


def _commands(plan: Plan) -> Parts:
    yield "runs", "git"
    yield from (("runs", f"{command} (setup.run, in every new worktree)") for command in plan.setup.run)
    yield from (("runs", f"{command} (local.checks, on what agents wrote)") for command in plan.local.checks)
    for unit in plan.units:
        yield from (("runs", f"{command} (checks of unit {unit.name}, by its agents)") for command in unit.checks)


def _forge(plan: Plan) -> Parts:
    if plan.forge == "local":
        yield "touches", "the bare repository that `origin` is, and the folder of pull requests beside it"
        return
    yield "runs", "gh auth token (if no variable has a token)"
    yield from (("reads", f"{name} (for the forge alone)") for name in TOKENS)
    place = plan.repo or "the repository of `origin`"
    yield "contacts", f"the forge: {place}, with your token: pushes, pull requests, comments, merges"
    if plan.deploy is not None:
        where = ", ".join(plan.deploy.environments)
        yield "contacts", f"the forge: starts {plan.deploy.workflow} for {where} (`waves deploy` only)"
    if plan.policy.publish == "agent":
        yield "reads", "GITHUB_TOKEN, GH_TOKEN (policy.publish: the implementer gets them)"


def _notify(plan: Plan) -> Parts:
    told = plan.notify
    if told is None:
        return
    if told.ntfy:
        yield "contacts", f"{told.ntfy.server} (notify.ntfy, topic {told.ntfy.topic})"
        if told.ntfy.token:
            yield "reads", f"{told.ntfy.token} (notify.ntfy, sent to {told.ntfy.server})"
    if told.webhook:
        yield "reads", f"{told.webhook} (notify.webhook)"
        yield "contacts", f"the address in {told.webhook} (notify.webhook)"
    if told.command:
        yield "runs", f"{shlex.join(told.command)} (notify.command)"


def _paths(plan: Plan) -> Parts:
    if plan.checkout:
        yield "touches", f"{plan.checkout} (checkout)"
    yield from (("touches", f"{name}, which git does not have (setup.copy, into every worktree)")
                for name in plan.setup.copy)  # fmt: skip
    if any(agent.kind == "codex" for agent in (plan.agent, *plan.agents.values())):
        yield "touches", "$CODEX_HOME, else ~/.codex (codex's own records)"


def _open(plan: Plan) -> Parts:
    yield from (("opens", f"policy.{name}: {value}") for name, value in _unusual(plan.policy))
    yield from (("opens", f"setup.{name}: {value}") for name, value in _unusual(plan.setup))


def _unusual(of: Policy | Agent | Setup) -> Iterator[tuple[str, str]]:
    for one in fields(of):
        default = one.default if one.default_factory is MISSING else one.default_factory()
        value: Any = getattr(of, one.name)
        if one.name not in NO_POWER[type(of)] and value != default:
            yield one.name, _written(value)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)

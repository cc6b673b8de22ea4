"""Say what of a plan runs without a sandbox on this machine, because bubblewrap does not work here."""

from __future__ import annotations

from collections.abc import Iterator

from waves.foundation import confinement
from waves.foundation.confinement import Missing
from waves.plan.model import NO_SANDBOX, Plan
from waves.plan.schema import ROLES


def unconfined(plan: Plan) -> str:
    """What runs unconfined although the plan wants it confined, and why; empty if all is as the plan wants it."""
    wanted = [*(f"its {role}" for role in _roles(plan)), *_commands(plan)]
    found = confinement.find() if wanted else None
    if not isinstance(found, Missing):
        return ""
    return f"{found.why}: {_listed(wanted)} run unconfined, with all that you can reach"


def refused(plan: Plan) -> str:
    """Why nothing of a plan may be dispatched that requires a sandbox; empty if nothing keeps it."""
    required = [role for role in _roles(plan) if plan.sandbox_for(role) == "required"]
    if not required and plan.policy.sandbox != "required":
        return ""
    found = confinement.find()
    if not isinstance(found, Missing):
        return ""
    return f"the plan says `sandbox: required`, and {found.why}; {found.mend}"


def _roles(plan: Plan) -> Iterator[str]:
    """Roles whose agents Waves itself confines; codex has a sandbox of its own."""
    for role in ROLES:
        if plan.agent_for(role).kind == "command" and plan.sandbox_for(role) != NO_SANDBOX:
            yield role


def _commands(plan: Plan) -> Iterator[str]:
    if plan.setup.run and plan.policy.sandbox != NO_SANDBOX:
        yield "set-up commands"
    if plan.local.checks:
        yield "local checks"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)

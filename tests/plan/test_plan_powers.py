"""What a plan can do is listed whole, the same on each machine; tokens of the forge go nowhere else."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from types import MappingProxyType

import pytest
from plan_texts import SMALL

from waves.foundation.errors import PlanError
from waves.plan import model, reader
from waves.plan.powers import NO_POWER, digest, powers
from waves.report.channels import ChannelError, channels

FULL = (
    SMALL
    + """\
repo: acme/widgets
checkout: ../widgets
policy: {sandbox: danger-full-access, network: true, publish: agent}
agent: {kind: codex, config: {model_providers.x.base_url: '"https://model.example"'}}
agents:
  reviewer: {kind: command, command: [my-agent, "a b"], env: [MY_KEY], writable: [~/.cache/x]}
setup: {copy: [.env], run: ["npm ci"]}
notify: {ntfy: {topic: t, server: "https://push.example", token: PUSH}, webhook: HOOK, command: [tell, me]}
deploy: {workflow: deploy.yml, environments: [staging]}
"""
)


def plan(text: str) -> model.Plan:
    return reader.parse(text, Path("plans/auth.yaml"))


def listed(text: str) -> str:
    return "\n".join(map(str, powers(plan(text))))


@pytest.mark.parametrize(
    "line",
    [
        "runs codex (agent)", "runs my-agent 'a b' (agents.reviewer)", "runs git", "runs gh auth token",
        "runs npm ci (setup.run", "runs tell me (notify.command)",
        "reads MY_KEY (agents.reviewer)", "reads OPENAI_API_KEY (agent)", "reads GITHUB_TOKEN (for the forge alone)",
        "reads WAVES_REVIEWER_TOKEN", "reads GITHUB_TOKEN, GH_TOKEN (policy.publish",
        "reads PUSH (notify.ntfy, sent to https://push.example)", "reads HOOK (notify.webhook)",
        "contacts the forge: acme/widgets", "contacts https://push.example (notify.ntfy, topic t)",
        "contacts the address in HOOK", "contacts the forge: starts deploy.yml for staging",
        "contacts any server (agents.reviewer", "touches ~/.cache/x (agents.reviewer.writable)",
        "touches ../widgets (checkout)", "touches .env, which git does not have", "touches $CODEX_HOME",
        "opens policy.sandbox: danger-full-access", "opens policy.network: true", "opens policy.publish: agent",
        'opens agent.config: model_providers.x.base_url = "https://model.example"',
    ],
)  # fmt: skip
def test_every_power_is_listed(line: str) -> None:
    assert line in listed(FULL)


def test_a_local_forge_has_its_commands_and_its_folder_and_no_token() -> None:
    found = listed(SMALL + 'forge: local\nlocal: {checks: ["make test"]}\n')
    assert "runs make test (local.checks" in found
    assert "touches the bare repository that `origin` is" in found
    assert "TOKEN" not in found


def test_what_a_unit_has_its_agents_run_is_listed() -> None:
    assert "runs make (checks of unit x, by its agents)" in listed(
        "batch: b\nunits: [{unit: x, issues: [1], type: fix, checks: [make]}]\n"
    )


def test_the_digest_is_of_the_powers_and_of_nothing_else() -> None:
    first = digest(plan(FULL))
    assert first == digest(plan(FULL.replace("batch: auth", "batch: other").replace("[41]", "[42]")))
    reordered = FULL.replace('{copy: [.env], run: ["npm ci"]}', '{run: ["npm ci"], copy: [.env]}')
    assert first == digest(plan(reordered))
    changes = [
        ("npm ci", "npm i"), ("MY_KEY", "MY_OTHER"), ("push.example", "evil.example"), (".env", ".env2"),
        ("danger-full-access", "workspace-write"), ("../widgets", "/srv/widgets"), ("deploy.yml", "other.yml"),
    ]  # fmt: skip
    for old, new in changes:
        assert digest(plan(FULL.replace(old, new))) != first, new


@pytest.mark.parametrize("kind", NO_POWER)
def test_a_key_that_nobody_thought_of_here_is_shown(kind: type) -> None:
    """Only keys that are named as without a power, or that have lines of their own, are left out."""
    names = {one.name for one in fields(kind)}
    assert NO_POWER[kind] <= names
    small = plan(SMALL)
    for name in names - NO_POWER[kind]:
        values: dict[str, object] = {"kind": "codex"} if kind is model.Agent else {}
        changed = kind(**values, **{name: "unusual"})
        where = {model.Policy: "policy", model.Agent: "agent", model.Setup: "setup"}[kind]
        found = powers(model.Plan(small.path, "b", small.units, **{"agent": small.agent, where: changed}))
        assert f"opens {where}.{name}: unusual" in map(str, found)


# ---- tokens of the forge


@pytest.mark.parametrize(
    "name",
    ["GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "github_token", "GITHUB_PAT", "GITHUB_BOT_TOKEN",
     "WAVES_REVIEWER_TOKEN", "WAVES_GIT_TOKEN", "WAVES_APP_PRIVATE_KEY_FILE"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("notify: {ntfy: {topic: t, server: 'https://evil.example', token: NAME}}", "notify.ntfy.token"),
        ("notify: {webhook: NAME}", "notify.webhook"),
        ("agent: {kind: codex, env: [OTHER, NAME]}", "agent.env"),
        ("agents: {triager: {kind: command, command: [x], env: [NAME]}}", "agents.triager.env"),
    ],
)
def test_a_plan_that_hands_on_a_token_of_the_forge_is_refused(name: str, text: str, where: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan(SMALL + text.replace("NAME", name) + "\n")
    (fault,) = caught.value.faults
    assert f"{where}: {name} is a token of the forge, which nobody else may have; take it out" in fault.splitlines()[0]
    assert fault.splitlines()[0].startswith("plans/auth.yaml:9:")


def test_another_variable_is_taken() -> None:
    assert plan(SMALL + "notify: {ntfy: {topic: t, token: NTFY_TOKEN}, webhook: SLACK_WEBHOOK}\n").notify
    assert MappingProxyType({}) == plan(SMALL).agents


def test_a_token_of_the_forge_under_another_name_is_sent_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARMLESS", "ghp_" + "a1B2" * 9)
    told = model.Notify(ntfy=model.Ntfy("t", "http://127.0.0.1:9", "HARMLESS"), webhook="HARMLESS")
    for _, send in channels(told, Path()):
        with pytest.raises(ChannelError, match="HARMLESS holds a token of the forge"):
            send("title", "text")

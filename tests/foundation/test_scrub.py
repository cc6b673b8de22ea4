from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waves.foundation.scrub import Scrubber, secrets_among, settings

A = "a1B2c3D4e5" * 6
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{A}\n{A}==\n-----END RSA PRIVATE KEY-----"

# What stands in a text, and what is left of it.
SHAPES = {
    "a GitHub token": [f"ghp_{A[:36]}", f"gho_{A[:36]}", f"ghs_{A[:36]}", f"github_pat_{A}"],
    "a GitLab token": [f"glpat-{A[:20]}"],
    "a key of a model's provider": [f"sk-{A[:48]}", f"sk-proj-{A}", f"sk-ant-api03-{A}"],
    "a Stripe key": [f"sk_live_{A[:24]}", f"rk_test_{A[:24]}"],
    "an AWS key": ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"],
    "a Google key": [f"AIza{A[:35]}"],
    "a Slack token": [f"xoxb-12345-{A[:24]}", f"xoxp-12345-{A[:24]}", f"xoxa-2-{A[:24]}"],
    "an npm token": [f"npm_{A[:36]}"],
    "a PyPI token": [f"pypi-{A}"],
    "a JSON web token": [f"eyJ{A[:20]}.eyJ{A}.{A[:43]}"],
    "a private key": [PEM, PEM.replace("\n", "\\n"), PEM.replace("RSA ", "")],
}


@pytest.mark.parametrize("name", SHAPES)
def test_what_has_the_shape_of_a_secret_is_taken_out_and_nothing_around_it(name: str) -> None:
    for secret in SHAPES[name]:
        for text in (
            "see {} there",
            "KEY={}\nnext line",
            '{{"key": "{}"}}',
            "({}),",
            "at the end {}",
            "a line\\n{}\\nb",
        ):
            assert Scrubber({})(text.format(secret)) == text.format(f"[secret: {name}]")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("https://ana:hunter2x@example.org/a", "https://[secret: a password]@example.org/a"),
        ("postgres://app:pa55@db:5432/app", "postgres://[secret: a password]@db:5432/app"),
        (
            f"https://hooks.slack.com/services/T0/B0/{A[:24]}",
            "https://hooks.slack.com/services/[secret: a Slack webhook]",
        ),
        (f"-----BEGIN PRIVATE KEY-----\n{A}\nPlease mend it.", "[secret: a private key]\nPlease mend it."),
        (f"{PEM} and then {PEM}\nPlease.", "[secret: a private key] and then [secret: a private key]\nPlease."),
    ],
)
def test_what_is_secret_of_something_longer_goes_alone(text: str, left: str) -> None:
    assert Scrubber({})(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:acme/widgets.git", "ssh://git@example.org:22/a", "http://localhost:8080/a@b",
        "https://user:$TOKEN@example.org", "https://x-access-token:{token}@github.com", "https://ana@example.org",
        "task-management-of-several-branches-and-more", "risk-0123456789", "sk-learn", "ghp_", "ghp_short",
        "d7f3c1b0a9e8d7f3c1b0a9e8d7f3c1b0a9e8d7f3", "BAKIAIOSFODNN7EXAMPLE", "eyJhbGciOi.eyJ", "/notes/sk-1",
        "-----BEGIN PUBLIC KEY-----", "xox-ray", "npm_config_registry",
    ],
)  # fmt: skip
def test_what_only_resembles_a_secret_stays(text: str) -> None:
    assert Scrubber({})(text) == text


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("GITHUB_TOKEN", "canary-1234", True),
        ("gh_token", "canary-1234", True),
        ("AWS_SECRET_ACCESS_KEY", "canary-1234", True),
        ("WAVES_REVIEWER_TOKEN", "canary-1234", True),
        ("STRIPE_KEYS", "canary-1234", True),
        ("DB_PASSWORD", "Sommer2026", True),
        ("CREDENTIALS", "canary-1234", True),
        ("SLACK_WEBHOOK_URL", "https://example.org/T0/B0", True),
        ("GITHUB_TOKEN", "short12", False),  # too short
        ("DB_PASSWORD", "postgres", False),  # a word, of the code too
        ("SECRET_NUMBER", "1234567890", False),
        ("SSH_AUTH_SOCK", "/run/user/1000/agent", False),
        ("WAVES_APP_PRIVATE_KEY_FILE", "keys/app-1.pem", False),
        ("AUTH_URL", "https://auth.example.org", False),
        ("GIT_CONFIG_KEY_0", "core.hooksPath", False),
        ("KEYBOARD", "de-nodeadkeys", False),
        ("MONKEY", "canary-1234", False),
        ("PATH", "canary-1234", False),
        ("COMPASS", "canary-1234", False),
        ("A_TOKEN\n]", "canary-1234", False),  # no name that could be shown
    ],
)  # fmt: skip
def test_a_variable_is_a_secret_by_a_word_of_its_name_if_its_value_is_none_of_every_texts(
    name: str, value: str, secret: bool
) -> None:
    assert secrets_among({name: value}) == ({value: name} if secret else {})


def test_what_is_known_by_value_is_taken_out_wherever_it_stands_the_longest_first() -> None:
    scrub = Scrubber({"canary": "A_KEY", "canary-2": "B_KEY", 'with"quote\\': "C_KEY"})
    assert scrub("xcanaryx canary-2") == "x[secret: A_KEY]x [secret: B_KEY]"
    assert json.loads(scrub(json.dumps({"said": 'it is with"quote\\ here'}))) == {"said": "it is [secret: C_KEY] here"}
    assert scrub.held_by("canary-2, canary, canary-2") == ["A_KEY", "B_KEY"]
    assert scrub.held_by("nothing") == []


def test_the_variables_of_an_env_file_are_read() -> None:
    text = "# A=b\nA=1 # one\nexport B='two words'\n  C = \"3\"\r\nD=\nnot a line\nE=x=y\n"
    assert settings(text) == {"A": "1", "B": "two words", "C": "3", "D": "", "E": "x=y"}


@given(st.recursive(st.text() | st.sampled_from([one for some in SHAPES.values() for one in some]), st.lists))
def test_json_stays_json_and_a_second_time_changes_nothing(value: object) -> None:
    scrub = Scrubber({'a"b\\c\nd': "A_KEY"})
    once = scrub(json.dumps(value))
    json.loads(once)
    assert scrub(once) == once

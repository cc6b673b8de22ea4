from __future__ import annotations

from datetime import datetime

import pytest

from waves.agents.codex.failures import Spirals, failure_from, until_from

NOON = datetime(2026, 4, 28, 12, 0).timestamp()
USAGE = "You’ve hit your usage limit. Upgrade to Pro (https://x) or "  # noqa: RUF001  (as codex prints it)


@pytest.mark.parametrize(
    ("words", "at"),
    [
        ("try again at 3:05 PM.", datetime(2026, 4, 28, 15, 6)),
        ("try again at 12:00 PM.", datetime(2026, 4, 28, 12, 1)),
        ("try again at 9:00 AM.", datetime(2026, 4, 29, 9, 1)),
        ("try again at Apr 30th, 2026 10:03 PM.", datetime(2026, 4, 30, 22, 4)),
        ("try again at May 1st, 2026 1:03 AM.", datetime(2026, 5, 1, 1, 4)),
        ("try again later.", None),
        ("try again at Foo 99th, 2026 1:03 AM.", None),
    ],
)
def test_the_time_that_a_usage_limit_names(words: str, at: datetime | None) -> None:
    failure = failure_from(USAGE + words, NOON)
    assert failure is not None
    assert (failure.kind, failure.until) == ("usage-limit", at.timestamp() if at else None)


def test_no_other_failure_has_a_time() -> None:
    assert until_from("rate limit exceeded: try again in 1s", NOON) is None


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Your workspace is out of credits", "quota"),
        ("You hit your spend cap", "quota"),
        ("Quota exceeded. Check your plan and billing details.", "quota"),
        ("Your access token could not be refreshed", "authentication"),
        ("exceeded retry limit, last status: 401 Unauthorized", "authentication"),
        ("exceeded retry limit, last status: 429 Too Many Requests", "server"),
        ("The 'gpt-9' model is not supported when using Codex with a ChatGPT account.", "model"),
        ("Model provider `nope` not found", "configuration"),
        ("Reconnecting... waiting for network (Connection failed: error sending request)", "network"),
        ("stream disconnected before completion: failed to lookup address information", "network"),
        ("stream disconnected before completion: stream closed before response.completed", "server"),
        ("thread/resume failed: no rollout found for thread id 01", "not-resumed"),
    ],
)
def test_messages_are_told_apart(message: str, kind: str) -> None:
    failure = failure_from(message, NOON)
    assert failure is not None
    assert failure.kind == kind


def test_what_nobody_knows_is_not_guessed_at() -> None:
    assert failure_from("Invalid prompt: flagged", NOON) is None
    assert failure_from("", NOON) is None


def test_a_hostile_message_stays_one_line() -> None:
    failure = failure_from("401 Unauthorized\n\x1b[2J" + "x" * 9_000, NOON)
    assert failure is not None
    assert "\n" not in failure.message
    assert "\x1b" not in failure.message
    assert len(failure.message) < 500


# ---- spirals

FAILED = "Process exited with code 1\nOutput:\n"
SPIRALS = [
    ("rm -rf x", "exec_command failed: rejected: rm -f style commands are not permitted.", "codex itself refuses"),
    ("./gradlew test", FAILED + "java.net.SocketException: Operation not permitted", "danger-full-access"),
    ("curl x", FAILED + "curl: (6) Could not resolve host: x", "policy.network"),
    ("make", FAILED + "touch: cannot touch '/opt/x': Read-only file system", "writable_roots"),
    ("GRADLE_USER_HOME=/tmp/g ./gradlew test", FAILED, "writable_roots"),
    ("mvn -q -Dmaven.repo.local=/tmp/m test", FAILED, "writable_roots"),
    ("jar -uf lib/gradle-core.jar Daemon.class", FAILED, "danger-full-access"),
    ("java X", FAILED + "java.lang.VerifyError: Bad type", "danger-full-access"),
    ("./gradlew --offline --no-daemon test", FAILED, "danger-full-access"),
]


@pytest.mark.parametrize(("command", "output", "missing"), SPIRALS)
def test_a_spiral_is_seen_after_a_while_and_names_what_is_missing(command: str, output: str, missing: str) -> None:
    spirals = Spirals()
    found = [spirals.look(command, output) for _ in range(10)]
    assert found[0] is None
    failure = next(one for one in found if one)
    assert failure.kind == "sandbox"
    assert missing in failure.what_next


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("mvn -o -q test", "Process exited with code 0\nOutput:\nok"),
        ("./gradlew --offline test", "Process exited with code 0\nOutput:\nBUILD SUCCESSFUL"),
        ("pytest", FAILED + "1 failed"),
        ("unzip -l x.jar", "Process exited with code 0\nOutput:\n"),
    ],
)
def test_work_that_goes_on_is_no_spiral(command: str, output: str) -> None:
    spirals = Spirals()
    assert [spirals.look(command, output) for _ in range(30)] == [None] * 30

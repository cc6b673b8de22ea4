from __future__ import annotations

import pytest

from waves.agents.statements import could_not


@pytest.mark.parametrize(
    "sentence",
    [
        "I could not run the tests, because there is no database.", "I couldn’t reach the registry.",  # noqa: RUF001
        "The checks still fail.", "I was unable to install it.", "The migration was not tested.",
        "Two tests fail on main too.", "I skipped the tests.",
    ],
)  # fmt: skip
def test_what_an_agent_says_it_did_not_do_is_found(sentence: str) -> None:
    assert could_not(f"Changed the form.\n\n- {sentence} All else is done.") == (f"says itself: {sentence}",)


@pytest.mark.parametrize("message", ["", "Did it. All tests pass.", "Added a test that it does not fail."])
def test_a_message_without_such_words_has_no_flags(message: str) -> None:
    assert could_not(message) == ()


def test_flags_are_few_short_and_safe() -> None:
    found = could_not("\n".join(f"I could not do {number} \x1b[2J{'x' * 900}" for number in range(9)))
    assert len(found) == 3
    assert all("\x1b" not in one and len(one) < 300 for one in found)

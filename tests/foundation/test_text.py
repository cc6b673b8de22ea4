from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waves.foundation import text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "red"),
        ("\x1b(Bplain\x1bM", "plain"),
        ("torn at the end \x1b[3", "torn at the end 3"),
        ("a\tb\nc\r\nd\re", "a\tb\nc\nd\ne"),
        ("bell\x07 nul\x00 del\x7f back\x08", "bell nul del back"),
        ("user\u202etxt.exe", "usertxt.exe"),
        ("\x1b]0;a title\x9ctext", "text"),
        ("\x1b]0;cancelled\x18text", "text"),
        ("half \ud800 a pair", "half \ufffd a pair"),
        ("Ünï 漢字 🙂", "Ünï 漢字 🙂"),
    ],
)
def test_plain_text_has_nothing_that_moves_a_terminal(raw: str, shown: str) -> None:
    assert text.plain(raw) == shown


@pytest.mark.parametrize("opens", "]P^_X")
@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_an_unterminated_sequence_hides_no_more_than_its_line(opens: str, line_end: str) -> None:
    raw = f"before \x1b{opens}0;hidden{line_end}the next line\nand more"
    assert text.plain(raw) == "before \nthe next line\nand more"


@pytest.mark.parametrize("line_end", "\x0b\x0c\x85\u2028\u2029")
def test_whatever_ends_a_line_ends_an_unterminated_sequence(line_end: str) -> None:
    assert "shown" in text.plain(f"\x1b]0;hidden{line_end}shown")


@given(st.text(st.characters(), max_size=200))
def test_plain_text_can_always_be_written_and_stays_as_it_is(raw: str) -> None:
    once = text.plain(raw)
    once.encode()
    assert not any(ord(char) < 32 and char not in "\t\n" for char in once)
    assert text.plain(once) == once

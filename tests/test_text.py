from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waves.agents import text


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
        ("half \ud800 a pair", "half \ufffd a pair"),
        ("Ünï 漢字 🙂", "Ünï 漢字 🙂"),
    ],
)
def test_plain_text_has_nothing_that_moves_a_terminal(raw: str, shown: str) -> None:
    assert text.plain(raw) == shown


@given(st.text(st.characters(), max_size=200))
def test_plain_text_can_always_be_written_and_stays_as_it_is(raw: str) -> None:
    once = text.plain(raw)
    once.encode()
    assert not any(ord(char) < 32 and char not in "\t\n" for char in once)
    assert text.plain(once) == once


def test_a_file_is_read_up_to_the_limit_from_either_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    assert text.read(path, 4) == b"0123"
    assert text.read(path, 4, end=True) == b"6789"
    assert text.read(path, 40, end=True) == b"0123456789"


def test_only_regular_files_are_read_and_none_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    assert [text.read(tmp_path / name, 9) for name in ("link", "pipe", "folder", "absent")] == [None] * 4

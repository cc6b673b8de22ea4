from __future__ import annotations

import os
from pathlib import Path

from waves.agents import text


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

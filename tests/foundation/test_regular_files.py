from __future__ import annotations

import os
from pathlib import Path

from waves.foundation.records import read_regular


def test_a_file_is_read_up_to_the_limit_from_either_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    assert read_regular(path, 4) == b"0123"
    assert read_regular(path, 4, end=True) == b"6789"
    assert read_regular(path, 40, end=True) == b"0123456789"


def test_only_regular_files_are_read_and_none_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    assert [read_regular(tmp_path / name, 9) for name in ("link", "pipe", "folder", "absent")] == [None] * 4
    assert read_regular(Path("/dev/zero"), 9, follow=True) is None


def test_a_link_is_followed_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"here")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link", 9, follow=True) == b"here"

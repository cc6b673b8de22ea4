"""Files that are whole or not there, under real kills; and a unit's folder, whose memory always is what is on disk."""

from __future__ import annotations

import json
import random
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waves.foundation import records
from waves.foundation.records import Record, Trouble, UnitFolder

REVIEWED = {"head": "abc", "verdict": "approved"}
RECORD = Record("review@0", {"head": "abc"}, {"review-0.json": "d"}, REVIEWED, 1.0, 2.5, 1)
TROUBLE = Trouble("review@0", "escalated", "it came to nothing", 2, "waves rule …", "digest")

# Writes the same file again and again, each time with other content, and says when it has begun.
WRITER = """
import itertools, sys
from pathlib import Path
from waves.foundation import records
path = Path(sys.argv[1])
for number in itertools.count():
    records.write_json(path, {"number": number, "filler": [number] * 3000})
    if number == 0:
        print("begun", flush=True)
"""


def test_a_file_is_whole_however_often_its_writer_is_killed(tmp_path: Path) -> None:
    path, chance = tmp_path / "file.json", random.Random(0)
    for _ in range(12):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        writer.stdout.readline()
        seen = {records.read_json(path) is not None for _ in range(chance.randrange(1, 40))}
        writer.kill()
        writer.communicate()
        value = records.read_json(path)
        assert seen == {True}, "it was torn while it was written"
        assert value is not None
        assert value["filler"] == [value["number"]] * 3000
    assert [one.name for one in tmp_path.glob("*.json")] == ["file.json"]


def test_what_a_killed_writer_leaves_is_no_record(tmp_path: Path) -> None:
    folder = UnitFolder(tmp_path)
    folder.done(RECORD)
    (tmp_path / "records" / ".review-1.json.x7f3").write_text(json.dumps({"step": "review@1"}))
    assert list(UnitFolder(tmp_path).records) == ["review@0"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    records.write_json(tmp_path / "file", {"old": 1})
    with pytest.raises(TypeError):
        records.write_json(tmp_path / "file", {"new": object()})
    with pytest.raises(TypeError):
        records.write_bytes(tmp_path / "file", "no bytes")  # type: ignore[arg-type]
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        records.write_text(tmp_path / "folder", "in the way")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "folder"]
    assert records.read_json(tmp_path / "file") == {"old": 1}


def test_folders_are_made_and_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    records.write_text(path, "ü\udcff\n")
    assert path.read_bytes() == "ü".encode() + b"\xff\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    path.chmod(0o600)
    records.write_text(path, "again")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", [None, b"", b"{", b"[1]", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"a": 1', b'{"a": NaN}']
)
def test_what_is_not_an_object_reads_as_nothing(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "file").write_bytes(content)
    assert records.read_json(tmp_path / "file") is None
    assert isinstance(records.read_text(tmp_path / "file"), str)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda some: st.lists(some) | st.dictionaries(st.text(), some),
    )
)
def test_a_digest_is_of_the_content_and_not_of_its_order(value: Any) -> None:
    assert records.digest(value) == records.digest(json.loads(json.dumps(value)))
    assert len(records.digest(value)) == 20


def test_digests_are_the_same_in_every_version() -> None:
    # They are in every record on every disk: other digests would make all of it stale.
    assert records.digest({"b": [1, "ü"], "a": None}) == "ee61a3e0afea1d13286b"
    assert records.digest(b"content") == "ed7002b439e9ac845f22"


def test_a_temporary_folder_is_gone_whatever_happens(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        (path / "file").write_text("x")
        raise KeyError(path.name)

    with pytest.raises(KeyError, match="run-"), records.folder("run-", tmp_path / "new") as path:
        fail(path)
    assert list((tmp_path / "new").iterdir()) == []


# ---- a unit's folder


def reread(folder: UnitFolder) -> UnitFolder:
    return UnitFolder(folder.path)


def test_a_record_comes_back_as_it_was_and_ends_the_trouble(tmp_path: Path) -> None:
    folder = UnitFolder(tmp_path / "unit")
    assert (folder.records, folder.troubles) == ({}, {})
    folder.in_trouble(TROUBLE)
    assert folder.troubles == reread(folder).troubles == {"review@0": TROUBLE}
    folder.done(RECORD)
    for one in (folder, reread(folder)):
        assert (one.records, one.troubles) == ({"review@0": RECORD}, {})
    folder.in_trouble(TROUBLE)
    assert reread(folder).records == {"review@0": RECORD}, "a trouble takes no record away"


def test_troubles_of_some_kinds_are_forgotten_together(tmp_path: Path) -> None:
    folder = UnitFolder(tmp_path)
    for step in ("issue", "review@0", "review@turn1", "land@0"):
        folder.in_trouble(replace(TROUBLE, step=step))
    folder.settle_troubles({"review", "land"})
    assert list(folder.troubles) == list(reread(folder).troubles) == ["issue"]


def test_every_change_has_a_new_version(tmp_path: Path) -> None:
    folder = UnitFolder(tmp_path)
    changes: list[Callable[[], None]] = [
        lambda: folder.done(RECORD), lambda: folder.in_trouble(TROUBLE), lambda: folder.settle_troubles({"review"}),
        folder.forget_cache,
    ]  # fmt: skip
    versions = [folder.version]
    for change in changes:
        change()
        versions.append(folder.version)
    assert versions == sorted(set(versions))


def test_what_another_process_wrote_counts_once_the_cache_is_forgotten(tmp_path: Path) -> None:
    folder, other = UnitFolder(tmp_path), UnitFolder(tmp_path)
    assert folder.records == {}
    other.done(RECORD)
    other.in_trouble(TROUBLE)
    assert folder.records == {}
    folder.forget_cache()
    assert (folder.records, folder.troubles) == ({"review@0": RECORD}, {"review@0": TROUBLE})


def test_what_is_given_out_cannot_change_what_is_kept(tmp_path: Path) -> None:
    folder = UnitFolder(tmp_path)
    folder.done(RECORD)
    dict.clear(folder.records)  # type: ignore[arg-type]
    assert list(folder.records) == ["review@0"]


WHOLE = json.loads(json.dumps({name: getattr(RECORD, name) for name in Record.__slots__}))


@pytest.mark.parametrize(
    "value",
    [None, [], {}, "text", {"step": "review@0"}, WHOLE | {"more": 1}, WHOLE | {"result": None}, WHOLE | {"inputs": []},
     WHOLE | {"outputs": "x"}, WHOLE | {"generation": "1"}, WHOLE | {"ended": None}, WHOLE | {"step": 4}],
    ids=json.dumps,
)  # fmt: skip
def test_a_record_of_another_shape_proves_nothing(tmp_path: Path, value: Any) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "review-0.json").write_text(json.dumps(value))
    assert UnitFolder(tmp_path).records == {}


def test_damage_is_named(tmp_path: Path) -> None:
    folder = UnitFolder(tmp_path)
    folder.write_target("a.json", "a")
    folder.write_target("b.json", "b")
    outputs = {name: str(records.digest_of_file(tmp_path / name)) for name in ("a.json", "b.json")}
    record = replace(RECORD, outputs=outputs)
    folder.done(record)
    assert folder.damage(record) is None
    (tmp_path / "b.json").write_text("another")
    assert folder.damage(record) is None, "what was whole is not read again within a run"
    assert reread(folder).damage(record) == "b.json was changed by hand"
    (tmp_path / "b.json").unlink()
    assert reread(folder).damage(record) == "b.json is gone"
    folder.forget_cache()
    assert folder.damage(record) == "b.json is gone"


def test_a_target_that_is_written_anew_is_looked_at_anew(tmp_path: Path) -> None:
    folder = UnitFolder(tmp_path)
    folder.write_target("a.json", "old")
    record = replace(RECORD, outputs={"a.json": str(records.digest_of_file(tmp_path / "a.json"))})
    assert folder.damage(record) is None
    folder.write_target("a.json", "new")
    assert folder.damage(record) == "a.json was changed by hand"
    folder.done(replace(record, outputs={"a.json": str(records.digest_of_file(tmp_path / "a.json"))}))
    assert folder.damage(folder.records["review@0"]) is None


def recorded(folder: UnitFolder, name: str) -> Record:
    return replace(RECORD, outputs={name: str(records.digest_of_file(folder.path / name))})


def test_threads_that_look_while_one_writes_see_nothing_amiss(tmp_path: Path) -> None:
    folder, over = UnitFolder(tmp_path), threading.Event()
    faults: list[BaseException] = []

    def look() -> None:
        try:
            while not over.is_set():
                for record in folder.records.values():
                    folder.damage(record)
        except BaseException as error:
            faults.append(error)

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for thread in lookers:
        thread.start()
    for number in range(40):
        folder.write_target("a.json", str(number))
        folder.done(record := recorded(folder, "a.json"))
        assert folder.damage(record) is None
    over.set()
    for thread in lookers:
        thread.join()
    assert faults == []


def test_an_answer_from_before_a_write_is_never_remembered_after_it(tmp_path: Path) -> None:
    folder = UnitFolder(tmp_path)
    for number in range(3):
        folder.write_target("a.out", str(number) * 30_000_000)  # long enough to be overtaken while it is read
        folder.done(old := recorded(folder, "a.out"))
        folder.forget_cache()
        looker = threading.Thread(target=folder.damage, args=[old])
        looker.start()
        folder.write_target("a.out", "new")
        folder.done(new := recorded(folder, "a.out"))
        looker.join()
        assert folder.damage(new) is None


def test_what_runs_made_is_read_from_all_of_them(tmp_path: Path) -> None:
    assert records.made_by_runs(tmp_path) == (set(), set())
    records.write_json(tmp_path / "runs" / "implementer-1" / "made.json", {"commits": ["a", "b"], "patch_ids": ["p"]})
    records.write_json(tmp_path / "runs" / "corrector-1" / "made.json", {"commits": ["c"], "patch_ids": []})
    (tmp_path / "runs" / "torn").mkdir()
    (tmp_path / "runs" / "torn" / "made.json").write_text("{")
    assert records.made_by_runs(tmp_path) == ({"a", "b", "c"}, {"p"})

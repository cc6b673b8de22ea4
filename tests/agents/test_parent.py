from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agent_scripts import alive, ended_at_last, parent_of, python_agent, spec, told, until

from waves.agents import parent, run
from waves.foundation import process, records

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs a subreaper and /proc")


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "run-1").mkdir()
    with ended_at_last(tmp_path / "run-1") as path:
        yield path


def start(directory: Path, wanted: run.Spec, prompt: str = "do it") -> None:
    run.prepare(directory, wanted, prompt)
    run.launch(directory)


def exit_of(directory: Path, wanted: run.Spec, prompt: str = "do it") -> dict[str, Any]:
    """What `exit.json` says of a whole run."""
    start(directory, wanted, prompt)
    run.wait(directory)
    return json.loads((directory / "exit.json").read_text())


def log(directory: Path) -> str:
    return (directory / "log").read_text()


def test_an_agent_that_ends_well_is_recorded_with_its_code_and_times(tmp_path: Path, directory: Path) -> None:
    ended = exit_of(directory, spec(tmp_path, "sh", "-c", "echo out; echo err >&2"))
    assert (ended["reason"], ended["code"], ended["signal"], ended["error"]) == ("exited", 0, None, "")
    assert 0 < ended["started"] <= ended["ended"]
    assert ended["peak_memory"] > 100_000
    assert log(directory) == "out\nerr\n"


def test_an_exit_code_is_recorded(tmp_path: Path, directory: Path) -> None:
    ended = exit_of(directory, spec(tmp_path, "sh", "-c", "exit 7"))
    assert (ended["reason"], ended["code"], ended["signal"]) == ("exited", 7, None)


def test_a_signal_that_ended_the_agent_is_recorded(tmp_path: Path, directory: Path) -> None:
    ended = exit_of(directory, spec(tmp_path, "sh", "-c", "kill -9 $$"))
    assert (ended["reason"], ended["code"], ended["signal"]) == ("exited", None, 9)


def test_standard_output_and_error_go_to_the_files_that_the_spec_names(tmp_path: Path, directory: Path) -> None:
    exit_of(directory, spec(tmp_path, "sh", "-c", "echo out; echo err >&2", stdout="events.jsonl", stderr="errors"))
    assert (directory / "events.jsonl").read_text() == "out\n"
    assert (directory / "errors").read_text() == "err\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"argv": ("no-such-program",)}, "no-such-program: No such file or directory"),
        ({"argv": ("/etc",)}, "/etc: Permission denied"),
        ({"argv": ("echo", "a\0b")}, "echo: embedded null byte"),
        ({"cwd": Path("/no/such/folder")}, "/no/such/folder: No such file or directory"),
        ({"stdout": "no/such/folder"}, "/run-1/no/such/folder: No such file or directory"),
    ],
)
def test_an_agent_that_cannot_be_started_is_told_in_the_systems_words(
    tmp_path: Path, directory: Path, change: dict[str, Any], words: str
) -> None:
    ended = exit_of(directory, spec(tmp_path, **{"argv": ("true",)} | change))
    assert (ended["reason"], ended["code"]) == ("not-started", None)
    assert ended["error"].endswith(words)


@pytest.mark.parametrize("torn", ["", "{", "[]", "{}", '{"argv": 3, "cwd": "/"}'])
def test_a_spec_that_cannot_be_read_starts_nothing(tmp_path: Path, directory: Path, torn: str) -> None:
    run.prepare(directory, spec(tmp_path, "touch", str(tmp_path / "ran")), "")
    whole = (directory / "spec.json").read_text()
    (directory / "spec.json").write_text(torn)
    try:
        assert subprocess.run(run.start_command(directory), check=False).returncode == 0
        assert run.wait(directory).reason == "not-started"
        assert run.wait(directory).error.startswith("spec.json: ")
        assert not (tmp_path / "ran").exists()
    finally:
        (directory / "spec.json").write_text(whole)


def test_the_agent_reads_exactly_the_prompt_to_its_end(tmp_path: Path, directory: Path) -> None:
    prompt = "Ünï\n`\0" * 150_000
    exit_of(directory, spec(tmp_path, "sh", "-c", "cat > seen"), prompt)
    assert (tmp_path / "seen").read_bytes() == prompt.encode()
    assert len(prompt.encode()) > 1_000_000


def test_the_agent_has_the_specs_environment_and_its_runs_mark_alone(
    tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "hidden")
    monkeypatch.setenv("MODEL_KEY", "handed")
    monkeypatch.setenv("NOT_UTF8", os.fsdecode(b"\xff"))
    wanted = spec(
        tmp_path, "/usr/bin/env", "-0", env={"A": "1", "B": os.fsdecode(b"\xfe")}, inherit=("MODEL_KEY", "NOT_SET")
    )
    exit_of(directory, wanted)
    seen = dict(entry.split(b"=", 1) for entry in (directory / "log").read_bytes().split(b"\0") if entry)
    mark = records.read_json(directory / "spec.json")["run"]  # type: ignore[index]
    assert seen == {b"A": b"1", b"B": b"\xfe", b"MODEL_KEY": b"handed", b"WAVES_RUN": mark.encode()}


def test_a_variable_that_is_inherited_is_written_to_no_file(
    tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_KEY", "do-not-write-this")
    exit_of(directory, spec(tmp_path, "true", inherit=("MODEL_KEY",)))
    assert [path.name for path in directory.iterdir() if b"do-not-write-this" in path.read_bytes()] == []


@linux
def test_the_agent_has_its_three_files_alone_open(tmp_path: Path, directory: Path) -> None:
    exit_of(directory, spec(tmp_path, "ls", "/proc/self/fd"))
    assert log(directory).split() == ["0", "1", "2", "3"]  # the last is the listing itself


@linux
def test_the_agent_ignores_and_blocks_no_signal(tmp_path: Path, directory: Path) -> None:
    exit_of(directory, spec(tmp_path, "grep", "-E", "-o", "Sig(Ign|Blk).*", "/proc/self/status"))
    assert log(directory).split() == ["SigBlk:", "0" * 16, "SigIgn:", "0" * 16]


@linux
def test_the_agent_has_a_process_group_of_its_own(tmp_path: Path, directory: Path) -> None:
    exit_of(directory, spec(tmp_path, "cut", "-d ", "-f1,5", "/proc/self/stat"))
    pid, group = log(directory).split()
    assert pid == group


@linux
def test_what_the_agent_leaves_behind_is_dead_before_the_end_is_written(tmp_path: Path, directory: Path) -> None:
    note = tmp_path / "daemon"
    source = f"left_behind({str(note)!r}); await_file({str(note)!r}); print('done')"
    ended = exit_of(directory, spec(tmp_path, *python_agent(tmp_path, source)))
    assert (ended["reason"], ended["code"]) == ("exited", 0)
    assert not alive(note.read_text())


@linux
def test_a_crowd_left_behind_in_many_sessions_is_killed(tmp_path: Path, directory: Path) -> None:
    source = f"""
folder = {str(tmp_path)!r}
def brood(depth):
    if depth:
        for child in range(3):
            left_behind(f"{{folder}}/note-{{os.getpid()}}-{{child}}", lambda: (brood(depth - 1), signal.pause()))
brood(3)
while len([name for name in os.listdir(folder) if name.startswith("note-") and not name.endswith(".new")]) < 39:
    time.sleep(0.005)
"""
    ended = exit_of(directory, spec(tmp_path, *python_agent(tmp_path, source)))
    assert ended["code"] == 0
    notes = list(tmp_path.glob("note-*"))
    assert len(notes) == 39
    assert [note.name for note in notes if alive(note.read_text())] == []


@linux
def test_an_orphan_that_ends_while_the_agent_runs_is_no_zombie(tmp_path: Path, directory: Path) -> None:
    note, go_on = tmp_path / "daemon", tmp_path / "go-on"
    source = f"left_behind({str(note)!r}, lambda: os._exit(0)); await_file({str(go_on)!r})"
    start(directory, spec(tmp_path, *python_agent(tmp_path, source)))
    pid = told(note)
    until(lambda: not Path(f"/proc/{pid}").exists(), "the orphan is reaped")
    go_on.touch()
    assert run.wait(directory).code == 0


def test_a_time_out_ends_an_agent_and_its_daemon_though_both_ignore_sigterm(tmp_path: Path, directory: Path) -> None:
    note = tmp_path / "daemon"
    source = f"""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
left_behind({str(note)!r})
while True:
    signal.pause()
"""
    ended = exit_of(directory, spec(tmp_path, *python_agent(tmp_path, source), timeout=1.0))
    assert (ended["reason"], ended["signal"]) == ("timeout", signal.SIGKILL)
    assert not alive(told(note))


def test_sigterm_lets_the_agent_end_by_itself(tmp_path: Path, directory: Path) -> None:
    source = f"""
def leave(*_):
    tell({str(tmp_path / "tidied")!r}, "yes")
    sys.exit(3)
signal.signal(signal.SIGTERM, leave)
tell({str(tmp_path / "ready")!r}, "")
while True:
    signal.pause()
"""
    start(directory, spec(tmp_path, *python_agent(tmp_path, source)))
    told(tmp_path / "ready")
    os.kill(parent_of(directory), signal.SIGTERM)
    ended = run.wait(directory)
    assert (ended.reason, ended.code) == ("stopped", 3)
    assert told(tmp_path / "tidied") == "yes"


def test_an_agent_that_is_suspended_can_be_stopped(tmp_path: Path, directory: Path) -> None:
    start(
        directory,
        spec(tmp_path, *python_agent(tmp_path, f"tell({str(tmp_path / 'ready')!r}, str(os.getpid())); signal.pause()")),
    )
    os.kill(int(told(tmp_path / "ready")), signal.SIGSTOP)
    os.kill(parent_of(directory), signal.SIGTERM)
    ended = run.wait(directory)
    assert (ended.reason, ended.signal) == ("stopped", signal.SIGTERM)


def test_an_agent_that_writes_nothing_more_is_stalled(tmp_path: Path, directory: Path) -> None:
    ended = exit_of(directory, spec(tmp_path, "sh", "-c", "echo begun; exec sleep 1000", stall_timeout=0.3))
    assert (ended["reason"], ended["signal"]) == ("stalled", signal.SIGTERM)
    assert log(directory) == "begun\n"


def test_a_log_that_grows_over_its_bound_ends_the_run_and_is_cut(tmp_path: Path, directory: Path) -> None:
    # A hole, so that the test needs no such disk.
    source = f"os.ftruncate(1, {parent.LOG_LIMIT + 1}); signal.pause()"
    ended = exit_of(directory, spec(tmp_path, *python_agent(tmp_path, source)))
    assert ended["reason"] == "flood"
    assert (directory / "log").stat().st_size == parent.LOG_LIMIT


@pytest.mark.parametrize(
    ("stop", "elapsed", "quiet", "size", "reason"),
    [
        (False, 0, 0, 0, None),
        (False, 59.9, 9.9, parent.LOG_LIMIT, None),
        (False, 60, 0, 0, "timeout"),
        (False, 59, 10, 0, "stalled"),
        (False, 0, 0, parent.LOG_LIMIT + 1, "flood"),
        (False, 60, 10, 0, "timeout"),
        (True, 60, 10, parent.LOG_LIMIT + 1, "stopped"),
    ],
)
def test_the_bounds_of_a_run(
    tmp_path: Path, directory: Path, stop: bool, elapsed: float, quiet: float, size: int, reason: str | None
) -> None:
    run.prepare(directory, spec(tmp_path, "true", timeout=60, stall_timeout=10), "")
    assert parent.bound_reached(parent.Spec(str(directory)), stop, elapsed, quiet, size) == reason


def test_the_start_is_written_down_before_the_agent_runs(tmp_path: Path, directory: Path) -> None:
    exit_of(directory, spec(tmp_path, "cp", str(directory / "started.json"), "seen"))
    seen = json.loads((tmp_path / "seen").read_text())
    assert seen == json.loads((directory / "started.json").read_text())
    assert set(seen) == {"pid", "identity", "time", "agent"}


def test_where_the_start_cannot_be_written_down_nothing_runs(tmp_path: Path, directory: Path) -> None:
    (directory / "started.json.new").mkdir()
    ended = exit_of(directory, spec(tmp_path, "touch", "ran"))
    assert ended["reason"] == "not-started"
    assert ended["error"] == "started.json: Is a directory"
    assert not (tmp_path / "ran").exists()


def test_an_end_that_cannot_be_written_down_is_no_success(tmp_path: Path, directory: Path) -> None:
    note = tmp_path / "agent"
    start(
        directory,
        spec(tmp_path, "sh", "-c", f"mkdir {directory}/exit.json; echo $$ > {note}.new; mv {note}.new {note}"),
    )
    pid = told(note).strip()
    until(lambda: not alive(pid), "the agent has ended")
    assert run.state(directory) is run.State.RUNNING  # its parent tries to write, for a while
    os.kill(parent_of(directory), signal.SIGTERM)
    assert run.wait(directory).reason == "died"


def test_an_end_is_written_down_when_the_folder_lets_it_again(tmp_path: Path, directory: Path) -> None:
    note = tmp_path / "agent"
    start(
        directory,
        spec(tmp_path, "sh", "-c", f"mkdir {directory}/exit.json.new; echo $$ > {note}.new; mv {note}.new {note}"),
    )
    pid = told(note).strip()
    until(lambda: not alive(pid), "the agent has ended")
    (directory / "exit.json.new").rmdir()
    assert (run.wait(directory).reason, run.wait(directory).code) == ("exited", 0)


@pytest.mark.parametrize("name", ["started.json", "exit.json"])
def test_a_run_that_has_begun_or_ended_is_not_begun_again(tmp_path: Path, directory: Path, name: str) -> None:
    run.prepare(directory, spec(tmp_path, "touch", "ran"), "")
    (directory / name).write_text("{}")
    assert subprocess.run(run.start_command(directory), check=False).returncode == 1
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("again", [False, True])
def test_a_run_whose_folder_is_removed_ends_and_leaves_another_of_that_name_alone(
    tmp_path: Path, directory: Path, again: bool
) -> None:
    start(directory, spec(tmp_path, *python_agent(tmp_path, f"tell({str(tmp_path / 'up')!r}, ''); signal.pause()")))
    told(tmp_path / "up")
    numbers = json.loads((directory / "started.json").read_text())
    directory.rename(tmp_path / "gone")
    if again:
        directory.mkdir()
    until(lambda: not alive(numbers["pid"]), "its parent has ended")
    assert not alive(numbers["agent"]["pid"])
    assert not (tmp_path / "gone/exit.json").exists()
    assert not again or list(directory.iterdir()) == []


def test_a_second_parent_of_a_live_run_ends_at_once(tmp_path: Path, directory: Path) -> None:
    go_on = tmp_path / "go-on"
    start(directory, spec(tmp_path, *python_agent(tmp_path, f"await_file({str(go_on)!r}); print('once')")))
    parent_of(directory)
    assert subprocess.run(run.start_command(directory), check=False).returncode == 1
    go_on.touch()
    assert run.wait(directory).code == 0
    assert log(directory) == "once\n"


@linux
def test_the_parents_word_for_a_process_is_that_of_the_process_module() -> None:
    assert parent.identity(os.getpid()) == process.identity(os.getpid()) is not None

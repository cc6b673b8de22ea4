from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from agent_scripts import alive, ended_at_last, parent_of, python_agent, spec, told, until

from waves.agents import run
from waves.agents.run import State
from waves.foundation import process, records

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    with ended_at_last(tmp_path / "runs" / "implement-1") as path:
        yield path


@pytest.fixture
def patient(tmp_path: Path) -> run.Spec:
    """An agent that leaves a daemon behind, says so, and goes on until `go-on` is there."""
    source = f"""
left_behind({str(tmp_path / "daemon")!r})
tell({str(tmp_path / "agent")!r}, str(os.getpid()))
await_file({str(tmp_path / "go-on")!r})
"""
    return spec(tmp_path, *python_agent(tmp_path, source))


def start(directory: Path, wanted: run.Spec) -> None:
    run.prepare(directory, wanted, "do it")
    run.launch(directory)


def pids(tmp_path: Path) -> list[str]:
    """The patient agent and its daemon."""
    return [told(tmp_path / "agent"), told(tmp_path / "daemon")]


def in_another_process(source: str, *arguments: Any) -> subprocess.CompletedProcess[str]:
    given = [str(argument) for argument in arguments]
    return subprocess.run([sys.executable, "-c", source, *given], check=False, capture_output=True, text=True)


# ---- states


def test_a_run_goes_from_absent_to_ended(tmp_path: Path, directory: Path, patient: run.Spec) -> None:
    assert run.state(directory) is State.ABSENT
    run.prepare(directory, patient, "do it")
    assert run.state(directory) is State.PREPARED
    run.launch(directory)
    assert run.state(directory) in (State.STARTING, State.RUNNING)
    pids(tmp_path)
    assert run.state(directory) is State.RUNNING
    (tmp_path / "go-on").touch()
    assert run.wait(directory).reason == "exited"
    assert run.state(directory) is State.ENDED


def test_a_look_never_keeps_a_run_from_starting(tmp_path: Path) -> None:
    directories = [tmp_path / f"run-{number}" for number in range(8)]
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            for directory in directories:
                run.state(directory)

    with ThreadPoolExecutor(2) as pool:
        watchers = [pool.submit(look) for _ in range(2)]
        for directory in directories:
            start(directory, spec(tmp_path, "true"))
        reasons = [run.wait(directory).reason for directory in directories]
        done.set()
        for watcher in watchers:
            watcher.result()
    assert reasons == ["exited"] * 8


def test_no_look_takes_a_run_that_goes_well_for_one_that_died(tmp_path: Path) -> None:
    order = [State.PREPARED, State.STARTING, State.RUNNING, State.ENDED]
    for number in range(6):
        directory = tmp_path / f"run-{number}"
        run.prepare(directory, spec(tmp_path, "true"), "")
        seen: list[State] = []
        with ThreadPoolExecutor(1) as pool:
            launched = pool.submit(run.launch, directory)
            while not seen or seen[-1] is not State.ENDED:
                seen.append(run.state(directory))
            launched.result()
        places = [order.index(state) for state in seen]  # DIED would be in none
        assert places == sorted(places)


def test_a_run_whose_parent_was_killed_has_died_and_so_has_its_agent(
    tmp_path: Path, directory: Path, patient: run.Spec
) -> None:
    start(directory, patient)
    agent, _ = pids(tmp_path)
    os.kill(parent_of(directory), signal.SIGKILL)
    ended = run.wait(directory)
    assert (ended.reason, ended.code, ended.ended) == ("died", None, None)
    assert ended.started is not None
    assert run.state(directory) is State.DIED
    until(lambda: not alive(agent), "the agent has died with its parent")


def test_a_torn_exit_is_no_end(tmp_path: Path, directory: Path) -> None:
    start(directory, spec(tmp_path, "true"))
    run.wait(directory)
    (directory / "exit.json").write_text('{"reason": "exi')
    assert run.state(directory) is State.DIED


def test_a_parent_that_cannot_even_lock_is_told_as_not_started(tmp_path: Path, directory: Path) -> None:
    run.prepare(directory, spec(tmp_path, "true"), "")
    (directory / "lock").symlink_to(tmp_path / "no" / "such" / "folder")
    run.launch(directory)
    ended = run.wait(directory)
    assert (ended.reason, str(directory) in ended.error) == ("not-started", True)


def test_an_end_that_the_agent_made_up_is_none(tmp_path: Path, directory: Path) -> None:
    source = f"""
tell({str(directory / "exit.json")!r}, '{{"reason": "exited", "code": 0}}')
tell({str(tmp_path / "lied")!r}, "")
await_file({str(tmp_path / "go-on")!r})
sys.exit(5)
"""
    start(directory, spec(tmp_path, *python_agent(tmp_path, source)))
    told(tmp_path / "lied")
    assert run.state(directory) is State.RUNNING
    (tmp_path / "go-on").touch()
    assert run.wait(directory).code == 5


# ---- once


def test_many_launches_at_once_run_the_agent_once(tmp_path: Path, directory: Path) -> None:
    wanted = spec(tmp_path, "sh", "-c", "echo ran >> count")
    run.prepare(directory, wanted, "")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(run.launch, [directory] * 6))
    # `launched.json` names one of the six, so the end is waited for by its file.
    until(lambda: run.state(directory) is State.ENDED, "the run has ended")
    until(lambda: process.reap() or not _parents(directory), "all six parents are gone")
    assert (tmp_path / "count").read_text() == "ran\n"


def _parents(directory: Path) -> list[str]:
    """The live processes that were started as a parent of this run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if os.fsencode(directory) in words:
            found.append(folder.name)
    return found


def test_ensure_runs_collects_and_never_repeats(tmp_path: Path, directory: Path) -> None:
    wanted = spec(tmp_path, "sh", "-c", "cat >> count")
    first = run.ensure(directory, wanted, "once\n")
    assert (first.reason, first.code) == ("exited", 0)
    assert run.ensure(directory, wanted, "again\n") == first
    assert (tmp_path / "count").read_text() == "once\n"


def test_ensure_starts_what_was_prepared_and_never_launched(tmp_path: Path, directory: Path) -> None:
    run.prepare(directory, spec(tmp_path, "false"), "old")
    assert run.ensure(directory, spec(tmp_path, "sh", "-c", "cat > seen"), "new").code == 0
    assert (tmp_path / "seen").read_text() == "new"


def test_ensure_adopts_the_run_of_a_process_that_is_gone(tmp_path: Path, directory: Path, patient: run.Spec) -> None:
    run.prepare(directory, patient, "do it")
    launcher = (
        "import os, sys, pathlib; from waves.agents import run; run.launch(pathlib.Path(sys.argv[1])); os._exit(0)"
    )
    assert in_another_process(launcher, directory).returncode == 0
    before = pids(tmp_path)
    (tmp_path / "agent").unlink()
    (tmp_path / "go-on").touch()
    assert run.ensure(directory, patient, "do it").code == 0
    assert not (tmp_path / "agent").exists()  # no second one has said so
    assert [alive(pid) for pid in before] == [False, False]


def test_ensure_kills_what_a_run_that_died_left_and_says_so(tmp_path: Path, directory: Path, patient: run.Spec) -> None:
    start(directory, patient)
    before = pids(tmp_path)
    os.kill(parent_of(directory), signal.SIGKILL)
    assert run.ensure(directory, patient, "do it").reason == "died"
    assert [alive(pid) for pid in before] == [False, False]


def test_after_everything_was_killed_at_once_the_run_has_died(
    tmp_path: Path, directory: Path, patient: run.Spec
) -> None:
    start(directory, patient)
    for pid in [parent_of(directory), *pids(tmp_path)]:
        os.kill(int(pid), signal.SIGKILL)
    assert run.ensure(directory, patient, "do it").reason == "died"


def test_the_next_attempt_after_a_death_runs(tmp_path: Path, directory: Path, patient: run.Spec) -> None:
    start(directory, patient)
    pids(tmp_path)
    os.kill(parent_of(directory), signal.SIGKILL)
    assert run.ensure(directory, patient, "").reason == "died"
    (tmp_path / "go-on").touch()
    second = run.next_attempt(directory.parent, "implement")
    assert second.name == "implement-2"
    with ended_at_last(second):
        assert run.ensure(second, patient, "").code == 0


# ---- stopping


def test_stop_ends_the_agent_and_its_daemon(tmp_path: Path, directory: Path, patient: run.Spec) -> None:
    start(directory, patient)
    before = pids(tmp_path)
    run.stop(directory)
    assert [alive(pid) for pid in before] == [False, False]
    assert run.state(directory) is State.ENDED
    assert run.wait(directory).reason == "stopped"


def test_stop_by_another_process_does_the_same(tmp_path: Path, directory: Path, patient: run.Spec) -> None:
    start(directory, patient)
    before = pids(tmp_path)
    stopper = "import sys, pathlib; from waves.agents import run; run.stop(pathlib.Path(sys.argv[1]))"
    done = in_another_process(stopper, directory)
    assert (done.returncode, done.stderr) == (0, "")
    assert [alive(pid) for pid in before] == [False, False]
    assert run.wait(directory).reason == "stopped"


def test_stop_right_after_the_launch_leaves_nothing_running(tmp_path: Path, directory: Path, patient: run.Spec) -> None:
    start(directory, patient)
    run.stop(directory)
    assert run.state(directory) in (State.PREPARED, State.ENDED)
    assert not _parents(directory)


def test_stop_of_a_run_that_died_kills_what_is_left(tmp_path: Path, directory: Path, patient: run.Spec) -> None:
    start(directory, patient)
    before = pids(tmp_path)
    os.kill(parent_of(directory), signal.SIGKILL)
    until(lambda: run.state(directory) is State.DIED, "the run has died")
    run.stop(directory)
    assert [alive(pid) for pid in before] == [False, False]


@pytest.mark.parametrize("ended", [True, False])
def test_stop_of_what_does_not_run_changes_nothing(tmp_path: Path, directory: Path, ended: bool) -> None:
    run.prepare(directory, spec(tmp_path, "true"), "")
    if ended:
        run.ensure(directory, spec(tmp_path, "true"), "")
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    run.stop(directory)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


@pytest.mark.parametrize("began", [True, False])
def test_a_process_that_only_has_the_number_of_an_earlier_one_is_left_alone(
    tmp_path: Path, directory: Path, began: bool
) -> None:
    innocent = subprocess.Popen(["sleep", "1000"])
    try:
        run.prepare(directory, spec(tmp_path, "true"), "")
        name = {"pid": innocent.pid, "identity": "another boot/1"}
        records.write_json(directory / "launched.json", name)
        if began:
            records.write_json(directory / "started.json", name | {"agent": name})
        assert run.state(directory) is (State.DIED if began else State.PREPARED)
        run.stop(directory)
        run.kill_leftovers(directory)
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


@linux
def test_after_a_reboot_nothing_is_taken_for_alive_whatever_has_its_number_and_its_start_time(
    tmp_path: Path, directory: Path, patient: run.Spec
) -> None:
    """All files of a run that goes on, as a reboot leaves them: the numbers may be those of other processes now."""
    start(directory, patient)
    agent = int(told(tmp_path / "agent"))
    left = tmp_path / "after-reboot"
    shutil.copytree(directory, left)
    records.write_json(left / "spec.json", (records.read_json(left / "spec.json") or {}) | {"run": "of the last boot"})
    for name in ("launched.json", "started.json"):
        text = (left / name).read_text()
        (left / name).write_text(re.sub(r'"[0-9a-f-]{36}/', '"00000000-0000-4000-8000-000000000000/', text))
        assert (left / name).read_text() != text
    assert run.state(left) is State.DIED
    run.stop(left)
    run.kill_leftovers(left)
    assert run.state(directory) is State.RUNNING
    # As it was written down the same process is known for what it is: the boot alone makes the difference.
    started = records.read_json(directory / "started.json") or {}
    assert started["agent"] == {"pid": agent, "identity": process.identity(agent)}


@linux
def test_an_agent_that_hides_its_environment_and_outlives_its_parent_is_killed_all_the_same(
    tmp_path: Path, directory: Path
) -> None:
    source = f"""
import ctypes
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)  # no signal when the parent dies
script = "echo $$ > {tmp_path}/child.new; mv {tmp_path}/child.new {tmp_path}/child; exec sleep 1000"
tell({str(tmp_path / "agent")!r}, str(os.getpid()))
os.execve("/bin/sh", ["sh", "-c", "sh -c '" + script + "' & wait"], {{}})
"""
    start(directory, spec(tmp_path, *python_agent(tmp_path, source)))
    before = [told(tmp_path / "agent").strip(), told(tmp_path / "child").strip()]
    os.kill(parent_of(directory), signal.SIGKILL)
    until(lambda: run.state(directory) is State.DIED, "the run has died")
    assert [alive(pid) for pid in before] == [True, True]
    run.kill_leftovers(directory)
    assert [alive(pid) for pid in before] == [False, False]


def test_no_zombie_of_ours_is_left_when_a_run_has_been_waited_for(tmp_path: Path, directory: Path) -> None:
    run.ensure(directory, spec(tmp_path, "true"), "")
    pid = parent_of(directory)
    until(lambda: process.reap() or not _exists(pid), "the parent is reaped")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# ---- what is written and read


def test_a_prompt_that_is_not_unicode_is_written_all_the_same(tmp_path: Path, directory: Path) -> None:
    run.prepare(directory, spec(tmp_path, "true"), "half a pair: \ud800")
    assert (directory / "prompt.md").read_bytes() == b"half a pair: ?"


def test_arguments_that_are_not_utf8_reach_the_agent_as_they_are(tmp_path: Path, directory: Path) -> None:
    run.ensure(directory, spec(tmp_path, "printf", "%s", os.fsdecode(b"caf\xe9")), "")
    assert (directory / "log").read_bytes() == b"caf\xe9"


def test_preparing_again_keeps_the_runs_id(tmp_path: Path, directory: Path) -> None:
    def id_of() -> Any:
        return (records.read_json(directory / "spec.json") or {})["run"]

    run.prepare(directory, spec(tmp_path, "true"), "")
    first = id_of()
    run.prepare(directory, spec(tmp_path, "false"), "")
    assert id_of() == first


def test_the_end_carries_the_agents_output_and_the_end_of_its_log(tmp_path: Path, directory: Path) -> None:
    script = f"""printf 'caf\\351' > {directory}/output
head -c 9000 /dev/zero | tr '\\0' x; printf '\\033[31mred\\033[0m \\033]0;title\\007\\bend\\n'"""
    ended = run.ensure(directory, spec(tmp_path, "sh", "-c", script), "")
    assert ended.output == "caf\ufffd"
    assert ended.tail.endswith("xxxred end\n")
    assert len(ended.tail) < run.TAIL


def test_the_tail_is_of_the_standard_output_where_the_error_is_empty(tmp_path: Path, directory: Path) -> None:
    ended = run.ensure(directory, spec(tmp_path, "echo", "said", stdout="out", stderr="err"), "")
    assert (ended.tail, ended.output) == ("said\n", None)


@pytest.mark.parametrize("trap", ["ln -s /etc/passwd", "mkfifo", "mkdir"])
def test_an_output_that_is_no_file_is_none(tmp_path: Path, directory: Path, trap: str) -> None:
    assert run.ensure(directory, spec(tmp_path, "sh", "-c", f"{trap} {directory}/output"), "").output is None


def test_a_huge_output_is_cut(tmp_path: Path, directory: Path) -> None:
    ended = run.ensure(directory, spec(tmp_path, "truncate", "-s", "1G", str(directory / "output")), "")
    assert ended.output is not None
    assert len(ended.output) == run.OUTPUT_LIMIT


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", '{"reason": 3}', '{"reason": "exited", "code": "0"}'])
def test_no_exit_file_makes_a_traceback(tmp_path: Path, directory: Path, text: str) -> None:
    run.prepare(directory, spec(tmp_path, "true"), "")
    (directory / "exit.json").write_text(text)
    ended = run.wait(directory)
    assert (ended.code, ended.reason) in [(None, "not-started"), (None, "exited")]


# ---- attempts


def test_attempts_are_counted_by_name(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    assert run.attempts(runs, "review-1") == []
    assert run.next_attempt(runs, "review-1") == runs / "review-1-1"
    for name in ("review-1-2", "review-1-10", "review-10-77", "review-1-x", "review-1-03", "my-review-1-5"):
        (runs / name).mkdir(parents=True)
    assert [path.name for path in run.attempts(runs, "review-1")] == ["review-1-2", "review-1-10"]
    assert run.next_attempt(runs, "review-1").name == "review-1-11"
    assert run.next_attempt(runs, "review.1").name == "review.1-1"


@linux
def test_what_an_agent_runs_cannot_read_its_parents_environment(
    tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIVEN", "canary")
    # Root may read the environment of every process, by capabilities that are dropped here.
    powerless = ("setpriv", "--bounding-set=-all") if os.getuid() == 0 else ()
    wanted = spec(tmp_path, *powerless, "sh", "-c", "cat /proc/$PPID/environ; echo got $GIVEN", inherit=("GIVEN",))
    run.ensure(directory, wanted, "")
    said = (directory / "log").read_text()
    assert "Permission denied" in said
    assert said.endswith("got canary\n")

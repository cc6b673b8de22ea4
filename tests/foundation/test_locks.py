"""Locks between real processes, and the queue between threads."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from agent_scripts import until
from hypothesis import given
from hypothesis import strategies as st

from waves.foundation import locks
from waves.foundation.errors import LockedError

# Holds a lock from the moment it says so until its standard input ends; `WITH_A_CHILD` leaves a process behind.
HOLDER = """
import json, subprocess, sys
from pathlib import Path
from waves.foundation import locks
way, path, about, child = sys.argv[1:]
held = locks.waiting(Path(path)) if way == "waiting" else locks.exclusive(Path(path), json.loads(about))
with held:
    left = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL, close_fds=False) if child else None
    print(left.pid if left else "held", flush=True)
    sys.stdin.read()
"""
ABOUT: dict[str, Any] = {"pid": 1, "host": "here", "since": 0, "batch": "auth"}


@contextlib.contextmanager
def holder(way: str, path: Path, about: dict[str, Any] = ABOUT, child: str = "") -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock; it lets go at the end."""
    command = [sys.executable, "-c", HOLDER, way, str(path), json.dumps(about), child]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_one_process_at_a_time_and_the_other_is_told_who(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "lock"
    about = ABOUT | {"pid": os.getpid(), "host": "büro", "since": time.time()}
    with holder("exclusive", path, about) as process:
        assert said(process) == "held"
        with pytest.raises(LockedError) as caught, locks.exclusive(path, ABOUT):
            pytest.fail("two hold the lock")
        pid = os.getpid()
        wanted = (rf"batch 'auth' is held by process {pid} on büro since \d\d:\d\d:\d\d; "
                  rf"wait for it to end, or stop it \(kill {pid}\)")  # fmt: skip
        assert re.fullmatch(wanted, str(caught.value))
        process.communicate()
        with locks.exclusive(path, ABOUT | {"batch": "b"}):
            assert json.loads(path.read_text())["batch"] == "b"


def test_two_holders_in_one_process_exclude_each_other_as_well(tmp_path: Path) -> None:
    with (
        locks.exclusive(tmp_path / "lock", ABOUT),
        pytest.raises(LockedError),
        locks.exclusive(tmp_path / "lock", ABOUT),
    ):
        pytest.fail("two hold the lock")
    with locks.exclusive(tmp_path / "lock", ABOUT):
        pass


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"pid": 1}', '{"since": "x", "pid": 1}', "\udcff"])
def test_a_lock_that_says_nothing_readable_is_still_a_lock(tmp_path: Path, content: str) -> None:
    path = tmp_path / "lock"
    with holder("waiting", path) as process:
        assert said(process) == "held"
        path.write_text(content, "utf-8", "surrogateescape")
        with pytest.raises(LockedError) as caught, locks.exclusive(path, ABOUT):
            pytest.fail("two hold the lock")
        assert str(caught.value) == f"{path} is held by another process; wait for it to end"


def test_what_an_earlier_holder_wrote_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locks.exclusive(path, ABOUT | {"batch": "a-very-long-name" * 20}):
        pass
    with locks.exclusive(path, ABOUT):
        assert json.loads(path.read_text()) == ABOUT


@pytest.mark.parametrize("way", ["exclusive", "waiting"])
def test_a_lock_dies_with_its_holder_and_its_children_do_not_keep_it(tmp_path: Path, way: str) -> None:
    path = tmp_path / "lock"
    with holder(way, path, child="with a child") as process:
        child = int(said(process))
        try:
            assert locks.is_held(path)
            process.kill()
            process.wait()
            os.kill(child, 0)  # it is still there
            with locks.exclusive(path, ABOUT):
                pass
        finally:
            os.kill(child, signal.SIGKILL)


def test_who_waits_gets_the_lock_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    got = threading.Event()

    def wait() -> None:
        with locks.waiting(path):
            got.set()

    with holder("waiting", path) as process:
        assert said(process) == "held"
        thread = threading.Thread(target=wait)
        thread.start()
        assert not got.is_set()
        process.kill()
        thread.join(30)
        assert got.is_set()


def test_whether_a_lock_is_held_is_asked_without_touching_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not locks.is_held(path)
    assert not path.exists()
    path.write_text("")
    assert not locks.is_held(path)
    with holder("exclusive", path) as process:
        assert said(process) == "held"
        assert locks.is_held(path)
        assert not locks.is_held(tmp_path)
    assert not locks.is_held(path)


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    ways: list[Callable[[], AbstractContextManager[None]]] = [
        lambda: locks.exclusive(path, ABOUT), lambda: locks.waiting(path),
    ]  # fmt: skip
    for hold in ways:
        with pytest.raises(KeyError), hold():
            raise KeyError("inside")
        assert not locks.is_held(path)


# ---- whose turn it is


class Line:
    """Threads that ask for a turn while one holds it, and the order in which they got it."""

    def __init__(self) -> None:
        self.queue, self.order = locks.Queue(), list[str]()
        self.inside = 0

    def ask(self, rank: tuple[int, ...], name: str) -> None:
        with self.queue.turn(rank, name):
            self.inside += 1
            assert self.inside == 1, "two at a time"
            self.order.append(name)
            self.inside -= 1

    def run(self, places: Sequence[tuple[tuple[int, ...], str]]) -> list[str]:
        threads = [threading.Thread(target=self.ask, args=place, daemon=True) for place in places]
        with self.queue.turn((0,), "first"):
            for thread in threads:
                thread.start()
            until(lambda: len(self.queue._waiting) == len(places), "all of them wait")
        for thread in threads:
            thread.join(30)
        return self.order


def test_the_smallest_goes_first_and_equal_ones_by_name() -> None:
    places = [((0, 30), "c"), ((0, 10), "b"), ((1, 1), "last"), ((0, 10), "a"), ((0, 200), "d")]
    assert Line().run(places) == ["a", "b", "c", "d", "last"]


@given(st.lists(st.tuples(st.tuples(st.integers(0, 3)), st.sampled_from("abc")), max_size=8))
def test_everyone_gets_a_turn_in_order(places: list[tuple[tuple[int, ...], str]]) -> None:
    assert Line().run(places) == [name for _, name in sorted(places)]


def test_no_wake_up_is_lost_when_many_come_and_go() -> None:
    line, rounds = Line(), 200

    def often(name: str) -> None:
        for number in range(rounds):
            line.ask((number * len(name) % 7,), name)

    threads = [threading.Thread(target=often, args=("n" * size,), daemon=True) for size in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(line.order) == rounds * len(threads)
    assert not any(thread.is_alive() for thread in threads)


def test_an_error_in_a_turn_gives_it_to_the_next() -> None:
    queue = locks.Queue()
    with pytest.raises(KeyError), queue.turn((1,), "one"):
        raise KeyError("inside")
    with queue.turn((1,), "two"):
        pass

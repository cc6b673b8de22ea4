"""What a person sees while `doit` runs: a board that changes in place on a terminal, plain lines in a pipe."""

from __future__ import annotations

import re
import signal

import pytest
from loop_world import IMPLEMENT, World, until
from terminal import terminal

from waves.report.live import Board


def test_a_terminal_shows_the_units_at_work_and_keeps_what_lasts(world: World) -> None:
    world.plan("a", "c")
    world.agent(implementer_a=world.gate() + IMPLEMENT)
    with terminal(world, "doit") as screen:
        until(lambda: world.paid("implementer a"), "the agent has begun")
        with world.open_gate():
            screen.until("b/c land@0: merged as ")
            screen.until("1 of 2 merged, 1 at work, 0:")
        assert screen.end() == 0
        assert "b/a" in screen.text
        assert re.search(r"b/a +implement +at work +\d+ s", screen.text)
        last = [line.strip() for line in screen.text.splitlines() if line.strip()][-1]
        assert last == "b: 2 merged; `waves audit` has the proof"
        assert screen.raw.endswith("\x1b[?25h") or "\x1b[?25l" not in screen.raw.rpartition("\x1b[?25h")[2]


def test_a_key_press_ends_it_with_the_cursor_back_and_one_line(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=world.gate() + IMPLEMENT)
    with terminal(world, "doit") as screen:
        until(lambda: world.paid("implementer a"), "the agent has begun")
        with world.open_gate():
            screen.until("0 of 1 merged, 1 at work")
            screen.type("\x03")
            assert screen.end() == -signal.SIGINT
        assert "Traceback" not in screen.text
        assert screen.text.rstrip().splitlines()[-1].startswith("interrupted: agents that run go on, ")
        assert "\x1b[?25l" not in screen.raw.rpartition("\x1b[?25h")[2]  # the cursor is not hidden any more


def test_nothing_to_do_is_one_line_without_a_board(world: World) -> None:
    world.plan("a")
    world.run()
    with terminal(world, "doit") as screen:
        assert screen.end() == 0
        assert screen.raw == "b: 1 merged; `waves audit` has the proof\r\n"


def test_a_pipe_gets_a_line_for_each_thing_said_with_its_time(world: World) -> None:
    world.plan("a")
    lines = world.python_doit().out.splitlines()
    assert lines[-1] == "b: 1 merged; `waves audit` has the proof"
    said = [re.fullmatch(r"\d\d:\d\d:\d\d b/a (\S+): (.+)", line) for line in lines[:-1]]
    assert all(said)
    assert [one[1] for one in said if one][:1] == ["implement"]
    assert [one[1] for one in said if one][-1:] == ["land@0"]
    assert "\x1b" not in "".join(lines)


# ---- the board


def test_a_row_is_there_while_a_step_of_its_unit_runs() -> None:
    board = Board(3, 1)
    board.began("b/a", "checks@0")
    board.began("b/a", "review@0")
    board.said("b/a", "runs: prompt.md changed")
    assert [row[:3] for row in board.rows(9)] == [("b/a", "checks@0 review@0", "at work (prompt.md changed)")]
    board.ended("b/a", "checks@0")
    assert [row[1] for row in board.rows(9)] == ["review@0"]
    board.said("b/a", "done")
    board.ended("b/a", "review@0")
    assert board.rows(9) == []
    assert board.footer(0).startswith("1 of 3 merged, 0 at work, 0:")
    board.said("b/a", "merged as 0a1b2c3d")
    assert board.footer(0).startswith("2 of 3 merged")


@pytest.mark.parametrize("room", [3, 5])
def test_no_more_rows_than_fit_are_shown_and_the_rest_is_counted(room: int) -> None:
    board = Board(9, 0)
    for name in "abcdefgh":
        board.began(f"b/{name}", "implement")
    rows = board.rows(room)
    assert [row[0] for row in rows] == [f"b/{name}" for name in "abcdefgh"][-room:]
    assert board.footer(room).startswith(f"0 of 9 merged, 8 at work, {8 - room} of them not shown, ")

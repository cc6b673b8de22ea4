"""`waves status --watch`: what its lines say, and a real terminal on which keys do what other commands do."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loop_world import IMPLEMENT, World, item, review, until
from terminal import Terminal, terminal
from test_status import UNIT, WAITING

from waves.foundation.records import write_json
from waves.report import history
from waves.report.status import UnitStatus
from waves.report.table import cells
from waves.report.watch import KEYS, Row, View, in_order, screen

GOING = Row("claim-verdicts", UNIT, 130.0, 60.0, 41_233, "pytest -q\x1b[31m tests")
ASKING = Row("form-typos", WAITING, 4_000.0)
MERGED = Row("docs", replace(UNIT, unit="docs", state="merged", turn="nobody", running="", waits_for=""), tokens=5)


def page(rows: list[Row], view: View | None = None, width: int = 150, height: int = 14) -> list[str]:
    return [text for text, _ in screen(["batch b"], rows, view or View(), width, height)]


# ---- the lines


def test_a_line_says_how_long_a_step_takes_against_the_usual_and_what_its_agent_does() -> None:
    head, columns, first, second, third, *_ = page([GOING, ASKING, MERGED])
    assert head == "batch b"
    assert re.split(" {2,}", columns.strip()) == [
        "unit", "state", "step", "time", "tokens", "checks", "pull", "waits for", "last command",
    ]  # fmt: skip
    assert re.split(" {2,}", first.strip()) == [
        "claim-verdicts", "going", "review@1", "2:10 of 1:00 slow", "41,233", "green", "#7", "its reviewer",
        "pytest -q tests",
    ]  # fmt: skip
    assert re.split(" {2,}", second.strip()) == [
        "form-typos", "escalated", "implement", "1:06:40", "green", "#7", "a person",
    ]  # fmt: skip
    assert re.split(" {2,}", third.strip()) == ["docs", "merged", "review@1", "5", "green", "#7"]


def test_the_chosen_unit_says_below_what_it_waits_for_and_the_keys_are_last() -> None:
    shown = page([GOING, ASKING], View("form-typos", "done"))
    assert shown[-6:] == [
        "",
        "form-typos: escalated at implement: the implementer is blocked: no idea",
        "      waves rule form-typos implement retry --why '…'",
        "flag: large: 50 files, 2000 lines",
        "done",
        KEYS,
    ]
    assert len(shown) == 14
    styles = [style for text, style in screen([], [GOING, ASKING], View("form-typos"), 80, 9) if "form-typos  " in text]
    assert styles == ["7"]


def test_who_waits_for_a_person_comes_first_and_who_is_at_the_end_last() -> None:
    assert [row.name for row in in_order([MERGED, GOING, ASKING])] == ["form-typos", "claim-verdicts", "docs"]


def test_the_chosen_unit_is_found_again_and_stays_in_sight() -> None:
    rows = [replace(GOING, name=f"u{number:02}") for number in range(40)]
    view = View("u30")
    assert view.place(list(reversed(rows))) == 9
    assert view.moved(rows, 1) == View("u31")
    assert View("gone").moved(rows, -1) == View("u00")
    assert view.moved(rows, 100) == View("u39")
    assert View().moved([], 1) == View()
    for chosen in ("u00", "u20", "u39"):
        assert any(line.startswith(chosen) for line in page(rows, View(chosen), height=12))


@given(st.integers(0, 30), st.integers(4, 200), st.integers(1, 40), st.integers(0, 30))
def test_nothing_is_ever_wider_or_higher_than_the_screen(count: int, width: int, height: int, chosen: int) -> None:
    rows = [replace(ASKING if number % 3 else GOING, name=f"単位{number}") for number in range(count)]
    lines = page(rows, View(f"単位{chosen}", "said " * 30), width, height)
    assert len(lines) <= height
    assert all(cells(line) <= width for line in lines)
    assert not any("\x1b" in line for line in lines)


# ---- the usual time, from the records of a repository


def test_the_usual_time_is_that_of_all_batches_of_the_repository(tmp_path: Path) -> None:
    for number, seconds in enumerate((10, 20, 90)):
        folder = tmp_path / ".waves" / f"batch-{number % 2}" / f"unit-{number}"
        run = folder / "runs" / "implementer-1-1"
        write_json(run / "exit.json", {"reason": "exited", "started": 100.0, "ended": 100.0 + seconds})
        record = {"step": "implement", "inputs": {}, "outputs": {}, "result": {"run": run.name}, "started": 0.0,
                  "ended": 300.0}  # fmt: skip
        write_json(folder / "records" / "implement.json", record)
    write_json(tmp_path / ".waves/batch-0/unit-0/runs/strange-1-1/exit.json", {"started": 1.0, "ended": 2.0})
    assert history.usual_times(tmp_path) == {"implement": 20}
    assert history.usual_times(tmp_path / "nowhere") == {}


def test_a_run_whose_end_nobody_wrote_down_takes_no_time(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "reviewer-turn1-2"
    write_json(run / "started.json", {"time": 50.0})
    (one,) = history.runs_of(tmp_path)
    assert (one.step, one.role, one.started, one.ended) == ("review@turn1", "reviewer", 50.0, 50.0)
    write_json(run / "progress.json", {"tokens": 7, "last_activity": 60.0, "last_command": "ls"})
    (one,) = history.runs_of(tmp_path)
    assert (one.ended, one.tokens, one.command) == (60.0, 7, "ls")


# ---- on a terminal


def test_keys_do_what_the_commands_of_that_name_do(world: World) -> None:
    """A unit that asks for a ruling, one that is blocked, and one whose agent is at work; each key once."""
    world.plan("a", "c", "d", policy={"nits": "ask"})
    world.extra["PAGER"] = "cat"
    world.agent(
        reviewer_a_0=review("approved", nits=[item("a nit")]),
        implementer_c="echo 'BLOCKED: no idea' > \"$WAVES_OUTPUT\"",
        implementer_d=world.gate() + IMPLEMENT,
    )
    process = world.start("run")
    until(lambda: world.paid("implementer d"), "the agent has begun")
    with world.open_gate(), terminal(world, "waves", "status", "--watch") as screen:
        screen.until("2 wait for a person")
        (run,) = world.unit("d").glob("runs/implementer-*")
        write_json(run / "progress.json", {"tokens": 1234, "last_command": "make test"})
        screen.until("its implementer")
        _is_told(screen, "d", "+++ b/a.txt")
        _is_told(screen, "p", '"branch": "feat/a"')
        _is_told(screen, "s", "a: no agent of it is running")
        _is_told(screen, "r", "ruling (correct, defer, later) [later]: ")
        screen.type("defer\n")
        screen.until("defer, because: ")
        screen.type("taste\n")
        screen.until("b: a N1@0 defer is stored; `doit` goes by it")
        # What waits for nobody any more has gone down in the list, and is still the one that is chosen.
        _is_told(screen, "kkl", f"== {world.unit('c')}/runs/implementer-1-")
        _is_told(screen, "t", "c implement: the implementer is blocked: no idea")
        screen.type("try again\n")
        screen.until("b: c implement retry is stored; `doit` goes by it")
        _is_told(screen, "kks", "stop implementer-1-1 of d? [y/N]: ")
        screen.type("y\n")
        screen.until("b/d: stopped implementer-1-1")
        screen.type("q")
        assert screen.end() == 0
        assert screen.raw.rindex("\x1b[?1049l") > screen.raw.rindex("\x1b[?1049h"), "what was there before is back"
        assert "\x1b[?25l" not in screen.raw.rpartition("\x1b[?25h")[2]
        assert "Traceback" not in screen.text
    process.wait()
    rulings = (world.checkout / ".waves/b/rulings.jsonl").read_text()
    assert "taste" in rulings
    assert "try again" in rulings
    assert json.loads((run / "exit.json").read_text())["reason"] == "stopped"


def _is_told(screen: Terminal, key: str, words: str) -> None:
    screen.raw = ""
    screen.type(key)
    screen.until(words)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--watch",), "--watch needs a terminal; without it, `waves status` prints where every unit stands\n"),
        (("--watch", "--json"), "--watch is for people: leave out --json, or --watch\n"),
    ],
)
def test_without_a_terminal_it_says_so(world: World, arguments: tuple[str, ...], said: str) -> None:
    world.write_plan("a")
    assert world.waves("status", *arguments, code=2).out == said


def test_a_row_says_slow_only_where_the_usual_is_known() -> None:
    status: UnitStatus = UNIT
    assert [Row("a", status, seconds, usual).is_slow for seconds, usual in ((2, 1), (1, 1), (9, None), (None, 1))] == [
        True, False, False, False,
    ]  # fmt: skip

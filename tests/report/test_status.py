"""`waves status`: a table that fits its terminal, the turn that each unit waits for, and nothing heavy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loop_world import IMPLEMENT, World, item, review, until

from waves.batch.turns import Asked
from waves.report import status
from waves.report.status import BatchStatus, UnitStatus
from waves.report.table import Column, cells, cut, lay_out

UNIT = UnitStatus(
    unit="claim-verdicts", issues=(41, 42), state="going", step="review@1", cycle="1", head="0a1b2c3d", checks="green",
    verdict="should_fix", tokens=120_000, pull_request=7, running="reviewer-1-1", last_command="", turn="agent",
    waits_for="its reviewer", reason="", asked=(), flags=(), kept=(), differs="",
)  # fmt: skip
BATCH = BatchStatus("auth", "plans/auth.yaml", "", (UNIT,), at_work=False, skipped=(), changed=())
WAITING = replace(
    UNIT, unit="form-typos", state="escalated", step="implement", running="", turn="person", waits_for="a person",
    reason="the implementer is blocked: no idea", flags=("large: 50 files, 2000 lines",),
    asked=(Asked("", "waves rule form-typos implement retry --why '…'"),),
)  # fmt: skip


def page(width: int | None = None, *, colour: bool = False, **changes: Any) -> list[str]:
    return status.show(replace(BATCH, **changes), width, colour=colour).splitlines()


# ---- the page


def test_what_an_agent_does_now_is_below_the_table() -> None:
    assert page(units=(replace(UNIT, last_command="make test"),))[-1] == "claim-verdicts: reviewer-1-1 runs: make test"


def test_a_pipe_gets_everything_and_no_blanks_at_the_end_of_a_line() -> None:
    assert page(units=(UNIT, replace(UNIT, unit="x", pull_request=None, waits_for="", tokens=0))) == [
        "batch auth: 0 of 2 units merged",
        "unit            issues   state  step      cycle  head      checks  verdict     tokens  pull  waits for",
        "claim-verdicts  #41 #42  going  review@1      1  0a1b2c3d  green   should_fix  120000    #7  its reviewer",
        "x               #41 #42  going  review@1      1  0a1b2c3d  green   should_fix",
    ]


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (
            160,
            "claim-verdicts  #41 #42  going  review@1      1  0a1b2c3d  green   should_fix  120000    #7  its reviewer",
        ),
        (100, "claim-verdicts  #41 #42  going  review@1  0a1b2c3d  green   should_fix  120000    #7  its reviewer"),
        (80, "claim-verdicts  #41 #42  going  review@1  green   should_fix    #7  its reviewer"),
        (72, "claim-verdicts  going  review@1  green   should_fix    #7  its reviewer"),
        (50, "claim-verdicts  going  review@1  its reviewer"),
        (40, "claim-verdicts  going  review@1  its re…"),
    ],
)
def test_a_narrow_terminal_loses_the_columns_that_matter_least(width: int, row: str) -> None:
    assert page(width)[2] == row


def test_what_a_person_can_do_stands_last_with_the_reason() -> None:
    assert (
        page(80, units=(UNIT, WAITING), skipped=(3, 4))[0]
        == "batch auth: 0 of 2 units merged, 2 skipped, 1 waits for a person"
    )
    assert page(80, units=(UNIT, WAITING))[-3:] == [
        "form-typos: escalated at implement: the implementer is blocked: no idea",
        "      waves rule form-typos implement retry --why '…'",
        "form-typos: flag: large: 50 files, 2000 lines",
    ]


def test_why_the_whole_batch_is_held_stands_above_the_table() -> None:
    assert page(held="auth: not confirmed")[1] == "auth: not confirmed"


def test_colour_is_for_whole_rows() -> None:
    head, row = page(80, colour=True, units=(WAITING,))[1:3]
    assert head.startswith("\x1b[1munit")
    assert row.startswith("\x1b[1;31mform-typos")
    assert row.endswith("\x1b[0m")


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", ""), ("TERM", "dumb")])
def test_a_person_can_switch_colours_off(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert status.in_colour(True)
    assert not status.in_colour(False)
    monkeypatch.setenv(name, value)
    assert not status.in_colour(True)


# ---- the table

ROWS = st.lists(
    st.tuples(*[st.text(st.characters(exclude_categories=("C", "Z")), max_size=30)] * 3), min_size=1, max_size=5
)


@given(rows=ROWS, width=st.integers(50, 120))
def test_a_table_is_never_wider_than_its_terminal(rows: list[tuple[str, str, str]], width: int) -> None:
    short = [(cut(one, 20), two, three) for one, two, three in rows]
    lines = lay_out([Column("a"), Column("b", 1), Column("c")], short, width)
    assert len(lines) == 1 + len(rows)
    assert all(cells(line) <= width for line in lines)


@given(text=st.text(max_size=40), width=st.integers(1, 40))
def test_a_text_is_cut_to_the_cells_that_it_takes(text: str, width: int) -> None:
    assert cells(cut(text, width)) <= width or cells(text) <= width


def test_wide_letters_take_two_cells_and_accents_none() -> None:
    assert [cells(text) for text in ("abc", "漢字", "e\u0301")] == [3, 4, 1]
    assert cut("漢字漢字", 5) == "漢字…"


def test_a_column_without_any_text_is_left_out() -> None:
    columns = [Column("unit"), Column("tokens", 7, right=True), Column("waits for")]
    assert lay_out(columns, [("a", "", "")], None) == ["unit  waits for", "a"]


# ---- whose turn it is, in a real batch


def looked_at(world: World) -> dict[str, dict[str, Any]]:
    units = json.loads(world.waves("status", "--json").out)["batches"][0]["units"]
    return {one["unit"]: one for one in units}


def turns(world: World) -> dict[str, tuple[str, str]]:
    return {name: (one["turn"], one["waits_for"]) for name, one in looked_at(world).items()}


def test_every_unit_says_whose_turn_it_is(world: World) -> None:
    world.plan("a", {"unit": "c", "after": ["a"]}, "d", {"unit": "e", "issues": [9]}, "f", merge_order=["a", "f"],
               setup={"run": ['case "$PWD" in *-d) exit 3;; esac']})  # fmt: skip
    world.issue(9, "---\nstate: closed\n---\nold\n")
    world.commit({})
    assert turns(world) == {
        "a": ("doit", "the next doit"), "c": ("unit", "unit a"), "d": ("doit", "the next doit"),
        "e": ("doit", "the next doit"), "f": ("doit", "the next doit"),
    }  # fmt: skip
    world.agent(implementer_a=world.gate() + "echo 'BLOCKED: what is meant?'")
    going = world.start("run")
    with world.open_gate():
        until(
            lambda: (world.unit("f") / "decision-0.json").exists() and (world.unit("d") / "outcome.json").exists(),
            "f is approved",
        )
        found = turns(world)
        assert found["a"] == ("agent", "its implementer")
        assert found["c"] == ("unit", "unit a")
    assert going.wait().code == 1
    assert turns(world) == {
        "a": ("person", "a person"), "c": ("unit", "unit a"), "d": ("doit", "the next doit"),
        "e": ("person", "a person"), "f": ("nobody", ""),
    }  # fmt: skip
    units = looked_at(world)
    assert units["a"]["reason"] == "the implementer is blocked: what is meant?"
    command = "waves rule a implement retry --why '…'"
    assert units["a"]["asked"] == [
        {"about": "", "command": command, "others": [], "item": "implement", "ruling": "retry"}
    ]
    assert units["e"]["reason"].startswith("issue #9 is closed: ")
    assert units["d"]["state"] == "broken"


def test_a_batch_that_is_held_waits_for_its_plan(world: World) -> None:
    world.plan("a", {"unit": "c", "after": ["a"]}, confirmed=None)
    assert turns(world) == {"a": ("person", "its plan"), "c": ("unit", "unit a")}


def test_a_flag_is_shown_until_the_unit_is_merged(world: World) -> None:
    world.plan("a", policy={"nits": "ask"})
    world.agent(implementer=IMPLEMENT + "\ntouch left-over\n", reviewer=review("approved", nits=[item()]))
    world.run(code=10)
    assert "a: flag: left uncommitted: left-over" in world.waves("status").out
    (world.worktree("a") / "left-over").unlink()
    world.waves("rule", "a", "N1@0", "defer")
    world.run()
    assert "flag" not in world.waves("status").out


def test_a_status_with_a_fault_in_one_plan_has_the_others_and_code_2(world: World) -> None:
    world.plan("a", name="one")
    (world.checkout / "plans/bad.yaml").write_text("batch: bad\nuntis: []\n")
    value = json.loads(world.waves("status", "--json", code=2).out)
    assert [one["batch"] for one in value["batches"]] == ["one"]
    assert [one["plan"] for one in value["faults"]] == ["plans/bad.yaml"]
    assert "unknown key 'untis'" in "".join(value["faults"][0]["faults"])


def test_a_checkout_that_is_not_there_is_one_line(world: World) -> None:
    world.plan("a", checkout="../nowhere")
    (line,) = world.waves("status").out.splitlines()
    advice = "clone it there, or correct `checkout` in plans/b.yaml"
    assert line == f"batch b: there is no repository at {world.folder}/nowhere; {advice}"


def test_hostile_words_do_not_reach_the_terminal(world: World) -> None:
    world.plan("a")
    world.agent(implementer="printf 'BLOCKED: \\033]0;owned\\007 no\\n'")
    out = (
        world.run(code=10).out
        + world.waves("status").out
        + world.waves("explain", "a").out
        + world.waves("logs", "a").out
    )
    assert "\x1b" not in out
    assert "\x07" not in out


def test_the_log_of_the_latest_run_is_printed_and_followed(world: World) -> None:
    world.plan("a")
    world.agent(implementer="echo 'first words'\n" + world.gate() + "echo 'last words'\n" + IMPLEMENT)
    going = world.start("run")
    with world.open_gate():
        until(lambda: world.paid(), "the agent has begun")
        following = world.start("logs", "-f", "a")
        following.until("first words")
        assert "last words" not in following.out
    followed = following.wait()
    assert followed.code == 0
    assert Path(followed.out.splitlines()[0].removeprefix("== ")).name == "implementer-1-1"
    assert "last words" in followed.out
    going.wait()
    assert '"verdict": "approved"' in world.waves("logs", "a").out


def test_before_any_run_the_log_says_where_to_look(world: World) -> None:
    world.plan("a")
    assert world.waves("logs", "a", code=2).out == "no agent has run for a yet; `waves explain a` says why\n"

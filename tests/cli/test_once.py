"""`waves run --once` and `waves wait`: a batch that is looked at now and then, with nobody who waits inside."""

from __future__ import annotations

import time

import pytest
from loop_world import BLOCKING, IMPLEMENT, NOTHING_AMISS, World, until

from waves.cli.wait import View, changes
from waves.report.again import AGENT, ANOTHER, CHECKS, TROUBLE, Wait, words


def test_looks_that_wait_for_no_agent_bring_a_batch_to_its_end(world: World) -> None:
    world.plan("a", {"unit": "c", "after": ["a"]}, "d", policy={"implementers": 1})
    world.agent(implementer_a=world.gate() + IMPLEMENT, implementer_d=world.gate("second") + IMPLEMENT,
                reviewer_a_0=BLOCKING)  # fmt: skip
    first = world.run("--once", code=75)
    with world.open_gate(first_gate(world)):
        assert "is at work" in first.out
        assert "as many agents as the policy allows are at work; its implementer comes next" in first.out
        assert first.out.splitlines()[-1].startswith("look again at ")
        assert first.out.endswith(", or when `waves wait` ends (agents at work: 1, to be tried again: 1)\n")
        again = world.run("--once", code=75)
        assert "is at work" in again.out
        assert len(world.paid("implementer")) == 1
    looks = 0
    second = {"gate": "second", "second": "gate"}[first_gate(world)]
    while (done := world.run("--once", code=None)).code == 75 and looks < 40:
        looks += 1
        if len(world.paid("implementer")) == 2 and second:
            with world.open_gate(second):
                second = ""
        world.waves("wait")
    assert done.code == 0, done.out
    assert "look again" not in done.out
    assert world.states() == {"a": "merged", "c": "merged", "d": "merged"}
    assert [line for line in world.paid() if line.endswith(" 1")] == world.paid(), "no run was made twice"
    assert world.audit() == NOTHING_AMISS


def first_gate(world: World) -> str:
    """The gate of the one implementer that was started."""
    (started,) = until(lambda: world.paid("implementer")[:1], "an agent has begun")
    return "gate" if started.split()[1] == "a" else "second"


def test_a_look_leaves_what_a_doit_takes_up(world: World) -> None:
    world.plan("a")
    world.agent(implementer=world.gate() + IMPLEMENT)
    world.run("--once", code=75)
    waiting = world.start("wait", "--for", "all")
    with world.open_gate():
        assert world.waves("wait", "--timeout", "1s", code=75).out == (
            "nothing of that kind yet, and 1 s are over; at work: b/a implementer-1-1\n"
        )
        assert '"turn": "agent"' in world.waves("status", "--json").out
    assert waiting.wait().out == "b/a implementer-1-1 ended\n"
    assert world.waves("wait").out == "b/a implementer-1-1 ended\n", "nobody has taken it in yet"
    world.run()
    assert world.paid("implementer") == ["implementer a 0 1"]


def test_a_ruling_is_waited_for_while_a_doit_is_at_work(world: World) -> None:
    world.plan("a", "c")
    world.agent(
        implementer_a=world.gate() + "echo 'BLOCKED: which port?'", implementer_c=world.gate("other") + IMPLEMENT
    )
    going = world.start("run")
    until(lambda: len(world.paid("implementer")) == 2, "both have begun")
    waiting = world.start("wait", "--for", "ruling")
    with world.open_gate("other"):
        with world.open_gate():
            pass
        assert "waves rule a implement retry" in waiting.wait().out
    assert going.wait().code == 10


def test_where_nothing_is_under_way_nobody_waits(world: World) -> None:
    world.plan("a")
    for what in ("any", "all", "ruling"):
        assert world.waves("wait", "--for", what).out.startswith("nothing is under way; ")
    assert world.waves("wait", "--timeout", "5", code=2).out == (
        "--timeout 5: expected a duration such as 90s, 45m or 2h\n"
    )


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (View(), View(going=frozenset({"b/a x-1"})), []),
        (View(going=frozenset({"b/a x-1"})), View(over=frozenset({"b/a x-1"})), ["b/a x-1 ended"]),
        (View(going=frozenset({"b/a x-1"})), View(), ["b/a x-1 ended"]),
        (View(written={"b/a": 1}), View(written={"b/a": 2}), ["b/a changed"]),
        (View(at_work=frozenset({"b"})), View(), ["the doit at work on b ended"]),
    ],
)
def test_what_counts_as_news(before: View, now: View, said: list[str]) -> None:
    assert list(changes(before, now)) == said


NOON = time.mktime((2026, 11, 20, 12, 0, 0, 0, 0, -1))


@pytest.mark.parametrize(
    ("waits", "said"),
    [
        ([], ""),
        ([Wait(AGENT), Wait(AGENT), Wait(TROUBLE)], "12:01:00 (agents at work: 2, to be tried again: 1)"),
        ([Wait(TROUBLE, NOON + 7200)], "14:00:00 (to be tried again: 1)"),
        ([Wait(TROUBLE, NOON + 86400)], "2026-11-21 12:00:00 (to be tried again: 1)"),
        ([Wait(CHECKS), Wait(TROUBLE, NOON + 7200)], "12:01:00 (checks going on: 1, to be tried again: 1)"),
        ([Wait(ANOTHER)], "12:01:00 (in other hands: 1)"),
    ],
)  # fmt: skip
def test_one_time_for_all_says_when_to_look_again(waits: list[Wait], said: str) -> None:
    assert words(waits, NOON) == (said and f"look again at {said.replace(' (', ', or when `waves wait` ends (')}")

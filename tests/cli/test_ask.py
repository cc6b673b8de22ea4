"""`waves ask`: everything that waits for a person in one list, and answers that are rulings."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import Any

import pytest
from loop_world import World, item, review

REVIEW = review(
    "should_fix", should_fix=[item("the \x1b[31mname is unclear", fix="call it `total`")], nits=[item("a typo")]
)


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory, first_world: World) -> World:
    """Two batches at work, of which three units wait for a person, and one that is not confirmed."""
    world = World(tmp_path_factory.mktemp("asking")).copy(first_world)
    world.write_plan("a", {"unit": "c", "after": ["a"]}, "d", name="one", policy={"should_fix": "ask", "nits": "ask"})
    world.write_plan({"unit": "e", "issues": [8]}, {"unit": "f", "issues": [9]}, name="two", policy={"merge": "ask"})
    world.issue(9, "---\nstate: closed\n---\nold\n")
    world.write_plan({"unit": "g", "issues": [7]}, name="zero", confirmed=None)
    world.commit({})
    world.agent(reviewer_a_0=REVIEW, implementer_d="echo 'BLOCKED: which port?'")
    world.run(code=10)
    return world


def questions(world: World) -> list[dict[str, Any]]:
    found = json.loads(world.waves("ask", "--json").out)["questions"]
    assert isinstance(found, list)
    return found


def test_everything_that_waits_for_a_person_is_one_question_with_its_ruling(asking: World) -> None:
    assert [(one["batch"], one["unit"], one["item"], one["rulings"], one["command"]) for one in questions(asking)] == [
        ("one", "a", "S1@0", ["correct", "defer", "drop"], "waves rule a S1@0 correct --why '…'"),
        ("one", "a", "N1@0", ["correct", "defer", "drop"], "waves rule a N1@0 correct --why '…'"),
        ("one", "d", "implement", ["retry", "drop"], "waves rule d implement retry --why '…'"),
        ("two", "e", "merge@0", ["approve", "drop"], "waves rule e merge@0 approve --why '…'"),
        ("two", "f", "unit", ["drop"], ""),
        ("zero", "", "", [], "waves confirm zero"),
    ]


def test_a_question_has_its_evidence_and_says_where_to_look(asking: World) -> None:
    found = {(one["unit"], one["item"]): one for one in questions(asking)}
    evidence = found["a", "S1@0"]["evidence"]
    assert found["a", "S1@0"]["question"] == "S1@0 app.txt:1: the name is unclear"
    assert evidence[:2] == ["the reviewer (should_fix, priority 1, confidence 0.9)", "proposes: call it `total`"]
    assert evidence[2] == "issue #1 in plans/one.yaml:7"
    assert evidence[3].partition(" (")[2].startswith("files: 1, lines: 1): file://")
    assert evidence[4].endswith("last review: should_fix, checks: green")
    assert found["d", "implement"]["question"] == "escalated at implement: the implementer is blocked: which port?"
    assert found["f", "unit"]["question"].startswith("issue #9 is closed: ")
    assert found["", ""]["question"].startswith("zero: not confirmed")


def test_a_pipe_gets_the_questions_and_is_asked_nothing(asking: World) -> None:
    out = asking.waves("ask", "one").out
    assert [line.strip() for line in out.splitlines() if line.startswith("      ")] == [
        "waves rule a S1@0 correct --why '…'  # or defer, drop",
        "waves rule a N1@0 correct --why '…'  # or defer, drop",
        "waves rule d implement retry --why '…'  # or drop",
    ]
    assert "\x1b" not in out


def test_an_answer_on_a_terminal_is_a_ruling(asking: World) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", "from waves.cli import main; main()", "ask", "one"], cwd=asking.checkout,
        env=asking.environment, stdin=theirs, stdout=theirs, stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        os.write(ours, b"defer\nlater: #60\nlater\ndrop\n\n")
        shown = b""
        while chunk := read(ours):
            shown += chunk
    os.close(ours)
    assert process.returncode == 0, shown
    lines = (asking.checkout / ".waves/one/rulings.jsonl").read_text().splitlines()
    assert [[json.loads(line)[key] for key in ("unit", "item", "ruling", "why")] for line in lines] == [
        ["a", "S1@0", "defer", "later: #60"], ["d", "unit", "drop", ""],
    ]  # fmt: skip
    assert b"[3 of 3] one/d: escalated at implement" in shown


def read(handle: int) -> bytes:
    """What a terminal shows; nothing at its end, which the system calls an error."""
    try:
        return os.read(handle, 4096)
    except OSError:
        return b""


def test_where_nothing_is_asked_it_says_so(world: World) -> None:
    world.plan("a")
    assert world.waves("ask").out == "nothing waits for a person; `waves status` shows what goes on\n"

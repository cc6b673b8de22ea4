"""Everything local is lost: `waves recover` brings it back from the remote, and nothing is paid for again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from loop_world import APPROVED, BLOCKING, NOTHING_AMISS, World, commit, item, review


def lose(world: World, how: str) -> None:
    """The folders that git does not track, as `git clean -ffdx` removes them; or the whole clone."""
    if how == "folders":
        world.git("clean", "-qffdx")
    else:
        shutil.rmtree(world.checkout)
        world.clone(world.checkout, "--no-local")
    assert not (world.checkout / ".waves").exists()


LOSSES = pytest.mark.parametrize("how", ["folders", "clone"])


@LOSSES
def test_units_at_every_stage_come_back_and_nothing_is_paid_for_again(world: World, how: str) -> None:
    world.agent(reviewer_merged_0=BLOCKING)
    world.plan("merged", "corrected", "asked", "escalated", {"unit": "later", "after": ["asked"]},
               policy={"should_fix": "ask", "correction_cycles": 1})  # fmt: skip
    slow, bare = (review("should_fix", should_fix=[item(words)]) for words in ("slow", "no docs"))
    world.agent(reviewer_corrected_0=BLOCKING, reviewer_corrected_1=slow, reviewer_asked_0=bare,
                reviewer_escalated=BLOCKING)  # fmt: skip
    before = world.run(code=10)
    paid, pulls, states = world.paid(), world.pulls(), world.states()
    assert states["escalated"] == "escalated"
    lose(world, how)

    done = world.waves("recover")
    merged = next(line for line in world.waves("status").out.splitlines() if line.startswith("merged "))
    assert merged.split()[4:7] == ["1", pulls["feat/merged"]["head"][:8], "approved"]
    assert [line.partition(": ")[2] for line in done.out.splitlines()[:-1]] == [
        f"its records are back, merged by #{pulls['feat/merged']['number']}", "its records are back, up to review@1",
        "its records are back, up to review@0", "its records are back, up to review@1", "not begun",
    ]  # fmt: skip
    again = world.run(code=10)
    assert again.asks() == before.asks()
    assert (world.paid(), world.pulls(), world.states()) == (paid, pulls, states)
    assert world.waves("recover").out.count("its records are here") == 4

    world.rule("corrected", "S1@1", "defer")
    world.rule("asked", "S1@0", "correct")
    world.rule("escalated", "unit", "drop")
    world.run()
    assert [one for one in world.paid() if one not in paid] == [
        "corrector asked 1 1", "implementer later 0 1", "reviewer asked 1 1", "reviewer later 0 1",
    ]  # fmt: skip
    dropped = pulls["feat/escalated"]
    unapproved = f"#{dropped['number']}: no approved review of {dropped['head'][:8]}"
    assert world.audit() == {**NOTHING_AMISS, "approved": [unapproved]}
    assert world.git("for-each-ref", "refs/waves", at=world.origin) == ""


def test_what_was_not_brought_back_is_not_paid_for_a_second_time(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    paid = world.paid()
    lose(world, "folders")
    done = world.run(code=10)
    assert "its records are gone from here; `waves recover b` brings them back" in done.line("  a: ")
    assert world.paid() == paid
    world.waves("recover", "b")
    world.rule("a", "merge@0", "approve")
    world.run()
    assert world.paid() == paid
    assert world.audit() == NOTHING_AMISS


def test_an_agent_whose_records_are_lost_is_at_its_end_before_another_begins(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a_0_1=world.gate() + commit(a_txt="a"))
    first = world.start("run")
    with world.open_gate():
        first.kill()
        lose(world, "folders")
        assert "; implementer-1-1 was at work, and ended with its records" in world.waves("recover").out
        assert world.waves("status").out.count("recover") == 0
    world.agent(implementer_a_0_1=commit(a_txt="a"))
    world.run()
    assert len(world.journal("end")) == 2, "the first one came to no end of its own"
    assert world.tree()["a.txt"] == "a"


def test_a_clone_that_is_lost_is_taken_over_when_a_person_says_so(world: World) -> None:
    world.plan("a", "c", policy={"merge": "ask"})
    world.agent(reviewer_a_0=BLOCKING)
    world.run(code=10)
    paid = world.paid()
    second = world.clone(world.folder / "second", name="Cy")
    done = world.waves("recover", at=second, code=10)
    assert done.out.count("; if that clone is lost, `waves recover b --take-over`") == 2
    assert not list(second.glob(".waves/b/*/records"))

    world.waves("recover", "--take-over", at=second)
    world.run(code=10, at=second)
    assert world.paid() == paid
    assert str(second) in (second / ".waves/b/a/prompt.md").read_text()
    assert str(world.checkout) + "/" not in (second / ".waves/b/a/prompt.md").read_text()
    # The first clone was not lost after all: it says who has the units now, and does nothing.
    before = world.pulls(), world.branches()
    told = world.run(code=10)
    assert "a: waiting: taken over by " in told.line("  a: ")
    assert (world.pulls(), world.branches(), world.paid()) == (*before, paid)
    assert world.waves("status").out.count("taken over by ") == 2
    assert "; to have it back, remove " in world.waves("recover", code=10).out

    for unit in ("a", "c"):
        world.waves("rule", unit, "approve", "--why", "x", at=second)
    world.run("--uncommitted", at=second)
    assert world.audit(second) == NOTHING_AMISS
    assert world.paid() == paid


@pytest.mark.parametrize("role", ["implementer", "reviewer"])
def test_what_is_taken_over_while_its_agent_is_at_work_is_never_merged_twice(world: World, role: str) -> None:
    world.plan("a")
    own = commit(a_txt="a") if role == "implementer" else APPROVED
    world.agent(**{f"{role}_a_0_1": world.gate() + own, f"{role}_a_0": own})
    first = world.start("run")
    second = world.clone(world.folder / "second", name="Cy")
    with world.open_gate():
        taken = world.waves("recover", "--take-over", at=second).out
        assert "taken over from " in taken
        assert ", whose agents may be at work still; " in taken
        world.run(at=second)
    done = first.wait()
    assert "taken over by somebody who is done with it" in done.line("  a: ")
    assert world.run(code=10).line("  a: ") == done.line("  a: ")
    assert len(world.pulls()) == 1
    assert world.landed() == ["Thing 1"]
    paid = world.paid()
    assert world.waves("recover").out.startswith("b/a: its records are back, merged by #2")
    world.run()
    assert world.audit() == NOTHING_AMISS
    assert world.paid() == paid
    assert len(world.pulls()) == 1


def test_a_claim_that_somebody_deleted_holds_its_unit_until_it_is_put_back(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    world.git("update-ref", "-d", "refs/waves/b/a/claim", at=world.origin)
    world.rule("a", "merge@0", "approve")
    assert "`waves recover b` says what became of it" in world.run(code=10).line("  a: ")
    assert world.waves("recover").out.startswith("b/a: its claim was gone from the remote, and is there again")
    world.run()
    assert world.landed() == ["Thing 1"]


def test_a_correction_that_was_pushed_and_not_written_down_is_not_made_again(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=BLOCKING, reviewer_a_1=world.gate() + APPROVED)
    first = world.start("run")
    with world.open_gate():
        first.kill()
    paid = world.paid()
    # As it would be, had the kill come between the push and the record.
    claim = json.loads(world.git("log", "-1", "--format=%B", "refs/waves/b/a/claim", at=world.origin))
    assert "records/correct-1.json" not in claim["files"]
    assert "runs/corrector-1-1/made.json" in claim["files"]
    lose(world, "clone")
    assert world.waves("recover").out.startswith("b/a: its records are back, up to correct@1")
    world.agent(reviewer_a_1=APPROVED)
    world.run()
    assert world.paid() == sorted([*paid, "reviewer a 1 2"])
    assert world.audit() == NOTHING_AMISS


def test_a_pull_request_whose_claim_is_gone_is_left_to_a_person(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    world.git("update-ref", "-d", "refs/waves/b/a/claim", at=world.origin)
    lose(world, "clone")
    number = world.pulls()["feat/a"]["number"]
    done = world.waves("recover", code=10)
    words = f"#{number} is open, and its claim is gone: adopt it with `pull_request: {number}` in the plan"
    assert done.out == f"b/a: {words}\n`doit` goes on from here\n"


def test_what_was_not_to_be_published_is_not_in_the_claim(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.agent(implementer_a="git commit -qm 'feat: none' --allow-empty; echo keep > nowhere-else.txt")
    world.run(code=10)
    at = world.commit({"pushed.txt": "x\n"}, "fix: by hand", at=on_branch(world, "feat/a"))
    world.run(code=10)
    assert world.head(f"refs/waves/b/a/uncommitted-before-{at[:12]}", at=world.checkout)
    tree = world.git("log", "--name-only", "--format=", "refs/waves/b/a/claim", at=world.origin)
    assert "pushed.txt" in tree
    assert "nowhere-else.txt" not in tree


def test_a_unit_that_is_dropped_is_let_go_of(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    world.rule("a", "unit", "drop")
    left = world.run().line("flag: dropped; ").partition("; ")[2]
    number = world.pulls()["feat/a"]["number"]
    named = f"worktree .worktrees/issue-1-a, branch feat/a, pull request #{number}"
    assert left == f"{named} stay as they are, for you to see to"
    assert "flag: dropped" not in world.run().out
    assert world.git("for-each-ref", "refs/waves", at=world.origin) == ""
    assert world.head("feat/a"), "its work stays"


def test_while_a_doit_works_nothing_is_recovered(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a_0_1=world.gate() + commit(a_txt="a"))
    first = world.start("run")
    with world.open_gate():
        done = world.waves("recover", code=None)
        assert done.out.startswith("batch 'b' is held by process ")
    first.wait()


def on_branch(world: World, name: str) -> Path:
    """A colleague's clone with that branch checked out."""
    colleague = world.colleague()
    world.git("switch", "-q", name, at=colleague)
    return colleague


def test_a_claim_that_waves_did_not_write_is_not_built_on(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    ref = "refs/waves/b/a/claim"
    claim = json.loads(world.git("log", "-1", "--format=%B", ref, at=world.origin))
    lose(world, "clone")
    first = claim["files"]["records/worktree.json"]
    for forged in ("[1", "{}", first.replace("feat/a", "main"), first.replace('"head"', '"tail"')):
        files = {**claim["files"], "records/worktree.json": forged, "../../../evil.json": "{}", "records/x.json": "[3]"}
        text = json.dumps({**claim, "files": files})
        at = world.git("commit-tree", "-m", text, "main^{tree}")
        world.git("push", "-qf", "origin", f"{at}:{ref}")
        assert "is none that Waves wrote" in world.waves("recover", code=10).out
    assert not list(world.folder.rglob("evil.json"))
    assert not list(world.checkout.glob(".waves/b/a/records/*"))

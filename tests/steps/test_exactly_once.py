"""A unit is done once: whoever claims it, finds out what others did before, and names what a newer Waves wrote."""

from __future__ import annotations

import getpass
import json
import socket
from typing import Any

import pytest
from loop_world import NOTHING_AMISS, World, commit
from suspended import freeze, second_clone, thaw
from test_loop_claims import opened_by_hand, somebodys_branch

THE_CLAIM = "before:1:'push'"
REF = "refs/waves/b/a/claim"


def claims(world: World) -> str:
    return world.git("for-each-ref", "--format=%(refname)", "refs/waves", at=world.origin)


def test_a_clone_that_slept_before_its_claim_lets_go_of_what_another_merged(world: World) -> None:
    world.plan("a")
    run = freeze(world, THE_CLAIM)
    assert run
    second_clone(world).run()
    thaw(run)
    done = run.wait()
    assert "pull request #2 merged it already; `waves recover b` takes that in" in done.line("  a: ")
    assert (claims(world), world.branches()) == ("", ["main"])
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1"]
    world.waves("recover")
    world.run()
    assert world.audit() == NOTHING_AMISS


def test_so_does_one_whose_issue_was_closed_by_hand_meanwhile(world: World) -> None:
    world.plan("a")
    run = freeze(world, THE_CLAIM)
    assert run
    world.issue(1, "---\nstate: closed\n---\n# Thing 1\n\nDone by hand.\n")
    thaw(run)
    assert "issue #1 is closed: reopen it, or move it to `skip`" in run.wait().line("  a: ")
    assert (claims(world), world.branches(), world.paid()) == ("", ["main"], [])
    world.issue(1, "# Thing 1\n\nAgain.\n")
    world.run()
    assert world.landed() == ["Thing 1"]


def test_so_does_one_whose_batch_was_renamed_by_whoever_merged_it(world: World) -> None:
    world.plan("a")
    run = freeze(world, THE_CLAIM)
    assert run
    second = second_clone(world)
    plan = second.checkout / "plans/b.yaml"
    plan.write_text(plan.read_text().replace("batch: b\n", "batch: other\n"))
    second.run("--uncommitted")
    (world.forge / "issues/1.json").unlink()  # as where the base is not the default branch, which closes no issue
    thaw(run)
    assert "pull request #2 from feat/a merged and closes #1: move it to `skip`" in run.wait().line("  a: ")
    assert (claims(world), world.branches()) == ("", ["main"])
    assert world.paid("implementer") == ["implementer a 0 1"]


def test_an_earlier_pull_request_of_that_branch_about_something_else_is_none_of_it(world: World) -> None:
    head = somebodys_branch(world, "feat/a")
    opened_by_hand(world, head)
    path = world.forge / "pulls/77.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {
        "branch": "feat/a", "state": "merged", "merge_commit": world.head("main"), "body": "Fixes #9",
    }))  # fmt: skip
    (world.forge / "branches/feat%2Fa.json").write_text(json.dumps({"branch": "feat/a", "pulls": [77]}))
    world.git("push", "-q", "origin", "--delete", "feat/a", at=world.colleague())
    world.plan("a")
    world.run()
    assert world.landed() == ["Thing 1"]


def test_so_does_one_that_adopts_what_another_has_merged(world: World) -> None:
    opened_by_hand(world, somebodys_branch(world))
    world.plan({"unit": "a", "pull_request": 77})
    run = freeze(world, THE_CLAIM)
    assert run
    second_clone(world).run()
    thaw(run)
    assert "pull request #77 merged it already; `waves recover b` takes that in" in run.wait().line("  a: ")
    assert world.paid() == ["reviewer a 0 1"]
    assert claims(world) == ""


def test_of_two_worktrees_of_a_clone_one_has_the_unit(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    other = world.folder / "other"
    world.git("worktree", "add", "-q", "--detach", str(other))
    done = world.run(code=10, at=other)
    assert f"claimed by {getpass.getuser()} on {socket.gethostname()}, in {world.checkout}, since" in done.out
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1"]
    world.rule("a", "merge@0", "approve")
    world.run()
    assert "`waves recover b` takes that in" in world.run(code=10, at=other).line("  a: ")
    assert world.landed() == ["Thing 1"]
    assert len(world.paid()) == 2
    world.waves("audit", code=1, at=other)
    assert "which no merge of this batch put there" not in world.waves("status", at=other).out, "a pull request did"


def test_a_unit_that_was_dropped_is_claimed_again_when_that_is_withdrawn(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    world.rule("a", "unit", "drop")
    world.run()
    assert claims(world) == ""
    world.rule("a", "drop", "withdraw")
    world.run(code=10)
    assert claims(world) == REF
    world.rule("a", "merge@0", "approve")
    world.run()
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1"]
    assert world.audit() == NOTHING_AMISS


def test_one_that_another_clone_took_meanwhile_is_theirs(world: World) -> None:
    """Adopted, so that no branch is in the other one's way."""
    opened_by_hand(world, somebodys_branch(world))
    world.plan({"unit": "a", "pull_request": 77}, policy={"merge": "ask"})
    world.run(code=10)
    world.rule("a", "unit", "drop")
    world.run()
    second_clone(world).run(code=10)
    world.rule("a", "unit", "withdraw")
    assert "a: waiting: taken over by " in world.run(code=10).line("  a: ")
    second = second_clone(world)
    second.waves("rule", "a", "approve")
    second.run()
    assert world.merged() == ["feat: Thing 1 (#77)"]
    paid = world.paid()
    world.run(code=None)
    assert (world.paid(), len(world.pulls())) == (paid, 1)


# ---- formats


@pytest.mark.parametrize("file", ["records/implement.json", "records/worktree.json", "outcome.json", "claim.json"])
def test_a_record_in_another_format_holds_its_unit_and_is_named(world: World, file: str) -> None:
    world.plan("a", "c", policy={"merge": "ask"})
    world.run(code=10)
    path = world.unit("a") / file
    value = json.loads(path.read_text())
    assert value["format"] == 1
    path.write_text(json.dumps({"format": 2, "new": value}))
    words = f"{path} is in format 2, and this Waves knows format 1: go on with the Waves that wrote it"
    world.rule("c", "merge@0", "approve")
    assert words in world.run(code=10).line("  a: ")
    assert words in world.waves("status").out
    assert words in world.waves("recover", code=10).out
    assert world.landed() == ["Thing 2"]
    assert len(world.paid()) == 4
    path.write_text(json.dumps({key: one for key, one in value.items() if key != "format"}))  # before it was named
    world.rule("a", "merge@0", "approve")
    world.run()
    assert len(world.paid()) == 4
    assert world.audit() == NOTHING_AMISS


def rewritten(world: World, change: dict[str, Any]) -> None:
    """The claim as another version of Waves writes it."""
    value = json.loads(world.git("log", "-1", "--format=%B", REF, at=world.origin))
    at = world.git("commit-tree", "-m", json.dumps(value | change), "main^{tree}")
    world.git("push", "-qf", "origin", f"{at}:{REF}")


@pytest.mark.parametrize("part", ["claim", "record"])
def test_a_claim_in_another_format_is_named_and_never_counts_as_none(world: World, part: str) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    value = json.loads(world.git("log", "-1", "--format=%B", REF, at=world.origin))
    assert value["format"] == 1
    files = value["files"] | {"records/implement.json": json.dumps({"format": 2})}
    rewritten(world, {"format": 2} if part == "claim" else {"files": files})
    words = f"{REF} is in format 2, and this Waves knows format 1"
    second = second_clone(world)
    assert words in second.run(code=10).line("  a: ")
    assert words in second.waves("recover", "--take-over", code=10).out
    world.rule("a", "merge@0", "approve")
    assert words in world.run(code=10).line("  a: ")
    world.git("clean", "-qffdx")
    assert words in world.waves("recover", code=10).out
    assert words in world.run(code=10).line("  a: ")
    assert (claims(world), world.merged()) == (REF, [])
    assert len(world.paid()) == 2


def test_a_claim_from_before_claims_named_their_format_is_read(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.agent(implementer=commit(a_txt="a"))
    world.run(code=10)
    value = json.loads(world.git("log", "-1", "--format=%B", REF, at=world.origin))
    for key in ("format", "checkout"):
        del value[key]
    at = world.git("commit-tree", "-m", json.dumps(value), "-p", "feat/a", "feat/a^{tree}")
    world.git("push", "-qf", "origin", f"{at}:{REF}")
    world.git("clean", "-qffdx")
    assert "its records are back" in world.waves("recover").out
    world.rule("a", "merge@0", "approve")
    world.run()
    assert len(world.paid()) == 2
    assert world.audit() == NOTHING_AMISS

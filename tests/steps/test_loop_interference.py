"""People and systems interfere: each gets its right answer and one clear line, and nothing is lost or paid twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from loop_world import APPROVED, BLOCKING, CORRECT, IMPLEMENT, NOTHING_AMISS, Ran, World, until


def sound(done: Ran) -> Ran:
    """An answer for people, whatever the exit code."""
    assert "Traceback" not in done.out
    assert "bug of Waves" not in done.out
    return done


# ---- worktrees


def test_a_worktree_that_is_deleted_under_its_agent_costs_that_run_and_one_line(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a_0_1=world.gate() + IMPLEMENT, reviewer_a_0_1=world.gate("second") + APPROVED)
    run = world.start("run")
    for gate in ("gate", "second"):
        with world.open_gate(gate):
            shutil.rmtree(world.worktree("a"))
    assert run.wait().code == 0, run.out
    words = "its worktree was deleted while it ran"
    assert [line.partition(": ")[2] for line in run.out.splitlines() if "deleted" in line] == [
        f"flag: {words}; what it committed lies beside its run, and is taken in",
        f"reviewer: it changed what it must not: {words}",
    ]  # fmt: skip
    assert "restored" not in run.out
    assert world.paid() == ["implementer a 0 1", "implementer a 0 2", "reviewer a 0 1", "reviewer a 0 2"]
    assert world.audit() == NOTHING_AMISS


def test_a_worktree_that_is_deleted_after_its_agent_ended_costs_nothing(world: World) -> None:
    world.plan("a")
    world.run("--once", code=75)
    until(lambda: world.journal("end"), "the implementer has ended")
    until(lambda: list(world.unit("a").glob("runs/*/exit.json")), "its end is written down")
    shutil.rmtree(world.worktree("a"))
    world.run()
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1"]
    assert world.tree()["a.txt"] == "a"
    assert world.audit() == NOTHING_AMISS


def test_a_reviewer_is_not_blamed_for_what_the_next_implementer_needs(world: World) -> None:
    world.plan("a")
    world.run("--once", code=75)
    until(lambda: list(world.unit("a").glob("runs/implementer-1-1/exit.json")), "the implementer has ended")
    world.run("--once", code=75)
    until(lambda: list(world.unit("a").glob("runs/reviewer-0-1/exit.json")), "the reviewer has ended")
    (world.unit("a") / "run.json").write_text("{}")
    world.agent(implementer_a="git commit -qm 'feat: once more' --allow-empty")
    done = world.run()
    assert "it changed what it must not" not in done.out
    assert world.head("refs/waves/b/a/implemented-1", at=world.checkout)
    assert world.audit() == NOTHING_AMISS


def test_what_a_person_left_in_a_worktree_is_said_before_a_correction(world: World) -> None:
    """Edited and not committed: the corrector goes on with that. Put on another branch: all of it is kept apart."""
    world.plan("a", "c")
    world.agent(reviewer_a_0=BLOCKING, reviewer_c_0=BLOCKING, corrector="exit 1")
    world.run(code=10)
    (world.worktree("a") / "app.txt").write_text("by hand\n")
    switched = world.worktree("c", 2)
    world.git("switch", "-q", "-c", "mine", at=switched)
    (switched / "mine.txt").write_text("mine\n")
    world.git("add", "--all", at=switched)
    world.git("commit", "-qm", "feat: mine", at=switched)
    world.agent(corrector=CORRECT)
    world.rule("a", "correct@1", "retry")
    world.rule("c", "correct@1", "retry")
    done = world.run()
    assert done.line("uncommitted").endswith(
        "correct@1: flag: the corrector begins with what is uncommitted in the worktree: app.txt"
    )
    left = world.checkout / ".worktrees/left/issue-2-c"
    assert done.line("what stood there").endswith(
        f"flag: what stood there was no sound worktree on feat/c: it is kept, whole, as {left}"
    )
    assert (left / "mine.txt").read_text() == "mine\n"
    assert world.git("show", "mine:mine.txt") == "mine"
    assert world.tree() == {"app.txt": "by hand", "a.txt": "a\n1", "c.txt": "c\n1"}


# ---- files of Waves


def test_no_edited_file_makes_a_traceback_or_is_paid_for(world: World) -> None:
    """Valid JSON of other shapes, and folders in the place of files, some at a time."""
    world.plan("a", policy={"merge": "ask"})
    world.agent(reviewer_a_0=BLOCKING)
    world.run(code=10)
    paid, saved = world.paid(), world.folder / "saved"
    shutil.copytree(world.checkout / ".waves", saved, symlinks=True)
    for edited in EDITED:
        for name, value in edited.items():
            edit(world.unit("a") / name, value)
        for command in ("status", "ask", "report", "run"):
            sound(world.waves(command, code=None))
        assert world.paid() == paid, edited
        shutil.rmtree(world.checkout / ".waves")
        shutil.copytree(saved, world.checkout / ".waves", symlinks=True)
    world.rule("a", "merge@1", "approve")
    world.run()
    assert world.paid() == paid


def edit(path: Path, value: dict[str, Any] | None) -> None:
    """Write JSON; into the result of a record, which is emptied by nothing; None: a folder stands there."""
    if value is None:
        path.unlink()
        path.mkdir()
    elif path.parent.name == "records":
        record = json.loads(path.read_text())
        path.write_text(json.dumps({**record, "result": {**record["result"], **value} if value else {}}))
    else:
        path.write_text(json.dumps(value))


EDITED: list[dict[str, dict[str, Any] | None]] = [
    {"records/pr.json": {}, "decision-0.json": {"treated": {"x": 1}}, "feedback.json": {"said": [{"id": 1}]},
     "runs/reviewer-1-1/judged.json": {"strike": "x"}, "runs/implementer-1-1/made.json": {"commits": 5}},
    {"records/correct-1.json": {}, "decision-1.json": {"treated": 5}, "outcome.json": {"final": True},
     "runs/reviewer-1-1/about.json": {}, "feedback.json": {}},
    {"records/worktree.json": {"branch": 5}, "records/review-1.json": {"tokens": [1], "voided": "x"},
     "../audit.json": {"criteria": [1], "key": "x"}},
    {"../audit.json": None},
]  # fmt: skip


def test_a_run_whose_files_were_edited_while_it_went_on_is_taken_in_and_a_reader_is_not_believed(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a_0_1=world.gate() + IMPLEMENT, reviewer_a_0_1=world.gate("second") + APPROVED)
    first = world.start("run")
    with world.open_gate():
        first.kill()
        (world.unit("a") / "runs/implementer-1-1/about.json").write_text('{"key": 1}')
    until(lambda: world.journal("end"), "the implementer has ended")
    second = world.start("run")
    with world.open_gate("second"):
        (world.unit("a") / "runs/reviewer-0-1/before.json").write_text('{"files": []}')
    assert second.wait().code == 0, second.out
    assert "about.json was deleted or edited; implementer-1-1 is used instead" in second.out
    assert "before.json of its run was deleted or edited" in second.out
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1", "reviewer a 0 2"]
    assert world.audit() == NOTHING_AMISS


# ---- the plan


def test_a_unit_that_no_plan_names_any_more_is_never_lost_silently(world: World) -> None:
    world.plan("a", "c", policy={"merge": "ask"})
    world.agent(implementer_c=world.gate() + IMPLEMENT)
    run = world.start("run")
    with world.open_gate():
        world.write_plan("a", policy={"merge": "ask"})
        said = world.waves("status").line("b/c: ")
        assert said.startswith(
            "b/c: no plan names it any more: its implementer is at work (`waves stop b/c` ends it); "
        )
    assert "2 waiting" in run.wait().out, "a doit that goes on keeps to the plan that it began with"
    world.plan("a", policy={"merge": "ask"})
    line = (
        f"b/c: no plan names it any more: it has worktree .worktrees/issue-2-c, branch feat/c, pull request "
        f"#{world.pulls()['feat/c']['number']}; put it back into plans/b.yaml, or see to these by hand and then remove "
        ".waves/b/c"
    )
    assert world.waves("status").line("b/c") == line
    assert world.waves("check").line("b/c") == line
    assert world.run(code=10).line("b/c") == line
    assert line in world.python_doit().out.splitlines()
    (found,) = json.loads(world.waves("status", "--json").out)["unplanned"]
    assert (found["unit"], found["worktree"], found["running"]) == ("c", ".worktrees/issue-2-c", "")

    plan = world.checkout / "plans/b.yaml"
    plan.write_text(plan.read_text().replace("batch: b", "batch: other"))
    assert world.waves("status").out.count("put it back into a plan with `batch: b`") == 2
    plan.unlink()
    for command in ("status", "run"):
        assert world.waves(command, code=2).out.count("no plan names it any more") == 2
    assert world.python_doit().out.count("no plan names it any more") == 2
    assert world.waves("stop").out == "no agent is running\n"
    world.plan("a", "c")
    assert "no plan names" not in world.run().out
    world.plan("a")
    assert "no plan names" not in world.waves("status").out, "of what is merged and cleaned up nothing is left"


def test_an_issue_of_two_plans_is_refused_with_both_places(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.plan({"unit": "z", "issues": [1]}, name="x", confirmed=None)
    assert "plans/x.yaml:6:12: unit 'z': issue #1 is in the batch 'b' too" in world.waves("confirm", "x", code=2).out
    world.plan({"unit": "z", "issues": [1]}, name="x")
    checked = world.waves("check", code=2).out
    assert "plans/x.yaml:7:12: unit 'z': issue #1 is in the batch 'b' too" in checked
    assert "plans/b.yaml:7:12: unit 'a': issue #1 is in the batch 'x' too" in checked
    words = "issue #1 is in the batch 'b' too, in unit 'a': take it out of plans/x.yaml:7 or of plans/b.yaml:7"
    before = world.waves("status")
    assert before.line("z: ") == f"z: going at issue: {words}"
    assert before.line("batch x").endswith("1 waits for a person")
    assert words in world.run(code=10).line("  z: ")
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1"]


# ---- the base


def test_a_base_that_is_gone_or_was_made_anew_is_said_and_the_unit_goes_on_when_it_is_back(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    world.rule("a", "merge@0", "approve")
    main = world.head("main")
    world.git("branch", "-m", "main", "trunk", at=world.origin)
    assert world.run(code=1).line("  a: ") == (
        "  a: broken: the remote has no branch main, the `base` of plans/b.yaml: push it, or write `base: trunk` there"
    )
    alone = world.git("commit-tree", f"{main}^{{tree}}", "-m", "chore: fresh", at=world.checkout)
    world.git("push", "-q", "origin", f"{alone}:refs/heads/main")
    assert world.run(code=10).line("  a: ") == (
        "  a: waiting: main was rewritten on the remote, and no commit of feat/a is in it any more: put it back, or "
        "rebase feat/a by hand and push it"
    )
    world.git("push", "-q", "--force", "origin", f"{main}:refs/heads/main")
    world.run()
    assert world.landed() == ["Thing 1"]
    assert len(world.paid()) == 2


# ---- the checkout


def test_a_checkout_in_the_middle_of_something_is_never_touched(world: World) -> None:
    """A rebase that stopped at a conflict, with its detached HEAD, an edited file and another git's lock."""
    world.plan("a", policy={"merge": "ask"})
    world.git("switch", "-q", "-c", "side")
    (world.checkout / "app.txt").write_text("side\n")
    world.git("commit", "-qam", "chore: side")
    world.git("switch", "-q", "main")
    (world.checkout / "app.txt").write_text("main\n")
    world.git("commit", "-qam", "chore: main")
    world.git("rebase", "side", check=False)
    (world.checkout / "dodo.py").write_text("# edited\n")
    (world.checkout / ".git/index.lock").touch()

    def state() -> tuple[str, ...]:
        questions = (["status", "--porcelain=v2", "--branch"], ["diff"], ["stash", "list"], ["rev-parse", "main"])
        return tuple(world.git("--no-optional-locks", *one) for one in questions)

    before = state()
    world.run(code=10)
    assert state() == before
    world.rule("a", "merge@0", "approve")
    plan = world.checkout / "plans/b.yaml"
    world.run()
    assert world.landed() == ["Thing 1"]
    (world.checkout / ".git/index.lock").unlink()
    world.git("checkout", "-q", "--", "plans")
    assert state() == before

    # The plan itself in conflict: no ruling is written into that.
    torn = "# mine\n<<<<<<< HEAD\n" + plan.read_text()
    plan.write_text(torn)
    refused = world.waves("rule", "a", "drop", "--why", "x", code=2).out
    assert refused.startswith("plans/b.yaml:2:1: a merge or a rebase stopped here: resolve the conflict first\n")
    assert refused.endswith("no unit is called 'a' in a plan that reads well\n")
    assert plan.read_text() == torn


# ---- in the way


def test_what_stands_in_the_way_is_named_in_one_line_and_nothing_of_a_persons_is_lost(world: World) -> None:
    world.plan("a", "c")
    (world.checkout / ".waves/b").mkdir(parents=True, exist_ok=True)
    for name in (".waves/b", ".waves", ".worktrees"):
        path = world.checkout / name
        shutil.rmtree(path, ignore_errors=True)
        path.write_text("mine\n")
        line = f"b: nothing is dispatched: {path} is in the way of a folder of that name: move it"
        assert world.run(code=10).out == f"{line}\n"
        assert line in world.waves("status").out.splitlines()
        assert line in world.waves("ask").out.splitlines()
        path.unlink()
    # A link to another disk is followed; another repository at a unit's place is moved aside, whole.
    far = world.folder / "far"
    (world.checkout / ".worktrees").symlink_to(far)
    assert "is in the way" in world.run(code=10).out, "it leads nowhere"
    far.mkdir()
    (far / "issue-1-a").mkdir()
    world.git("init", "-q", at=far / "issue-1-a")
    (world.unit("c")).parent.mkdir(parents=True, exist_ok=True)
    world.unit("c").write_text("mine\n")
    done = sound(world.run(code=1))
    assert done.line("flag: ").endswith(f"it is kept, whole, as {far}/left/issue-1-a")
    assert (far / "left/issue-1-a/.git/HEAD").is_file()
    assert done.line("  c: ").startswith(f"  c: broken: {world.unit('c')}")
    assert world.landed() == ["Thing 1"], "the other one goes on"
    world.unit("c").unlink()
    world.run()
    assert world.landed() == ["Thing 1", "Thing 2"]


# ---- stopping


def test_an_agent_that_nobody_waits_for_is_not_at_work_any_more_once_it_was_stopped(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0_1=world.gate() + APPROVED)
    until(lambda: world.run("--once", code=None) and world.paid("reviewer"), "a reviewer is at work")
    with world.open_gate():
        assert "its reviewer is at work" in world.run("--once", code=75).out
        assert world.waves("stop", "a").out == "b/a: stopped reviewer-0-1; the next `doit` asks anew\n"
    status = world.waves("status")
    assert "at work" not in status.out
    assert status.line("a: ") == "a: waiting at review@0: its reviewer has ended; the next `doit` goes on from there"
    world.run()
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 0 2"]

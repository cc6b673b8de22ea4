from __future__ import annotations

from loop_world import World


def nothing_was_dispatched(world: World) -> bool:
    return world.paid() == [] and world.branches() == ["main"] and world.worktrees() == []


def test_an_unconfirmed_plan_dispatches_nothing(world: World) -> None:
    world.plan("a", confirmed=None)
    done = world.run(code=10)
    assert done.out == "b: not confirmed, so nothing is dispatched; read plans/b.yaml, then `waves confirm b`\n"
    assert nothing_was_dispatched(world)
    assert world.python_doit().code != 0
    assert nothing_was_dispatched(world)


def test_what_is_left_to_decide_is_named(world: World) -> None:
    world.plan("a", "c", confirmed=None, findings=[{"issues": [1, 2], "kind": "same-region"}])
    done = world.run(code=10)
    assert done.out.startswith("b: not confirmed, so nothing is dispatched; left to decide:\n  plans/b.yaml:")
    assert done.out.endswith(": the finding on #1, #2 (same-region) has no resolution\n")
    assert done.out.count("\n") == 2
    assert nothing_was_dispatched(world)


def test_a_confirmed_plan_with_an_open_finding_is_a_faulty_plan(world: World) -> None:
    world.plan("a", "c", findings=[{"issues": [1, 2], "kind": "same-region"}])
    done = world.run(code=2)
    assert "has no resolution, but the plan is confirmed" in done.out
    assert nothing_was_dispatched(world)


def test_a_plan_that_git_does_not_know_dispatches_nothing(world: World) -> None:
    world.write_plan("a")
    done = world.run(code=10)
    assert done.out == "b: the plan is not committed, so nothing is dispatched; commit plans/b.yaml\n"
    assert nothing_was_dispatched(world)


def test_a_plan_that_was_edited_since_its_commit_dispatches_nothing(world: World) -> None:
    world.plan("a")
    world.write_plan("a", "more")
    done = world.run(code=10)
    assert done.out == "b: the plan is not committed as it stands, so nothing is dispatched; commit plans/b.yaml\n"
    assert nothing_was_dispatched(world)


def test_a_plan_goes_on_where_only_rulings_were_added(world: World) -> None:
    world.plan("a")
    world.write_plan("a", rulings=[{"unit": "a", "item": "merge", "ruling": "approve"}])
    world.run()
    assert world.merged() == ["feat: Thing 1 (#2)"]


def test_a_person_can_insist_on_the_plan_as_it_stands(world: World) -> None:
    world.write_plan("a")
    world.run("--uncommitted")
    assert world.merged() == ["feat: Thing 1 (#2)"]


def test_a_faulty_plan_does_not_stop_another_one(world: World) -> None:
    world.plan("a")
    world.plan({"unit": "z", "issues": [8], "colour": "blue"}, name="faulty")
    done = world.run(code=2)
    assert "plans/faulty.yaml:" in done.out
    assert "colour" in done.out
    assert "b: 1 merged" in done.out
    assert world.landed() == ["Thing 1"]


def test_what_a_unit_needs_and_cannot_have_is_said_on_that_unit_alone(world: World) -> None:
    world.plan("a", {"unit": "c", "issues": [99]})
    (world.checkout / "issues" / "99-x.md").unlink()
    done = world.run(code=1)
    assert world.states() == {"a": "merged", "c": "broken"}
    assert "99" in done.line("  c: ")
    # The next one tries again what broke.
    world.issue(99)
    world.run()
    assert world.states() == {"a": "merged", "c": "merged"}


def test_a_closed_issue_waits_for_a_person(world: World) -> None:
    world.plan("a", "c")
    world.issue(2, "---\nstate: closed\n---\n# Thing 2\n")
    done = world.run(code=10)
    assert done.line("  c: ") == "  c: waiting: issue #2 is closed: reopen it, or move it to `skip` in the plan"
    assert world.states() == {"a": "merged", "c": "waiting"}
    world.issue(2, "# Thing 2\n\nstill there\n")
    world.run()
    assert world.states() == {"a": "merged", "c": "merged"}


def test_an_issue_is_read_again_until_it_is_dispatched_and_then_never(world: World) -> None:
    world.plan("a", {"unit": "c", "after": ["a"]})
    gate = world.gate()
    world.agent(implementer_a=gate + world.scripts["implementer"])
    run = world.start("run")
    with world.open_gate():
        world.issue(1, "# Thing 1\n\nchanged too late\n")
        world.issue(2, "# Thing 2\n\nchanged in time\n")
    assert run.wait().code == 0
    assert "changed too late" not in world.prompt("reviewer a 0 1")
    assert "changed in time" in world.prompt("implementer c 0 1")


def test_without_a_plan_it_says_what_to_do(world: World) -> None:
    done = world.run(code=2)
    assert done.out == "there is no plan in plans/; write one, or run `waves init` first\n"

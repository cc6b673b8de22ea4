"""Two plans whose units have one branch: both are told, and the second waits until the first is done."""

from __future__ import annotations

from loop_world import World


def test_the_unit_of_the_second_plan_waits_and_is_done_after_the_first(world: World) -> None:
    world.agent(implementer='echo more >> "$WAVES_UNIT.txt"; git add --all; git commit -qm "feat: $WAVES_UNIT"')
    world.write_plan({"unit": "greeting", "issues": [1]}, name="one")
    world.write_plan({"unit": "greeting", "issues": [2]}, name="two")
    world.commit({}, "chore: plans")
    found = world.waves("check", code=2).out
    assert "unit 'greeting': the branch 'feat/greeting' is that of unit 'greeting' of the batch 'two' too" in found
    assert "unit 'greeting': the branch 'feat/greeting' is that of unit 'greeting' of the batch 'one' too" in found
    first = world.waves("run", code=10)
    line = first.line("  greeting: ")
    assert (
        "branch feat/greeting is in the batch 'one' too, in unit 'greeting': rename the unit in plans/two.yaml:" in line
    )
    assert len(world.merged()) == 1
    assert world.paid("implementer") == ["implementer greeting 0 1"]
    world.run()
    assert len(world.merged()) == 2


def test_an_adopted_branch_is_one_too_and_other_branches_are_not(world: World) -> None:
    world.git("push", "-q", "origin", "main:refs/heads/fix/theirs")
    world.write_plan({"unit": "mine", "branch": "fix/theirs", "type": "fix"}, name="one")
    world.write_plan({"unit": "theirs", "issues": [2], "type": "fix"}, {"unit": "mine", "issues": [3]}, name="two")
    world.commit({}, "chore: plans")
    lines = [line for line in world.waves("check", code=2).out.splitlines() if "the branch" in line]
    assert len(lines) == 2
    assert (
        "unit 'mine': the branch 'fix/theirs' is that of unit 'theirs' of the batch 'two' too; rename one" in lines[0]
    )
    assert (
        "unit 'theirs': the branch 'fix/theirs' is that of unit 'mine' of the batch 'one' too; rename one" in lines[1]
    )

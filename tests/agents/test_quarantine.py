"""What an agent commits, forges, wrecks or plants while it runs, and what of it reaches the repository."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from worktree_world import BRANCH, PERSON, World, make

from waves import git
from waves.agents.guard import quarantine, worktrees
from waves.agents.guard.quarantine import Collected
from waves.foundation import process
from waves.foundation.errors import WavesError

KEPT = "refs/waves/batch/x"
Act = Callable[[World], object]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make(tmp_path)


def prepared(world: World) -> World:
    world.run.mkdir(exist_ok=True)
    quarantine.prepare(world.worktree, world.run)
    return world


def collect(world: World, before: str | None = None) -> Collected:
    return quarantine.collect(
        world.worktree, BRANCH, before or world.before, world.run, bases=["refs/heads/main"], kept=KEPT
    )


def head(world: World, ref: str = f"refs/heads/{BRANCH}") -> str | None:
    return git.resolve(world.main, ref)


def is_whole(world: World) -> None:
    """The repository has all its objects, and the worktree is on its branch with a fitting index."""
    world.git("fsck", "--strict", "--no-dangling", at=world.checkout)
    assert world.git("symbolic-ref", "HEAD") == f"refs/heads/{BRANCH}"
    assert world.git("rev-parse", "--absolute-git-dir") == str(world.worktree.git_dir)
    assert world.git("diff", "--cached", "--name-only") == ""


# ---- while the agent runs


def test_the_repository_does_not_see_a_running_agents_commit(world: World) -> None:
    prepared(world)
    made = world.commit("src/new.py", "new\n")
    assert git.existing(world.main, [made]) == {}
    assert head(world) == world.before
    other = make(world.folder / "other")
    world.git("fetch", "--quiet", str(other.checkout), "main:other", at=world.checkout)
    world.git("gc", "--quiet", "--prune=now", at=world.checkout)
    world.git("fsck", "--strict", at=world.checkout)
    assert collect(world).commits == (made,)


def test_branches_tags_and_settings_that_an_agent_makes_stay_in_the_quarantine(world: World) -> None:
    before = git.refs(world.main), (world.checkout / ".git/config").read_bytes()
    prepared(world)
    world.git("branch", "other")
    world.git("tag", "v1")
    world.git("config", "core.fsmonitor", "/bin/false")
    world.git("branch", "--force", "main", world.commit("f", "f"))
    assert (git.refs(world.main), (world.checkout / ".git/config").read_bytes()) == before


def test_the_persons_hooks_and_settings_hold_in_the_quarantine(world: World) -> None:
    hook = world.checkout / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho ran > hooked.log\n")
    hook.chmod(0o755)
    prepared(world)
    world.git("commit", "--quiet", "--allow-empty", "-m", "x", extra={"GIT_CONFIG_GLOBAL": os.devnull})
    assert (world.path / "hooked.log").read_text() == "ran\n"
    assert world.git("config", "user.name") == "Ana"
    assert world.git("config", "gc.auto") == "0"
    assert world.git("branch", "--show-current") == BRANCH


def test_git_does_not_find_the_outer_repository_when_the_git_file_is_lost(tmp_path: Path) -> None:
    world = make(tmp_path)
    world.git("branch", "main2", at=world.checkout)
    inner = worktrees.rebuild(world.main, world.checkout / ".worktrees" / "y", "main2")
    world.run.mkdir()
    extra = quarantine.prepare(inner.worktree, world.run)
    path = world.checkout / ".worktrees" / "y"
    (path / ".git").unlink()
    done = process.run(["git", "rev-parse", "--git-dir"], cwd=path, env=os.environ | PERSON | dict(extra))
    assert done.code == 128


def test_preparing_again_keeps_what_was_committed_meanwhile(world: World) -> None:
    prepared(world)
    made = world.commit("f", "f")
    prepared(world)
    assert collect(world).commits == (made,)


def test_preparing_refuses_a_worktree_whose_last_run_was_not_collected(world: World) -> None:
    prepared(world)
    other = world.folder / "run-2"
    other.mkdir()
    with pytest.raises(WavesError, match=r"`\.git` file was changed; collect the run before"):
        quarantine.prepare(world.worktree, other)


def test_a_run_directory_can_be_prepared_again_after_it_was_collected(world: World) -> None:
    first = prepared(world).commit("f", "f")
    collect(world)
    second = prepared(world).commit("g", "g")
    assert collect(world, first).commits == (second,)
    is_whole(world)


def test_paths_with_colons_spaces_and_quotes_work(tmp_path: Path) -> None:
    world = make(tmp_path / 'a:b "c" \\d é')
    made = prepared(world).commit("f", "f")
    assert collect(world).commits == (made,)
    is_whole(world)


def test_a_sha256_repository_works(tmp_path: Path) -> None:
    checkout = tmp_path / "repository"
    checkout.mkdir()
    world = World(tmp_path, git.Repository(checkout / ".git", checkout / ".git", checkout), "")
    world.git("init", "--quiet", "--object-format=sha256", "--initial-branch=main", at=checkout)
    before = world.commit("a", "a", at=checkout)
    world.git("branch", BRANCH, at=checkout)
    made = worktrees.rebuild(world.worktree, tmp_path / "worktrees" / "x", BRANCH)
    world = prepared(World(tmp_path, made.worktree, before))
    new = world.commit("f", "f")
    assert collect(world).commits == (new,)


# ---- what is taken over


def test_one_commit_moves_the_branch(world: World) -> None:
    made = prepared(world).commit("src/new.py", "new\n")
    found = collect(world)
    assert (found.head, found.commits, found.rebased, found.kept) == (made, (made,), False, None)
    assert (found.uncommitted, found.problems, found.damaged) == ((), (), False)
    assert found.patch_ids.keys() == {made}
    assert head(world) == made
    is_whole(world)


def test_several_commits_come_oldest_first(world: World) -> None:
    prepared(world)
    made = tuple(world.commit("f", str(number)) for number in range(3))
    assert collect(world).commits == made


def test_no_commit_leaves_everything_as_it_was(world: World) -> None:
    prepared(world)
    (world.path / "note.txt").write_text("not committed")
    found = collect(world)
    assert (found.head, found.commits, found.uncommitted) == (world.before, (), ("note.txt",))
    is_whole(world)


def test_uncommitted_work_is_named_and_stays(world: World) -> None:
    made = prepared(world).commit("f", "f")
    (world.path / "src/a.py").write_text("changed\n")
    (world.path / "staged.py").write_text("staged\n")
    world.git("add", "staged.py")
    (world.path / "src/b.py").unlink()
    found = collect(world)
    assert found.head == made
    assert found.uncommitted == ("src/a.py", "src/b.py", "staged.py")
    assert (world.path / "staged.py").read_text() == "staged\n"
    is_whole(world)
    assert collect(world).uncommitted == found.uncommitted


def test_an_amended_commit_keeps_the_old_head(world: World) -> None:
    first = prepared(world).commit("f", "f")
    collect(world)
    prepared(world)
    (world.path / "f").write_text("better")
    world.git("commit", "--quiet", "--all", "--amend", "--message", "feat: better")
    found = collect(world, first)
    assert found.rebased
    assert found.kept == f"{KEPT}/1"
    assert head(world, f"{KEPT}/1") == first
    assert found.commits == (world.git("rev-parse", "HEAD"),)
    is_whole(world)


def test_a_rebase_lists_only_the_runs_own_commits_and_keeps_their_patch_ids(world: World) -> None:
    first = prepared(world).commit("f", "f")
    patch = collect(world).patch_ids[first]
    base = world.commit("other", "other", at=world.checkout)
    prepared(world)
    world.git("rebase", "--quiet", "main")
    found = collect(world, first)
    assert found.rebased
    assert len(found.commits) == 1
    assert list(found.patch_ids.values()) == [patch]
    assert git.is_ancestor(world.main, base, str(found.head))
    assert head(world, str(found.kept)) == first
    is_whole(world)


def test_a_head_that_went_back_is_told_as_rebased_and_the_old_one_kept(world: World) -> None:
    first = prepared(world).commit("f", "f")
    collect(world)
    prepared(world)
    world.git("reset", "--quiet", "--hard", "HEAD~1")
    found = collect(world, first)
    assert (found.head, found.commits, found.rebased) == (world.before, (), True)
    assert head(world, str(found.kept)) == first


@pytest.mark.parametrize("command", [["checkout", "-q", "-b", "mine"], ["checkout", "-q", "--detach"]])
def test_commits_on_another_branch_of_the_agents_are_taken_and_told(world: World, command: list[str]) -> None:
    prepared(world)
    world.git(*command)
    made = world.commit("f", "f")
    found = collect(world)
    assert (found.head, found.commits, found.damaged) == (made, (made,), False)
    assert "the agent left its branch" in found.problems[0]
    assert head(world, "refs/heads/mine") is None
    is_whole(world)


def test_packed_refs_of_the_quarantine_are_read(world: World) -> None:
    made = prepared(world).commit("f", "f")
    world.git("gc", "--quiet", "--prune=now")
    world.git("pack-refs", "--all")
    assert collect(world).commits == (made,)
    is_whole(world)


def test_an_unfinished_rebase_leaves_the_branch(world: World) -> None:
    first = prepared(world).commit("src/a.py", "mine\n")
    collect(world)
    world.commit("src/a.py", "theirs\n", at=world.checkout)
    prepared(world)
    with pytest.raises(subprocess.CalledProcessError):
        world.git("rebase", "main")
    found = collect(world, first)
    assert (found.head, found.commits) == (first, ())
    assert found.problems == ("a rebase was left unfinished",)
    assert "src/a.py" in found.uncommitted
    is_whole(world)


def test_conflict_markers_that_were_committed_are_told(world: World) -> None:
    prepared(world)
    (world.path / "only.md").write_text("<<<<<<< quoted alone\n")
    world.commit("src/a.py", "<<<<<<< HEAD\none\n=======\ntwo\n>>>>>>> main\n")
    assert collect(world).conflict_markers == ("src/a.py",)


def test_conflict_markers_that_were_there_before_are_not_told(world: World) -> None:
    first = prepared(world).commit("doc.md", "<<<<<<< a\n>>>>>>> b\n\ntext\n")
    collect(world)
    prepared(world).commit("doc.md", "<<<<<<< a\n>>>>>>> b\n\nother\n")
    assert collect(world, first).conflict_markers == ()


# ---- what is refused


def objects(world: World) -> Path:
    return quarantine.writable(world.run) / "objects"


def loose(world: World, name: str) -> Path:
    return objects(world) / name[:2] / name[2:]


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def forge_a_blob(world: World) -> str:
    made = world.commit("f", "what was reviewed\n")
    blob = world.git("rev-parse", "HEAD:f")
    overwrite(loose(world, blob), zlib.compress(b"blob 5\0other"))
    return made


def forge_a_tree(world: World) -> str:
    made = world.commit("f", "f")
    other = git.tree_of(world.main, world.before)
    raw = git.call(world.main, "cat-file", "tree", other).out
    overwrite(loose(world, world.git("rev-parse", "HEAD^{tree}")), zlib.compress(b"tree %d\0" % len(raw) + raw))
    return made


def forge_the_commit(world: World) -> str:
    made = world.commit("f", "f")
    raw = git.call(world.main, "cat-file", "commit", world.before).out
    overwrite(loose(world, made), zlib.compress(b"commit %d\0" % len(raw) + raw))
    return made


def cut_an_object(world: World) -> str:
    made = world.commit("f", "f")
    path = loose(world, world.git("rev-parse", "HEAD:f"))
    overwrite(path, path.read_bytes()[:-3])
    return made


def lose_an_object(world: World) -> str:
    made = world.commit("f", "f")
    loose(world, world.git("rev-parse", "HEAD:f")).unlink()
    return made


def point_at_nothing(world: World) -> str:
    (quarantine.writable(world.run) / "HEAD").write_text("1" * 40 + "\n")
    return "1" * 40


def point_at_a_blob(world: World) -> str:
    (world.path / "b").write_text("blob")
    made = world.git("hash-object", "-w", "b")
    (quarantine.writable(world.run) / "HEAD").write_text(made + "\n")
    return made


def pipe_for_an_object(world: World) -> str:
    made = world.commit("f", "f")
    loose(world, made).unlink()
    os.mkfifo(loose(world, made))
    return made


def link_for_an_object(world: World) -> str:
    made = world.commit("f", "f")
    away = world.folder / "away"
    loose(world, made).rename(away)
    loose(world, made).symlink_to(away)
    return made


def other_alternates(world: World) -> str:
    (objects(world) / "info/alternates").write_text(f"{world.folder / 'elsewhere'}\n")
    return ""


def a_name_that_git_forbids(world: World) -> str:
    blob = world.git("hash-object", "-w", "src/a.py")
    entry = b"100644 .git\0" + bytes.fromhex(blob)
    tree = world.git("hash-object", "-w", "-t", "tree", "--literally", str(written(world, entry)))
    made = world.git("commit-tree", "-p", "HEAD", "-m", "x", tree)
    world.git("update-ref", "HEAD", made)
    return made


def written(world: World, data: bytes) -> Path:
    path = world.folder / "tree"
    path.write_bytes(data)
    return path


REFUSED: list[Act] = [
    forge_a_blob, forge_a_tree, forge_the_commit, cut_an_object, lose_an_object, point_at_nothing, point_at_a_blob,
    pipe_for_an_object, link_for_an_object, other_alternates, a_name_that_git_forbids,
]  # fmt: skip


@pytest.mark.parametrize("act", REFUSED, ids=lambda act: act.__name__)
def test_objects_that_are_not_what_they_say_are_refused(world: World, act: Act) -> None:
    prepared(world)
    refs = git.refs(world.main)
    act(world)
    found = collect(world)
    assert found.damaged
    assert found.commits == ()
    assert found.head == world.before
    assert found.problems
    assert all("\n" not in line for line in found.problems)
    assert git.refs(world.main) == refs
    worktrees.rebuild(world.main, world.path, BRANCH)
    is_whole(world)


def test_a_refused_commit_says_why(world: World) -> None:
    prepared(world)
    os.mkfifo(objects(world) / "pack")
    (found,) = collect(world).problems
    assert found == "'pack' among its objects is no plain file"


def test_what_was_refused_is_refused_again_and_leaves_nothing_in_the_repository(world: World) -> None:
    prepared(world)
    made = world.commit(".gitmodules", '[submodule "s"]\n\tpath = s\n\turl = x\n\tupdate = !touch owned\n')
    for _ in range(2):
        assert "disallowed submodule update setting" in collect(world).problems[0]
        assert git.resolve(world.main, made) is None
    assert not list((world.main.common_dir / "objects").glob("tmp_*"))


def test_a_history_of_its_own_is_kept_but_not_put_on_the_branch(world: World) -> None:
    prepared(world)
    world.git("checkout", "--quiet", "--orphan", "fresh")
    made = world.commit("f", "f")
    found = collect(world)
    assert (found.damaged, found.head, found.kept) == (True, world.before, f"{KEPT}/1")
    assert head(world, f"{KEPT}/1") == made
    assert found.problems[-1].endswith(f"no history in common with the branch; what it committed is kept as {KEPT}/1")


def test_a_branch_that_somebody_moved_meanwhile_is_left_where_it_is(world: World) -> None:
    made = prepared(world).commit("f", "f")
    theirs = world.commit("g", "g", at=world.checkout)
    git.update_ref(world.main, f"refs/heads/{BRANCH}", theirs, world.before)
    found = collect(world)
    assert (found.damaged, found.head, found.kept) == (True, theirs, f"{KEPT}/1")
    assert head(world) == theirs
    assert head(world, f"{KEPT}/1") == made
    assert collect(world) == found


# ---- damage


def wreck_the_quarantine(world: World) -> None:
    shutil.rmtree(quarantine.writable(world.run))


def wreck_all(world: World) -> None:
    wreck_the_quarantine(world)
    shutil.rmtree(world.path)


def head_is_a_pipe(world: World) -> None:
    path = quarantine.writable(world.run) / "HEAD"
    path.unlink()
    os.mkfifo(path)


def head_is_nonsense(world: World) -> None:
    (quarantine.writable(world.run) / "HEAD").write_bytes(b"ref: refs/heads/../../../../etc/passwd\n\xff\0")


@pytest.mark.parametrize("act", [wreck_the_quarantine, wreck_all, head_is_a_pipe, head_is_nonsense])
def test_a_wrecked_quarantine_costs_the_run_and_nothing_else(world: World, act: Act) -> None:
    prepared(world).commit("f", "f")
    act(world)
    found = collect(world)
    assert (found.damaged, found.head, found.commits) == (True, world.before, ())
    rebuilt = worktrees.rebuild(world.main, world.path, BRANCH)
    assert (rebuilt.worktree.work_tree, head(world)) == (world.path, world.before)
    is_whole(world)


def lose_the_git_file(world: World) -> None:
    (world.path / ".git").unlink()


def lose_the_folder(world: World) -> None:
    shutil.rmtree(world.path)


def make_a_repository(world: World) -> None:
    lose_the_git_file(world)
    world.git("init", "--quiet")


def link_the_git_file(world: World) -> None:
    lose_the_git_file(world)
    (world.path / ".git").symlink_to(world.checkout / ".git")


def lose_the_git_directory(world: World) -> None:
    shutil.rmtree(world.worktree.git_dir)


def lose_its_head(world: World) -> None:
    (world.worktree.git_dir / "gitdir").unlink()


def redirect(world: World) -> None:
    (world.worktree.git_dir / "commondir").write_text(f"{world.folder}\n")


def redirect_by_link(world: World) -> None:
    (world.worktree.git_dir / "commondir").unlink()
    (world.worktree.git_dir / "commondir").symlink_to(world.folder / "commondir")


def redirect_back(world: World) -> None:
    (world.worktree.git_dir / "gitdir").write_text(f"{world.checkout / '.git'}\n")


def plant_settings(world: World) -> None:
    (world.worktree.git_dir / "config.worktree").write_text("[core]\n\tfsmonitor = /bin/false\n")


def pipe_for_the_index(world: World) -> None:
    (world.worktree.git_dir / "index").unlink()
    os.mkfifo(world.worktree.git_dir / "index")


DAMAGES: list[Act] = [
    lose_the_git_file, lose_the_folder, make_a_repository, link_the_git_file, lose_the_git_directory, lose_its_head,
    redirect, redirect_by_link, redirect_back, plant_settings, pipe_for_the_index,
]  # fmt: skip


@pytest.mark.parametrize("act", DAMAGES, ids=lambda act: act.__name__)
def test_a_damaged_worktree_loses_no_commit_and_is_made_anew(world: World, act: Act) -> None:
    made = prepared(world).commit("f", "f")
    act(world)
    found = collect(world)
    assert (found.damaged, found.head, found.commits) == (True, made, (made,))
    assert found.problems
    rebuilt = worktrees.rebuild(world.main, world.path, BRANCH)
    world = replace(world, worktree=rebuilt.worktree)
    assert rebuilt.worktree.work_tree == world.path
    assert worktrees.damage(rebuilt.worktree) is None
    is_whole(world)
    assert world.git("status", "--porcelain") == ""
    assert len(world.git("worktree", "list", at=world.checkout).splitlines()) == 2


def test_a_pipe_where_git_reads_a_file_stops_nothing(world: World) -> None:
    made = prepared(world).commit("f", "f")
    (world.path / ".gitignore").unlink()
    os.mkfifo(world.path / ".gitignore")
    found = collect(world)
    assert (found.damaged, found.head) == (True, made)
    assert "'.gitignore' is a pipe or a device where git reads a file" in found.problems[0]


# ---- programs that an agent plants


def planted(world: World) -> tuple[Path, Path]:
    """A program that leaves a trace when it runs, and where."""
    program, trace = world.folder / "program", world.folder / "it-ran"
    program.write_text(f"#!/bin/sh\ntouch {trace}\ncat\n")
    program.chmod(0o755)
    return program, trace


def settings(program: Path) -> str:
    return (
        f'[core]\n\tfsmonitor = {program}\n\tbare = false\n[filter "x"]\n\tclean = {program}\n\tsmudge = {program}\n'
        f'[diff]\n\texternal = {program}\n[diff "x"]\n\ttextconv = {program}\n[extensions]\n\tworktreeConfig = true\n'
    )


def in_the_quarantines_config(world: World, program: Path) -> None:
    with (quarantine.writable(world.run) / "config").open("a") as file:
        file.write(settings(program))


def through_commondir(world: World, program: Path) -> None:
    other = world.folder / "common"
    shutil.copytree(world.worktree.common_dir, other)
    (other / "config").write_text(settings(program))
    (world.worktree.git_dir / "commondir").write_text(f"{other}\n")


def through_config_worktree(world: World, program: Path) -> None:
    world.git("config", "extensions.worktreeConfig", "true", at=world.checkout)
    (world.worktree.git_dir / "config.worktree").write_text(settings(program))


def through_a_submodule(world: World, program: Path) -> None:
    world.git("init", "--quiet", "sub")
    world.commit(".gitattributes", "* filter=x\n", at=world.path / "sub")
    made = world.commit("inner", "inner", at=world.path / "sub")
    (world.path / "sub/.git/config").write_text(settings(program))
    world.git("update-index", "--add", "--cacheinfo", f"160000,{made},sub")
    world.git("commit", "--quiet", "--message", "sub")
    (world.path / "sub/inner").write_text("dirty")


@pytest.mark.parametrize(
    "plant", [in_the_quarantines_config, through_commondir, through_config_worktree, through_a_submodule]
)
def test_a_planted_program_never_runs(world: World, plant: Callable[[World, Path], None]) -> None:
    program, trace = planted(world)
    prepared(world)
    world.commit(".gitattributes", "*.py filter=x diff=x\n")
    plant(world, program)
    trace.unlink(missing_ok=True)
    (world.path / "src/a.py").write_text("dirty\n")
    collect(world)
    assert not trace.exists()
    worktrees.rebuild(world.main, world.path, BRANCH)
    assert not trace.exists()


def test_the_planted_program_would_run_in_an_unguarded_git(world: World) -> None:
    program, trace = planted(world)
    prepared(world)
    in_the_quarantines_config(world, program)
    world.git("status")
    assert trace.exists()


# ---- killed between the steps


def pointer(world: World) -> bytes:
    return (world.path / ".git").read_bytes()


def objects_are_there(world: World) -> None:
    made = world.git("rev-parse", "HEAD")
    git.import_objects(world.main, objects(world), [made], [world.before])


def branch_is_moved(world: World) -> None:
    objects_are_there(world)
    made = world.git("rev-parse", "HEAD")
    git.update_ref(world.main, f"refs/heads/{BRANCH}", made, world.before)


def index_is_set(world: World) -> None:
    branch_is_moved(world)
    shutil.copyfile(quarantine.writable(world.run) / "index", world.worktree.git_dir / "index")


def all_is_done(world: World) -> None:
    collect(world)


@pytest.mark.parametrize("killed", [objects_are_there, branch_is_moved, index_is_set, all_is_done])
def test_collecting_again_gives_the_same(tmp_path: Path, killed: Act) -> None:
    worlds = [prepared(make(tmp_path / name)) for name in ("one", "two")]
    stamp = {"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000"}
    found = []
    for world in worlds:
        (world.path / "f").write_text("f")
        world.git("add", "f")
        world.git("commit", "--quiet", "--message", "x", extra=stamp)
        if world is worlds[0]:
            killed(world)
        found.append(collect(world))
        is_whole(world)
    assert replace(found[0], head="", commits=(), patch_ids={}) == replace(found[1], head="", commits=(), patch_ids={})
    assert list(found[0].patch_ids.values()) == list(found[1].patch_ids.values())
    assert len(found[0].commits) == 1


def test_collecting_a_rebase_again_keeps_the_old_head_once(world: World) -> None:
    first = prepared(world).commit("f", "f")
    collect(world)
    prepared(world)
    world.git("commit", "--quiet", "--amend", "--message", "other")
    found = collect(world, first)
    assert collect(world, first) == found
    assert list(git.refs(world.main, KEPT)) == [f"{KEPT}/1"]


def test_collecting_an_old_run_again_does_not_move_a_branch_that_went_on(world: World) -> None:
    made = prepared(world).commit("f", "f")
    first = collect(world)
    later = world.commit("g", "g")
    found = collect(world)
    assert (found.commits, found.damaged) == (first.commits, False)
    assert (head(world), found.head) == (later, made)
    is_whole(world)


def test_half_a_preparation_is_made_whole(world: World) -> None:
    prepared(world)
    (world.path / ".git").write_text(f"gitdir: {world.worktree.git_dir}\n")
    (world.run / "git-left").mkdir()
    made = prepared(world).commit("f", "f")
    assert collect(world).commits == (made,)


def test_a_socket_in_the_work_tree_is_no_trouble(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = prepared(world).commit("f", "f")
    monkeypatch.chdir(world.path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert collect(world).head == made
    is_whole(world)

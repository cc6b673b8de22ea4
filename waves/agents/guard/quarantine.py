"""Keeps what an agent commits apart until it is checked, then takes it over; it never runs git on an agent's settings.

While an agent runs, the worktree's `.git` file leads to a git directory of the run's own: its refs are copies, it reads
the repository's objects and keeps new ones to itself. So nothing in the repository has to be writable, and a commit
that is not taken over yet is not seen from there either: a worktree of the repository whose HEAD is an object that the
repository does not have makes every `git fetch` and `git gc` in it fail.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from waves import git
from waves.agents.guard import aside, index, plainfiles, stores, worktrees
from waves.agents.guard.aside import Aside
from waves.foundation import records
from waves.foundation.errors import GitError, WavesError
from waves.git import Repository, committing, filters, lfs
from waves.git.hardened import said_of

NOT_FOR_AGENTS = ("refs/waves/", "refs/stash")
UNFINISHED = {"rebase-merge": "rebase", "rebase-apply": "rebase", "MERGE_HEAD": "merge",
              "CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert"}  # fmt: skip
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
BRANCH = re.compile(r"refs/heads/[^\0-\x20\x7f~^:?*\[\\]+")
MARKERS = (b"<<<<<<< ", b">>>>>>> ")
LONGEST = 64 << 20  # bytes of a list of refs


@dataclass(frozen=True, slots=True)
class Collected:
    """What a run left. With `damaged` the worktree must be rebuilt; the branch then moved only if `commits` has any."""

    head: str | None  # of the branch, now
    commits: tuple[str, ...] = ()  # new ones, oldest first
    patch_ids: Mapping[str, str] = field(default_factory=dict)
    rebased: bool = False  # the new head does not descend from the old, which is kept
    kept: str | None = None  # the ref that keeps a head which is not on the branch
    uncommitted: tuple[str, ...] = ()
    conflict_markers: tuple[str, ...] = ()  # files
    problems: tuple[str, ...] = ()
    damaged: bool = False
    aside: tuple[Aside, ...] = ()  # what it left beside its branch


def writable(run_directory: Path) -> Path:
    """The one folder, beside its worktree, that an agent must be able to write in order to commit."""
    return run_directory / "git"


# ---- before a run


def prepare(worktree: Repository, run_directory: Path) -> Mapping[str, str]:
    """Lead the worktree to a git directory of the run's own; what to add to the agent's environment.

    Called again for a run that was prepared and not collected, it leaves that as it is. Raises WavesError where the
    worktree is damaged or another run of it was not collected.
    """
    assert worktree.work_tree is not None
    place = writable(run_directory)
    if not worktrees.same(worktrees.pointer(worktree), place):
        if problem := worktrees.damage(worktree):
            raise WavesError(f"{worktree.name}: {problem}; collect the run before, or make the worktree anew")
        with records.folder("git-", run_directory) as folder:
            _build(worktree, folder / "new")
            shutil.copyfile(folder / "new" / "packed-refs", run_directory / aside.BEFORE)
            plainfiles.move_out(run_directory, place.name, run_directory / "earlier")
            (folder / "new").rename(place)
        worktrees.point_to(worktree, place, run_directory)
    # Should the agent lose its `.git` file, git must not find the repository that the worktree lies in.
    return {"GIT_CEILING_DIRECTORIES": str(worktree.work_tree.parent)}


def _build(worktree: Repository, place: Path) -> None:
    """A git directory with the worktree's HEAD and index, copies of the refs, and the repository's settings, hooks."""
    common = worktree.common_dir
    main = index.main_of(worktree)
    for folder in ("objects/info", "refs/heads", "info"):
        (place / folder).mkdir(parents=True)
    refs = {name: oid for name, oid in git.refs(main).items() if not name.startswith(NOT_FOR_AGENTS)}
    files = {
        "HEAD": f"{worktrees.head(worktree)}\n".encode(),
        "objects/info/alternates": stores.borrowed(common),
        "packed-refs": os.fsencode("".join(f"{oid} {name}\n" for name, oid in sorted(refs.items()))),
        "config": os.fsencode(
            _config(common, index.algorithm(refs.values()))
            + committing.as_file([*filters.lent(said_of(main), worktree.filters), *committing.settings(worktree)])
        ),
    }
    for name in ("info/exclude", "info/attributes", "shallow"):
        files[name] = plainfiles.look(common / name).data
    for name, data in files.items():
        if data:
            (place / name).write_bytes(data)
    shutil.copyfile(index.index_of(worktree), place / "index")
    (place / "hooks").symlink_to(common / "hooks")
    if filters.LFS in worktree.filters:
        lfs.lend(main, place)


def _config(common: Path, algorithm: str) -> str:
    path = str(common / "config").replace("\\", "\\\\").replace('"', '\\"')
    newer = algorithm != "sha1"  # git reads the format from this file alone, not from what it includes
    return (
        f'[include]\n\tpath = "{path}"\n'
        f"[core]\n\trepositoryFormatVersion = {int(newer)}\n\tbare = false\n"
        + (f"[extensions]\n\tobjectFormat = {algorithm}\n" if newer else "")
        + "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n"
    )


# ---- after a run


def collect(worktree: Repository, branch: str, before: str, run_directory: Path, *, bases: Sequence[str] = (),
            kept: str) -> Collected:  # fmt: skip
    """Check what a run that has ended committed, take it over, and put the worktree back on its branch.

    `before` is the branch's commit at the start; `bases` are refs whose commits are not the run's, such as the base it
    may have rebased onto; a head that is not on the branch any more is kept under `kept`/1, /2 … Killed anywhere and
    called again, it gives the same result.
    """
    found = _collect(worktree, branch, before, run_directory, bases, kept)
    left = aside.keep(worktree, run_directory, branch, _head(writable(run_directory), branch)[0], f"{kept}/aside")
    return replace(found, aside=left)


def _collect(worktree: Repository, branch: str, before: str, run_directory: Path, bases: Sequence[str],
             kept: str) -> Collected:  # fmt: skip
    main, place = index.main_of(worktree), writable(run_directory)
    current = git.resolve(main, f"refs/heads/{branch}")
    head, problems = _head(place, branch)
    if head is None:
        return Collected(current, problems=(*problems, "its git directory holds no head"), damaged=True)
    known = [one for one in bases if git.resolve(main, one)]
    if refusal := _take_over(main, place, head, before):
        return Collected(current, problems=(*problems, refusal), damaged=True)
    where: str | None = None
    left: tuple[str, ...] = ()
    harm: str | None = None
    ours = current in {None, before, head}
    # A worktree that leads to its own git directory again was collected before: its branch may have gone on since.
    open_still = ours or not worktrees.same(worktrees.pointer(worktree), worktree.git_dir)
    if open_still and (obstacle := _obstacle(main, branch, before, head, current, known)):
        where = _keep(main, kept, head)
        problem = f"{obstacle}; what it committed is kept as {where}"
        return Collected(current, kept=where, problems=(*problems, problem), damaged=True)
    rebased = not git.is_ancestor(main, before, head)
    if rebased:
        where = _keep(main, kept, before)
    if ours:
        if current != head:
            git.update_ref(main, f"refs/heads/{branch}", head, current or git.ZERO)
        left, harm = _put_back(worktree, branch, head, place)
    commits = git.commits(main, [head], [before, *known])
    return Collected(
        head, tuple(commits), git.patch_ids(main, commits), rebased, where, left,
        _conflict_markers(main, _fork(main, before, head, known), head),
        (*problems, *([harm] if harm else [])), harm is not None,
    )  # fmt: skip


def _fork(main: Repository, before: str, head: str, bases: Sequence[str]) -> str:
    """The commit that the run's work is to be compared with."""
    if git.is_ancestor(main, before, head):
        return before
    return next((one for one in bases if git.merge_base(main, one, head)), before)


def _obstacle(main: Repository, branch: str, before: str, head: str, current: str | None,
              bases: Sequence[str]) -> str | None:  # fmt: skip
    """Why the branch can't be moved to the new head."""
    if not any(git.merge_base(main, one, head) for one in (before, *bases)):
        return f"its head {head} has no history in common with the branch"
    if current not in {None, before, head}:
        return f"{branch} was moved to {current} while the agent ran"
    return None


def _head(place: Path, branch: str) -> tuple[str | None, tuple[str, ...]]:
    """The commit that a run's git directory is at, read as plain files, and what is odd about it."""
    left = {word for name, word in UNFINISHED.items() if plainfiles.look(place / name).kind != "absent"}
    problems = [f"a {word} was left unfinished" for word in sorted(left)]
    text = plainfiles.look(place / "HEAD").text or ""
    if "rebase" in left:  # HEAD is somewhere in the middle, the branch where it was
        text = f"ref: refs/heads/{branch}"
    if COMMIT.fullmatch(text):
        return text, (*problems, "the agent left its branch: the worktree's HEAD was detached")
    name = text.removeprefix("ref: ")
    if not BRANCH.fullmatch(name) or ".." in name:
        return None, tuple(problems)
    if name != f"refs/heads/{branch}":
        other = name.removeprefix("refs/heads/")
        problems.append(f"the agent left its branch for {other!a}, whose head was taken")
    return _ref(place, name), tuple(problems)


def _ref(place: Path, name: str) -> str | None:
    text = plainfiles.look(place / name).text
    if text is None:
        packed = plainfiles.look(place / "packed-refs", LONGEST).data.decode("utf-8", "surrogateescape")
        lines = (line.partition(" ") for line in packed.splitlines())
        text = next((oid for oid, _, ref in lines if ref == name), "")
    return text if COMMIT.fullmatch(text) else None


def _take_over(main: Repository, place: Path, head: str, before: str) -> str | None:
    """Bring what `head` needs into the repository; why not, if any of it is missing, damaged or not what it says."""
    objects = place / "objects"
    if odd := plainfiles.oddity(objects):
        return f"{odd!a} among its objects is no plain file"
    if not stores.borrows(main.common_dir, plainfiles.look(objects / "info" / "alternates").data):
        return "its list of other object folders was changed"
    kinds = git.existing(main, [*git.refs(main).values(), before, head])
    known = [oid for oid, kind in kinds.items() if kind in {"commit", "tag"} and oid != head]
    try:
        # Also where the repository has the commit already: that is no proof that it was ever checked.
        if head != before:
            git.import_objects(main, objects, [head], known)
            if filters.LFS in main.filters:
                lfs.take_over(main, place, head, known)
    except GitError as problem:
        return f"what it committed was refused: {problem}".replace("\n", "; ")
    if git.existing(main, [head]).get(head) != "commit" or not git.is_connected(main, head, known):
        return f"its head {head} is no whole commit"
    return None


def _keep(main: Repository, prefix: str, commit: str) -> str:
    """Keep a commit under the next free number, or find where it is kept already."""
    there = git.refs(main, prefix)
    for ref, oid in there.items():
        if oid == commit:
            return ref
    numbers = [int(last) for ref in there if (last := ref.rpartition("/")[2]).isdecimal()]
    ref = f"{prefix}/{max(numbers, default=0) + 1}"
    git.update_ref(main, ref, commit, git.ZERO)
    return ref


def _put_back(worktree: Repository, branch: str, head: str, place: Path) -> tuple[tuple[str, ...], str | None]:
    """Lead the worktree to its own git directory again; the uncommitted paths, or why it has to be made anew."""
    led_away = worktrees.same(worktrees.pointer(worktree), place)
    if harm := worktrees.damage(worktree, place if led_away else worktree.git_dir):
        return (), harm
    try:
        index.refuse_traps(worktree)
    except WavesError as trap:
        return (), str(trap)
    if worktrees.head(worktree) != f"ref: refs/heads/{branch}":
        worktrees.set_head(worktree, f"ref: refs/heads/{branch}")
    index.set_to(worktree, head)
    worktrees.point_to(worktree, worktree.git_dir, place.parent)
    return tuple(sorted({*index.modified(worktree), *index.untracked(worktree)})), None


def _conflict_markers(main: Repository, since: str, head: str) -> tuple[str, ...]:
    """Files in which the lines changed since `since` speak of a conflict that still stands there."""
    found = []
    for path in git.paths_touching(main, since, head, "^(<<<<<<<|>>>>>>>) "):
        lines = (git.file_at(main, head, path) or b"").splitlines()
        if all(any(line.startswith(marker) for line in lines) for marker in MARKERS):
            found.append(path)
    return tuple(found)

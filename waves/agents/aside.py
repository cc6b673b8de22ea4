"""Keeps what a run committed beside its branch: stashes, side branches, tags, replaced commits.

Refs of the unit name all of it in the repository, so it outlives the run's own git directory. It is never pushed.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from waves import git
from waves.agents import index, plainfiles, stores
from waves.agents.snapshot import shown
from waves.agents.stores import Store
from waves.errors import GitError, WavesError
from waves.git import Repository
from waves.plaintext import plain

NAMED = 50  # refs of a run that are kept by a name of their own; the others are kept together
AT_ONCE = 200  # parents of one commit that keeps others
LONGEST_NAME = 60  # characters
BEFORE = "refs"  # in the run's directory: what its refs were at the start
MESSAGE = "What a run left on no branch\n"


@dataclass(frozen=True, slots=True)
class Aside:
    """One thing that a run left beside its branch. An empty `ref`: it lies in the run's own git directory only."""

    what: str
    ref: str


@dataclass(frozen=True, slots=True)
class _Found:
    what: str
    name: str  # for its ref
    oid: str
    only_if_new: bool = False  # it is work only if it leads to a commit that nothing else reaches


def keep(worktree: Repository, run_directory: Path, branch: str, head: str | None, prefix: str) -> tuple[Aside, ...]:
    """Find and keep it, under refs below `prefix`; called again, it finds the same and changes nothing."""
    main, place = index.main_of(worktree), run_directory / "git"
    if plainfiles.look(place).kind != "folder":
        return ()
    try:
        if plainfiles.look(place / "objects" / "info" / "alternates").data != os.fsencode(
            f"{main.common_dir}/objects\n"
        ):
            raise WavesError("its list of other object folders was changed")
        with stores.opened(place, main.common_dir) as store:
            found = _look(worktree, store, place, branch, head, prefix)
            return tuple(_keep(main, store, found, prefix))
    except (WavesError, OSError) as problem:
        words = f"{problem}".replace("\n", "; ")
        return (Aside(f"what it left beside its branch could not be read: {words}", ""),)


def _look(worktree: Repository, store: Store, place: Path, branch: str, head: str | None, prefix: str) -> list[_Found]:
    """What neither the run's head nor any ref of the repository reaches, named where it has a name."""
    main, reader = index.main_of(worktree), store.reader
    theirs = {oid for name, oid in git.refs(main).items() if not name.startswith(f"{prefix}/")}
    safe = theirs | ({head} if head else set())
    commits = [oid for oid, kind in stores.own(store).items() if kind == "commit"]
    loose = stores.beyond(reader, commits, safe) if commits else []
    chosen = []
    for one in itertools.islice(_named(place, _before(place.parent), branch), NAMED):
        is_there = git.existing(reader, [one.oid])
        if is_there and (not one.only_if_new or stores.beyond(reader, [one.oid], safe)):
            chosen.append(one)
    left = stores.beyond(reader, loose, safe | {one.oid for one in chosen}) if loose else []
    if left:
        count = "a commit" if len(left) == 1 else f"{len(left)} commits"
        chosen.append(_Found(f"{count} that no branch has any more", "lost", _joined(reader, _empty(reader), left)))
    if head and git.existing(reader, [head]) and (tree := _staged(worktree, reader, place, head)):
        chosen.append(_Found("content that was staged only", "index", _joined(reader, tree, [head])))
    return chosen


def _before(run_directory: Path) -> Mapping[str, str]:
    lines = plainfiles.look(run_directory / BEFORE, stores.LONGEST).data.decode("utf-8", "surrogateescape").splitlines()
    return {name: oid for oid, _, name in (line.partition(" ") for line in lines)}


# ---- names


# Where a ref lies: the word for the name of what is kept, and the words for people.
KINDS = {
    "refs/heads/": ("branch", "branch"),
    "refs/tags/": ("tag", "tag"),
    "refs/remotes/": ("remote", "remote branch"),
    "refs/notes/": ("notes", "notes"),
    "refs/replace/": ("replace", "replacement of"),
}


def _named(place: Path, before: Mapping[str, str], branch: str) -> Iterator[_Found]:
    """Stashes first, then refs, then the heads of worktrees of its own."""
    yield from _stashes(place)
    for name, oid in sorted(stores.refs(place).items()):
        if before.get(name) == oid or name in {f"refs/heads/{branch}", "refs/stash"}:
            continue
        start = next((one for one in KINDS if name.startswith(one)), "refs/")
        word, what = KINDS.get(start, ("ref", "ref"))
        rest = name.removeprefix(start)
        yield _Found(f"{what} {shown(plain(rest))}", f"{word}-{rest}", oid, word in ("branch", "remote"))
    for folder in sorted((place / "worktrees").glob("*")):
        if (at := stores.head(folder)) is not None:
            where = plainfiles.look(folder / "gitdir").text or folder.name
            yield _Found(f"worktree {shown(plain(where.removesuffix('/.git')))}", f"head-{folder.name}", at, True)


def _stashes(place: Path) -> Iterator[_Found]:
    log = plainfiles.look(place / "logs" / "refs" / "stash", stores.LONGEST).data.decode("utf-8", "surrogateescape")
    entries = []
    for line in log.splitlines():
        about, _, message = line.partition("\t")
        oids = about.split()[1:2]
        if oids and stores.OBJECT.fullmatch(oids[0]):
            entries.append((oids[0], message))
    for number, (oid, message) in enumerate(reversed(entries)):
        words = " ".join(plain(message).split())[:LONGEST_NAME]
        yield _Found(f"stash “{words}”" if words else "a stash", f"stash-{number}", oid)
    if not entries and (top := stores.refs(place).get("refs/stash")):
        yield _Found("a stash", "stash-0", top)


# ---- what was staged and never committed


def _staged(worktree: Repository, reader: Repository, place: Path, head: str) -> str | None:
    """The tree of the run's index, if it holds content that neither the head nor a file has."""
    assert worktree.work_tree is not None
    known = {oid for _, oid in index.tree(reader, head).values()}
    with index.temporary(worktree, place / "index") as file:
        written = git.call(reader, "write-tree", extra={"GIT_INDEX_FILE": str(file)}, ok=(0, 128))
    if written.code:  # unmerged, or none of git's
        return None
    for path, (mode, oid) in index.tree(reader, tree := written.text.strip()).items():
        if mode != index.GITLINK and oid not in known:
            data = plainfiles.look(worktree.work_tree / path, stores.LONGEST).data
            if index.blob_id(data, index.algorithm([oid])) != oid:
                return tree
    return None


# ---- keeping


def _empty(reader: Repository) -> str:
    return git.call(reader, "mktree", stdin=b"").text.strip()


def _joined(reader: Repository, tree: str, commits: Sequence[str]) -> str:
    """A commit of this tree that all of them are parents of, directly or through others like it."""
    several = sorted(commits)
    while len(several) > AT_ONCE:
        several = [git.commit_tree(reader, tree, several[:AT_ONCE], MESSAGE, IDENTITY), *several[AT_ONCE:]]
    return git.commit_tree(reader, tree, several, MESSAGE, IDENTITY)


def _keep(main: Repository, store: Store, found: Sequence[_Found], prefix: str) -> Iterator[Aside]:
    known = [
        oid for oid, kind in git.existing(main, list(git.refs(main).values())).items() if kind in {"commit", "tag"}
    ]
    objects = store.reader.common_dir / "objects"
    taken: set[str] = set()
    for one in found:
        ref = f"{prefix}/{_free(re.sub(r'[^A-Za-z0-9_]+', '-', one.name).strip('-')[:LONGEST_NAME] or 'x', taken)}"
        try:
            git.import_objects(main, objects, [one.oid], known)
            there = git.refs(main, ref).get(ref, git.ZERO)
            if there != one.oid:
                git.update_ref(main, ref, one.oid, there)
            yield Aside(one.what, ref)
        except GitError as problem:
            yield Aside(f"{one.what}, which could not be taken over ({problem})".replace("\n", "; "), "")


def _free(name: str, taken: set[str]) -> str:
    """A name that no other one of this run has."""
    number, free = 0, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free)
    return free


# A fixed time, so that the same commits are always kept by the same one.
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Waves"), ("EMAIL", "waves@localhost"), ("DATE", "1000000000 +0000"))
}

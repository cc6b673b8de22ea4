"""Keeps what a run committed beside its branch: stashes, side branches, tags, replaced commits.

Refs of the unit name all of it in the repository, so it outlives the run's own git directory. It is never pushed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from waves import git
from waves.agents.guard import index, plainfiles, stores
from waves.agents.guard.stores import Store
from waves.foundation.errors import GitError, WavesError
from waves.foundation.text import plain, shown
from waves.git import Repository

NAMED = 50  # refs of a run that are kept by a name of their own; the others are kept together
AT_ONCE = 200  # parents of one commit that keeps others
LONGEST_NAME = 60  # characters
BEFORE = "refs"  # in the run's directory: what its refs were at the start
MESSAGE = "What a run left on no branch\n"


@dataclass(frozen=True, slots=True)
class Aside:
    """One thing that a run left beside its branch.

    An empty `ref`: it could not be taken over, and lies at `place`, or in the run's own git directory.
    """

    what: str
    ref: str
    place: str = ""


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
        if not stores.borrows(main.common_dir, plainfiles.look(place / "objects" / "info" / "alternates").data):
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
    kinds = git.existing(main, list(git.refs(main).values()))
    known = [oid for oid, kind in kinds.items() if kind in {"commit", "tag"}]
    objects = store.reader.common_dir / "objects"
    for one in found:
        try:
            git.import_objects(main, objects, [one.oid], known)
            yield Aside(one.what, _under(main, prefix, one.name, one.oid))
        except GitError as problem:
            yield Aside(f"{one.what}, which could not be taken over ({problem})".replace("\n", "; "), "")


def _under(main: Repository, prefix: str, name: str, oid: str) -> str:
    """The ref below `prefix` that keeps an object, made if there is none; no other one is ever moved."""
    short = re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")[:LONGEST_NAME] or "x"
    there = git.refs(main, f"{prefix}/")
    for number in itertools.count():
        ref = f"{prefix}/{short}-{number}" if number else f"{prefix}/{short}"
        if there.get(ref, oid) == oid:
            if ref not in there:
                git.update_ref(main, ref, oid, git.ZERO)
            return ref
    raise AssertionError("there is always one more number")


def keep_moved(main: Repository, moved: Mapping[str, str], prefix: str) -> tuple[Aside, ...]:
    """Keep the commits at which refs of the repository are, that no other ref leads to."""
    others = {oid for name, oid in git.refs(main).items() if name not in moved and not name.startswith(f"{prefix}/")}
    found = []
    for name, oid in moved.items():
        kind = git.existing(main, [oid]).get(oid)
        if kind == "commit" and stores.beyond(main, [oid], others):
            found.append(_Found(f"commits on {shown(name.removeprefix('refs/heads/'))}", f"moved-{name}", oid))
    return tuple(Aside(one.what, _under(main, prefix, one.name, one.oid)) for one in found)


# ---- what a worktree's own git directory leads to


def keep_stranded(main: Repository, git_dir: Path, prefix: str) -> tuple[Aside, ...]:
    """Keep the commits that nothing but the git directory of a linked worktree leads to, which is about to go."""
    theirs = {oid for name, oid in git.refs(main).items() if not name.startswith(f"{prefix}/")}
    named = {oid for oid in _in_logs(git_dir) if stores.OBJECT.fullmatch(oid)} | set(stores.refs(git_dir).values())
    named |= {text for name in PSEUDO if (text := plainfiles.look(git_dir / name).text or "")}
    commits = [oid for oid, kind in git.existing(main, sorted(named)).items() if kind == "commit"]
    found = []
    if left := stores.beyond(main, commits, theirs) if commits else []:
        count = "a commit" if len(left) == 1 else f"{len(left)} commits"
        found.append(_Found(f"{count} that no branch has any more", "lost", _joined(main, _empty(main), left)))
    worktree = Repository(main.common_dir, git_dir, git_dir)
    if (at := stores.head(git_dir)) and at in commits and (tree := _staged(worktree, main, git_dir, at)):
        found.append(_Found("content that was staged only", "index", _joined(main, tree, [at])))
    return tuple(Aside(one.what, _under(main, prefix, one.name, one.oid)) for one in found)


PSEUDO = ("HEAD", "ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD")


def _in_logs(git_dir: Path) -> Iterator[str]:
    for path in plainfiles.walk(git_dir / "logs")[0]:
        text = plainfiles.look(git_dir / "logs" / path, stores.LONGEST).data.decode("utf-8", "surrogateescape")
        for line in text.splitlines():
            yield from line.split(" ")[:2]


# A fixed time, so that the same commits are always kept by the same one.
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Waves"), ("EMAIL", "waves@localhost"), ("DATE", "1000000000 +0000"))
}

"""Undoes what an agent was not allowed to do: keeps its work, puts back what was; it never deletes a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from waves import git
from waves.agents.guard import index, plainfiles, snapshot, worktrees
from waves.agents.guard.entries import Entry
from waves.agents.guard.snapshot import Difference, Snapshot
from waves.foundation.errors import GitError, WavesError
from waves.foundation.text import shown
from waves.git import Repository

IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Waves"), ("EMAIL", "waves@localhost"))
}


def keep(worktree: Repository, ref: str) -> str | None:
    """Write all that is uncommitted (staged, modified, untracked; not ignored) as a commit under `ref`; None: no need.

    Neither the worktree nor its index is touched. Its parents are HEAD and, where the index holds what no file does,
    a commit of the index. Raises WavesError where `ref` already keeps something else, or a pipe stands in git's way.
    """
    assert worktree.work_tree is not None
    index.refuse_traps(worktree)
    main = index.main_of(worktree)
    now = snapshot.take(worktree, ())
    head = _head(worktree, main)
    known = index.tree(main, head) if head else {}
    wanted = (set(known) | set(now.index or {}) | now.untracked) - {
        path for path, (mode, _) in known.items() if mode == index.GITLINK
    }
    present = {path for path in wanted if _can_be_committed(path, now.files.get(path))}
    tree = index.work_tree(worktree, head, (wanted & known.keys()) - present, sorted(present))
    base = git.tree_of(main, head) if head else None
    staged = index.staged_tree(worktree)
    if tree == base and staged in {None, base}:
        return None
    parents = [head] if head else []
    if staged not in {None, base, tree}:
        parents.append(git.commit_tree(main, str(staged), parents, "The index\n", IDENTITY))
    return _under(main, ref, tree, parents)


def _head(worktree: Repository, main: Repository) -> str | None:
    text = worktrees.head(worktree) or ""
    return git.resolve(main, text.removeprefix("ref: ")) if text else None


def _can_be_committed(path: str, entry: Entry | None) -> bool:
    return entry is not None and entry.kind in {"file", "link"} and ".git" not in path.lower().split("/")


def _under(main: Repository, ref: str, tree: str, parents: Sequence[str]) -> str:
    there = git.resolve(main, ref)
    if there is None:
        made = git.commit_tree(main, tree, parents, "What was uncommitted\n", IDENTITY)
        git.update_ref(main, ref, made, git.ZERO)
        return made
    if git.tree_of(main, there) != tree:
        raise WavesError(f"{ref} keeps something else already; keep this under another name")
    return there


def restore(
    worktree: Repository, before: Snapshot, differences: Sequence[Difference], removed: Path
) -> tuple[str, ...]:
    """Put back what differs; what stands in its place is moved below `removed`, which must be on the same file system.

    One line for each thing done, and for each that could not be: those begin with `not put back`.
    """
    assert worktree.work_tree is not None
    removed.parent.mkdir(parents=True, exist_ok=True)
    by_kind: dict[str, list[str]] = {"guarded": [], "ref": [], "file": [], "index": []}
    for one in differences:
        by_kind[one.kind].append(one.path)
    said = _guarded_files(worktree, before, by_kind["guarded"], removed)
    said += _refs(index.main_of(worktree), before, by_kind["ref"])
    said += _files(worktree, before, by_kind["file"], removed)
    if by_kind["index"] and before.index is not None:
        said.append(_index(worktree, before.index))
    return tuple(said)


def _guarded_files(worktree: Repository, before: Snapshot, names: Collection[str], removed: Path) -> list[str]:
    said = []
    folders = snapshot.roots(worktree, before.origin)
    for name in sorted(names):
        root, _, path = name.partition("/")
        was = before.guarded.get(name)
        try:
            scratch = removed.parent if root == "tree" else None
            if name == "own/HEAD" and was is not None and worktrees.in_reftable(worktree):
                worktrees.set_head(worktree, was.text or "")
                said.append("HEAD put back")
            else:
                said.append(_guarded_file(folders[root], path, was, removed / root, scratch))
        except OSError as problem:
            said.append(f"not put back: {shown(name)}: {problem.strerror}")
    return said


def _guarded_file(root: Path, path: str, was: plainfiles.Plain | None, removed: Path, scratch: Path | None) -> str:
    if was is not None and was.kind == "folder" and plainfiles.look(root / path).kind == "folder":
        plainfiles.set_mode(root, path, was.mode)
        return f"mode of {shown(path)} put back"
    moved = plainfiles.move_out(root, path, removed)
    if was is None:
        return f"{shown(path)} moved to {moved}"
    if was.kind == "file":
        plainfiles.write(root, path, was.data, was.mode, scratch)
    elif was.kind == "link":
        plainfiles.link(root, path, was.data)
    elif was.kind == "folder":
        plainfiles.make_folder(root, path, was.mode)
    else:
        return f"not put back: {shown(path)} was no plain file, or longer than {plainfiles.LIMIT} bytes"
    return f"{shown(path)} put back"


def _refs(main: Repository, before: Snapshot, names: Collection[str]) -> list[str]:
    """Only the unit's: others may be somebody's work."""
    said = []
    now = git.refs(main)
    for ref in names:
        was, there = before.refs.get(ref), now.get(ref)
        if not before.is_units(ref) or was == there:
            continue
        try:
            if was is None:
                git.delete_ref(main, ref, there or git.ZERO)
                said.append(f"{ref} removed, was at {there}")
            else:
                git.update_ref(main, ref, was, there or git.ZERO)
                said.append(f"{ref} put back from {there or 'nothing'} to {was}")
        except GitError as problem:
            said.append(f"not put back: {ref}: {problem.stderr}")
    return said


def _index(worktree: Repository, wanted: Mapping[str, str]) -> str:
    try:
        index.refuse_traps(worktree)
        index.put_back(worktree, wanted)
    except WavesError as problem:
        return f"not put back: the index: {problem}"
    return "the index put back"


def _files(worktree: Repository, before: Snapshot, paths: Collection[str], removed: Path) -> list[str]:
    assert worktree.work_tree is not None
    root = worktree.work_tree
    # A folder comes before what is in it, so that a file that took its place is out of the way.
    ordered = sorted(paths)
    contents = _contents(worktree, before, ordered)
    algorithm = index.algorithm(before.refs.values())
    said, emptied = [], set()
    for path in ordered:
        was = before.files.get(path)
        try:
            if was is None:
                if moved := plainfiles.move_out(root, path, removed / "tree"):
                    said.append(f"{shown(path)} moved to {moved}")
                emptied |= _above(path) - before.files.keys()
            else:
                said.append(_file(root, path, was, contents.get(path), removed / "tree", algorithm))
        except OSError as problem:
            said.append(f"not put back: {shown(path)}: {problem.strerror}")
    for folder in sorted(emptied, reverse=True):
        plainfiles.drop_empty(root, folder)
    return said + _modes(root, before, ordered)


def _above(path: str) -> set[str]:
    parts = path.split("/")
    return {"/".join(parts[:count]) for count in range(1, len(parts))}


def _modes(root: Path, before: Snapshot, paths: Sequence[str]) -> list[str]:
    """Folders last, deepest first: one that may not be written had to be opened to put its files back."""
    said = []
    for path in sorted(before.files.keys() & set().union(*map(_above, paths)), reverse=True):
        try:
            plainfiles.set_mode(root, path, before.files[path].mode)
        except OSError as problem:
            said.append(f"not put back: the mode of {shown(path)}: {problem.strerror}")
    return said


def _contents(worktree: Repository, before: Snapshot, paths: Sequence[str]) -> dict[str, bytes]:
    """What the files held, from the snapshot or from the repository's objects."""
    found = {path: before.contents[path] for path in paths if path in before.contents}
    wanted = {
        path: entry.content
        for path in paths
        if path not in found and (entry := before.files.get(path)) and entry.kind == "file" and entry.content
    }
    blobs = git.blobs(index.main_of(worktree), sorted(set(wanted.values()))) if wanted else {}
    found |= {path: blobs[oid] for path, oid in wanted.items() if oid in blobs}
    for path in wanted.keys() - found.keys():
        # A filter or a line ending makes it another content than the repository's.
        data = index.as_checked_out(worktree, path, (before.index or {}).get(path, ""))
        if index.blob_id(data, index.algorithm(before.refs.values())) == wanted[path]:
            found[path] = data
    return found


def _file(root: Path, path: str, was: Entry, data: bytes | None, removed: Path, algorithm: str) -> str:
    there = plainfiles.look(root / path)
    same = was.kind == there.kind and (
        was.kind == "folder" or (was.kind == "file" and index.blob_id(there.data, algorithm) == was.content)
    )
    if same:
        plainfiles.set_mode(root, path, was.mode)
        return f"mode of {shown(path)} put back"
    if was.kind == "other" or (was.kind == "file" and data is None):
        return f"not put back: {shown(path)}: its content was not kept"
    moved = plainfiles.move_out(root, path, removed)
    if was.kind == "link":
        plainfiles.link(root, path, was.content.encode("utf-8", "surrogateescape"))
    elif was.kind == "folder":
        plainfiles.make_folder(root, path, was.mode)
    else:
        plainfiles.write(root, path, data or b"", was.mode, removed.parent.parent)
    return f"{shown(path)} put back" + (f"; what stood there is {moved}" if moved else "")

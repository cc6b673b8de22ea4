"""What git knows of a worktree's files, asked from the main repository; it never runs what an agent configured."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from waves import git
from waves.agents.guard import plainfiles
from waves.foundation import records
from waves.foundation.errors import GitError, WavesError
from waves.git import Repository

GITLINK = "160000"
DIFFERING = ("diff-files", "--name-only", "--ignore-submodules=dirty", "-z")
# A pipe under one of these names would hold git for ever, as would one inside a nested repository.
READ_BY_GIT = frozenset({".gitignore", ".gitattributes", ".gitmodules", ".mailmap"})


def main_of(worktree: Repository) -> Repository:
    """The main repository of a worktree, without any files: nothing in it is an agent's to write."""
    return Repository(worktree.common_dir, worktree.common_dir, filters=worktree.filters)


def seen_from_main(worktree: Repository) -> Repository:
    """The worktree's files under the main repository's settings: its own `config.worktree` is never read."""
    return replace(worktree, git_dir=worktree.common_dir)


def index_of(worktree: Repository) -> Path:
    return worktree.git_dir / "index"


def trap(paths: Mapping[str, os.stat_result]) -> str | None:
    """The first path of a work tree where git would wait for ever if it looked."""
    for path, status in paths.items():
        *folders, name = path.split("/")
        read = name in READ_BY_GIT or ".git" in {name, *folders}
        if read and plainfiles.kind_of(status.st_mode) == "other":
            return path
    return None


def refuse_traps(worktree: Repository) -> None:
    """Raise WavesError where git would wait for ever in the work tree."""
    assert worktree.work_tree is not None
    found = trap(plainfiles.walk(worktree.work_tree)[0])
    if found is not None:
        raise WavesError(f"{worktree.name}: {found!a} is a pipe or a device where git reads a file; remove it")


def entries(worktree: Repository) -> dict[str, str] | None:
    """Path to its index entry, `flag mode object stage` (stages joined by commas); None: there is no sound index.

    The flag is git's own: lower case for assume-unchanged, S for skip-worktree.
    """
    if plainfiles.kind_of(_mode(index_of(worktree))) != "file":
        return None
    try:
        raw = _with_index(worktree, index_of(worktree), "ls-files", "--stage", "-v", "-z")
    except GitError:
        return None
    found: dict[str, str] = {}
    for line in raw.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        entry, _, path = line.partition("\t")
        found[path] = f"{found[path]},{entry}" if path in found else entry
    return found


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def _with_index(worktree: Repository, index: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    return git.call(seen_from_main(worktree), *arguments, stdin=stdin, extra={"GIT_INDEX_FILE": str(index)}).out


def _paths(raw: bytes) -> list[str]:
    return raw.decode("utf-8", "surrogateescape").split("\0")[:-1]


def untracked(worktree: Repository) -> list[str]:
    """Files that are neither in the index nor ignored; a nested repository is one path that ends in a slash."""
    return _paths(_with_index(worktree, index_of(worktree), "ls-files", "-o", "--exclude-standard", "-z"))


def modified(worktree: Repository) -> list[str]:
    """Files that differ from the index."""
    return _paths(_with_index(worktree, index_of(worktree), *DIFFERING))


def differing(worktree: Repository, paths: Iterable[str]) -> list[str]:
    """Those of the paths that differ from the index, whatever it is told to overlook."""
    names = b"".join(os.fsencode(path) + b"\0" for path in paths)
    if not names:
        return []
    with temporary(worktree, index_of(worktree)) as index:
        for option in ("--no-assume-unchanged", "--no-skip-worktree"):
            _with_index(worktree, index, "update-index", option, "-z", "--stdin", stdin=names)
        _refresh(worktree, index)
        raw = _with_index(worktree, index, "diff-files", "--name-only", "--ignore-submodules=all", "-z")
    return [path for path in _paths(raw) if os.fsencode(path) + b"\0" in names]


def tree(repository: Repository, commit: str) -> dict[str, tuple[str, str]]:
    """Path to mode and object of everything in a commit."""
    raw = git.call(repository, "ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit).out
    found = {}
    for line in _paths(raw):
        entry, _, path = line.partition("\t")
        mode, _, oid = entry.split(" ")
        found[path] = (mode, oid)
    return found


def blob_id(data: bytes, algorithm: str) -> str:
    """The id that git gives to this content as it lies there, no filter or line ending considered."""
    return hashlib.new(algorithm, b"blob %d\0" % len(data) + data).hexdigest()


def algorithm(ids: Iterable[str]) -> str:
    """The hash of a repository, told from any of its ids."""
    return "sha256" if any(len(one) == 64 for one in ids) else "sha1"


@contextlib.contextmanager
def temporary(worktree: Repository, base: Path | None) -> Iterator[Path]:
    """An index file for one piece of work, beginning as `base` (for what it knows of the files' times) if that is."""
    with records.folder("waves-index-", worktree.common_dir) as folder:
        index = folder / "index"
        data = plainfiles.look(base, 1 << 30).data if base is not None else b""
        if data:
            index.write_bytes(data)
        yield index


def _install(worktree: Repository, index: Path) -> None:
    if plainfiles.kind_of(_mode(index_of(worktree))) not in {"file", "link"}:
        plainfiles.move_out(worktree.git_dir, "index", worktree.git_dir / "damaged")
    plainfiles.write(worktree.git_dir, "index", index.read_bytes(), 0o644)


def set_to(worktree: Repository, commit: str) -> None:
    """Make the index that of `commit`; no file is touched. The caller has refused traps."""
    with temporary(worktree, index_of(worktree)) as index:
        try:
            _with_index(worktree, index, "read-tree", "--reset", commit)
        except GitError:
            index.unlink(missing_ok=True)
            _with_index(worktree, index, "read-tree", commit)
        _refresh(worktree, index)
        _install(worktree, index)


def _refresh(worktree: Repository, index: Path) -> None:
    """Look at all files, and at the content of those that seem changed.

    git takes a file of another length for changed, also where a filter or a line ending makes the same of both.
    """
    extra = {"GIT_INDEX_FILE": str(index)}
    git.call(seen_from_main(worktree), "update-index", "-q", "--refresh", ok=(0, 1), extra=extra)
    names = set(_paths(_with_index(worktree, index, *DIFFERING)))
    if not names:
        return
    lines = _with_index(worktree, index, "ls-files", "--stage", "-z").split(b"\0")[:-1]
    again = [line for line in lines if os.fsdecode(line.partition(b"\t")[2]) in names]
    # An entry that comes this way has no length.
    _with_index(worktree, index, "update-index", "-z", "--index-info", stdin=b"".join(line + b"\0" for line in again))
    git.call(seen_from_main(worktree), "update-index", "-q", "--refresh", ok=(0, 1), extra=extra)


def put_back(worktree: Repository, wanted: Mapping[str, str]) -> None:
    """Write an index of exactly these entries (see `entries`), flags included."""
    with temporary(worktree, None) as index:
        lines, flags = [], {"--assume-unchanged": b"", "--skip-worktree": b""}
        for path, stages in wanted.items():
            name = os.fsencode(path) + b"\0"
            for entry in stages.split(","):
                flag, mode, oid, stage = entry.split(" ")
                lines.append(f"{mode} {oid} {stage}\t".encode() + name)
                if flag.islower():
                    flags["--assume-unchanged"] += name
                if flag.upper() == "S":
                    flags["--skip-worktree"] += name
        _with_index(worktree, index, "read-tree", "--empty")
        _with_index(worktree, index, "update-index", "-z", "--index-info", stdin=b"".join(lines))
        _refresh(worktree, index)
        for option, names in flags.items():
            if names:
                _with_index(worktree, index, "update-index", option, "-z", "--stdin", stdin=names)
        _install(worktree, index)


def as_checked_out(worktree: Repository, path: str, entry: str) -> bytes:
    """What a file of an index entry (see `entries`) looks like when git has checked it out."""
    words = entry.split(" ")
    if len(words) != 4:
        return b""
    arguments = ("cat-file", "--filters", f"--path={path}", words[2])
    return git.call(seen_from_main(worktree), *arguments, ok=(0, 128)).out


def as_stored(worktree: Repository, paths: Iterable[str]) -> list[str]:
    """The blob ids that git would give to files of a work tree; raises GitError. No path has a line end."""
    names = b"".join(os.fsencode(path) + b"\n" for path in paths)
    return git.call(seen_from_main(worktree), "hash-object", "--stdin-paths", stdin=names).text.split()


def staged_tree(worktree: Repository) -> str | None:
    """The tree of the index as it is; None where it is unmerged or damaged."""
    if entries(worktree) is None:
        return None
    with temporary(worktree, index_of(worktree)) as index:
        try:
            return _with_index(worktree, index, "write-tree").decode().strip()
        except GitError:
            return None


def work_tree(worktree: Repository, base: str | None, gone: Iterable[str], present: Iterable[str]) -> str:
    """The tree of `base` (None: empty) without the files `gone`, and with those `present` as they lie there."""
    with temporary(worktree, None) as index:
        _with_index(worktree, index, "read-tree", base or "--empty")
        for options, paths in ((["--force-remove"], gone), (["--add", "--replace"], present)):
            names = b"".join(os.fsencode(path) + b"\0" for path in paths)
            if names:
                _with_index(worktree, index, "update-index", *options, "-z", "--stdin", stdin=names)
        return _with_index(worktree, index, "write-tree").decode().strip()

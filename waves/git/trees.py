"""What trees hold, how they differ and how they would merge; nothing is touched by asking."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from waves.foundation.errors import DamagedError, GitError
from waves.git.differences import as_text_but
from waves.git.hardened import BIG, FIXED_OPTIONS, Repository, call
from waves.git.history import existing, merge_base
from waves.git.manifest import ChangedPath, manifest
from waves.git.plumbing import plumbing


def changes(repository: Repository, old: str, new: str) -> tuple[ChangedPath, ...]:
    """What `new` changed since it left `old`; see `manifest`."""
    return manifest(repository, merge_base(repository, old, new) or old, new)


def paths_touching(repository: Repository, old: str, new: str, pattern: str) -> list[str]:
    """Files in which `new` added or removed a line that matches, since it left `old`; no attribute exempts one."""
    fork = merge_base(repository, old, new) or old
    long = [one.path for one in manifest(repository, fork, new) if max(one.old_size, one.size) > BIG]
    raw = plumbing(repository, "diff-tree", "-r", *FIXED_OPTIONS, "--no-renames", "--name-only", "--diff-filter=d",
                   "-z", f"-G{pattern}", "--end-of-options", fork, new, attributes=as_text_but(long)).out  # fmt: skip
    return [path for path in raw.decode("utf-8", "surrogateescape").split("\0") if path]


def files_at(repository: Repository, commit: str, *folders: str) -> list[str]:
    """Paths of the tree of a commit, all or below some folders."""
    raw = call(repository, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, *folders).out
    return [path for path in raw.decode("utf-8", "surrogateescape").split("\0") if path]


def size_of(repository: Repository, commit: str, *, sizes: bool) -> tuple[int, int | None]:
    """How many files a commit has and, with `sizes`, how many bytes they are; asking for that may fetch objects."""
    options = ["-r", "-z", "--full-tree", *(["--long"] if sizes else ["--name-only"])]
    entries = call(repository, "ls-tree", *options, commit).out.split(b"\0")[:-1]
    if not sizes:
        return len(entries), None
    numbers = (entry.partition(b"\t")[0].split()[3] for entry in entries)
    return len(entries), sum(int(number) for number in numbers if number.isdigit())


def gitlinks(repository: Repository, commit: str) -> list[str]:
    """The paths where a commit has another repository's commit: its submodules."""
    raw = call(repository, "ls-tree", "-r", "-z", "--full-tree", commit).out.decode("utf-8", "surrogateescape")
    return [entry.partition("\t")[2] for entry in raw.split("\0") if entry.startswith("160000 ")]


def blob_at(repository: Repository, commit: str, path: str) -> str | None:
    """The id of a file's blob; None if there is no such file."""
    done = call(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}:{path}", ok=(0, 1, 128))
    oid = done.text.strip()
    return oid if done.code == 0 and existing(repository, [oid]).get(oid) == "blob" else None


def declared_submodules(repository: Repository, commit: str) -> dict[str, dict[str, str]]:
    """What `.gitmodules` of a commit says: name to settings, the last one of each; raises GitError."""
    if file_at(repository, commit, ".gitmodules") is None:
        return {}
    done = call(repository, "config", f"--blob={commit}:.gitmodules", "--no-includes", "-z", "--list")
    found: dict[str, dict[str, str]] = {}
    for entry in done.out.decode("utf-8", "surrogateescape").split("\0"):
        key, _, value = entry.partition("\n")
        section, _, variable = key.rpartition(".")
        if section.startswith("submodule."):
            found.setdefault(section.removeprefix("submodule."), {})[variable] = value
    return found


def entries_at(repository: Repository, commit: str) -> dict[str, tuple[str, str]]:
    """Path to mode and object id of every file, link and submodule of a commit."""
    raw = call(repository, "ls-tree", "-r", "-z", "--full-tree", commit).out.decode("utf-8", "surrogateescape")
    found = {}
    for entry in raw.split("\0"):
        about, _, path = entry.partition("\t")
        if path:
            mode, _, oid = about.split(" ")
            found[path] = (mode, oid)
    return found


def file_at(repository: Repository, commit: str, path: str) -> bytes | None:
    """A file's content, or None if the commit has no such file; raises DamagedError if it can't be read."""
    done = call(repository, "cat-file", "blob", f"{commit}:{path}", ok=(0, 128))
    if done.code == 0:
        return done.out
    if call(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", commit, ok=(0, 1, 128)).code:
        return None  # nothing was committed yet
    listed = call(repository, "ls-tree", "-z", "--full-tree", commit, "--", path, ok=(0, 1, 128))
    if listed.code or listed.out.partition(b" ")[2].startswith(b"blob "):
        raise DamagedError(repository.name, (listed.err if listed.code else done.err).decode("utf-8", "replace"))
    return None


@dataclass(frozen=True, slots=True)
class FoundLine:
    path: str
    line: int  # 1-based
    text: str


def lines_with(repository: Repository, commit: str, words: Sequence[str], widest: int = 400) -> Iterator[FoundLine]:
    """Lines of the text files of a commit that hold one of `words`, each as it stands and not inside a longer word.

    One expression for all of them: git tries several one after the other on every line.
    """
    if not words:
        return
    expression = "|".join(re.sub(r"[][(){}.*+?^$|\\]", r"\\\g<0>", word) for word in words)
    options = ["--no-color", "--no-column", "--no-heading", "--no-break", "--no-textconv", "--full-name", "-I", "-n",
               "-w", "-z", "-E", "-f", "-"]  # fmt: skip
    stdin = expression.encode("utf-8", "surrogateescape")
    raw = call(repository, "grep", *options, commit, "--", ok=(0, 1), stdin=stdin).out
    place, *parts = raw.decode("utf-8", "surrogateescape").split("\0")
    for number, text in zip(parts[::2], parts[1::2], strict=True):
        line, _, following = text.partition("\n")
        yield FoundLine(place.removeprefix(f"{commit}:"), int(number), line[:widest])
        place = following


@dataclass(frozen=True, slots=True)
class Merged:
    tree: str | None  # None: it conflicts
    conflicts: tuple[str, ...] = ()  # paths


def merge_tree(repository: Repository, base: str, head: str) -> Merged:
    """What merging one commit into another gives, by id; nothing is touched. Needs git 2.38.

    This is the one merge procedure: attributes, merge drivers and settings change nothing, as on GitHub.
    """
    options = ["--write-tree", "--name-only", "--no-messages", "-z"]
    done = plumbing(repository, "merge-tree", *options, base, head, ok=(0, 1))
    tree, *paths = done.out.decode("utf-8", "surrogateescape").split("\0")
    # A bad name gives exit code 1 as well, so a tree id has to be seen.
    if not re.fullmatch(r"[0-9a-f]{40,64}", tree):
        raise GitError(("merge-tree", base, head), done.code, done.err.decode("utf-8", "replace"))
    return Merged(tree) if done.code == 0 else Merged(None, tuple(dict.fromkeys(path for path in paths if path)))


def clean_merge(repository: Repository, commit: str) -> tuple[str, str] | None:
    """The two parents of a merge that holds exactly what git makes of them without a conflict; None for all else."""
    _, *parents = call(repository, "rev-list", "--parents", "--max-count=1", "--end-of-options", commit).text.split()
    if len(parents) != 2:
        return None
    tree = call(repository, "rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}").text.strip()
    return (parents[0], parents[1]) if merge_tree(repository, *parents).tree == tree else None


def commit_tree(
    repository: Repository, tree: str, parents: Sequence[str], text: str, extra: Mapping[str, str] | None = None
) -> str:
    flags = [flag for parent in parents for flag in ("-p", parent)]
    return call(repository, "commit-tree", tree, *flags, "-F", "-", stdin=text.encode(), extra=extra).text.strip()

"""Refs, commits and the people in them; it never changes a file of a work tree."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from waves.foundation.errors import DamagedError
from waves.foundation.refusals import DAMAGE
from waves.git.hardened import FIXED_OPTIONS, Repository, answer, call

OBJECT_ID = re.compile(rb"(?:[0-9a-f]{40}|[0-9a-f]{64})\n")


def resolve(repository: Repository, name: str) -> str | None:
    """The commit that a ref or id names, or None."""
    if (loose := _loose(repository, name)) is not None:
        return loose
    done = call(
        repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", ok=(0, 1, 128)
    )
    is_id = OBJECT_ID.fullmatch(f"{name}\n".encode("utf-8", "replace"))
    if done.code and not is_id and DAMAGE.search(complaint := done.err.decode("utf-8", "replace")):
        raise DamagedError(repository.name, complaint)
    return done.text.strip() or None if done.code == 0 else None


def _loose(repository: Repository, name: str) -> str | None:
    """The commit in a ref's own file, or an id with a file of its own; None: git has to be asked.

    A process for each would be a tenth of all that a unit takes.
    """
    if OBJECT_ID.fullmatch(f"{name}\n".encode("utf-8", "replace")):
        return name if _is_loose_commit(repository.common_dir / "objects" / name[:2] / name[2:]) else None
    if not name.startswith(("refs/heads/", "refs/remotes/", "refs/waves/")) or ".." in name:
        return None
    try:
        data = (repository.common_dir / name).read_bytes()
    except (OSError, ValueError):
        return None
    return data.decode().strip() if OBJECT_ID.fullmatch(data) else None


def _is_loose_commit(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return zlib.decompressobj().decompress(file.read(64), 7) == b"commit "
    except (OSError, zlib.error):
        return False


def tree_of(repository: Repository, commit: str) -> str:
    return answer(repository, "rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}")


def refs(repository: Repository, *prefixes: str) -> dict[str, str]:
    """Ref name to object id, of all refs below the prefixes."""
    text = call(repository, "for-each-ref", "--format=%(objectname) %(refname)", *prefixes).text
    return {name: oid for oid, _, name in (line.partition(" ") for line in text.splitlines())}


def update_ref(repository: Repository, ref: str, new: str, old: str) -> None:
    """Move a ref from exactly `old` (ZERO: it must not exist) to `new`; raises GitError when it is elsewhere."""
    # Empty means the same as zeros, which must be as many as the repository's ids are long.
    call(repository, "update-ref", "--no-deref", ref, new, old if old.strip("0") else "")


def delete_ref(repository: Repository, ref: str, old: str) -> None:
    call(repository, "update-ref", "--no-deref", "-d", ref, old)


def merge_base(repository: Repository, one: str, other: str) -> str | None:
    if one == other:
        return one
    done = call(repository, "merge-base", one, other, ok=(0, 1))
    return done.text.strip() or None


def is_ancestor(repository: Repository, old: str, new: str) -> bool:
    return old == new or call(repository, "merge-base", "--is-ancestor", old, new, ok=(0, 1)).code == 0


def commits(
    repository: Repository, include: Sequence[str], exclude: Sequence[str], *, first_parent: bool = False
) -> list[str]:
    """Commit ids reachable from `include` and from nothing in `exclude`, oldest first."""
    options = ["--first-parent"] if first_parent else []
    stdin = "".join(f"{name}\n" for name in include) + "".join(f"^{name}\n" for name in exclude)
    return call(repository, "rev-list", "--reverse", *options, "--stdin", stdin=stdin.encode()).text.split()


def first_parents(repository: Repository, since: str, tip: str) -> list[tuple[str, str, str, str]]:
    """Commit, author, committer's date and subject of what `tip` has beyond `since`, newest first, by first parents."""
    raw = call(repository, "log", "--first-parent", "-z", "--no-show-signature", "--no-patch",
               "--format=%H%x01%an <%ae>%x01%cI%x01%s", "--end-of-options", tip, f"^{since}", "--").out  # fmt: skip
    lines = raw.decode("utf-8", "replace").split("\0")
    parts = (line.split("\x01", 3) for line in lines if line)
    return [(one[0], one[1], one[2], one[3]) for one in parts if len(one) == 4]


def existing(repository: Repository, ids: Sequence[str]) -> dict[str, str]:
    """Object id to type, of those that the repository has."""
    stdin = "".join(f"{one}\n" for one in ids).encode()
    lines = call(repository, "cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=stdin).text.splitlines()
    return {oid: kind for oid, _, kind in (line.partition(" ") for line in lines) if kind != "missing"}


def is_connected(repository: Repository, commit: str, known: Sequence[str]) -> bool:
    """Whether every object that `commit` needs, and `known` do not vouch for, is there."""
    stdin = f"{commit}\n" + "".join(f"^{one}\n" for one in known)
    done = call(repository, "rev-list", "--objects", "--quiet", "--stdin", stdin=stdin.encode(), ok=(0, 1, 128))
    return done.code == 0


def blobs(repository: Repository, ids: Sequence[str]) -> dict[str, bytes]:
    """Blob id to content, of those that the repository has."""
    raw = call(repository, "cat-file", "--batch", stdin="".join(f"{one}\n" for one in ids).encode()).out
    found, at = {}, 0
    while at < len(raw):
        header, _, _ = raw[at : at + 200].partition(b"\n")
        at += len(header) + 1
        oid, kind, *size = header.decode().split()
        if size:
            if kind == "blob":
                found[oid] = raw[at : at + int(size[0])]
            at += int(size[0]) + 1
    return found


def commits_of(repository: Repository, path: str, most: int) -> list[str]:
    """The newest commits that changed a path, newest first; none where nothing was committed yet."""
    if resolve(repository, "HEAD") is None:
        return []
    return call(repository, "rev-list", f"--max-count={most}", "HEAD", "--", path).text.split()


def message(repository: Repository, commit: str) -> str:
    return call(repository, "log", "-1", "--format=%B", "--end-of-options", commit).text.strip()


@dataclass(frozen=True, slots=True)
class PastCommit:
    commit: str
    message: str
    paths: tuple[str, ...]  # a rename counts as both files


def past_commits(repository: Repository, head: str, most: int) -> Iterator[PastCommit]:
    """The newest `most` commits that `head` reaches, newest first, merges left out."""
    raw = call(repository, "log", f"--max-count={most}", "--no-merges", "--no-renames", "--name-status", "-z",
               *FIXED_OPTIONS, "--no-follow", "--no-show-signature", "--format=%x01%H%x00%B%x00",
               "--end-of-options", head, "--").out  # fmt: skip
    parts = raw.decode("utf-8", "surrogateescape").split("\0")
    at = 0
    while at + 1 < len(parts):
        commit, message, at = parts[at][1:], parts[at + 1], at + 2
        paths = []
        # A status and a path in turn: whatever a path looks like, it is not taken for a commit.
        while at + 1 < len(parts) and not parts[at].startswith("\x01"):
            if parts[at].strip():
                paths.append(parts[at + 1])
                at += 1
            at += 1
        yield PastCommit(commit, message.strip(), tuple(paths))


def said_by(repository: Repository, head: str, published: Sequence[str]) -> str:
    """What the commits say beside their files which `head` reaches and nothing published does: people and messages."""
    revisions = "".join(f"{one}\n" for one in (head, *(f"^{each}" for each in published)))
    raw = call(repository, "log", "--stdin", "--no-patch", "--no-show-signature", "--format=%an%n%ae%n%cn%n%ce%n%B",
               stdin=revisions.encode()).out  # fmt: skip
    return raw.decode("utf-8", "surrogateescape")


def new_blobs(repository: Repository, head: str, published: Sequence[str]) -> dict[str, str]:
    """Blob id to a path that it has, of those that `head` reaches and nothing published does."""
    revisions = "".join(f"{one}\n" for one in (head, *(f"^{each}" for each in published)))
    raw = call(repository, "rev-list", "--objects", "--stdin", stdin=revisions.encode()).out
    lines = raw.decode("utf-8", "surrogateescape").split("\n")
    paths = {oid: path for oid, _, path in (line.partition(" ") for line in lines) if oid}
    kinds = existing(repository, list(paths))
    return {oid: path for oid, path in paths.items() if kinds.get(oid) == "blob"}


def author_of(repository: Repository, commit: str) -> tuple[str, str, str]:
    """Name, email and date (git's raw form) of a commit's author."""
    text = call(repository, "log", "-1", "--date=raw", "--format=%an%x00%ae%x00%ad", "--end-of-options", commit).text
    name, email, date = text.rstrip("\n").split("\0")
    return name, email, date


def takes_author(repository: Repository, names: Mapping[str, str]) -> bool:
    """Whether git would commit by an author, given as the variables that name one."""
    return call(repository, "var", "GIT_AUTHOR_IDENT", ok=(0, 128), extra=names).code == 0

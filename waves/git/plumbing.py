"""Ask git about objects alone: no attributes, settings, index or work tree can change the answer.

git runs in an empty bare repository that borrows the objects. What it says of two trees is then the same in every
clone, whatever `.gitattributes`, `info/attributes`, `.gitmodules` or `git config` hold, and whoever wrote them.
"""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from waves.foundation import process
from waves.foundation.errors import GitError
from waves.git.hardened import Repository, _environment, call, quoted

# The merge machinery's own defaults, written out: they differ between versions of git.
FIXED = {
    "diff.algorithm": "myers",
    "diff.renames": "true",
    "diff.renameLimit": "7000",
    "merge.renames": "true",
    "merge.renameLimit": "7000",
    "merge.directoryRenames": "conflict",
    "merge.renormalize": "false",
    "merge.default": "text",
}
AS_TEXT = "* diff\n"
PROMISOR = r"^remote\..*\.(url|promisor|partialclonefilter)$"


def plumbing(
    repository: Repository, *arguments: str, ok: Sequence[int] = (0,), stdin: bytes | None = None, attributes: str = ""
) -> process.Finished:
    """Run a plumbing command on object ids; refs have no names here. New objects go to the repository.

    `attributes` are the only ones that count. With AS_TEXT no blob is binary: git loads each one that it compares.
    """
    with _room(repository) as (folder, env):
        if attributes:
            (folder / "info").mkdir()
            (folder / "info" / "attributes").write_text(attributes, "utf-8", "surrogateescape")
        done = process.run(["git", *arguments], cwd=folder, env=env, stdin=stdin)
    if done.code not in ok:
        raise GitError(arguments, done.code, done.err.decode("utf-8", "replace"))
    return done


def contents(repository: Repository, ids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """The blobs of these ids, each in pieces of a megabyte at most."""
    with _room(repository) as (folder, env):
        command = ["git", "cat-file", "--batch"]
        read = process.pieces(command, cwd=folder, env=env, stdin="".join(f"{one}\n" for one in ids).encode())
        held, at = b"", 0
        for _ in ids:
            while (end := held.find(b"\n", at)) < 0 and (piece := next(read, b"")):
                held, at = held[at:] + piece, 0
            oid, kind, *size = held[at:end].decode().split()
            at, left = end + 1, int(size[0]) + 1 if size else 0  # with the newline after it
            while left > 0:
                if at == len(held):
                    held, at = next(read, b""), 0
                if not held:
                    raise GitError(command[1:], 128, f"{oid}: its content ends too early")
                piece = held[at : at + left]
                at, left = at + len(piece), left - len(piece)
                if kind == "blob":
                    yield oid, piece if left else piece[:-1]


@contextmanager
def _room(repository: Repository) -> Iterator[tuple[Path, dict[str, str]]]:
    """An empty repository over the objects of this one, and the environment that makes git use it."""
    algorithm, settings = _format(repository)
    with tempfile.TemporaryDirectory(prefix="waves-git-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "refs").mkdir()
        (folder / "HEAD").write_text("ref: refs/heads/none\n")
        newer = f"[extensions]\n\tobjectFormat = {algorithm}\n" if algorithm != "sha1" else ""
        version = int(bool(newer))
        (folder / "config").write_text(f"[core]\n\trepositoryFormatVersion = {version}\n\tbare = true\n{newer}")
        # A partial clone fetches what it lacks, and may need the person's proxy or credentials for that.
        env = _environment(FIXED | dict(settings), of_person=bool(settings)) | {
            "GIT_DIR": name, "GIT_OBJECT_DIRECTORY": str(repository.common_dir / "objects"),
            "GIT_SHALLOW_FILE": str(repository.common_dir / "shallow"), "GIT_ATTR_NOSYSTEM": "1",
        }  # fmt: skip
        if not settings:
            env |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
        if repository.alternates:
            env["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = os.pathsep.join(quoted(one) for one in repository.alternates)
        yield folder, env


def _format(repository: Repository) -> tuple[str, Mapping[str, str]]:
    """The repository's hash, and where a partial clone fetches the objects that it lacks."""
    try:
        about = (repository.common_dir / "config").stat()
    except OSError:
        return "sha1", {}  # git will say it better
    return _format_of(repository.common_dir, about.st_mtime_ns, about.st_size)


@functools.lru_cache(maxsize=64)
def _format_of(common_dir: Path, _changed: int, _size: int) -> tuple[str, Mapping[str, str]]:
    repository = Repository(common_dir, common_dir)
    algorithm = call(repository, "rev-parse", "--show-object-format").text.strip()
    raw = call(repository, "config", "-z", "--local", "--get-regexp", PROMISOR, ok=(0, 1)).text
    found = dict(entry.partition("\n")[::2] for entry in raw.split("\0") if entry)
    lazy = {key.rpartition(".")[0] for key, value in found.items() if key.endswith(".promisor") and value != "false"}
    return algorithm, {key: value for key, value in found.items() if key.rpartition(".")[0] in lazy}

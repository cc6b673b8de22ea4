"""Make the patch of each file that differs between two commits, the same whatever settings and attributes say."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from waves.git.hardened import BIG, FIXED_OPTIONS, Repository
from waves.git.manifest import object_sizes
from waves.git.plumbing import AS_TEXT, plumbing

# The few settings that plumbing reads, and the options of a patch, each with its value.
SETTINGS = ("-c", "core.quotePath=false", "-c", "core.commitGraph=false", "-c", "diff.suppressBlankEmpty=false")
AS_PATCH = (
    "--patch", "--unified=3", "--inter-hunk-context=0", "--diff-algorithm=myers", "--indent-heuristic",
    "--submodule=short", "--src-prefix=a/", "--dst-prefix=b/", "--abbrev=12", "--ws-error-highlight=none",
)  # fmt: skip
RENAMES = ("--find-renames=50%", "-l1000")  # with more files than that, only renames without a change are found


@dataclass(frozen=True, slots=True)
class FilePatch:
    """A file that differs. An id is all zeros where there is no such file."""

    path: str
    source: str  # the path before it was renamed, else the same
    old: str
    new: str
    old_mode: str
    new_mode: str
    patch: bytes


def patches(repository: Repository, old: str, new: str, unread: Sequence[str] = ()) -> Iterator[FilePatch]:
    """Each file that differs, renames found. All are text, except the paths in `unread`: their patch has no lines."""
    attributes = as_text_but(unread)
    options = (*SETTINGS, "diff-tree", "-r", *FIXED_OPTIONS, *RENAMES)
    raw = plumbing(repository, *options, "--raw", "-z", "--no-abbrev", "--end-of-options", old, new,
                   attributes=attributes).out  # fmt: skip
    text = plumbing(repository, *options, *AS_PATCH, "--end-of-options", old, new, attributes=attributes).out
    parts = _split(text)
    for status, one in _named(raw):
        # git shows another type, such as a link in the place of a file, as a removal and an addition.
        yield FilePatch(*one, next(parts) + (next(parts) if status == "T" else b""))


def _named(raw: bytes) -> Iterator[tuple[str, tuple[str, str, str, str, str, str]]]:
    parts = iter(raw.decode("utf-8", "surrogateescape").split("\0"))
    for about in parts:
        if about:
            old_mode, new_mode, old, new, status = about.removeprefix(":").split(" ")
            source = next(parts)
            path = next(parts) if status[0] == "R" else source
            yield status[0], (path, source, old, new, old_mode, new_mode)


def _split(text: bytes) -> Iterator[bytes]:
    """The patch of each file. No line of a patch's body begins as its header does."""
    start = b"diff --git "
    for part in text.removeprefix(start).split(b"\n" + start):
        yield start + part.removesuffix(b"\n") + b"\n"


def as_text_but(unread: Sequence[str]) -> str:
    """Attributes that make every file text except these paths."""
    return AS_TEXT + "".join(f"{_pattern(path)} -diff\n" for path in unread)


def _pattern(path: str) -> str:
    """A path as a line of attributes that matches it and nothing else."""
    literal = "".join(f"\\{one}" if one in "\\*?[" else one for one in f"/{path}")
    quoted = literal.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{quoted}"'


def hunks(repository: Repository, old: bytes, new: bytes) -> bytes:
    """The hunks of a patch that turns one text into another."""
    with tempfile.TemporaryDirectory(prefix="waves-texts-", ignore_cleanup_errors=True) as name:
        files = [Path(name) / "old", Path(name) / "new"]
        for path, data in zip(files, (old, new), strict=True):
            path.write_bytes(data)
        text = plumbing(repository, *SETTINGS, "diff", "--no-index", "--text", *FIXED_OPTIONS, *AS_PATCH, "--",
                        *map(str, files), ok=(0, 1)).out  # fmt: skip
    at = text.find(b"\n@@ ")
    return text[at + 1 :] if at >= 0 else b""


def patch_ids(repository: Repository, ids: Sequence[str]) -> dict[str, str]:
    """Commit id to patch id; merges and empty commits have none.

    Two binary files, or two commits of a submodule, are as different to it as two texts.
    """
    if not ids:
        return {}
    aside = _beside_long_files(repository, ids)
    # git loads a file that is added or removed even where it then calls it binary.
    left_out = sorted({f":(exclude,top,literal){path}" for files in aside.values() for path, _ in files})
    stdin = "".join(f"{one}\n" for one in ids).encode()
    text = plumbing(repository, "--no-literal-pathspecs", *SETTINGS, "diff-tree", "--stdin", "--root", "-r",
                    "--no-renames", *FIXED_OPTIONS, *AS_PATCH, "--", *([":(top)", *left_out] if left_out else []),
                    stdin=stdin, attributes=AS_TEXT).out  # fmt: skip
    lines = plumbing(repository, "patch-id", "--stable", stdin=text).text.splitlines()
    found = {commit: patch for patch, commit in (line.split() for line in lines)}
    listed = {commit: repr(files).encode("utf-8", "surrogateescape") for commit, files in aside.items()}
    for more in (_with_nul(text), listed):
        for commit, told in more.items():
            found[commit] = hashlib.sha256(found.get(commit, "").encode() + told).hexdigest()
    return found


def _with_nul(text: bytes) -> dict[str, bytes]:
    """Commit id to its patch, of commits whose patch has a NUL: git leaves out of its patch id what follows one."""
    _, *parts = re.split(rb"^([0-9a-f]{40}|[0-9a-f]{64})\n", text, flags=re.MULTILINE)
    varying = re.compile(rb"^(?:index .*|@@ -[0-9,]+ \+[0-9,]+ @@.*)\n", re.MULTILINE)
    patches = zip(parts[::2], parts[1::2], strict=True)
    return {commit.decode(): varying.sub(b"", patch) for commit, patch in patches if b"\0" in patch}


def _beside_long_files(repository: Repository, ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Commit id to paths and object ids, before and after it, of each path at which any of them has a long file."""
    stdin = "".join(f"{one}\n" for one in ids).encode()
    raw = plumbing(repository, *SETTINGS, "diff-tree", "--stdin", "--root", "-r", "--no-renames", *FIXED_OPTIONS,
                   "--raw", "-z", "--no-abbrev", stdin=stdin).out  # fmt: skip
    found: list[tuple[str, str, tuple[str, str]]] = []
    commit, parts = "", iter(raw.decode("utf-8", "surrogateescape").split("\0"))
    for part in parts:
        if part.startswith(":"):
            _, _, old, new, _ = part.split(" ")
            found.append((commit, next(parts), (old, new)))
        else:
            commit = part
    sizes = object_sizes(repository, sorted({one for _, _, pair in found for one in pair}))
    long = {path for _, path, pair in found if max(sizes.get(one, 0) for one in pair) > BIG}
    aside: dict[str, list[tuple[str, str]]] = {}
    for commit, path, pair in found:
        folders = {path[:at] for at, letter in enumerate(path) if letter == "/"}
        if long & ({path} | folders):  # a folder in the place of a long file is left out with it
            aside.setdefault(commit, []).append((path, " ".join(pair)))
    return aside

"""Reads the objects of a repository that an agent could write, without reading any of its settings.

Git is run on a blank repository of Waves' own that borrows the other one's object folder, so nothing that the other one
configures (filters, hooks, remotes to fetch missing objects from) is ever looked at.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from waves import git
from waves.agents.guard import plainfiles
from waves.foundation import records
from waves.foundation.errors import WavesError
from waves.git import Repository

LONGEST = 64 << 20  # bytes of a list of refs, or of a pack's index
LOOSE = re.compile(r"([0-9a-f]{2})/([0-9a-f]{38}|[0-9a-f]{62})")
OBJECT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Store:
    """An object folder, with a blank repository to read it through."""

    objects: Path
    reader: Repository
    algorithm: str


def borrowed(common: Path) -> bytes:
    """The list of other object folders with which a git directory of an agent's own reads those of `common`.

    It ends in `/.`: git-lfs makes hard links of what it finds beside an ordinary `objects`.
    """
    return os.fsencode(f"{common / 'objects'}/.\n")


def borrows(common: Path, data: bytes) -> bool:
    """Whether that is the list, or the one of a run that an earlier version of Waves began."""
    return data in (borrowed(common), os.fsencode(f"{common / 'objects'}\n"))


@contextlib.contextmanager
def opened(common: Path, scratch: Path, algorithm: str = "") -> Iterator[Store]:
    """The objects of the git directory `common`; raises WavesError if a link or a pipe is among them."""
    objects = common / "objects"
    if plainfiles.look(objects).kind != "folder":
        raise WavesError("it has no folder of objects")
    if odd := plainfiles.oddity(objects):
        raise WavesError(f"{odd!a} among its objects is not a plain file")
    algorithm = algorithm or _algorithm(common)
    with records.folder("waves-read-", scratch) as folder:
        for name in ("objects", "refs"):
            (folder / name).mkdir()
        (folder / "HEAD").write_text("ref: refs/heads/none\n")
        (folder / "config").write_text(
            f"[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n[extensions]\n\tobjectFormat = {algorithm}\n"
        )
        if shallow := plainfiles.look(common / "shallow").data:
            (folder / "shallow").write_bytes(shallow)
        (folder / "objects" / "info").mkdir()
        (folder / "objects" / "info" / "alternates").write_bytes(os.fsencode(f"{objects}\n"))
        yield Store(objects, Repository(folder, folder), algorithm)


def _algorithm(common: Path) -> str:
    settings = plainfiles.look(common / "config").data.lower()
    return "sha256" if re.search(rb"objectformat\s*=\s*\"?sha256", settings) else "sha1"


def own(store: Store) -> dict[str, str]:
    """Commits and tags that lie in the folder itself, whether or not any ref leads to them: id to type."""
    found = []
    for path in plainfiles.walk(store.objects)[0]:
        if loose := LOOSE.fullmatch(path):
            found.append(loose[1] + loose[2])
        elif path.startswith("pack/") and path.endswith(".idx"):
            found += _packed(store, store.objects / path)
    kinds = git.existing(store.reader, found) if found else {}
    return {oid: kind for oid, kind in kinds.items() if kind in {"commit", "tag"}}


def _packed(store: Store, path: Path) -> list[str]:
    data = plainfiles.read(path, 32 * LONGEST)
    if data is None:
        raise WavesError(f"{path.name} among its packs cannot be read")
    lines = git.call(store.reader, "show-index", f"--object-format={store.algorithm}", stdin=data).text.splitlines()
    return [line.split()[1] for line in lines]


def beyond(reader: Repository, commits: Sequence[str], safe: Collection[str]) -> list[str]:
    """Those of the commits that nothing safe reaches and that no other one of them descends from."""
    known = git.existing(reader, sorted(safe)) if safe else {}
    stdin = "".join(f"{one}\n" for one in commits) + "".join(f"^{one}\n" for one, kind in known.items()
                                                             if kind in {"commit", "tag"})  # fmt: skip
    lines = git.call(reader, "rev-list", "--parents", "--stdin", stdin=stdin.encode()).text.splitlines()
    found = [line.split() for line in lines]
    parents = {parent for _, *several in found for parent in several}
    return [commit for commit, *_ in found if commit not in parents]


def refs(git_dir: Path) -> dict[str, str]:
    """Ref name to object id as the files say, read without git; symbolic refs are left out."""
    packed = plainfiles.look(git_dir / "packed-refs", LONGEST).data.decode("utf-8", "surrogateescape")
    lines = (line.partition(" ") for line in packed.splitlines())
    found = {name: oid for oid, _, name in lines if OBJECT.fullmatch(oid) and name.startswith("refs/")}
    for path in plainfiles.walk(git_dir / "refs")[0]:
        text = plainfiles.look(git_dir / "refs" / path).text
        if text is not None and OBJECT.fullmatch(text) and not path.endswith(".lock"):
            found[f"refs/{path}"] = text
    return found


def head(git_dir: Path) -> str | None:
    """The commit that a git directory's HEAD is at, read without git."""
    text = plainfiles.look(git_dir / "HEAD").text or ""
    if OBJECT.fullmatch(text):
        return text
    common = shared_by(git_dir)
    name = text.removeprefix("ref: ")
    own_ref = plainfiles.look(common / name).text if name.startswith("refs/") and ".." not in name else None
    return own_ref if own_ref and OBJECT.fullmatch(own_ref) else refs(common).get(name)


def shared_by(git_dir: Path) -> Path:
    """The git directory that holds the objects: its own, or the one that a linked worktree's names."""
    text = plainfiles.look(git_dir / "commondir").text
    return (git_dir / text).resolve() if text and "\0" not in text else git_dir

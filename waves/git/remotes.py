"""What a remote has, and moving its refs by compare-and-swap; it never forces anything blindly."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from waves.foundation import process
from waves.foundation.errors import GitError
from waves.git import far_side
from waves.git.credentials import lent
from waves.git.hardened import Repository, call


def remotes(repository: Repository) -> list[str]:
    """The names of all remotes."""
    return call(repository, "remote").text.split()


def remote_url(repository: Repository, remote: str = "origin", *, push: bool = False) -> str | None:
    """The address that git uses, as settings such as `url.….insteadOf` make it."""
    way = ["--push"] if push else []
    done = call(repository, "remote", "get-url", *way, remote, ok=(0, 2, 128))
    return done.text.strip() or None if done.code == 0 else None


def _far(repository: Repository, remote: str, verb: str, *arguments: str, ok: Sequence[int] = (0,)) -> process.Finished:
    """A call that goes to a remote, with the token that somebody lends for it, and its other half kept in bounds."""
    settings, extra = lent(repository, remote)
    if re.fullmatch(r"[\w.-]+", remote):  # a mirror takes no refs by name
        settings = {**settings, f"remote.{remote}.mirror": "false"}
    there = far_side.options(repository, verb, remote)
    return call(repository, verb, *there, *arguments, ok=ok, extra=extra, settings=settings)


def default_branch(repository: Repository, remote: str = "origin") -> str | None:
    """The branch that a remote calls its default, or the only one it can be; None: nobody can tell.

    What the remote says comes first: the note of it in this clone is as old as the clone.
    """
    lines = _far(repository, remote, "ls-remote", "--symref", "--", remote, "HEAD", "refs/heads/*").text.splitlines()
    there = [line.partition("\trefs/heads/")[2] for line in lines if "\trefs/heads/" in line]
    said = [line.removeprefix("ref: refs/heads/").partition("\t")[0] for line in lines if line.startswith("ref: ")]
    noted = call(repository, "symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD", ok=(0, 1, 128)).text.strip()
    here = call(repository, "symbolic-ref", "--quiet", "HEAD", ok=(0, 1, 128)).text.strip()
    known = [*said, noted.removeprefix(f"refs/remotes/{remote}/"), here.removeprefix("refs/heads/")]
    return next((name for name in [*known, *(there if len(there) == 1 else ())] if name in there), None)


def fetch(repository: Repository, branches: Sequence[str], remote: str = "origin") -> None:
    """Bring the remote-tracking refs of some branches up to date; tags and FETCH_HEAD are left alone."""
    specs = [f"+refs/heads/{name}:refs/remotes/{remote}/{name}" for name in branches]
    options = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"]
    _far(repository, remote, "fetch", *options, "--", remote, *specs)


def remote_heads(repository: Repository, *branches: str, remote: str = "origin") -> dict[str, str]:
    """Branch name to commit, as the remote has them now."""
    names = (f"refs/heads/{name}" for name in branches)
    text = _far(repository, remote, "ls-remote", "--heads", "--", remote, *names).text
    return {
        ref.removeprefix("refs/heads/"): oid for oid, _, ref in (line.partition("\t") for line in text.splitlines())
    }


def remote_refs(repository: Repository, *names: str, remote: str = "origin") -> dict[str, str]:
    """Full ref name to object id, of those of these names that the remote has."""
    text = _far(repository, remote, "ls-remote", "--", remote, *names).text
    return {ref: oid for oid, _, ref in (line.partition("\t") for line in text.splitlines())}


def fetch_objects(repository: Repository, ref: str, remote: str = "origin") -> None:
    """Bring what a remote ref holds, without a ref for it here."""
    _far(repository, remote, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", remote, ref)


def push_refs(repository: Repository, moves: Mapping[str, tuple[str, str]], remote: str = "origin") -> bool:
    """Move remote refs by compare-and-swap, all of them or none; False: one is not where it was expected.

    `moves` is ref to (new id, expected id); an empty new one deletes the ref, an empty expected one creates it. One
    that is at its new place already has been moved.
    """
    leases = [f"--force-with-lease={ref}:{expected}" for ref, (_, expected) in moves.items()]
    specs = [f"{new}:{ref}" for ref, (new, _) in moves.items()]
    options = ["--quiet", "--porcelain", "--no-verify", "--atomic"]
    done = _far(repository, remote, "push", *options, *leases, "--", remote, *specs, ok=(0, 1))
    if done.code == 0:
        return True
    if any(word in done.text for word in ("stale info", "[rejected]", "fetch first")):
        return False
    raise GitError(("push", remote, *moves), done.code, done.err.decode("utf-8", "replace") + done.text)


def push(repository: Repository, commit: str, branch: str, expected: str, remote: str = "origin") -> bool:
    """Put `commit` on a remote branch that is at exactly `expected` (empty: not there); False: it is elsewhere."""
    return push_refs(repository, {f"refs/heads/{branch}": (commit, expected)}, remote)


def try_push(repository: Repository, branch: str, remote: str = "origin") -> None:
    """Ask a remote whether it would take HEAD as a new branch, without pushing it; raises GitError if not."""
    _far(repository, remote, "push", "--dry-run", "--no-verify", "--quiet", "--", remote, f"HEAD:refs/heads/{branch}")

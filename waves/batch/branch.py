"""Where a unit's branch lives: on `origin`, or in the fork that its pull request came from; it moves nothing there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from waves import git

if TYPE_CHECKING:
    from waves.batch.batch import Batch

USER = re.compile(r"^(https?:)//[^/@]*@")  # with a token, it may be: it would be seen on a command line
REPOSITORY = re.compile(r"[^/:]+/[^/:]+?(?P<end>(\.git)?/?)$")  # owner and name, where an address ends


def remote_of(batch: Batch, fork: str) -> str:
    """`origin`, or the address of a fork (owner/name), reached as `origin` is."""
    return beside(git.remote_url(batch.repository) or "", fork) if fork else "origin"


def beside(address: str, fork: str) -> str:
    """The address of a repository (owner/name) of the same host, reached in the same way."""
    return REPOSITORY.sub(lambda found: fork + found["end"], USER.sub(r"\1//", address))


def remote(batch: Batch, unit: str) -> str:
    record = batch.units[unit].records.get("worktree")
    return remote_of(batch, str(record.result.get("fork", "")) if record else "")


def head(batch: Batch, unit: str, branch: str) -> str | None:
    """The commit that the branch is at there now; None: it is gone."""
    return git.remote_heads(batch.repository, branch, remote=remote(batch, unit)).get(branch)


def fetch(batch: Batch, unit: str, branch: str) -> None:
    """Bring the base and the branch's commits; of a branch of our own the remote-tracking ref follows as well."""
    where = remote(batch, unit)
    if where == "origin":
        batch.fetch(branch)
    else:
        batch.fetch()
        batch.fetch_objects(f"refs/heads/{branch}", where)

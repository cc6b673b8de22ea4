"""Prepare a new worktree as the plan says, in a sandbox: an agent or a stranger may have written the files it runs."""

from __future__ import annotations

import os
from pathlib import Path

from waves import git
from waves.agents.guard import plainfiles, worktrees
from waves.batch import reach
from waves.batch.batch import Batch
from waves.foundation import confinement, process
from waves.foundation.confinement import Box, Sandbox, hidden
from waves.foundation.records import write_text
from waves.git import given
from waves.lifecycle.held import HeldError
from waves.plan.model import NO_SANDBOX

TIMEOUT = 30 * 60.0  # seconds, each command


def set_up(batch: Batch, worktree: git.Repository, scratch: Path) -> None:
    """Copy the plan's files into the worktree and run its commands; raises HeldError with what failed."""
    assert worktree.work_tree is not None
    for name in batch.plan.setup.copy:
        _copy(batch.checkout, worktree.work_tree, name)
    found = confinement.find() if batch.plan.setup.run and batch.plan.policy.sandbox != NO_SANDBOX else None
    sandbox = found if isinstance(found, Sandbox) else None
    place = scratch / "set-up"
    try:
        for command in batch.plan.setup.run:
            confined = sandbox.words(_box(batch, worktree, place), worktree.work_tree) if sandbox else []
            _run(batch, worktree.work_tree, command, confined)
    finally:
        confinement.remove(place)
    if sandbox and (harm := worktrees.damage(worktree)):
        raise HeldError("broken", f"the set-up commands damaged {worktree.work_tree}: {harm}")


def _copy(checkout: Path, top: Path, name: str) -> None:
    """Through no link: a branch may have one in the place of a folder."""
    source = checkout / name
    if not source.resolve().is_relative_to(checkout.resolve()):
        raise HeldError("broken", f"{source}: a link out of the repository, which `setup.copy` does not follow: "
                                  "put the file itself there")  # fmt: skip
    if not source.is_file():
        return
    try:
        plainfiles.write(top, name, source.read_bytes(), source.stat().st_mode & 0o777)
    except OSError as error:
        raise HeldError("broken", f"setup.copy: {name} could not be copied to {top}: {error.strerror}") from None


def _box(batch: Batch, worktree: git.Repository, place: Path) -> Box:
    """It changes the worktree and its git directory; the repository and the home folder it changes for itself alone.

    The repository, because `git submodule` writes there what a worktree's own git directory has no place for.
    """
    assert worktree.work_tree is not None
    home = hidden.home_of(os.environ)
    return Box(
        place=place,
        writable=(worktree.work_tree, worktree.git_dir),
        shown=reach.readable(batch),
        layered=(worktree.common_dir, *((home,) if home else ())),
        network=batch.plan.setup.network,
        words=tuple(given.places().values()),
    )


def _run(batch: Batch, path: Path, command: str, confined: list[str]) -> None:
    env = process.clean_environment(given.places() | ({"TMPDIR": "/tmp"} if confined else {}))  # noqa: S108 - its own
    done = process.run([*confined, "sh", "-c", command], cwd=path, env=env, timeout=TIMEOUT)
    if done.code:
        out, err = (batch.scrub(one.decode("utf-8", "replace")) for one in (done.out, done.err))
        write_text(path.parent / f"{path.name}.setup.log", out + err)
        tail = err.strip().splitlines()[-1:] or ["no message"]
        offline = confined and not batch.plan.setup.network
        why = "; it had no network: `setup.network: true` gives it one" if offline else ""
        raise HeldError("broken", f"setup command `{command}` ended with {done.code} in {path}: {tail[0]}{why}")

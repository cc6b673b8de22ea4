"""Answer for a repository itself: owner, formats, and how much of its history and files is here."""

from __future__ import annotations

import os
import shutil

from waves import git
from waves.batch.preflight.answer import NO, PARTLY, WORKS, Answer, Look

GIB = 1 << 30
KNOWN = {"objectformat", "refstorage", "worktreeconfig", "relativeworktrees", "partialclone", "preciousobjects", "noop"}


def owner(look: Look) -> Answer:
    """Git has accepted the owner by now, or there would be no repository to look at."""
    uid = look.repository.common_dir.stat().st_uid
    if uid in (os.geteuid(), int(os.environ.get("SUDO_UID", "-1") or "-1")):
        return Answer(WORKS, "yours")
    return Answer(WORKS, f"user {uid}, which git accepts (safe.directory)")


def formats(look: Look) -> Answer:
    """Git has accepted the format by now. What no test of ours has seen is named."""
    algorithm = look.setting("extensions.objectformat") or "sha1"
    storage = look.setting("extensions.refstorage") or "files"
    present = {one.key.removeprefix("extensions.") for one in look.settings if one.key.startswith("extensions.")}
    if others := sorted(present - KNOWN):
        return Answer(NO, f"extension {', '.join(others)}, which Waves is not tested with", "use a plain clone")
    return Answer(WORKS, f"{algorithm}, refs in {storage}")


def worktree_settings(look: Look) -> Answer:
    named = [word for key, word in (("worktreeconfig", "config.worktree"), ("relativeworktrees", "relative paths"))
             if look.is_set(f"extensions.{key}")]  # fmt: skip
    return Answer(WORKS, " and ".join(named) or "none")


def shallow(look: Look) -> Answer:
    if not (look.repository.common_dir / "shallow").exists():
        return Answer(WORKS, "the whole history is here")
    return Answer(PARTLY, "shallow: agents and triage see only the history that was fetched", "`git fetch --unshallow`")


def partial(look: Look) -> Answer:
    filters = [one.value for one in look.settings if one.key.endswith(".partialclonefilter")]
    if not filters:
        return Answer(WORKS, "all objects are here")
    return Answer(PARTLY, f"partial ({', '.join(filters)}): agents without network can't read old versions",
                  "`git fetch --refetch --no-filter`")  # fmt: skip


def sparse(look: Look) -> Answer:
    if not look.is_set("core.sparsecheckout"):
        return Answer(WORKS, "all files are checked out")
    return Answer(PARTLY, "sparse: agents see the same part of the files as you")


def size(look: Look) -> Answer:
    """Files and bytes of the base, each of whose units takes a worktree."""
    if look.base is None:
        return Answer(WORKS, "no commit yet")
    files, total = git.size_of(look.repository, look.base, sizes=not look.is_partial)
    free = shutil.disk_usage(look.repository.common_dir).free
    units = len(look.plan.units) if look.plan else 1
    found = f"{files:,} files" + (f", {total / (1 << 20):,.0f} MiB per worktree" if total is not None else "")
    if total is not None and total * units > free:
        return Answer(NO, f"{found}, and {free / GIB:.1f} GiB free for {units} units", "make room, or split the plan")
    return Answer(WORKS, found)

"""Removes what a merged unit leaves: worktree, local, then remote branch; never anything that is nowhere else."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager

from waves import git, locks
from waves.agents import worktrees
from waves.steps.work import Done, HeldError, Work, to_json

NAMED = 20  # ignored files named in the record


def run(work: Work) -> Done:
    batch, branch = work.batch, work.branch
    path = batch.worktree_path(work.unit)
    merged = next(one.result for one in work.facts.records.values() if one.result.get("merged"))
    head = str(merged["head"])
    lost = _remove_worktree(work, head)
    with _one_at_a_time(work):
        git.prune_worktrees(batch.repository)
    tip = git.resolve(batch.repository, f"refs/heads/{branch}")
    if tip is not None and not work.unit.adopted:
        if tip != head:
            raise HeldError(
                "waiting", f"branch {branch} is kept: its tip {tip[:8]} is not what was merged ({head[:8]})"
            )
        git.delete_ref(batch.repository, f"refs/heads/{branch}", tip)
    batch.forge.delete_branch(branch, head)
    _drop_claim(work)
    found = {"worktree": str(path), "branch": branch, "ignored_files_removed": lost, "at": time.time()}
    work.folder.write_target("cleaned.json", to_json(found))
    return Done(found, ("cleaned.json",))


def _remove_worktree(work: Work, head: str) -> list[str]:
    """Remove it if nothing in it is nowhere else; the ignored files that went with it."""
    batch = work.batch
    path = batch.worktree_path(work.unit)
    worktree = git.worktree_of(batch.repository, path)
    if worktree is None or not path.exists():
        return []
    if git.branch_of(worktree) not in (work.branch, None):
        raise HeldError("waiting", f"{path} is kept: somebody put it on another branch")
    if git.resolve(worktree, "HEAD") != head:
        raise HeldError("waiting", f"{path} is kept: it has commits that were not merged")
    if left := git.uncommitted(worktree):
        raise HeldError("waiting", f"{path} is kept: uncommitted {', '.join(left[:5])}")
    ignored = [name for name in git.ignored(worktree) if name not in batch.plan.setup.copy]
    with _one_at_a_time(work):
        git.remove_worktree(batch.repository, path)
    return ignored[:NAMED]


def _one_at_a_time(work: Work) -> AbstractContextManager[None]:
    return locks.waiting(work.batch.repository.common_dir / worktrees.LOCK)


def _drop_claim(work: Work) -> None:
    ref = f"refs/waves/{work.batch.plan.batch}/{work.unit.name}/claim"
    there = git.remote_refs(work.batch.repository, ref)
    if ref in there:
        git.delete_remote_ref(work.batch.repository, ref, there[ref])

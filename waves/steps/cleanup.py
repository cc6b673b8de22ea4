"""Removes what a merged unit leaves: worktree, local, then remote branch; never anything that is nowhere else."""

from __future__ import annotations

import contextlib
import time
from contextlib import AbstractContextManager

from waves import git, locks
from waves.agents import worktrees
from waves.errors import GitError, UnknownIssueError
from waves.steps import claim
from waves.steps.work import Done, HeldError, Work, to_json

NAMED = 20  # ignored files named in the record


def run(work: Work) -> Done:
    batch, branch = work.batch, work.branch
    path = batch.worktree_path(work.unit)
    merged = next(one.result for one in work.facts.records.values() if one.result.get("merged"))
    head = str(merged["head"])
    lost = _remove_worktree(work, head)
    _keep(work, head)
    tip = git.resolve(batch.repository, f"refs/heads/{branch}")
    if tip is not None and not work.unit.adopted:
        if not _was_merged(work, tip, head):
            raise HeldError(
                "waiting", f"branch {branch} is kept: its tip {tip[:8]} is not what was merged ({head[:8]})"
            )
        git.delete_ref(batch.repository, f"refs/heads/{branch}", tip)
    _close_issues(work)  # before the claim goes: whoever finds the unit free must find its issues closed
    _remove_from_remote(work, head)
    claim.forget(work.batch, work.unit.name)
    found = {"worktree": str(path), "branch": branch, "ignored_files_removed": lost, "at": time.time()}
    work.folder.write_target("cleaned.json", to_json(found))
    return Done(found, ("cleaned.json",))


def _remove_worktree(work: Work, head: str) -> list[str]:
    """Remove it if nothing in it is nowhere else; the ignored files that went with it."""
    batch = work.batch
    path = batch.worktree_path(work.unit)
    worktree = git.worktree_of(batch.repository, path)
    if worktree is None:
        return []
    if not path.exists():
        with _one_at_a_time(work):
            git.prune_worktrees(batch.repository)  # or git would not let go of the branch
        return []
    if git.branch_of(worktree) not in (work.branch, None):
        raise HeldError("waiting", f"{path} is kept: somebody put it on another branch")
    if worktrees.is_locked(worktree):
        raise HeldError("waiting", f"{path} is kept: somebody locked it (`git worktree unlock` lets go of it)")
    if not _was_merged(work, git.resolve(worktree, "HEAD"), head):
        raise HeldError("waiting", f"{path} is kept: it has commits that were not merged")
    if left := git.uncommitted(worktree):
        raise HeldError("waiting", f"{path} is kept: uncommitted {', '.join(left[:5])}")
    ignored = [name for name in git.ignored(worktree) if name not in batch.plan.setup.copy]
    with _one_at_a_time(work):
        git.remove_worktree(batch.repository, path)
    return ignored[:NAMED]


def _was_merged(work: Work, commit: str | None, head: str) -> bool:
    """Whether a commit is in what was merged: a person may have pushed more to the branch, and merged that."""
    repository = work.batch.repository
    if commit is None or git.resolve(repository, head) is None:
        return commit == head
    return git.is_ancestor(repository, commit, head)


def _keep(work: Work, head: str) -> None:
    """Keep what was merged under a ref: after a squash no branch reaches the commits that were reviewed."""
    ref = f"{claim.kept(work.batch, work.unit.name)}merged"
    if git.resolve(work.batch.repository, ref) is None and git.resolve(work.batch.repository, head) is not None:
        git.update_ref(work.batch.repository, ref, head, git.ZERO)


def _one_at_a_time(work: Work) -> AbstractContextManager[None]:
    return locks.waiting(work.batch.repository.common_dir / worktrees.LOCK)


def _remove_from_remote(work: Work, head: str) -> None:
    """Delete the remote branch, if it is where it was merged, and the claim; either may be gone already."""
    branch, own = f"refs/heads/{work.branch}", claim.ref(work.batch, work.unit.name)
    # A branch in a fork is its author's.
    there = git.remote_refs(work.batch.repository, own, *([branch] if work.remote == "origin" else []))
    if there.get(branch, head) != head:
        raise HeldError("waiting", f"branch {work.branch} is kept on the remote: it was pushed after the merge")
    if own in there and (unknown := claim.read(work.batch, work.unit.name, there[own]).unknown):
        raise HeldError("waiting", unknown, person=True)
    moves = {ref: ("", oid) for ref, oid in there.items()}
    with contextlib.suppress(GitError):  # the forge may have deleted the branch a moment before: that is looked at next
        if not moves or git.push_refs(work.batch.repository, moves):
            return
    if left := git.remote_refs(work.batch.repository, *moves):
        raise HeldError("broken", f"{', '.join(sorted(left))} could not be deleted on the remote; "
                                  "the next `doit` tries again")  # fmt: skip


def _close_issues(work: Work) -> None:
    """See that the unit's issues are closed: GitHub does so only where the base is the default branch."""
    forge = work.batch.forge
    with contextlib.suppress(UnknownIssueError):  # moved or deleted since: there is nothing to close
        for issue in forge.issues(work.unit.issues):
            if issue.state == "open":
                forge.close_issue(issue.number)
                work.say(f"closed issue #{issue.number}")

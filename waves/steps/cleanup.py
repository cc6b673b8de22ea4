"""Removes what a merged unit leaves: worktree, local, then remote branch; never anything that is nowhere else."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from waves import git
from waves.agents.guard import aside, onlycopies, worktrees
from waves.batch import claim, kept
from waves.foundation import locks
from waves.foundation.errors import GitError, UnknownIssueError
from waves.foundation.records import to_json
from waves.foundation.text import shown
from waves.lifecycle.held import HeldError
from waves.steps.runs.guarded import kept_refs
from waves.steps.work import Done, Work, refused


def run(work: Work) -> Done:
    batch, branch = work.batch, work.branch
    path = batch.worktree_path(work.unit)
    merged = next(one.result for one in work.facts.records.values() if one.result.get("merged"))
    head = str(merged["head"])
    _keep(work, head)
    kept_in = _remove_worktree(work, head)
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
    found = {"worktree": str(path), "branch": branch, "kept_in": kept_in, "at": time.time()}
    work.folder.write_target("cleaned.json", to_json(found))
    return Done(found, ("cleaned.json",))


def _remove_worktree(work: Work, head: str) -> str:
    """Remove it once nothing in it is nowhere else; the folder that ignored files of it were moved to, if any were."""
    batch = work.batch
    path = batch.worktree_path(work.unit)
    worktree = git.worktree_of(batch.repository, path)
    if worktree is None:
        return ""
    if not path.exists():
        _forget_worktree(work, worktree)
        return ""
    if git.branch_of(worktree) not in (work.branch, None):
        raise HeldError("waiting", f"{path} is kept: somebody put it on another branch")
    if worktrees.is_locked(worktree):
        raise HeldError("waiting", f"{path} is kept: somebody locked it (`git worktree unlock` lets go of it)")
    if not _was_merged(work, git.resolve(worktree, "HEAD"), head):
        raise HeldError("waiting", f"{path} is kept: it has commits that were not merged")
    if left := git.uncommitted(worktree):
        raise HeldError("waiting", f"{path} is kept: uncommitted {', '.join(shown(one) for one in left[:5])}")
    contents = onlycopies.look(worktree, functools.partial(_advertised, batch.repository))
    _refuse_only_copies(path, contents.only)
    _keep_stranded(work, worktree)
    place = _place_for_ignored(work, path)
    onlycopies.move_ignored(worktree, contents.ignored, place)
    with _one_at_a_time(work):
        worktrees.unlock(worktree)
        git.remove_worktree(batch.repository, path, with_repositories=bool(contents.inside))
    return str(place) if contents.ignored else ""


def _refuse_only_copies(path: Path, only: Sequence[onlycopies.OnlyCopy]) -> None:
    if only:
        what = "; ".join(str(one) for one in only[:5]) + ("; …" if len(only) > 5 else "")
        raise HeldError("waiting", f"{path} is kept: {what}. Save it elsewhere or delete it there, then run `doit`")


def _forget_worktree(work: Work, worktree: git.Repository) -> None:
    """Take a worktree whose folder somebody removed off git's list, or git would not let go of the branch."""
    ask = functools.partial(_advertised, work.batch.repository)
    _refuse_only_copies(worktree.git_dir, onlycopies.lost_submodules(worktree, ask))
    _keep_stranded(work, worktree)
    with _one_at_a_time(work):
        worktrees.unlock(worktree)
        git.remove_worktree(work.batch.repository, work.batch.worktree_path(work.unit))


def _advertised(repository: git.Repository, url: str) -> set[str]:
    """What the remote of a repository inside has; nothing where git must not be sent to such an address."""
    return set() if git.fault_of(url, local=True) else git.advertised(repository, git.Address(url))


def _keep_stranded(work: Work, worktree: git.Repository) -> None:
    """Keep what only the worktree's own logs lead to."""
    found = aside.keep_stranded(work.batch.repository, worktree.git_dir, f"{kept_refs(work)}worktree/aside")
    kept.note(work.path, "worktree", found)


def _place_for_ignored(work: Work, path: Path) -> Path:
    """On the disk that the worktree is on, so that moving there takes no time and no room."""
    place = work.path / kept.LEFT
    return place if work.path.stat().st_dev == path.stat().st_dev else path.parent / kept.LEFT / path.name


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
    said: GitError | None = None
    try:
        if not moves or git.push_refs(work.batch.repository, moves):
            return
    except GitError as error:  # the forge may have deleted the branch a moment before: that is looked at next
        said = error
    if left := git.remote_refs(work.batch.repository, *moves):
        what = f"{', '.join(sorted(left))} could not be deleted on the remote"
        raise refused(work, said, what) if said else HeldError("broken", f"{what}; the next `doit` tries again")


def _close_issues(work: Work) -> None:
    """See that the unit's issues are closed: GitHub does so only where the base is the default branch."""
    forge = work.batch.forge
    with contextlib.suppress(UnknownIssueError):  # moved or deleted since: there is nothing to close
        for issue in forge.issues(work.unit.issues):
            if issue.state == "open":
                forge.close_issue(issue.number)
                work.say(f"closed issue #{issue.number}")

"""Find what git in a confined worktree must be able to read, wherever it lies: repositories of this machine."""

from __future__ import annotations

from pathlib import Path

from waves import git
from waves.batch.batch import Batch


def readable(batch: Batch) -> tuple[Path, ...]:
    """The checkout, its repository, the plan's, the remotes and submodules on this machine, and what these borrow."""
    main = batch.repository
    repositories = [main.common_dir, *git.local_remotes(main, f"refs/remotes/origin/{batch.plan.base}")]
    borrowed = [path for one in repositories for path in git.borrowed(one)]
    return (batch.checkout, batch.plan_top, *repositories, *borrowed)

"""Look at a worktree before and after a run, and undo or keep what changed."""

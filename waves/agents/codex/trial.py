"""Tries whether a command in codex's own sandbox can commit as an implementer does; it asks no model."""

from __future__ import annotations

from pathlib import Path

from waves import git
from waves.agents import Job
from waves.agents.codex import command_line
from waves.agents.guard import quarantine, worktrees
from waves.foundation import process, records
from waves.foundation.text import plain

BRANCH = "waves/trial"
PERSON = {f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER")
          for what, text in (("NAME", "Waves"), ("EMAIL", "waves@localhost"))}  # fmt: skip
LONGEST = 60.0  # seconds


def fault(program: Path, folder: Path) -> str | None:
    """What keeps a sandboxed command from committing in a linked worktree below `folder`; None when nothing does."""
    with records.folder("trial-", folder) as place:
        repository = git.init(place / "repository")
        (place / "repository" / "file").write_text("trial\n")
        before = git.commit_all(repository, "chore: trial", PERSON)
        git.update_ref(repository, f"refs/heads/{BRANCH}", before, git.ZERO)
        worktree = worktrees.rebuild(repository, place / "worktree", BRANCH).worktree
        job = Job(
            role="implementer", unit="trial", cycle="", worktree=place / "worktree", directory=place / "run",
            timeout=LONGEST, stall_timeout=LONGEST, git_environment=quarantine.prepare(worktree, place / "run"),
        )  # fmt: skip
        command_line.scratch(job).mkdir()
        done = process.run(
            command_line.trial(program, job, ("git", "commit", "--quiet", "--allow-empty", "--message", "trial")),
            cwd=job.worktree, env=process.clean_environment({**job.git_environment, **PERSON}), timeout=LONGEST,
        )  # fmt: skip
        made = quarantine.collect(worktree, BRANCH, before, job.directory, kept="refs/waves/trial")
    if done.code or len(made.commits) != 1:
        words = " ".join(plain(done.err.decode("utf-8", "replace")).split())[-300:]
        return words or f"exit code {done.code}, {len(made.commits)} commits"
    return None

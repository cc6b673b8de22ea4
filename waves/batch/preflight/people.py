"""Answer for who commits, whether commits are signed, and which hooks run."""

from __future__ import annotations

import os
from pathlib import Path

from waves.batch.preflight.answer import NO, PARTLY, WORKS, Answer, Look
from waves.foundation.errors import UsageError
from waves.git import committing

# Hooks of a clone that a commit of an agent runs, and those that only a push or a merge by Waves would run.
OF_COMMITS = ("applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit",
              "prepare-commit-msg", "commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge",
              "post-rewrite", "post-index-change", "reference-transaction")  # fmt: skip
OF_WAVES = ("pre-push",)
TO_SIGN = "set `user.signingKey` to a key that needs no passphrase, or run `git config commit.gpgSign false` here"


def identity(look: Look) -> Answer:
    try:
        writes, commits = committing.author(look.repository), committing.committer(look.repository)
    except UsageError as error:
        return Answer(NO, str(error))
    shown = "{} <{}>".format(*writes)
    return Answer(WORKS, shown if writes == commits else shown + ", committed by {} <{}>".format(*commits))


def signing(look: Look) -> Answer:
    """Tried as an agent would sign; a signing program that the repository's own settings name is not run."""
    if not committing.signs(look.settings):
        return Answer(WORKS, "commits are not signed")
    if named := committing.program_of_repository(look.settings):
        return Answer(PARTLY, f"not tried: the repository's own settings name the program ({named})")
    if words := committing.signing_fault(look.repository):
        return Answer(NO, f"commit.gpgSign is set, and agents can't sign commits: {words}", TO_SIGN)
    return Answer(WORKS, f"agents sign their commits ({look.setting('gpg.format') or 'openpgp'})")


def hooks(look: Look) -> Answer:
    folder = _folder(look)
    found = sorted(path.name for path in folder.iterdir() if os.access(path, os.X_OK)) if folder.is_dir() else []
    ran, left_out = ([name for name in found if name in names] for names in (OF_COMMITS, OF_WAVES))
    if left_out:
        words = f"Waves' pushes don't run {', '.join(left_out)}"
        return Answer(PARTLY, f"agents' commits run {', '.join(ran)}; {words}" if ran else words)
    return Answer(WORKS, f"agents' commits run {', '.join(ran)}" if ran else "none")


def _folder(look: Look) -> Path:
    named = look.setting("core.hookspath")
    if named is None:
        return look.repository.common_dir / "hooks"
    return (look.repository.work_tree or look.repository.git_dir) / Path(named).expanduser()

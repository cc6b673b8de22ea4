"""Answer for what the files of the base ask of git: LFS, filters, submodules."""

from __future__ import annotations

from waves import git
from waves.preflight.answer import PARTLY, WORKS, Answer, Look


def lfs(look: Look) -> Answer:
    if "lfs" not in _filters(look):
        return Answer(WORKS, "not used")
    return Answer(PARTLY, "used: agents see pointers, not content")


def filters(look: Look) -> Answer:
    names = sorted(_filters(look) - {"lfs"})
    if not names:
        return Answer(WORKS, "none")
    return Answer(PARTLY, f"{', '.join(names)}: agents see the stored form of these files")


def submodules(look: Look) -> Answer:
    paths = git.gitlinks(look.repository, look.base) if look.base else []
    if not paths:
        return Answer(WORKS, "none")
    return Answer(PARTLY, f"{', '.join(paths[:5])}: empty folders in worktrees, unless `setup.run` fills them")


def _filters(look: Look) -> set[str]:
    """The filters that attributes of the base ask for."""
    return set(git.filters_named(look.repository, look.base)) if look.base else set()

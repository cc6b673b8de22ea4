"""Answer for what the files of the base ask of git: LFS, filters, submodules."""

from __future__ import annotations

from collections.abc import Set

from waves import git
from waves.batch.preflight.answer import NO, PARTLY, WORKS, Answer, Look
from waves.git.filters import LFS


def lfs(look: Look) -> Answer:
    return _filters(look, {LFS} & look.filters.keys(), "not used", "used: agents and checks see the content")


def filters(look: Look) -> Answer:
    names = look.filters.keys() - {LFS}
    return _filters(look, names, "none", f"{', '.join(sorted(names))}: agents and checks see files as you do")


def _filters(look: Look, names: Set[str], unused: str, used: str) -> Answer:
    """About some of the filters that attributes of the base ask for."""
    if not names:
        return Answer(WORKS, unused)
    if held := [words for name in sorted(names) if (words := look.filters[name])]:
        return Answer(NO, held[0])
    if look.plan and not look.plan.setup.filters:
        return Answer(
            PARTLY, f"{', '.join(sorted(names))}: not allowed, so agents see what is stored and can't add to it"
        )
    return Answer(WORKS, used)


def submodules(look: Look) -> Answer:
    paths = git.gitlinks(look.repository, look.base) if look.base else []
    if not paths:
        return Answer(WORKS, "none")
    return Answer(PARTLY, f"{', '.join(paths[:5])}: empty folders in worktrees, unless `setup.run` fills them")

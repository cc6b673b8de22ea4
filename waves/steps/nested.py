"""Finds out which submodules a branch adds or moves, and whether their remotes have what it points to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from waves import git
from waves.foundation.errors import WavesError
from waves.lifecycle import submodules
from waves.lifecycle.submodules import MISSING, THERE, UNKNOWN, Concern, Found, Pointer
from waves.steps.work import Work, one_line

FILE = ".gitmodules"


def look(work: Work, head: str, *, ask: bool) -> tuple[Concern, ...]:
    """What stands in the way of merging a head; without `ask`, apart from what only its remotes know."""
    repository = work.batch.repository
    base = git.merge_base(repository, head, work.batch.base_head) or work.batch.base_head
    changed = git.manifest(repository, base, head)
    if not any(one.kind == "submodule" or one.path == FILE for one in changed):
        return ()
    if any(one.path == FILE and one.kind not in ("file", "executable", "") for one in changed):
        return submodules.concerns(Found(unreadable="it is not a plain file"), work.unit.submodules)
    try:
        before, after = git.declared_submodules(repository, base), git.declared_submodules(repository, head)
    except WavesError as problem:
        return submodules.concerns(Found(unreadable=one_line(str(problem))), work.unit.submodules)
    moved = [Pointer(one.path, one.new, one.old if one.old_kind == "submodule" else "", THERE)
             for one in changed if one.kind == "submodule"]  # fmt: skip
    pointers = tuple(_asked(work, moved, before, after)) if ask else tuple(moved)
    return submodules.concerns(Found(pointers, before, after), work.unit.submodules)


Declared = Mapping[str, Mapping[str, str]]


def _asked(work: Work, several: list[Pointer], before: Declared, after: Declared) -> Iterator[Pointer]:
    repository = work.batch.repository
    origin = git.remote_url(repository) or str(work.batch.checkout)
    for one in several:
        name, says = next(
            ((name, says) for name, says in after.items() if says.get("path", name) == one.path), ("", {})
        )
        written = says.get("url", "")
        known = bool(written) and written == before.get(name, {}).get("url")  # whoever may push to the base chose it
        state, why = _state(repository, git.absolute(written, origin), one.commit, trusted=known) if name else ("", "")
        yield Pointer(one.path, one.commit, one.was, state or one.state, one_line(work.batch.scrub(why)))


def _state(repository: git.Repository, url: str, commit: str, *, trusted: bool) -> tuple[str, str]:
    if fault := git.fault_of(url, local=trusted):
        return UNKNOWN, fault
    try:
        return (THERE if git.has(repository, git.Address(url, trusted), commit) else MISSING), ""
    except WavesError as problem:
        return UNKNOWN, str(problem)

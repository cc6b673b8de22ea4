"""Tells whether a head is a reviewed one with nothing but the base merged into it; it makes no such merge itself."""

from __future__ import annotations

from waves import git


def merges(repository: git.Repository, head: str, reviewed: str, base: str) -> tuple[str, ...] | None:
    """The clean merges of the base that lead from `reviewed` to `head`, oldest first; None: there is more in it.

    Every merge is made again and compared, whoever made it: such a head says nothing that was not reviewed, or is not
    in the base.
    """
    if not git.is_ancestor(repository, reviewed, head):
        return None
    found = []
    while head != reviewed:
        parents = git.clean_merge(repository, head)
        if parents is None or not git.is_ancestor(repository, parents[1], base):
            return None
        found.append(head)
        head = parents[0]
    return tuple(reversed(found))

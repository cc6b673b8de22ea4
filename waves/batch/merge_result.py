"""Compare what a merge puts into the base with what was reviewed, and with the merge that Waves makes itself."""

from __future__ import annotations

from waves import git
from waves.foundation.text import shown

NAMED = 5  # paths named in one sentence


def beyond_review(repository: git.Repository, base: str, reviewed: str, tree: str) -> tuple[str, ...]:
    """Paths at which a merged tree differs from the base, and the reviewed head does not from where it left the base.

    A rename in the base brings them about: the change then lands in a file that no reviewer saw changed.
    """
    fork = git.merge_base(repository, base, reviewed)
    if fork is None or fork == base:
        return ()
    seen = git.changed_paths(repository, fork, reviewed)
    return tuple(path for path in git.changed_paths(repository, base, tree) if path not in set(seen))


def difference(repository: git.Repository, commit: str, head: str) -> str:
    """How the merge of `head` that ended in `commit` differs from Waves' own; empty: not at all."""
    tree, found = git.tree_of(repository, commit), ""
    for base in _bases(repository, commit, head):
        merged = git.merge_tree(repository, base, head)
        if merged.tree is None:
            words = f"Waves finds conflicts in {_named(merged.conflicts)}"
        elif merged.tree != tree:
            words = f"it differs from Waves' own merge in {_named(git.changed_paths(repository, merged.tree, tree))}"
        elif strange := beyond_review(repository, base, head, tree):
            words = f"it changes {_named(strange)}, which the branch does not"
        else:
            return ""
        found = found or words
    return found


def _bases(repository: git.Repository, commit: str, head: str) -> list[str]:
    """What the base may have been before: the first parent, or where the branch's own commits were replayed."""
    first = git.resolve(repository, f"{commit}^1")
    own = git.commits(repository, [head], [commit])
    before = git.resolve(repository, f"{commit}~{len(own)}") if len(own) > 1 else None
    if before is not None:
        replayed = git.commits(repository, [commit], [before], first_parent=True)
        # Otherwise a commit of somebody else that the merge undid would be taken for one of the branch.
        if [git.message(repository, one) for one in own] != [git.message(repository, one) for one in replayed]:
            before = None
    return [one for one in (first, before) if one]


def _named(paths: tuple[str, ...]) -> str:
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return ", ".join(shown(one) for one in paths[:NAMED]) + more

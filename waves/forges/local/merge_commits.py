"""Makes the commits that merging a pull request takes, in the bare repository; it never moves a branch."""

from __future__ import annotations

from pathlib import Path

from waves import git
from waves.forges.local.store import storable
from waves.foundation import records
from waves.foundation.errors import ConflictError, ForgeError

# A trial merge has no person and no date, so that making it again makes the same commit.
NOBODY = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "waves"), ("EMAIL", "waves@localhost"), ("DATE", "1000000000 +0000"))
}


def merged_tree(origin: git.Repository, base: str, head: str) -> str:
    """The tree of `head` merged into `base`; raises ConflictError."""
    merged = git.merge_tree(origin, base, head)
    if merged.tree is None:
        words = f"{head[:12]} conflicts with {base[:12]} in {', '.join(merged.conflicts)}; rebase the branch"
        raise ConflictError(words, merged.conflicts)
    return merged.tree


def trial(origin: git.Repository, base: str, head: str) -> tuple[str, str]:
    """A merge commit nobody sees, and its tree; the same for the same `base` and `head`."""
    tree = merged_tree(origin, base, head)
    return git.commit_tree(origin, tree, [base, head], "trial merge\n", NOBODY), tree


def updated_commit(origin: git.Repository, base: str, head: str, who: tuple[str, str]) -> str:
    """The commit that brings `base` into the branch that is at `head`."""
    tree = merged_tree(origin, base, head)
    names = {
        f"GIT_{role}_{key}": who[at] for role in ("AUTHOR", "COMMITTER") for at, key in enumerate(("NAME", "EMAIL"))
    }
    return git.commit_tree(origin, tree, [head, base], "Merge the base into the branch\n", names)


def merged_commit(
    origin: git.Repository, method: str, base: str, head: str, text: str, who: tuple[str, str], scratch: Path
) -> str:
    """The commit that puts `head` on top of `base` by `method` (squash, merge or rebase), committed by `who`."""
    tree = merged_tree(origin, base, head)
    committer = {"GIT_COMMITTER_NAME": who[0], "GIT_COMMITTER_EMAIL": who[1]}
    if method == "squash":
        name, email, date = git.author_of(origin, head)
        author = {"GIT_AUTHOR_NAME": name or who[0], "GIT_AUTHOR_EMAIL": email, "GIT_AUTHOR_DATE": date}
        if not git.takes_author(origin, author):  # a forged one: there are objects that no command would have made
            author = {"GIT_AUTHOR_NAME": who[0], "GIT_AUTHOR_EMAIL": who[1]}
        return git.commit_tree(origin, tree, [base], storable(text), committer | author)
    if method == "merge":
        author = {"GIT_AUTHOR_NAME": who[0], "GIT_AUTHOR_EMAIL": who[1]}
        return git.commit_tree(origin, tree, [base, head], storable(text), committer | author)
    if method == "rebase":
        return _rebased(origin, base, head, tree, committer, scratch)
    raise ForgeError(f"merge method `{method}`: unknown; write squash, merge or rebase")


def _rebased(origin: git.Repository, base: str, head: str, tree: str, committer: dict[str, str], scratch: Path) -> str:
    with records.folder("rebase-", scratch) as folder:
        apart = git.checkout_apart(origin, folder / "checkout", head, as_stored=True)
        new = git.rebase(apart, base, committer)
        if new is None:
            raise ConflictError(
                f"{head[:12]} can't be rebased onto {base[:12]} without a conflict; use `merge_method: squash`"
            )
        git.import_objects(origin, apart.git_dir / "objects", [new], [base, head])
    # What was tested is the merge; replayed one by one, commits can come to something else.
    if git.tree_of(origin, new) != tree:
        raise ConflictError(
            f"{head[:12]} rebased onto {base[:12]} is not what merging gives; use `merge_method: squash`"
        )
    return new

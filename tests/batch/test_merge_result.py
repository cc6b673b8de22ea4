"""A merge that is made again and compared, whoever made it and by whatever method."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_repository import IDENTITY, commit, head

from waves import git
from waves.batch import merge_result
from waves.git import Repository

BODY = b"".join(b"line %d\n" % number for number in range(20))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = git.init(tmp_path / "checkout")
    commit(found, {"a.txt": BODY, "old.txt": BODY + b"old\n"})
    return found


def forked(repository: Repository, *changes: dict[str, bytes | None]) -> str:
    """The head of a branch with a commit for each change, from the present head, which stays."""
    start = head(repository)
    for number, change in enumerate(changes):
        commit(repository, change)
        git.call(repository, "commit", "-q", "--amend", "-m", f"change {number}", extra=IDENTITY)
    made = head(repository)
    git.call(repository, "reset", "-q", "--hard", start)
    return made


def squashed(repository: Repository, base: str, tree: str) -> str:
    return git.commit_tree(repository, tree, [base], "squash\n", IDENTITY)


def predicted(repository: Repository, base: str, branch: str) -> str:
    tree = git.merge_tree(repository, base, branch).tree
    assert tree is not None
    return tree


def test_a_squash_a_merge_and_a_rebase_of_the_branch_are_what_waves_makes(repository: Repository) -> None:
    branch = forked(repository, {"b.txt": b"1\n"}, {"c.txt": b"2\n"})
    base = commit(repository, {"d.txt": b"3\n"})
    tree = predicted(repository, base, branch)
    merge = git.commit_tree(repository, tree, [base, branch], "merge\n", IDENTITY)
    git.call(repository, "checkout", "-q", "--detach", branch)
    rebased = git.rebase(repository, base, IDENTITY)
    assert rebased is not None
    for made in (squashed(repository, base, tree), merge, rebased, branch):
        assert merge_result.difference(repository, made, branch) == ""


def test_a_merge_that_holds_something_else_names_where(repository: Repository) -> None:
    branch = forked(repository, {"b.txt": b"1\n"}, {"c.txt": b"2\n"})
    base = head(repository)
    other = forked(repository, {"b.txt": b"1\n", "c.txt": b"3\n", "evil.sh": b"x\n"})
    made = squashed(repository, base, git.tree_of(repository, other))
    assert merge_result.difference(repository, made, branch) == "it differs from Waves' own merge in c.txt, evil.sh"


def test_a_merge_that_undoes_what_came_before_it_is_not_taken_for_a_rebase(repository: Repository) -> None:
    branch = forked(repository, {"b.txt": b"1\n"}, {"c.txt": b"2\n"})
    base = head(repository)
    commit(repository, {"siblings.txt": b"work\n"})
    made = squashed(repository, head(repository), predicted(repository, base, branch))
    assert merge_result.difference(repository, made, branch) == "it differs from Waves' own merge in siblings.txt"


def test_a_merge_in_which_somebody_resolved_a_conflict_says_so(repository: Repository) -> None:
    branch = forked(repository, {"a.txt": b"mine\n"})
    base = commit(repository, {"a.txt": b"theirs\n"})
    made = squashed(repository, base, git.tree_of(repository, branch))
    assert merge_result.difference(repository, made, branch) == "Waves finds conflicts in a.txt"


def test_a_rename_in_the_base_puts_the_change_where_no_reviewer_saw_it(repository: Repository) -> None:
    branch = forked(repository, {"old.txt": BODY + b"new\n"})
    base = commit(repository, {"old.txt": None, "moved.txt": BODY + b"old\n"})
    tree = predicted(repository, base, branch)
    assert merge_result.beyond_review(repository, base, branch, tree) == ("moved.txt",)
    made = squashed(repository, base, tree)
    assert merge_result.difference(repository, made, branch) == "it changes moved.txt, which the branch does not"

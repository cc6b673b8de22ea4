"""Builds issues with known outcomes from a repository's history: what was said, touched, and would have conflicted."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from pathlib import Path

from waves import git
from waves.forges import Issue

BATCH = 20  # changes that are taken for issues of one batch
MOST_FILES = 30  # a change with more of them is a sweep, which nobody would send out beside others
BY_MACHINES = re.compile(
    r"(?im)^(?:bump|v?\d+\.\d+(?:\.\d+)?\S*$|release|chore\(deps|(?:fix|build)\(deps|update dependency|releaser?:"
    r"|\[pre-commit\.ci\]|chore: release|merge branch|back to development)|pre-commit-ci-update-config|dependabot"
)
TRAILER = re.compile(r"(?:[A-Z]\w*(?:-\w+)+|Cc): .*")  # what tools put below a message
DIFFSTAT = re.compile(
    r"^\s*(?:\S+\s+\|\s+(?:\d+|Bin)\b.*|\d+ files? changed.*|(?:create|delete) mode \d+ .*|[AMDRT]\d*\t.*)$"
)
MERGED = re.compile(r"^Merge (?:pull request|PR) #\d+ .*$")
PULL_NUMBER = re.compile(r"\s*\((?:#\d+(?:,\s*)?)+\)\s*$")


@dataclass(frozen=True, slots=True)
class Done:
    """A change of the first-parent history, and the issue that its message makes."""

    commit: str
    parent: str
    issue: Issue
    files: frozenset[str]


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes made one soon after the other, and the base that they are triaged on."""

    base: str
    changes: tuple[Done, ...]
    conflicts: Mapping[tuple[int, int], bool] = field(
        default_factory=dict
    )  # pair of issues; absent: could not be tried


def batches(repository: git.Repository, most: int) -> Iterator[Batch]:
    """Batches of the newest `most` changes of HEAD, newest first; they do not overlap."""
    line = git.commits(repository, ["HEAD"], [], first_parent=True)[-(4 * most) - 1 :]
    found = []
    for number, (parent, commit) in enumerate(reversed(list(pairwise(line))), 1):
        if (change := _change(repository, number, parent, commit)) is not None:
            found.append(change)
        if len(found) == most:
            break
    for start in range(0, len(found) - BATCH + 1, BATCH):
        changes = tuple(reversed(found[start : start + BATCH]))
        yield Batch(changes[0].parent, changes, dict(_conflicts(repository, changes)))


def _change(repository: git.Repository, number: int, parent: str, commit: str) -> Done | None:
    files = frozenset(one.path for one in git.changes(repository, parent, commit))
    own = git.message(repository, commit)
    if not 0 < len(files) <= MOST_FILES or BY_MACHINES.search(own):
        return None
    if MERGED.match(own):
        # What a pull request says is in its commits; the merge has its title at the most.
        inside = git.commits(repository, [commit], [parent])[:-1]
        own = "\n".join([MERGED.sub("", own, count=1).strip(), *(git.message(repository, one) for one in inside)])
    title, body = said(own)
    return Done(commit, parent, Issue(number, title, body, "open"), files) if title else None


def said(message: str) -> tuple[str, str]:
    """Title and body of the issue that a commit message makes, without what only a commit has."""
    lines = [line for line in message.strip().splitlines() if not TRAILER.match(line) and not DIFFSTAT.match(line)]
    kept = [line for line in lines if not MERGED.match(line)]
    title, *body = [line for line in kept if line.strip()] or [""]
    return PULL_NUMBER.sub("", title), "\n".join(body)


def _conflicts(repository: git.Repository, changes: Sequence[Done]) -> Iterator[tuple[tuple[int, int], bool]]:
    for one, later in combinations(changes, 2):
        outcome = _conflict(repository, one, later) if one.files & later.files else False
        if outcome is not None:
            yield (one.issue.number, later.issue.number), outcome


def _conflict(repository: git.Repository, one: Done, later: Done) -> bool | None:
    """Whether the two conflict when both start where the earlier one did; None: others in between stand in the way."""
    beside = _moved(repository, later, one.parent)
    if beside is not None:
        commit = git.commit_tree(repository, beside, [one.parent], "beside", IDENTITY)
        return git.merge_tree(repository, one.commit, commit).tree is None
    return True if _moved(repository, later, one.commit) is not None else None


def _moved(repository: git.Repository, change: Done, onto: str) -> str | None:
    """The tree of a change made on another commit; None: it does not apply there."""
    # Commits of our own, so that git takes the change's parent for what both sides come from.
    trees = [git.tree_of(repository, one) for one in (change.parent, onto, change.commit)]
    start = git.commit_tree(repository, trees[0], [], "start", IDENTITY)
    sides = [git.commit_tree(repository, tree, [start], "side", IDENTITY) for tree in trees[1:]]
    return git.merge_tree(repository, sides[0], sides[1]).tree


WHO = {"NAME": "bench", "EMAIL": "bench@example.org", "DATE": "1700000000 +0000"}
IDENTITY = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in WHO.items()}


def borrowed(source: str, folder: Path) -> git.Repository:
    """A bare repository of our own to write trial merges to; it reads the objects of a clone on this machine."""
    shared = ["--shared"] if Path(source).exists() else []
    subprocess.run(["git", "clone", "--quiet", "--bare", *shared, "--", source, str(folder)], check=True)
    return git.discover(folder)

"""Explains every commit that reached the base since a batch was dispatched, and names those that nothing explains."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from waves import git
from waves.foundation.errors import ForgeError
from waves.foundation.records import read_json, write_json
from waves.foundation.shapes import made, rows
from waves.foundation.text import plain

if TYPE_CHECKING:
    from waves.batch.batch import Batch

ACCEPTED = "approve"  # the word in the store of rulings; such an entry has no unit
_BEGINNING = threading.Lock()


@dataclass(frozen=True, slots=True)
class BaseCommit:
    """A commit on the base that is no merge of a reviewed pull request; name and time are what it claims."""

    commit: str
    author: str
    at: str  # ISO 8601
    subject: str

    def words(self, base: str) -> str:
        what = f"{self.commit[:8]} “{self.subject}” by {self.author}, {self.at}"
        return f"{base} has {plain(what)}, which no merge of this batch put there"

    @property
    def advice(self) -> str:
        short = self.commit[:12]
        return f"look at it with `git show {short}`, then `waves accept {short} --why …`"


@dataclass(frozen=True, slots=True)
class Landed:
    """What one unit's merge put on the base."""

    merge_commit: str
    base: str  # where the base was when it landed
    commits: int  # first-parent commits that end with the merge commit
    reviewed: frozenset[str] = frozenset()  # commits of the branch itself, which a fast-forward leaves as they are


def unexplained(chain: Sequence[BaseCommit], landed: Collection[Landed]) -> tuple[BaseCommit, ...]:
    """Those of the base's first-parent commits, newest first, that no unit's merge put there."""
    places = {one.commit: place for place, one in enumerate(chain)}
    known: set[str] = set()
    for one in landed:
        known |= one.reviewed
        if (place := places.get(one.merge_commit)) is not None:
            known |= {each.commit for each in chain[place : place + one.commits]}
    return tuple(one for one in chain if one.commit not in known)


def _until_last(chain: Sequence[BaseCommit], landed: Collection[Landed]) -> Sequence[BaseCommit]:
    seen = {one.merge_commit for one in landed} | {one.base for one in landed}
    first = next((place for place, one in enumerate(chain) if one.commit in seen), 0)
    return chain[first:]


# ---- the facts


def begin(batch: Batch) -> None:
    """Write down where the base is before anything is dispatched; the base was fetched just now."""
    path = batch.folder / "base.json"
    with _BEGINNING:
        if not path.exists():
            write_json(path, {"since": _earliest(batch) or batch.base_head})


def look(batch: Batch) -> tuple[BaseCommit, ...]:
    """The unexplained commits on the base as last fetched; raises GitError. What was found is kept for `known`."""
    value = read_json(batch.folder / "base.json") or {}
    since = str(value.get("since") or _earliest(batch) or "")
    if not since or git.resolve(batch.repository, since) is None:
        return ()
    tip, landed = batch.base_head, _landed(batch)
    key = [tip, sorted(one.merge_commit for one in landed)]
    if value.get("key") == key:
        return known(batch)
    chain: Sequence[BaseCommit] = [BaseCommit(*one) for one in git.first_parents(batch.repository, since, tip)]
    if all(batch.outcome(unit.name).state == "merged" for unit in batch.plan.units):
        chain = _until_last(chain, landed)  # what comes after the batch is none of its business
    heads = {str(one["head"]) for one in _merged(batch)}
    found = tuple(one for one in unexplained(chain, landed) if not _merged_by_hand(batch, one.commit, heads))
    value |= {"since": since, "key": key, "unexplained": [asdict(one) for one in found]}
    write_json(batch.folder / "base.json", value)
    return found


def news(batch: Batch) -> list[BaseCommit]:
    """What `look` finds that it had not found before."""
    before = {one.commit for one in known(batch)}
    return [one for one in look(batch) if one.commit not in before]


def known(batch: Batch) -> tuple[BaseCommit, ...]:
    """What `look` found last; nothing is asked."""
    value = read_json(batch.folder / "base.json") or {}
    read = (made(BaseCommit, one) for one in rows(value, "unexplained"))
    return tuple(one for one in read if one is not None)


def waiting(batch: Batch) -> tuple[BaseCommit, ...]:
    """Those that `look` found last, that nobody has accepted and no known pull request brought; nothing is asked."""
    brought = (read_json(batch.folder / "base.json") or {}).get("pulls")
    agreed = {*accepted(batch), *(brought if isinstance(brought, dict) else ())}
    return tuple(one for one in known(batch) if one.commit not in agreed)


def accepted(batch: Batch) -> Mapping[str, str]:
    """Commit to the words in which a person accepted it."""
    entries = (one for one in batch.given.entries if not one.unit and one.ruling == ACCEPTED)
    return {one.item: f"accepted by {one.by}: {one.why}" for one in entries}


def other_pulls(batch: Batch, commits: Sequence[BaseCommit]) -> Mapping[str, int]:
    """Commit to the merged pull request that the forge says brought it; those without one are left out.

    The answer is kept for `waiting`.
    """
    try:
        pulls = batch.forge.merged_by([one.commit for one in commits], batch.plan.base) if commits else {}
    except ForgeError:
        return {}  # nothing is explained by an answer that did not come
    value = read_json(batch.folder / "base.json")
    if value is not None and value.get("pulls", {}) != pulls:
        write_json(batch.folder / "base.json", {**value, "pulls": dict(pulls)})
    return pulls


def gone(batch: Batch) -> tuple[str, ...]:
    """Merged units whose merge the base does not have any more: somebody rewrote it."""
    tip = batch.base_head
    return tuple(
        name
        for name, folder in batch.units.items()
        for record in folder.records.values()
        if record.result.get("merged")
        and not git.is_ancestor(batch.repository, str(record.result["merge_commit"]), tip)
    )


def _earliest(batch: Batch) -> str | None:
    """Where the base was when the first unit was dispatched, by the units' own records: for a batch that came back."""
    taken = [
        folder.records["worktree"]
        for unit in batch.plan.units
        if not unit.adopted and "worktree" in (folder := batch.units[unit.name]).records
    ]
    first = min(taken, key=lambda one: one.ended, default=None)
    return str(first.result["base"]) if first else None


def _merged_by_hand(batch: Batch, commit: str, heads: Collection[str]) -> bool:
    """Whether a commit is what git makes of the base and one of these heads, and nothing else."""
    parents = git.clean_merge(batch.repository, commit)
    return parents is not None and parents[1] in heads


def _merged(batch: Batch) -> list[Mapping[str, Any]]:
    records = (one for folder in batch.units.values() for one in folder.records.values())
    return [one.result for one in records if one.result.get("merged")]


def _landed(batch: Batch) -> list[Landed]:
    return [_as_landed(batch, one) for one in _merged(batch)]


def _as_landed(batch: Batch, merged: Mapping[str, Any]) -> Landed:
    merge_commit, head, base = (str(merged.get(key) or "") for key in ("merge_commit", "head", "base"))
    if batch.plan.policy.merge_method != "rebase" or git.resolve(batch.repository, head) is None:
        return Landed(merge_commit, base, 1)
    replayed = git.commits(batch.repository, [head], [merge_commit])
    own = git.commits(batch.repository, [head], [base or f"{merge_commit}^"])
    return Landed(merge_commit, base, max(1, len(replayed)), frozenset(own))

"""Decide which changed paths a reviewer's `reviewed` leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from waves.agents.prompts.facts import FULL, ChangedFile
from waves.foundation import patterns

NAMED = 5  # paths named in one sentence


def unread(files: Iterable[ChangedFile], reviewed: Sequence[str] | None) -> tuple[ChangedFile, ...]:
    """The paths that do not count as reviewed.

    No `reviewed` at all, and patterns such as `**`, count only for a path whose whole change was in the prompt.
    """
    narrow = [one for one in reviewed or () if not patterns.is_broad(one)]
    everything = reviewed is None or any(patterns.is_broad(one) and one.strip() for one in reviewed)
    return tuple(
        one for one in files if not ((everything and one.shown == FULL) or _is_named(one, narrow))
    )  # fmt: skip


def _is_named(file: ChangedFile, narrow: Sequence[str]) -> bool:
    return file.name in narrow or patterns.named_by(narrow, file.path)


def fault(left: Sequence[ChangedFile]) -> str | None:
    """What is wrong with a review that leaves these paths out, for its agent; None if it leaves out none."""
    if not left:
        return None
    named = ", ".join(one.name for one in left[:NAMED])
    more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
    why = "" if all(one.shown == FULL for one in left) else (
        "; what the prompt does not show in full, or flags, must be read in the worktree and named by its path, "
        "its folder or a glob narrower than `**`"
    )  # fmt: skip
    return f"`reviewed` does not name {named}{more}{why}"

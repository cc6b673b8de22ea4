"""Says what is wrong with the submodules that a branch adds or moves: a pure function of what was found out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from waves.lifecycle.contracts import Item

SUBMODULES = "submodules"  # the list that these items are in
THERE, MISSING, UNKNOWN = "there", "missing", "unknown"  # whether the remote has a commit
STEERING = ("url", "path", "update", "branch")  # what `.gitmodules` says of a submodule that changes what git does
TAKE_OUT = "take it out again"


@dataclass(frozen=True, slots=True)
class Pointer:
    """A path at which a branch puts another repository's commit. `was`: the commit of the base, empty if none."""

    path: str
    commit: str
    was: str
    state: str = UNKNOWN  # there | missing | unknown
    why: str = ""  # it is unknown


@dataclass(frozen=True, slots=True)
class Found:
    """All that the look at a branch found out. Names in `.gitmodules` to what it says of each, at base and head."""

    pointers: tuple[Pointer, ...] = ()
    before: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    after: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unreadable: str = ""  # why `.gitmodules` of the head cannot be read


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing in the way of a merge. `asks`: a person may allow it; `waits`: only the remote can settle it."""

    path: str
    issue: str
    fix: str
    asks: bool = False
    waits: bool = False


def concerns(found: Found, allowed: Collection[str]) -> tuple[Concern, ...]:
    """What stands in the way of a merge; `allowed` are the paths at which the plan lets the unit add a submodule."""
    if found.unreadable:
        return (Concern(".gitmodules", f"cannot be read: {found.unreadable}", "make it a plain file that git reads"),)
    return (
        *_settings(found, allowed),
        *(one for pointer in found.pointers for one in _pointer(pointer, found, allowed)),
    )


def _settings(found: Found, allowed: Collection[str]) -> Iterator[Concern]:
    for name, now in found.after.items():
        was = found.before.get(name, {})
        odd = [value for value in (name, now.get("url", ""), now.get("path", "")) if value.startswith("-")]
        if ".." in name.replace("\\", "/").split("/") or odd or not name.isprintable():
            yield Concern(".gitmodules", f"the name, path or address of submodule {name!a} could mislead git", TAKE_OUT)
        elif now.get("update", "").startswith("!"):
            yield Concern(".gitmodules", f"submodule {name!a} has git run a command (`update = !…`)", TAKE_OUT)
        elif name in found.before:
            changed = [f"{key} from {was.get(key, 'nothing')!a} to {now.get(key, 'nothing')!a}"
                       for key in STEERING if was.get(key) != now.get(key)]  # fmt: skip
            if changed:
                yield Concern(".gitmodules", f"submodule {name!a} changes its {', its '.join(changed)}",
                              "put it back as it was", asks=True)  # fmt: skip
        elif now.get("path", name) not in allowed and now.get("path", name) not in {one.path for one in found.pointers}:
            yield Concern(".gitmodules", f"names a submodule {name!a} that is not there", TAKE_OUT)


def _pointer(one: Pointer, found: Found, allowed: Collection[str]) -> Iterator[Concern]:
    declared = next((says for name, says in found.after.items() if says.get("path", name) == one.path), None)
    if declared is None:
        yield Concern(
            one.path,
            "is a nested repository: git keeps a commit id of it (a gitlink) and none of its content, and "
            "`.gitmodules` does not say where that is",
            "commit its files: move its `.git` folder out of the worktree, `git rm --cached` it, `git add` it again; "
            "or leave it out",
        )
        return
    url = declared.get("url", "")
    if not one.was and one.path not in allowed:
        issue = f"is a new submodule, from {url!a}, that the plan does not allow"
        yield Concern(one.path, issue, f"{TAKE_OUT}; `submodules: [{one.path}]` of the unit would allow it", asks=True)
    if one.state == MISSING:
        yield Concern(
            one.path,
            f"points the submodule to commit {one.commit[:12]}, which {url!a} does not have",
            f"push that commit there, or point it to one that is there{f' (was {one.was[:12]})' if one.was else ''}",
            asks=True,
            waits=True,
        )
    elif one.state == UNKNOWN:
        issue = f"points the submodule to commit {one.commit[:12]}, and {url!a} could not be asked for it: {one.why}"
        yield Concern(one.path, issue, "point it to a commit that is on its remote", asks=True)


def as_items(several: Sequence[Concern]) -> tuple[Item, ...]:
    """The concerns as items of a decision, G1, G2 …"""
    return tuple(Item(f"G{number}", SUBMODULES, one.path, None, one.issue, one.fix, 0, 1.0, "")
                 for number, one in enumerate(several, 1))  # fmt: skip

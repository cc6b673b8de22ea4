"""A unit's claim on the remote: whose it is, and what was known of it there; it takes no unit from anybody unasked.

A commit that no branch leads to: its message is JSON, with the unit's records as texts, and its parents are the newest
commit made for the unit and what was published before. So one push, the same that publishes the branch, brings away all
that would be paid for again; what was not to be published stays here.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from waves import git
from waves.batch import rulings
from waves.foundation import inert, locks
from waves.foundation.errors import GitError
from waves.foundation.records import (
    FORMAT,
    file_stem,
    format_words,
    read_json,
    unknown_format,
    write_json,
)
from waves.foundation.shapes import words
from waves.lifecycle.held import HeldError

if TYPE_CHECKING:
    from waves.batch.batch import Batch

OWN = "claim.json"  # in the unit's folder: where its claim was left
KEPT = ("*.json", "prompt.md", "templates/*", "records/*.json", "troubles/*.json")
OF_A_RUN = ("about.json", "judged.json", "made.json")  # once it was judged
PUBLISHING = ("pr", "correct@")  # steps that push
NOTHING: Mapping[str, tuple[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Claim:
    """As the remote has it; `at` is empty where it has none. `unknown`: in a newer format, and why nothing is known."""

    at: str = ""
    by: str = ""
    host: str = ""
    clone: str = ""
    checkout: str = ""  # a clone may have several; empty: written before claims named it
    since: str = ""
    unknown: str = ""
    files: Mapping[str, str] = field(default_factory=dict)  # path in the unit's folder to text
    refs: Mapping[str, str] = field(default_factory=dict)  # below `kept` to commit

    def is_of(self, batch: Batch) -> bool:
        own = _self(batch)
        named = {"by": self.by, "host": self.host, "clone": self.clone, "checkout": self.checkout or own["checkout"]}
        return named == own and not self.unknown

    @property
    def who(self) -> str:
        if self.unknown:
            return f"a newer Waves ({self.unknown})"
        place = self.checkout or self.clone
        where = f"{self.host or 'another machine'}, in {place}," if place else self.host or "another machine"
        return f"{self.by or 'somebody'} on {where} since {self.since or '?'}"

    @property
    def holds_records(self) -> bool:
        """Whether anything is in it that was done after the claim."""
        return "records/worktree.json" in self.files


def ref(batch: Batch, unit: str) -> str:
    return f"{kept(batch, unit)}claim"


def kept(batch: Batch, unit: str) -> str:
    """Below this, Waves keeps here the commits of a unit that no branch has any more."""
    return f"refs/waves/{batch.plan.batch}/{unit}/"


def _self(batch: Batch) -> dict[str, str]:
    places = {"clone": str(batch.repository.common_dir), "checkout": str(batch.checkout)}
    return {"by": getpass.getuser(), "host": socket.gethostname()} | places


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M")


# ---- reading


def look(batch: Batch, unit: str) -> Claim:
    """The claim as the remote has it now."""
    return read(batch, unit, git.remote_refs(batch.repository, ref(batch, unit)).get(ref(batch, unit), ""))


def read(batch: Batch, unit: str, at: str) -> Claim:
    """What the claim that the remote has at this commit says; what is not one of Waves says nothing."""
    if not at:
        return Claim()
    if git.resolve(batch.repository, at) is None:
        batch.fetch_objects(ref(batch, unit))
    try:
        value = json.loads(git.message(batch.repository, at))
    except ValueError:
        value = None
    found = value if isinstance(value, dict) else {}
    for what, each in (("the claim", found), *_parts(found)):
        if unknown_format(each):
            return Claim(at, unknown=format_words(f"{what} {ref(batch, unit)}", each))
    return _claim(at, found)


def _parts(value: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The records in a claim, which a newer Waves may have written in another format than the claim itself."""
    for name, text in _texts(value.get("files")).items():
        if name.startswith(("records/", "troubles/")):
            with contextlib.suppress(ValueError):
                found = json.loads(text)
                yield f"{name} in the claim", found if isinstance(found, dict) else {}


def _claim(at: str, value: Mapping[str, Any]) -> Claim:
    texts = {name: str(value.get(name, "")) for name in ("by", "host", "clone", "checkout", "since")}
    files, refs = (_texts(value.get(name)) for name in ("files", "refs"))
    return Claim(at, **texts, files=files, refs=refs)


def _texts(value: Any) -> dict[str, str]:
    return {name: text for name, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}


@contextmanager
def _alone(batch: Batch, unit: str) -> Iterator[None]:
    """One process at a time moves a unit's claim: beside `doit`, `waves rule` publishes what it wrote."""
    with locks.waiting(batch.units[unit].path / "claim.lock"):
        yield


def _left(batch: Batch, unit: str) -> Claim:
    """The claim as this clone left it, without its files; as the remote has it, where that is not known.

    Raises HeldError where it is not, or no more, this clone's.
    """
    value = read_json(batch.units[unit].path / OWN) or {}
    if value.get("at"):
        return _claim(str(value["at"]), value)
    there = look(batch, unit)
    if who := _noted(batch, unit, there.at):
        raise _not_ours(batch, unit, who)
    return there


def is_let_go(batch: Batch, unit: str) -> bool:
    """Whether this clone let go of the unit, which it does with one that is dropped."""
    return bool((read_json(batch.units[unit].path / OWN) or {}).get("let_go"))


def taken_by(batch: Batch, unit: str) -> str:
    """Who has taken the unit over, as the last look found it; nothing where it is this clone's."""
    return str((read_json(batch.units[unit].path / OWN) or {}).get("taken_by", ""))


def look_again(batch: Batch, unit: str, at: str) -> str:
    """Note whose claim it is that the remote has at `at`, for whoever asks without a network; who, if not ours.

    One that this clone left there and that is gone is somebody's doing: whoever took it over, and is done with it.
    """
    with _alone(batch, unit):
        return _noted(batch, unit, at)


def _noted(batch: Batch, unit: str, at: str) -> str:
    left = read_json(batch.units[unit].path / OWN) or {}
    taken_by = "" if at == left.get("at") else _taken_by(batch, read(batch, unit, at))
    if taken_by != left.get("taken_by", ""):
        write_json(batch.units[unit].path / OWN, {**left, "taken_by": taken_by})
    return taken_by


def _taken_by(batch: Batch, claim: Claim) -> str:
    if not claim.at:
        return f"somebody who is done with it: `waves recover {batch.plan.batch}` says what became of it"
    return "" if claim.is_of(batch) else claim.who


def refuse_taken(batch: Batch, unit: str) -> None:
    """Look whose the unit is, before something is done that cannot be undone; raises HeldError where not ours."""
    at = git.remote_refs(batch.repository, ref(batch, unit)).get(ref(batch, unit), "")
    if who := look_again(batch, unit, at):
        raise _not_ours(batch, unit, who)


def _not_ours(batch: Batch, unit: str, who: str) -> HeldError:
    batch.forget_claim(unit)
    return HeldError("waiting", f"taken over by {who}: nothing more is done for it here", person=True)


# ---- writing


def take(batch: Batch, unit: str, start: str, branch: Mapping[str, tuple[str, str]] = NOTHING) -> dict[str, str]:
    """Claim the unit, and move `branch` in the same push; what the remote has, where the claim is this clone's already.

    Raises HeldError where somebody else has the unit, or this clone has lost what it did for it.
    """
    with _alone(batch, unit):
        return _taken(batch, unit, start, branch)


def _taken(batch: Batch, unit: str, start: str, branch: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    if _write(batch, unit, start, branch, _present(batch, unit, Claim(since=_now()))):
        return {}
    there = git.remote_refs(batch.repository, ref(batch, unit), *branch)
    claim = read(batch, unit, there.get(ref(batch, unit), ""))
    if claim.unknown:
        raise HeldError("waiting", claim.unknown, person=True)
    if not claim.at:
        names = ", ".join(name.removeprefix("refs/heads/") for name in branch)
        raise HeldError("waiting", f"branch {names} exists on the remote and no batch claimed it: "
                                   "delete it there, or adopt it with `branch:` in the plan")  # fmt: skip
    again = f"`waves recover {batch.plan.batch}"
    if not claim.is_of(batch):
        raise HeldError("waiting", f"claimed by {claim.who}: the unit is theirs until they drop it; "
                                   f"{again} --take-over` if that clone is lost")  # fmt: skip
    if claim.holds_records:
        raise HeldError("waiting", f"its records are gone from here; {again}` brings them back from its claim",
                        person=True)  # fmt: skip
    _remember(batch, unit, claim)
    return there


def push(batch: Batch, unit: str, newest: str, moves: Mapping[str, tuple[str, str]] = NOTHING) -> bool:
    """Bring the claim up to date and move refs of the remote, all or none; False: one of `moves` is elsewhere.

    `newest` is the newest commit made for the unit. Raises HeldError where somebody took the unit over.
    """
    with _alone(batch, unit):
        left = _left(batch, unit)
        while not _write(batch, unit, newest, moves, _present(batch, unit, left)):
            there = look(batch, unit)
            if there.at == left.at:
                return False
            if who := _noted(batch, unit, there.at):
                raise _not_ours(batch, unit, who)
            left = there  # written by this clone, and not remembered
        return True


def put_back(batch: Batch, unit: str, newest: str) -> bool:
    """Claim a unit once more whose claim is gone; False: somebody was quicker."""
    with _alone(batch, unit):
        return _write(batch, unit, newest, NOTHING, _present(batch, unit, Claim()))


def take_over(batch: Batch, unit: str, claim: Claim) -> bool:
    """Make another clone's claim this one's, with what it holds; False: it has changed meanwhile."""
    newest = git.resolve(batch.repository, f"{claim.at}^") or batch.base_head
    with _alone(batch, unit):
        return _write(batch, unit, newest, NOTHING, replace(claim, since=_now()))


def undo(batch: Batch, unit: str, branch: Mapping[str, str]) -> None:
    """Take back a claim that should not have been made, with the branch (ref to commit) that was made with it."""
    with _alone(batch, unit), contextlib.suppress(GitError):  # what stays is looked at again by the next `doit`
        there = look(batch, unit)
        moves = {ref(batch, unit): ("", there.at)} | {name: ("", at) for name, at in branch.items()}
        if there.at and there.is_of(batch) and git.push_refs(batch.repository, moves):
            (batch.units[unit].path / OWN).unlink(missing_ok=True)


def release(batch: Batch, unit: str) -> None:
    """Let go of a unit that is not done here any more; one that was taken over meanwhile stays where it is."""
    if not (batch.units[unit].path / OWN).exists() or is_let_go(batch, unit):
        return
    with _alone(batch, unit), contextlib.suppress(GitError):  # the next `doit` tries again
        there = look(batch, unit)
        if (
            not there.at
            or not there.is_of(batch)
            or git.push_refs(batch.repository, {ref(batch, unit): ("", there.at)})
        ):
            _forget(batch, unit)


def _write(batch: Batch, unit: str, newest: str, moves: Mapping[str, tuple[str, str]], claim: Claim) -> bool:
    """Put this clone's claim in the place of the one at `claim.at`, and move other refs in the same push."""
    value = {
        **_self(batch), "format": FORMAT, "batch": batch.plan.batch, "since": claim.since or _now(),
        "files": dict(claim.files), "refs": dict(claim.refs),
    }  # fmt: skip
    parents = list(dict.fromkeys([newest, *claim.refs.values()]))
    text = inert.json_text(json.dumps(value, indent=1, sort_keys=True))
    at = git.commit_tree(batch.repository, f"{newest}^{{tree}}", parents, text)
    if not git.push_refs(batch.repository, {**moves, ref(batch, unit): (at, claim.at)}):
        return False
    _remember(batch, unit, replace(claim, at=at, since=str(value["since"])))
    return True


def remember(batch: Batch, unit: str, claim: Claim) -> None:
    """Write down where this clone left the claim, and what it holds."""
    with _alone(batch, unit):
        _remember(batch, unit, claim)


def _remember(batch: Batch, unit: str, claim: Claim) -> None:
    held = sorted(name for name in claim.files if name.startswith("records/"))
    given = rulings.from_lines(claim.files.get(rulings.NAME, ""))
    value = {"at": claim.at, "since": claim.since, "records": held, "rulings": [one.id for one in given]}
    write_json(batch.units[unit].path / OWN, {"format": FORMAT} | value)


def forget(batch: Batch, unit: str) -> None:
    """It was let go of: that the remote has none is as it should be."""
    with _alone(batch, unit):
        _forget(batch, unit)


def _forget(batch: Batch, unit: str) -> None:
    write_json(batch.units[unit].path / OWN, {"format": FORMAT, "at": "", "let_go": True})


def is_behind(batch: Batch, unit: str, step: str = "") -> bool:
    """Whether the claim lacks a ruling, or the record of a step that was paid for: the push may have failed."""
    value = read_json(batch.units[unit].path / OWN) or {}
    given = [one.id for one in batch.given.entries if one.unit == unit]
    lacks_record = step and f"records/{file_stem(step)}.json" not in words(value, "records")
    return bool(lacks_record) or given != words(value, "rulings")


def _present(batch: Batch, unit: str, claim: Claim) -> Claim:
    """The claim with all that is known of the unit now, and may be known."""
    below, folder = kept(batch, unit), batch.units[unit]
    pushed = {record.result.get("head") for step, record in folder.records.items() if step.startswith(PUBLISHING)}
    refs = {name.removeprefix(below): at for name, at in git.refs(batch.repository, below).items() if at in pushed}
    texts = _files(folder.path)
    if given := [one for one in batch.given.entries if one.unit == unit]:
        texts[rulings.NAME] = rulings.to_lines(given)
    return replace(claim, files={name: batch.scrub(text) for name, text in texts.items()}, refs=refs)


def _files(folder: Path) -> dict[str, str]:
    """What of a unit's folder is kept: small texts, and no log of an agent, which may hold anything."""
    paths = [path for pattern in KEPT for path in folder.glob(pattern) if path.name != OWN]
    judged = (path.parent for path in folder.glob("runs/*/judged.json"))
    paths += [path for run in judged for name in OF_A_RUN if (path := run / name).exists()]
    texts = ((path.relative_to(folder).as_posix(), path.read_bytes()) for path in sorted(paths) if path.is_file())
    return {name: data.decode("utf-8", "surrogateescape") for name, data in texts}

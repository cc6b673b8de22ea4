"""Hold a plan's content filters against the attributes, and move the objects of git-lfs with a unit's branch."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from waves import git
from waves.foundation import locks, process
from waves.foundation.records import read_json, write_json
from waves.foundation.shapes import rows
from waves.git import Repository, attributes, filters, lfs, lfs_transfer
from waves.git.attributes import FilterRequest
from waves.git.filters import PARTS, FilterDriver
from waves.git.hardened import said_of
from waves.git.lfs_transfer import Exchange

if TYPE_CHECKING:
    from waves.batch.batch import Batch

PINNED = "lfs.json"  # in the batch's folder: where objects go, from before its first agent
PROGRAM = re.compile(r"[A-Za-z0-9_./+~ -]+")
NAMED = 3  # files named in one line


def objections(repository: Repository, base: str, allowed: Sequence[str] | None) -> dict[str, str]:
    """What keeps a plan from being dispatched, for each filter that the attributes of its base ask for."""
    requests: dict[str, FilterRequest] = {}
    for one in attributes.asked(repository, base):
        requests.setdefault(one.filter, one)
    said = said_of(repository)
    own, planted = filters.drivers(said), filters.drivers(said, filters.THE_REPOSITORYS)
    found = {name: undecided(one, allowed) or _unusable(one, allowed, own, planted) for name, one in requests.items()}
    return {name: words for name, words in found.items() if words}


def objections_to(batch: Batch) -> tuple[str, ...]:
    return tuple(objections(batch.repository, batch.base_head, batch.plan.setup.filters).values())


def undecided(request: FilterRequest, allowed: Sequence[str] | None) -> str:
    """What a person has to decide about a filter; nothing where the plan names it, or allows none at all."""
    if allowed is not None and (not allowed or request.filter in allowed):
        return ""
    names = ", ".join([*(allowed or ()), request.filter])
    return (
        f"{request.where} asks for the filter '{request.filter}', and the plan does not say whether git may run it: "
        f"write `setup: {{filters: [{names}]}}` to allow it, or `filters: []` to run none"
    )


def _unusable(
    request: FilterRequest, allowed: Sequence[str] | None, own: Mapping[str, FilterDriver],
    planted: Mapping[str, FilterDriver],
) -> str:  # fmt: skip
    """Why an allowed filter can't run as the person's own git would run it."""
    name = request.filter
    if name not in (allowed or ()):
        return ""
    driver, theirs = own.get(name, FilterDriver(name)), planted.get(name, FilterDriver(name))
    if not driver.runs and theirs.runs:
        commands = (f"git config --global {shlex.quote(f'filter.{name}.{part}')} {shlex.quote(value)}"
                    for part in PARTS if (value := getattr(theirs, part)))  # fmt: skip
        return (f"the filter '{name}' is defined in the settings of this repository alone, which an agent could "
                f"change: `{' && '.join(commands)}`")  # fmt: skip
    if not driver.runs:
        how = "git lfs install" if name == filters.LFS else f"git config --global filter.{name}.clean COMMAND"
        return f"{request.where} asks for the filter '{name}', which your git does not have: `{how}`"
    if theirs.process and not driver.process:
        return (f"filter.{name}.process is set in the settings of this repository alone, which an agent could change: "
                f"`git config --local --unset filter.{name}.process`")  # fmt: skip
    if gone := [word for word in driver.programs if not _can_be_run(word)]:
        return f"{request.where} asks for the filter '{name}', and its program {gone[0]} is not installed: install it"
    return ""


def _can_be_run(word: str) -> bool:
    """Whether a shell finds the program, or has it built in; anything but a plain name is left to the shell."""
    known = ["sh", "-c", 'command -v "$1" > /dev/null', "sh", word]
    return not PROGRAM.fullmatch(word) or process.run(known, env=process.clean_environment()).code == 0


def allowed_and_asked(batch: Batch, commit: str) -> bool:
    """Whether git-lfs has anything to do for a commit."""
    return filters.LFS in batch.repository.filters and any(
        one.filter == filters.LFS for one in attributes.asked(batch.repository, commit)
    )


def unfit(batch: Batch, head: str | None, *published: str) -> str | None:
    """What is wrong with the files that a writer committed: nobody could check them out as they were meant."""
    if head is None:
        return None
    repository, base = batch.repository, batch.base_head
    known = {one.filter for one in attributes.asked(repository, base)} | set(repository.filters)
    for one in attributes.asked_in(repository, head):
        if one.filter not in known:
            return (f"{one.where} asks for the filter '{one.filter}', which `setup.filters` of the plan does not "
                    "allow: leave that out")  # fmt: skip
    if stored := _stored_as_is(batch, base, head):
        return stored
    if filters.LFS not in repository.filters or not (gone := lfs.missing(repository, head, [base, *published])):
        return None
    named = ", ".join(f"{one.path} ({one.oid[:12]})" for one in gone[:NAMED])
    return f"it committed LFS pointers without their objects: {named}; add the files themselves"


def _stored_as_is(batch: Batch, base: str, head: str) -> str | None:
    """Which new content did not go through its filter: an encrypted file would be published in the clear."""
    repository = batch.repository
    changed = git.changes(repository, base, head)
    before = {one.old for one in changed}
    new = {one.path: one.new for one in changed if one.kind in ("file", "executable") and one.new not in before}
    asked = attributes.filters_of(repository, head, list(new)) if _any_filter(repository, head) else {}
    if other := sorted(path for path, name in asked.items() if name not in repository.filters):
        return (f"{', '.join(other[:NAMED])}: the filter '{asked[other[0]]}' is for such files, and `setup.filters` of "
                "the plan does not allow it: leave them as they are")  # fmt: skip
    large = [path for path, name in asked.items() if name == filters.LFS]
    if raw := sorted(lfs.not_pointers(repository, {path: new[path] for path in large})):
        return f"{', '.join(raw[:NAMED])}: committed as it is, and not by git-lfs: `git add --renormalize` it"
    return None


def _any_filter(repository: Repository, commit: str) -> bool:
    """Whether any attribute asks for a filter: most repositories have none."""
    return bool(attributes.asked(repository, commit))


# ---- objects of git-lfs


def bring(batch: Batch, remote: str, *commits: str) -> None:
    """Have the objects here that a checkout of these commits needs; raises WavesError."""
    wanted = [one for one in dict.fromkeys(commits) if allowed_and_asked(batch, one)]
    if not wanted:
        return
    with locks.waiting(batch.repository.common_dir / "waves-lfs.lock"):
        lfs.mark(batch.repository)
        lfs_transfer.download(_exchange(batch, remote), *wanted)


def send(batch: Batch, remote: str, head: str, branch: str) -> None:
    """Have the objects on the remote that `head` adds to the base; raises WavesError."""
    if allowed_and_asked(batch, head):
        lfs_transfer.upload(_exchange(batch, remote), head, branch)


def publish(batch: Batch, remote: str, head: str, branch: str) -> None:
    """Have the objects of a head that is about to be merged on `origin`, whoever pushed it, and from wherever."""
    bring(batch, remote, head)
    send(batch, "origin", head, branch)


def _exchange(batch: Batch, remote: str) -> Exchange:
    return Exchange(batch.repository, batch.base_head, _pinned(batch), remote)


def _pinned(batch: Batch) -> list[tuple[str, str]]:
    """The repository's settings about objects, as they were before the batch's first agent could change them."""
    path = batch.folder / PINNED
    if not path.exists() and not any(batch.folder.glob("*/runs/*")):
        now = lfs_transfer.settings_now(batch.repository)
        write_json(path, {"settings": [{"key": key, "value": value} for key, value in now]})
    return [(str(one.get("key")), str(one.get("value"))) for one in rows(read_json(path), "settings")]

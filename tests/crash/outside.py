"""The oracle: whether a batch came to its one right end, seen from the outside; no record of Waves is believed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator

from batches import Batch
from crashing import asked_of
from loop_world import NOTHING_AMISS, World


def amiss(world: World, batch: Batch) -> list[str]:
    """Everything that is not as it must be at the end of a batch; nothing when all is well."""
    found = [*_forge(world, batch), *_paid(world, batch), *_git(world, batch)]
    if (audit := world.audit()) != NOTHING_AMISS:
        found.append(f"the audit: {audit}")
    return found


def _forge(world: World, batch: Batch) -> list[str]:
    pulls = [json.loads(path.read_text()) for path in (world.forge / "pulls").glob("*.json")]
    found = [f"pull request {one['number']} is {one['state']}" for one in pulls if one["state"] != "merged"]
    if sorted(one["branch"] for one in pulls) != sorted(f"feat/{unit}" for unit in batch.units):
        found.append(f"pull requests of {sorted(one['branch'] for one in pulls)}")
    for one in pulls:
        folder = world.forge / "comments" / str(one["number"])
        markers = Counter(json.loads(path.read_text())["marker"] for path in folder.glob("*.json"))
        found += [f"{count} comments {marker}" for marker, count in markers.items() if count > 1]
        if not any("cycle-" in marker for marker in markers):
            found.append(f"pull request {one['number']} has no summary comment")
    merges = Counter(re.search(r"\(#(\d+)\)$", subject)[1] for subject in world.merged())  # type: ignore[index]
    if merges != Counter(str(one["number"]) for one in pulls):
        found.append(f"merges: {dict(merges)}")
    return found


def _paid(world: World, batch: Batch) -> list[str]:
    """No agent is asked a second time for what one was asked for, but where it or its parent was killed."""
    asked = Counter(line.rpartition(" ")[0] for line in world.paid())
    allowed = Counter(asked.keys()) + Counter(batch.killed) + Counter(batch.lost) + Counter(_cut_off(world))
    return [f"{count} runs of {name}" for name, count in asked.items() if count > allowed[name]]


def _cut_off(world: World) -> Iterator[str]:
    """Role, unit and cycle of the runs that were killed with their parents: nobody wrote down how they ended."""
    for run in (world.checkout / ".waves").glob("*/*/runs/*-*-*"):
        if (run / "started.json").exists() and not (run / "exit.json").exists():
            yield asked_of(run)


def _git(world: World, batch: Batch) -> list[str]:
    found = []
    if world.tree() != batch.tree:
        found.append(f"the tree is {world.tree()}, not {batch.tree}")
    for where in (world.origin, world.checkout):
        found += [f"branch left in {where.name}: {one}" for one in world.branches(at=where) if one != "main"]
    # What a killed agent had not committed is moved to `left`, and stays there for whoever wants it.
    if left := [one for one in world.worktrees() if one != "left"]:
        found.append(f"worktrees left: {left}")
    if claims := world.git("for-each-ref", "refs/waves", at=world.origin):
        found.append(f"claims left: {claims}")
    if broken := world.git("fsck", "--strict", "--no-dangling", check=False):
        found.append(f"fsck: {broken}")
    made: set[str] = set()
    for path in (world.checkout / ".waves").glob("*/*/runs/*/made.json"):
        value = json.loads(path.read_text())
        if path.parent.name == "recovered":  # merged before everything local was lost: what was merged is there
            made.add(value["head"])
        elif (path.parent / "exit.json").exists():  # else it was lost, and what of it was not published with it
            made |= set(value["commits"])
    reachable = set(world.git("rev-list", "--all").splitlines())
    found += [f"commit {one} is reachable from nothing" for one in made - reachable]
    return found

"""Proves, criterion by criterion, that a batch is done; it looks at the forge and at git, and changes neither."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from waves import git
from waves.batch import base_commits, kept, merge_result
from waves.batch.batch import Batch
from waves.forges import Pull
from waves.foundation.errors import WavesError
from waves.foundation.records import Json, Record, digest, made_by_runs, read_json, write_json
from waves.foundation.shapes import fits, rows
from waves.git import inherited
from waves.plan.model import Unit

CRITERIA = {
    "accounted": "every issue not skipped has an open or merged pull request, or was handed to a person",
    "approved": "every pull request was reviewed `approved` at its present or merged head, read-only",
    "as-reviewed": "every merge is the one that Waves makes of the base and the reviewed head",
    "commented": "every pull request has at least one summary comment",
    "cleaned": "every worktree of a merged branch is gone",
    "made-by-runs": "every commit on every branch was made inside a recorded agent run",
    "base": "every commit on the base since dispatch is a reviewed merge, a merged pull request, or accepted",
}
HANDED_OVER = ("escalated", "dropped", "closed")


@dataclass(frozen=True, slots=True)
class Evidence:
    criterion: str
    unit: str
    ok: bool
    text: str


def audit(batch: Batch) -> tuple[Evidence, ...]:
    """All evidence, in the order of the criteria."""
    found: list[Evidence] = []
    pulls = _pulls(batch)
    for unit in batch.plan.units:
        records = batch.units[unit.name].records
        try:
            number = _number(records)
            pull = (pulls.get(number) or batch.forge.pull(number)) if number else None
            found += _unit(batch, unit, records, pull)
        except WavesError as error:
            found.append(Evidence("accounted", unit.name, False, f"could not be looked at: {error}"))
    found += _base(batch)
    return tuple(sorted(found, key=lambda one: list(CRITERIA).index(one.criterion)))


def _pulls(batch: Batch) -> Mapping[int, Pull]:
    """All pull requests in one look; none where that fails: each is then looked at by itself, and has its own error."""
    numbers = [number for folder in batch.units.values() if (number := _number(folder.records))]
    with contextlib.suppress(WavesError):
        return batch.forge.pulls(numbers) if numbers else {}
    return {}


def _number(records: Mapping[str, Record]) -> int:
    """Of the unit's pull request; 0 where it has none yet."""
    return int(records["pr"].result["number"]) if "pr" in records else 0


def _unit(batch: Batch, unit: Unit, records: dict[str, Record] | object, pull: Pull | None) -> Iterator[Evidence]:
    assert isinstance(records, dict)
    yield _accounted(batch, unit, pull)
    if pull is None:
        return
    head = next((str(one.result["head"]) for one in records.values() if one.result.get("merged")), pull.head)
    yield _approved(batch, unit, records, pull, head)
    if pull.state == "merged":
        yield _as_reviewed(batch, unit, pull, head)
    comments = [marker for marker, _ in batch.forge.comments(pull.number) if "/cycle-" in marker]
    said = f"#{pull.number} has {len(comments)} of them" if comments else f"#{pull.number} has none"
    yield Evidence("commented", unit.name, bool(comments), said)
    if pull.state == "merged":
        path = batch.worktree_path(unit)
        yield Evidence(
            "cleaned", unit.name, not path.exists(), f"{path.name} is {'there' if path.exists() else 'gone'}"
        )
    for one in kept.of(batch, unit.name):
        yield Evidence("cleaned", unit.name, True, f"kept: {one.what}: {one.where}")
    yield from _made_by_runs(batch, unit, pull, head)


def _base(batch: Batch) -> Iterator[Evidence]:
    """What reached the base beside the merges of this batch, whoever pushed it."""
    base = batch.plan.base
    try:
        batch.fetch()
        strange = base_commits.look(batch)
        for name in base_commits.gone(batch):
            yield Evidence("base", base, False, f"the merge of {name} is not in {base} any more: somebody rewrote it")
    except WavesError as error:
        yield Evidence("base", base, False, f"could not be looked at: {error}")
        return
    pulls, accepted = base_commits.other_pulls(batch, strange), base_commits.accepted(batch)
    for one in strange:
        ok = one.commit in pulls or one.commit in accepted
        reason = f"pull request #{pulls[one.commit]}" if one.commit in pulls else accepted.get(one.commit, "")
        yield Evidence("base", base, ok, f"{one.words(base)}: {reason or one.advice}")
    if not strange:
        yield Evidence("base", base, True, "nothing but merges of this batch since dispatch")


def _accounted(batch: Batch, unit: Unit, pull: Pull | None) -> Evidence:
    issues = ", ".join(f"#{number}" for number in unit.issues)
    if pull is not None and pull.state in ("open", "merged"):
        return Evidence("accounted", unit.name, True, f"{issues}: pull request #{pull.number} is {pull.state}")
    outcome = batch.outcome(unit.name)
    handed = outcome.state in HANDED_OVER
    return Evidence("accounted", unit.name, handed, f"{issues}: {outcome.state}: {outcome.reason}")


def _approved(batch: Batch, unit: Unit, records: dict[str, Record], pull: Pull, head: str) -> Evidence:
    for record in records.values():
        review = records.get(record.step.replace("decide@", "review@"))
        merge = record.step.startswith("decide@") and record.result.get("decision") == "merge"
        if not (merge and review and record.result.get("head") == review.result.get("head")):
            continue
        since = _merged_into_since(batch, head, str(review.result["head"]))
        if since is not None:
            strikes = f", {review.result['voided']} voided" if review.result.get("voided") else ""
            strikes += f"; then the base was merged in, and nothing else: {', '.join(since)}" if since else ""
            text = (
                f"#{pull.number} {head[:8]}: approved in {review.step}, nothing was written{strikes}; {_paths(review)}"
            )
            return Evidence("approved", unit.name, True, text)
    return Evidence("approved", unit.name, False, f"#{pull.number}: no approved review of {head[:8]}")


def _as_reviewed(batch: Batch, unit: Unit, pull: Pull, head: str) -> Evidence:
    gone = [one[:8] or "its head" for one in (head, pull.merge_commit) if git.resolve(batch.repository, one) is None]
    if gone:
        return Evidence("as-reviewed", unit.name, False, f"{' and '.join(gone)} is not in this repository any more")
    differs = merge_result.difference(batch.repository, pull.merge_commit, head)
    said = differs or f"is Waves' own merge of {head[:8]}"
    return Evidence("as-reviewed", unit.name, not differs, f"#{pull.number} {pull.merge_commit[:8]}: {said}")


def _paths(review: Record) -> str:
    """What the review says that it covers; the first version of its contract did not ask."""
    if "paths" not in review.result:
        return "paths reviewed: not recorded"
    by_name = f", {review.result['by_name']} named by the reviewer" if review.result.get("by_name") else ""
    return f"paths reviewed: all {review.result['paths']}{by_name}"


def _merged_into_since(batch: Batch, head: str, reviewed: str) -> tuple[str, ...] | None:
    """The merges of the base that a head has beyond a reviewed one, each made again here; None: it has more."""
    if head == reviewed:
        return ()
    if any(git.resolve(batch.repository, one) is None for one in (head, reviewed)):
        return None
    found = inherited.merges(batch.repository, head, reviewed, batch.base_head)
    return None if found is None else tuple(one[:8] for one in found)


def _made_by_runs(batch: Batch, unit: Unit, pull: Pull, head: str) -> Iterator[Evidence]:
    repository = batch.repository
    if not head or git.resolve(repository, head) is None:
        yield Evidence(
            "made-by-runs", unit.name, False, f"{head[:8] or 'the branch'} is not in this repository any more"
        )
        return
    base = git.resolve(repository, f"{pull.merge_commit}^1") if pull.merge_commit else batch.base_head
    fork = git.merge_base(repository, head, base or batch.base_head)
    commits = git.commits(repository, [head], [one for one in (fork, base) if one])
    folder = batch.units[unit.name].path
    ids, patches = made_by_runs(folder)
    strange = [one for one in commits if one not in ids]
    if strange:
        known = git.patch_ids(repository, strange)
        strange = [one for one in strange if known.get(one) not in patches]
    strange = [one for one in strange if not _merges_the_base(batch, one)]
    adopted = _adopted_commits(batch, unit, strange)
    for commit in strange:
        subject = git.message(repository, commit).partition("\n")[0]
        if commit not in adopted:
            yield Evidence("made-by-runs", unit.name, False, f"{commit[:8]} “{subject}” was made by no recorded run")
    if set(strange) <= adopted:
        also = f", {len(strange)} adopted with the pull request" if strange else ""
        by = "".join(f"; {one}" for one in _runs_and_threads(folder))
        made = len(commits) - len(strange)
        text = f"{made} commit{'' if made == 1 else 's'}, each of a run{also}{by}"
        yield Evidence("made-by-runs", unit.name, True, text)


def _runs_and_threads(folder: Path) -> Iterator[str]:
    """The runs that made commits, with the agent's own thread and its record of that, where it keeps one."""
    for path in sorted(folder.glob("runs/*/made.json")):
        made = read_json(path) or {}
        if made.get("commits"):
            thread = f" in thread {made['thread']}" if made.get("thread") else ""
            kept = f", kept as {made['transcript']}" if made.get("transcript") else ""
            yield f"{path.parent.name}{thread}{kept}"


def _merges_the_base(batch: Batch, commit: str) -> bool:
    """Whether a commit is what git makes of its two parents, the second of which is in the base: nobody's work."""
    parents = git.clean_merge(batch.repository, commit)
    return parents is not None and git.is_ancestor(batch.repository, parents[1], batch.base_head)


def _adopted_commits(batch: Batch, unit: Unit, commits: list[str]) -> set[str]:
    """What was on an adopted branch when Waves took it over."""
    record = batch.units[unit.name].records.get("worktree")
    if not unit.adopted or record is None:
        return set()
    taken = str(record.result["head"])
    return {one for one in commits if git.is_ancestor(batch.repository, one, taken)}


# ---- audit.json


def write(batch: Batch) -> tuple[Evidence, ...]:
    evidence = audit(batch)
    write_json(batch.folder / "audit.json", to_json(batch, evidence))
    return evidence


def to_json(batch: Batch, evidence: tuple[Evidence, ...]) -> Json:
    """The stable form of `waves audit --json`; see docs/json.md."""
    return {
        "batch": batch.plan.batch,
        "ok": all(one.ok for one in evidence),
        "states": [{"state": state, "units": count} for state, count in sorted(_states(batch).items())],
        "criteria": [
            {"criterion": name, "means": means, "ok": all(one.ok for one in evidence if one.criterion == name),
             "evidence": [asdict(one) for one in evidence if one.criterion == name]}
            for name, means in CRITERIA.items()
        ],
        "key": _key(batch),
        "time": time.time(),
    }  # fmt: skip


def _states(batch: Batch) -> Counter[str]:
    return Counter(batch.outcome(unit.name).state for unit in batch.plan.units)


def is_current(batch: Batch) -> bool:
    """Whether audit.json was made from the very records that the units have now."""
    value = written(batch)
    return value is not None and value["key"] == _key(batch)


def written(batch: Batch) -> Json | None:
    """What audit.json holds; None where it was never made, or a person made something else of it."""
    value = read_json(batch.folder / "audit.json")
    if value is None or not fits(value, {"criteria": list, "key": str}):
        return None
    whole = _all_fit(value, "criteria", {"means": str, "ok": bool, "evidence": list})
    shown = {"unit": str, "ok": bool, "text": str}
    return value if whole and all(_all_fit(one, "evidence", shown) for one in value["criteria"]) else None


def _all_fit(value: Json, key: str, shape: Mapping[str, type]) -> bool:
    found = rows(value, key)
    return len(found) == len(value[key]) and all(fits(one, shape) for one in found)


def _key(batch: Batch) -> str:
    return digest({unit.name: _moment(batch, unit.name) for unit in batch.plan.units})


def _moment(batch: Batch, unit: str) -> object:
    """What changes whenever a record of the unit does; a unit at its end needs no more than one file read."""
    if final := batch.final(unit):
        return final["time"]
    folder = batch.units[unit]
    return [{name: one.ended for name, one in folder.records.items()}, sorted(folder.troubles)]

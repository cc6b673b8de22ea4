"""Brings a unit's records back: from its claim, or from its merged pull request; it starts nothing."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from waves import git, lifecycle
from waves.agents.guard import plainfiles
from waves.batch import proof, rulings
from waves.batch.batch import Batch, step_of
from waves.batch.claim import OWN, Claim, kept
from waves.batch.proof import Proof
from waves.forges import Pull
from waves.foundation.errors import GitError
from waves.foundation.records import (
    Json,
    Record,
    digest,
    file_stem,
    plain_data,
    to_json,
    write_json,
    write_text,
    written,
)
from waves.lifecycle import Facts
from waves.plan.model import Unit

Files = dict[str, str]  # path in the unit's folder to text

NOT_FILES = (OWN, rulings.NAME)  # of the unit's folder
OURS = re.compile(r"((records|troubles|templates)/|runs/[a-z]+-\w+-[0-9]+/)?\w[\w@.-]*", re.ASCII)
LAST = "records/worktree.json"  # written last: with it the unit counts as brought back
LOST = "This log was on the machine that the records were lost on.\n"
WITH_PATHS = ("prompt.md", "worktree.json", LAST)


# ---- from the claim


def restore(batch: Batch, unit: Unit, claim: Claim, head: str) -> Path | None:
    """Write down here what the claim holds; `head` is where the unit's branch is on the remote.

    Where the worktree went, as `set_aside` says.
    """
    take_rulings(batch, unit, claim)
    files = {name: text for name, text in claim.files.items() if OURS.fullmatch(name) and name not in NOT_FILES}
    files = with_outputs(moved(files, batch.checkout))
    facts = Facts(
        unit, batch.plan.policy, _records(files), parts=lifecycle.unit_parts(batch.plan, unit),
        rulings=batch.rulings(unit.name),
    )  # fmt: skip
    files |= _opening(facts) | correction(files, facts, head)
    for name, commit in claim.refs.items():
        _keep(batch, unit, name, commit)
    folder = batch.units[unit.name]
    for path in folder.path.glob("troubles/*.json"):
        if path.relative_to(folder.path).as_posix() not in files:
            path.unlink()  # of a `doit` that missed the records
    for name in sorted(files, key=lambda one: (one == LAST, one)):
        write_text(folder.path / name, files[name])
    folder.forget_cache()
    return set_aside(batch, unit, branch_of(claim), _newest_head(_records(files)))


def take_rulings(batch: Batch, unit: Unit, claim: Claim) -> int:
    """Add to the rulings here those on the unit that the claim holds; how many those are."""
    before = len(batch.given.entries)
    given = [one for one in rulings.from_lines(claim.files.get(rulings.NAME, "")) if one.unit == unit.name]
    batch.given.append(given)
    return len(batch.given.entries) - before


def is_sound(claim: Claim, unit: Unit) -> bool:
    """Whether the record that all others build on is one of this unit: who may push can write anything into a claim."""
    first = written(Record, _json(claim.files.get(LAST, "")))
    result = first.result if first is not None and first.step == "worktree" else {}
    own = unit.adopted or result.get("branch") == unit.branch == branch_of(claim)
    return own and isinstance(result.get("head"), str) and Path(str(result.get("path", ""))).is_absolute()


def _newest_head(records: Mapping[str, Record]) -> str:
    moved = [one for one in records.values() if one.step.startswith(("implement", "pr", "correct@"))]
    last = max((one for one in moved if one.result.get("head")), key=lambda one: one.ended, default=records["worktree"])
    return str(last.result["head"])


def set_aside(batch: Batch, unit: Unit, branch: str, head: str) -> Path | None:
    """Take the unit's branch here to `head`, where it is known to have been; what it had besides is kept under a ref.

    Where its worktree went, which is made anew: it may hold what is nowhere else.
    """
    there = git.resolve(batch.repository, f"refs/heads/{branch}")
    if there in (None, head) or not head:
        return None
    _keep(batch, unit, f"before-recovery-{there[:12]}", there)
    path, left = batch.worktree_path(unit), None
    if path.exists():
        left = plainfiles.move_out(path.parent, path.name, path.parent / "left")
    git.update_ref(batch.repository, f"refs/heads/{branch}", head, there)
    return left


def _keep(batch: Batch, unit: Unit, name: str, commit: str) -> None:
    """Keep a commit under a ref of the unit's, unless that keeps one already."""
    ref = f"{kept(batch, unit.name)}{name}"
    if git.resolve(batch.repository, ref) is None:
        git.update_ref(batch.repository, ref, commit, git.ZERO)


def branch_of(claim: Claim) -> str:
    return str(_json(claim.files.get("worktree.json", "")).get("branch", ""))


def moved(files: Files, checkout: Path) -> Files:
    """The files with the paths of this checkout in the place of those of the one that they were written in."""
    path = str(_json(files.get("worktree.json", "")).get("path", ""))
    old, new = str(Path(path).parent.parent), str(checkout)
    if not path or old == new:
        return files
    found = {name: text.replace(old, new) if name in WITH_PATHS else text for name, text in files.items()}
    digests = {_digest(files[name]): _digest(found[name]) for name in WITH_PATHS if name in files}
    for name in _named(found):
        for before, now in digests.items():
            found[name] = found[name].replace(before, now)
    return found


def with_outputs(files: Files) -> Files:
    """The files with a word in the place of every output that is lost, so that no step is asked for again for that."""
    found = dict(files)
    for name in _named(files):
        value = _json(files[name])
        outputs = value.get("outputs")
        lost = [one for one in outputs if one not in files and OURS.fullmatch(one)] if isinstance(outputs, dict) else []
        found |= dict.fromkeys(lost, LOST)
        if lost and isinstance(outputs, dict):
            found[name] = to_json({**value, "outputs": {**outputs, **dict.fromkeys(lost, _digest(LOST))}})
    return found


def _opening(facts: Facts) -> Files:
    """So that `pr` knows the pull request of this head for its own, though it may be closed or merged by now."""
    head = facts.records["implement"].result.get("head") if "implement" in facts.records else None
    return {"opening.json": to_json({"head": head})} if head and "pr" not in facts.records else {}


def correction(files: Files, facts: Facts, head: str) -> Files:
    """The record of a correction that was pushed, as the claim says, and whose end nobody wrote down any more."""
    due = next((name for name, verdict in lifecycle.survey(facts).items() if verdict.kind == lifecycle.RUN), "")
    step = step_of(due)
    if step.kind != "correct":
        return {}
    for name in sorted(files, reverse=True):
        found = re.fullmatch(rf"runs/(corrector-{step.at}-[0-9]+)/made\.json", name)
        made = _json(files[name]) if found else {}
        if found and made.get("head") == head:
            about = _json(files.get(f"runs/{found[1]}/about.json", ""))
            result = {
                "run": found[1], "head": head, "commits": made.get("commits", []), "tokens": None, "flags": [],
                "before": about.get("before"), "answers": lifecycle.asks_for(step, facts),
            }  # fmt: skip
            now = time.time()
            record = Record(due, lifecycle.inputs(step, facts), {}, result, now, now, facts.generation)
            return {f"records/{file_stem(due)}.json": to_json(plain_data(record))}
    return {}


def _named(files: Mapping[str, str]) -> Iterator[str]:
    return (name for name in files if name.startswith("records/"))


def _records(files: Mapping[str, str]) -> dict[str, Record]:
    found = (written(Record, _json(files[name])) for name in _named(files))
    return {record.step: record for record in found if record}


def _json(text: str) -> Json:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _digest(text: str) -> str:
    return digest(text.encode("utf-8", "surrogateescape"))


# ---- from a merged pull request


def proofs(batch: Batch, unit: Unit, pull: Pull) -> list[Proof]:
    """What the comments of Waves on a pull request prove, of this very unit, oldest first."""
    own = f"waves:{batch.plan.batch}/{unit.name}/"
    found = (proof.read(body) for marker, body in batch.forge.comments(pull.number) if marker.startswith(own))
    return [one for one in found if one]


def restore_merged(batch: Batch, unit: Unit, pull: Pull, proven: list[Proof]) -> Path | None:
    """Write down here that the unit is merged, with what was proven of it; the clean-up is left to `doit`.

    Where the worktree went, as `set_aside` says.
    """
    folder = batch.units[unit.name]
    last = proven[-1]
    left = set_aside(batch, unit, pull.branch, pull.head) if _keep_head(batch, unit, pull) else None
    made = {"head": pull.head, "commits": list(last.commits), "patch_ids": list(last.patch_ids)}
    write_json(folder.path / "runs" / "recovered" / "made.json", made)
    landed = {
        "merged": True, "clean": True, "decision": "merged", "head": pull.head, "reviewed": last.head, "updates": [],
        "merge_commit": pull.merge_commit, "number": pull.number,
    }  # fmt: skip
    write_text(folder.path / "merged.json", to_json(landed))
    results: dict[str, Json] = {
        "worktree": {"path": str(batch.worktree_path(unit)), "branch": pull.branch, "head": last.start,
                     "base": last.start, "fork": pull.fork},
        "pr": {"number": pull.number, "url": pull.url, "branch": pull.branch, "head": proven[0].head,
               "files": 0, "lines": 0, "flags": []},
    }  # fmt: skip
    for one in proven:
        if one.cycle != "0":
            results[f"correct@{one.cycle}"] = {"head": one.head, "commits": [], "run": "recovered", "flags": []}
        results[f"review@{one.cycle}"] = {"head": one.head, "verdict": one.verdict, "items": "", "run": "recovered"}
        results[f"decide@{one.cycle}"] = {"head": one.head, "decision": one.decision, "reason": "", "items": {}}
    results["land@0"] = landed
    now = time.time()
    # One after the other, as they were; the first is written last: with it the unit counts as brought back.
    first, *others = (Record(step, {}, {}, result, now, now + at / 1000)
                      for at, (step, result) in enumerate(results.items()))  # fmt: skip
    for record in (*others, first):
        folder.done(record)
    return left


def _keep_head(batch: Batch, unit: Unit, pull: Pull) -> bool:
    """Bring what was merged, as far as the forge still has it, and keep it as the clean-up does; whether it is here."""
    if git.resolve(batch.repository, pull.head) is None:
        with contextlib.suppress(GitError):
            batch.fetch_objects(f"refs/pull/{pull.number}/head")
    if git.resolve(batch.repository, pull.head) is None:
        return False
    _keep(batch, unit, "merged", pull.head)
    return True

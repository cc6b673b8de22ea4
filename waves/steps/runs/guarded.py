"""Keeps an agent to what its role may change: looks before and after, puts back, takes commits in; it never judges."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from waves import git
from waves.agents import Result
from waves.agents import run as runs
from waves.agents.guard import aside, index, plainfiles, quarantine, restore, saved, snapshot, worktrees
from waves.batch import claim, content, kept
from waves.foundation.records import read_json, write_json
from waves.foundation.shapes import words
from waves.foundation.text import shown
from waves.git import given
from waves.steps import worktree as worktree_step
from waves.steps.runs import manifest, overlapping
from waves.steps.work import Work


def kept_refs(work: Work) -> str:
    return claim.kept(work.batch, work.unit.name)


def _own_refs(work: Work) -> tuple[str, ...]:
    """The refs that are this unit's own: its branch, and what Waves keeps of it."""
    return f"refs/heads/{work.branch}", f"{kept_refs(work)}*"


# ---- the worktree


def worktree_at(work: Work, head: str, made: Collection[str]) -> None:
    """See that the unit's worktree is sound and on its branch at `head`, or at what an earlier run `made` of it.

    A branch that was moved by hand is left to its mover.
    """
    current = git.resolve(work.batch.repository, f"refs/heads/{work.branch}")
    if current not in (head, None, *made):
        raise work.escalate(f"branch {work.branch} is at {str(current)[:8]} here, not at {head[:8]}: "
                            "push it, and a new cycle looks at it, or put it back")  # fmt: skip
    if current is None:
        git.update_ref(work.batch.repository, f"refs/heads/{work.branch}", head, git.ZERO)
    _take_back_preparation(work)
    worktree_step.make(work, work.branch)


def _worktree(work: Work) -> git.Repository:
    """The unit's worktree, also where an agent has destroyed so much of it that git does not list it any more."""
    path, common = work.batch.worktree_path(work.unit), work.batch.repository.common_dir
    return git.worktree_of(work.batch.repository, path) or git.Repository(
        common, common / "worktrees" / path.name, path
    )


def _take_back_preparation(work: Work) -> None:
    """Where a kill came between leading the worktree to a run's own git directory and the run, lead it back."""
    found = _worktree(work)
    place = worktrees.pointer(found)
    if place is None or (place.parent / "about.json").exists():
        return
    if place.parent.parent == (work.path / "runs").resolve() and worktrees.damage(found, place) is None:
        worktrees.point_to(found, found.git_dir, place.parent)


def move_to(work: Work, head: str) -> None:
    """Take branch and worktree to a head that a person pushed; what they held before is kept under a ref."""
    repository, branch = work.batch.repository, work.branch
    before = git.resolve(repository, f"refs/heads/{branch}")
    if before == head:
        return
    worktree = work.worktree
    restore.keep(worktree, f"{kept_refs(work)}uncommitted-before-{head[:12]}")
    if before is not None and not git.is_ancestor(repository, before, head):
        kept = f"{kept_refs(work)}before-{head[:12]}"
        if git.resolve(repository, kept) is None:
            git.update_ref(repository, kept, before, git.ZERO)
    content.bring(work.batch, work.remote, head)
    _clear_the_way(work, worktree, before, head)
    git.reset_hard(worktree, head)


def _clear_the_way(work: Work, worktree: git.Repository, before: str | None, head: str) -> None:
    """Move away what stands where a new head has files: git would delete it, a whole repository included.

    Uncommitted files are kept under a ref by now; what is ignored, and repositories, are not.
    """
    assert worktree.work_tree is not None
    tracked = index.entries(worktree) or {}
    wanted = index.tree(work.batch.repository, head)
    known = index.tree(work.batch.repository, before) if before else {}
    modified = set(index.modified(worktree))
    for path, entry in wanted.items():
        if entry[0] == index.GITLINK or (known.get(path) == entry and path not in modified):
            continue
        for place in (*_folders_above(path), path):
            there = plainfiles.look(worktree.work_tree / place, 0).kind
            in_the_way = place == path if there == "folder" else there != "absent" and place not in tracked
            if not in_the_way:
                continue
            if moved := plainfiles.move_out(worktree.work_tree, place, work.path / kept.LEFT):
                work.say(f"flag: {shown(place)} stood in the way of what was pushed; it is now {moved}")


def _folders_above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


# ---- before and after a run


def look_before(work: Work, directory: Path, *, writes: bool) -> tuple[Mapping[str, str], snapshot.Snapshot]:
    """What the agent's environment needs besides, and how things are before a run, written down as well."""
    worktree = _worktree(work)
    extra = {**given.places(), **(quarantine.prepare(worktree, directory) if writes else {})}
    before = _without_what_others_did(work, snapshot.take(worktree, _own_refs(work)))
    saved.save(before, directory / BEFORE)
    return extra, before


def _without_what_others_did(work: Work, taken: snapshot.Snapshot) -> snapshot.Snapshot:
    """With the shared files as they were before the first of the runs that go on: one of them may have planted some."""
    for run in overlapping.at_work(work.batch):
        if (before := saved.load(run / BEFORE)) is not None:
            return taken.with_shared_of(before)
    return taken


def look_after(
    work: Work, directory: Path, role: str, *, writes: bool, remembered: snapshot.Snapshot | None = None
) -> tuple[str, ...]:
    """Compare with the time before, put back what the role may not change, and name it.

    An agent without a sandbox can edit the file with the time before: what this process `remembered` goes before it.
    What was found is written down before anything is put back, and once all is: what changes after that is not this
    run's doing, also where Waves was killed before it came to a judgement.
    """
    written = saved.load(directory / BEFORE)
    earlier = read_json(directory / "guarded.json") or {}
    known = words(earlier, "problems")
    if earlier.get("over"):
        _forget(directory)
        return tuple(known)
    before = remembered or written
    if before is None:
        return (*known, f"{EDITED}, so nobody can tell what it wrote")
    if before != written:
        known = [*known, EDITED]
    worktree = _worktree(work)
    after = snapshot.take(worktree, _own_refs(work), previous=before)
    found = snapshot.compare(before, after, "own-work" if writes else "nothing")
    told = {f"refs/heads/{unit.branch}" for unit in work.batch.plan.units} | {f"refs/heads/{work.batch.plan.base}"}
    for one in found.foreign:
        ref = one.path.removeprefix("origin/")
        if not ref.startswith(("refs/remotes/", "refs/waves/", "refs/pull/")) and ref not in told:
            work.say(f"flag: {one.what} while the {role} ran; it was left so")
    differences, lost = found.differences, []
    if not work.batch.worktree_path(work.unit).exists():
        # One thing happened, and not one for each file: the worktree is made anew, and the rest is put back.
        differences = tuple(one for one in differences if one.kind == "ref" or one.shared)
        lost = [] if writes else [DELETED]
        if writes:
            work.say(f"flag: {DELETED}; what it committed lies beside its run, and is taken in")
    shared = [one for one in differences if one.shared]
    spared = shared if shared and overlapping.had_company(work.batch, directory) else []
    blamed = [one for one in differences if one not in spared]
    for one in spared:
        work.say(f"flag: {one.what} while the {role} and other agents ran; it is put back, and nobody's strike")
    problems = list(dict.fromkeys([*known, *lost, *(one.what for one in blamed)]))
    if differences or lost:
        write_json(directory / "guarded.json", {"problems": problems, "over": False})
    for line in _put_back(work, worktree, before, differences, directory / "removed", writes=writes):
        work.say(f"restored: {line}")
    write_json(directory / "guarded.json", {"problems": problems, "over": True})
    _forget(directory)
    return tuple(problems)


def _forget(directory: Path) -> None:
    """Of the time before, which nothing is put back to any more: it holds files that may be secret."""
    (directory / BEFORE).unlink(missing_ok=True)


BEFORE = "before.json"
EDITED = f"{BEFORE} of its run was deleted or edited"
DELETED = "its worktree was deleted while it ran"


def _put_back(
    work: Work, worktree: git.Repository, before: snapshot.Snapshot, differences: Sequence[snapshot.Difference],
    removed: Path, *, writes: bool,
) -> Iterator[str]:  # fmt: skip
    """Undo differences: refs first, because a worktree that is gone is made anew from its branch."""
    refs = [one for one in differences if one.kind == "ref"]
    if refs:
        _keep_moved(work, refs, removed.parent.name)
        yield from restore.restore(worktree, before, refs, removed)
    if not writes:  # after a run that may write, the worktree is made anew when its commits have been taken in
        worktree.git_dir.mkdir(parents=True, exist_ok=True)
        if not work.batch.worktree_path(work.unit).exists():
            worktree_step.make(work, work.branch)
    if others := [one for one in differences if one.kind != "ref"]:
        yield from restore.restore(worktree, before, others, removed)


def _keep_moved(work: Work, refs: Sequence[snapshot.Difference], run: str) -> None:
    """Keep where a run had moved refs that are about to be put back: a commit may be on none but these."""
    there = git.refs(work.batch.repository)
    moved = {one.path: there[one.path] for one in refs if one.path in there}
    kept.note(work.path, run, aside.keep_moved(work.batch.repository, moved, f"{kept_refs(work)}{run}/aside"))


def collect(work: Work, directory: Path, result: Result | None = None) -> quarantine.Collected:
    """Take in what a writer committed, and write down which commits this run made, and where: the audit reads that.

    One that was taken in is left alone while a later run goes on: the worktree is that run's now.
    """
    if (earlier := _taken_in(work, directory)) is not None:
        return earlier
    began = manifest.read(directory)
    before = began.before if began else git.resolve(work.batch.repository, f"refs/heads/{work.branch}")
    base = f"refs/remotes/origin/{work.batch.plan.base}"
    found = quarantine.collect(
        _worktree(work),
        work.branch,
        str(before),
        directory,
        bases=[base],
        kept=kept_refs(work) + directory.name,
    )
    made = {
        "head": found.head, "commits": list(found.commits), "patch_ids": sorted(set(found.patch_ids.values())),
        "thread": result.thread if result else None,
        "transcript": str(result.transcript) if result and result.transcript else None,
    }  # fmt: skip
    write_json(directory / "made.json", made)
    kept.note(work.path, directory.name, found.aside)
    if found.damaged:
        worktree_step.make(work, work.branch)
    return found


def _taken_in(work: Work, directory: Path) -> quarantine.Collected | None:
    later = [one for one in runs.unjudged(work.path / "runs") if one != directory and manifest.read(one) is not None]
    made = read_json(directory / "made.json") if later and (directory / "judged.json").exists() else None
    if made is None or not isinstance(head := made.get("head"), str):
        return None
    return quarantine.Collected(head, tuple(words(made, "commits")))

"""Claims a unit on the remote, makes its branch and its worktree; it never touches a branch that somebody else made."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass

from waves import git
from waves.agents import prompts
from waves.agents.guard import onlycopies, worktrees
from waves.batch import base_commits, claim, content, kept
from waves.batch import branch as branches
from waves.batch.written import lent
from waves.forges import Pull
from waves.foundation.errors import WavesError
from waves.foundation.records import RESULTS, made_by_runs, read_json, to_json
from waves.foundation.shapes import fits
from waves.lifecycle.held import HeldError
from waves.steps import duplicate
from waves.steps.pr import refuse_other_base
from waves.steps.set_up import set_up
from waves.steps.work import Done, Work


@dataclass(frozen=True, slots=True)
class Taken:
    """What a unit starts from: its branch, the commit that is at, where it left the base, and who has it."""

    branch: str
    head: str
    base: str
    fork: str = ""  # owner/name; empty: it is on `origin`


def run(work: Work) -> Done:
    batch = work.batch
    taken = _dispatched_before(work) or (_adopt(work) if work.unit.adopted else _claim(work))
    if not lent(work.path):
        make(work, taken.branch, branches.remote_of(batch, taken.fork))
    prompts.pin(work.path / "templates", batch.plan_top / "plans" / "prompts")
    found = {"path": str(batch.worktree_path(work.unit)), **asdict(taken)}
    work.folder.write_target("worktree.json", to_json(found))
    return Done(found, ("worktree.json",))


def _dispatched_before(work: Work) -> Taken | None:
    """For a worktree that is made anew: the claim is ours, and the branch is where it was or brought back to there."""
    record = work.facts.records.get("worktree")
    # Without its record, which a person may have deleted, the file still says what the unit was dispatched with.
    earlier = record.result if record else read_json(work.path / "worktree.json")
    if not earlier or not fits(earlier, RESULTS["worktree"]):
        return None
    repository, branch = work.batch.repository, str(earlier["branch"])
    if claim.is_let_go(work.batch, work.unit.name):
        _take_again(work, branch)
    if git.resolve(repository, f"refs/heads/{branch}") is None:
        moved = (one for one in work.facts.records.values() if one.step.startswith(("implement", "pr", "correct@")))
        heads = sorted((one for one in moved if one.result.get("head")), key=lambda one: one.ended)
        head = str([earlier, *(one.result for one in heads)][-1]["head"])
        if git.resolve(repository, head) is None:
            branches.fetch(work.batch, work.unit.name, branch)
        git.update_ref(repository, f"refs/heads/{branch}", head, git.ZERO)
    return Taken(branch, str(earlier["head"]), str(earlier["base"]), str(earlier.get("fork", "")))


def _take_again(work: Work, branch: str) -> None:
    """Claim a unit that was let go of, with all that was done for it here; raises HeldError where somebody has it."""
    batch, name = work.batch, work.unit.name
    there = claim.look(batch, name)
    newest = work.facts.newest_head() or str(work.result("worktree")["head"])
    if there.is_of(batch):
        claim.remember(batch, name, there)  # made by an earlier, interrupted try
    elif there.at or not claim.put_back(batch, name, newest):
        there = there if there.at else claim.look(batch, name)
        raise HeldError("waiting", f"claimed by {there.who}, after it was let go of here: the unit is theirs")
    # One with a pull request of its own finds out by that what became of it.
    if "pr" not in work.facts.records and (done := duplicate.objection(work, branch)):
        claim.release(batch, name)
        raise HeldError("waiting", done)


def _claim(work: Work) -> Taken:
    """Make the branch here and on the remote, at the base."""
    batch, branch = work.batch, work.unit.branch
    local = f"refs/heads/{branch}"
    known = git.resolve(batch.repository, local)
    batch.fetch()
    base_commits.begin(batch)
    base = batch.base_head
    there = claim.take(batch, work.unit.name, base, {local: (base, "")})
    at = there.get(local, base)
    if git.resolve(batch.repository, at) is None:
        batch.fetch(branch)
    if done := duplicate.objection(work, branch):
        claim.undo(batch, work.unit.name, {local: at} if git.is_ancestor(batch.repository, at, base) else {})
        raise HeldError("waiting", done)
    if known is None:
        # Claimed in an earlier, interrupted try: the branch starts where it does there, wherever the base is by now.
        git.update_ref(batch.repository, local, at, git.ZERO)
        return Taken(branch, at, git.merge_base(batch.repository, at, base) or at)
    if not _ours(work, known):
        raise HeldError(
            "waiting", f"branch {branch} exists here and is not this unit's: delete it, or adopt it with `branch:`"
        )
    return Taken(branch, known, git.merge_base(batch.repository, known, base) or base)


def _ours(work: Work, head: str) -> bool:
    """Whether a branch that is here already is this unit's: claimed and interrupted, or with a run's commits on it."""
    own = git.commits(work.batch.repository, [head], [f"refs/remotes/origin/{work.batch.plan.base}"])
    return set(own) <= made_by_runs(work.path)[0]


def _pull_to_adopt(work: Work, number: int) -> Pull:
    """Raises HeldError where nobody but its author may push to its branch."""
    pull = work.batch.forge.pull(number)
    if pull.fork and not pull.pushable:
        raise HeldError("waiting", f"pull request #{number} is from the fork {pull.fork}, where Waves may not push: "
                                   f"have its author allow edits by maintainers, or push {pull.branch} to the "
                                   "repository itself and adopt it with `branch:`", person=True)  # fmt: skip
    refuse_other_base(work, pull)
    return pull


def _adopt(work: Work) -> Taken:
    """Take over a branch that exists."""
    batch, unit = work.batch, work.unit
    pull = _pull_to_adopt(work, unit.pull_request) if unit.pull_request else None
    branch, fork = (pull.branch, pull.fork) if pull else (unit.branch, "")
    remote = branches.remote_of(batch, fork)
    head = git.remote_heads(batch.repository, branch, remote=remote).get(branch)
    if head is None:
        raise HeldError("waiting", f"the remote has no branch {branch} to adopt: push it, or correct the plan")
    batch.fetch(*([] if fork else [branch]))
    if fork:
        batch.fetch_objects(f"refs/heads/{branch}", remote)
    base_commits.begin(batch)
    claim.take(batch, unit.name, head)
    if done := duplicate.objection(work, branch):
        claim.undo(batch, unit.name, {})
        raise HeldError("waiting", done)
    local = f"refs/heads/{branch}"
    if git.resolve(batch.repository, local) is None:
        git.update_ref(batch.repository, local, head, git.ZERO)
    elif git.resolve(batch.repository, local) != head:
        raise HeldError("waiting", f"branch {branch} is elsewhere here than on the remote: bring them together first")
    return Taken(branch, head, git.merge_base(batch.repository, head, batch.base_head) or head, fork)


def make(work: Work, branch: str, remote: str = "") -> git.Repository:
    """The unit's worktree, sound, on its branch and set up: one that is stays as it is, else it is made (anew)."""
    batch = work.batch
    content.bring(batch, remote or work.remote, batch.base_head)
    if head := git.resolve(batch.repository, f"refs/heads/{branch}"):
        # What a run committed is nowhere else until it is published: `unfit` looks at that.
        with contextlib.suppress(*([WavesError] if head in made_by_runs(work.path)[0] else [])):
            content.bring(batch, remote or work.remote, head)
    below = f"{claim.kept(batch, work.unit.name)}worktree"
    rebuilt = worktrees.rebuild(batch.repository, batch.worktree_path(work.unit), branch, below)
    kept.note(work.path, "worktree", rebuilt.aside)
    for one in rebuilt.aside:
        work.say(f"flag: kept of the old worktree: {one.what}")
    if rebuilt.left:
        work.say(f"flag: what stood there was no sound worktree on {branch}: it is kept, whole, as {rebuilt.left}")
    if not (rebuilt.worktree.git_dir / onlycopies.SET_UP).exists():  # it goes where the worktree goes
        set_up(batch, rebuilt.worktree, work.path)
        onlycopies.note_set_up(rebuilt.worktree)
    return rebuilt.worktree

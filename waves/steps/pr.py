"""Looks at the shape of a unit's branch, pushes it, and finds or opens its pull request; never a second one."""

from __future__ import annotations

from typing import Any

from waves import git
from waves.batch import branch as branches
from waves.batch import claim, content
from waves.forges import Pull
from waves.foundation.records import Record, made_by_runs, read_json, to_json, write_json
from waves.git import inherited
from waves.lifecycle.held import HeldError
from waves.steps import artifact, description, texts
from waves.steps.work import Done, Work

MANY_FILES, MANY_LINES = 40, 1500
OPENING = "opening.json"  # written before a pull request is opened: a kill may come between that and its record


def run(work: Work) -> Done:
    pull, head = _adopted(work) if work.unit.adopted else _published(work)
    description.update(work, pull, texts.Cycle("0", head))
    shape = branch_shape(work, head)
    found = {"number": pull.number, "url": pull.url, "branch": work.branch, "head": head, **shape}
    work.folder.write_target("pr.json", to_json(found))
    for flag in shape["flags"]:
        work.say(f"flag: {flag}")
    return Done(found, ("pr.json",))


def _published(work: Work) -> tuple[Pull, str]:
    head = str(work.result("implement")["head"])
    if (ended := _ended_before(work)) is not None:
        return ended, head
    write_json(work.path / OPENING, {"head": head})
    publish(work, head)
    claim.refuse_taken(work.batch, work.unit.name)
    return _ended_before(work) or _opened(work, head), head


def _ended_before(work: Work) -> Pull | None:
    """The unit's pull request, where it ended before it was written down here: no second one is opened then."""
    number = (read_json(work.path / "pr.json") or {}).get("number")
    pull = work.batch.forge.pull(number) if isinstance(number, int) else None
    if pull is None and (opening := read_json(work.path / OPENING)):
        found = work.batch.forge.pull_of(work.branch)
        pull = found if found and found.head == opening.get("head") else None
    if pull is None or pull.branch != work.branch or pull.state == "open":
        return None
    if pull.state == "closed":
        raise closed(work, pull.number)
    return pull


def _opened(work: Work, head: str) -> Pull:
    plan = work.batch.plan
    title, body = texts.pull_title(work.unit, work.issues()), description.part(work, texts.Cycle("0", head))
    return work.batch.forge.open_pull(
        work.branch, plan.base, title, body, draft=plan.policy.draft, labels=plan.policy.labels
    )


def _adopted(work: Work) -> tuple[Pull, str]:
    unit, forge, head = work.unit, work.batch.forge, str(work.result("worktree")["head"])
    pull = forge.pull(unit.pull_request) if unit.pull_request else forge.pull_of(work.branch)
    if pull is None or (pull.state != "open" and not unit.pull_request and pull.head != head):
        pull = _opened(work, head)  # an earlier one of this branch ended, and was about other commits
    refuse_other_base(work, pull)
    if pull.state == "closed":
        raise closed(work, pull.number)
    if labels := work.batch.plan.policy.labels:
        forge.label(pull.number, labels)
    return pull, head


def closed(work: Work, number: int) -> HeldError:
    return HeldError("closed", f"pull request #{number} was closed by a person: reopen it, or drop the unit",
                     work.rule_command("unit", "drop"))  # fmt: skip


def refuse_other_base(work: Work, pull: Pull) -> None:
    """Raise HeldError for a pull request that does not go to the plan's base: nobody planned a merge into that."""
    if pull.base != work.batch.plan.base:
        raise HeldError("waiting", f"pull request #{pull.number} goes to {pull.base}, and the plan to "
                                   f"{work.batch.plan.base}: change the base of one of them", person=True)  # fmt: skip


def refuse_ended(work: Work) -> None:
    """Raise HeldError where a person closed or merged the pull request: nothing more is to be paid for it."""
    pull = work.batch.forge.pull(work.pull)
    if pull.state == "closed":
        raise closed(work, pull.number)
    if pull.state == "merged":
        raise HeldError("waiting", f"pull request #{pull.number} was merged by a person; the next `doit` takes that in")


def publish(work: Work, head: str) -> None:
    """Put `head` on the unit's remote branch, if that is where Waves last left it; a push by hand is never lost."""
    repository, branch = work.batch.repository, work.branch
    if _push(work, head, _left_at(work)):
        return
    there = branches.head(work.batch, work.unit.name, branch) or ""
    if there == head:
        return
    if there and there not in known_heads(work):
        branches.fetch(work.batch, work.unit.name, branch)
        if inherited.merges(repository, there, _left_at(work), work.batch.base_head) is not None:
            _over(work, head, there)
            return  # nobody's work: the base, which the new head is to be merged with anyway
        if git.is_ancestor(repository, head, there):
            return  # a person went on from it, or brought both together: the next cycle takes that in
        raise work.escalate(f"{branch} was pushed by hand to {there[:8]} while an agent worked; bring both together "
                            f"in {work.batch.worktree_path(work.unit)}, push, and rule")  # fmt: skip
    _over(work, head, there)


def _push(work: Work, head: str, expected: str) -> bool:
    """Put `head` on the remote branch if that is at `expected`, and what is known of the unit into its claim."""
    content.send(work.batch, work.remote, head, work.branch)
    if work.remote == "origin":
        pushed = claim.push(work.batch, work.unit.name, head, {f"refs/heads/{work.branch}": (head, expected)})
    else:
        pushed = git.push(work.batch.repository, head, work.branch, expected, work.remote)
        pushed = pushed and claim.push(work.batch, work.unit.name, head)
    if pushed:  # whoever removed an object meanwhile is found out before anybody reviews the branch
        content.send(work.batch, work.remote, head, work.branch)
    return pushed


def _over(work: Work, head: str, there: str) -> None:
    if not _push(work, head, there):
        raise HeldError("broken", f"{work.branch} moved on the remote in this very moment; the next `doit` looks again")


def _left_at(work: Work) -> str:
    """Where Waves left the remote branch, by its records."""
    published = [one for one in work.facts.records.values() if one.step == "pr" or one.step.startswith("correct@")]
    last = max(published, key=lambda one: one.ended, default=work.facts.records["worktree"])
    return str(last.result["head"])


def known_heads(work: Work) -> set[str]:
    """Where the remote branch can be by Waves' own doing."""
    records: list[Record] = list(work.facts.records.values())
    heads = {str(one.result[key]) for one in records for key in ("head", "base", "before") if one.result.get(key)}
    kept = git.refs(work.batch.repository, claim.kept(work.batch, work.unit.name))
    # What a run left beside its branch was never pushed: if it is on the remote branch now, a person put it there.
    ours = {oid for ref, oid in kept.items() if "/aside/" not in ref}
    return heads | ours | made_by_runs(work.path)[0]


def branch_shape(work: Work, head: str) -> dict[str, Any]:
    """Files and lines that the branch touches, and flags for the status and the reviewer; raises on an empty branch."""
    repository, base = work.batch.repository, work.batch.base_head
    commits = git.commits(repository, [head], [base])
    if not commits:
        raise work.escalate("the branch has no commit of its own: the run ended without one")
    made, _ = made_by_runs(work.path)
    strange = [] if work.unit.adopted else [commit[:8] for commit in commits if commit not in made]
    files = artifact.shown_files(repository, git.merge_base(repository, base, head) or base, head)
    touched = {path for one in files for path in (one.path, one.source)}
    lines = sum((one.added or 0) + (one.deleted or 0) for one in files)
    flags = list(work.facts.records["implement"].result.get("flags", ())) if "implement" in work.facts.records else []
    if strange:
        flags.append(f"commits that no agent run made: {', '.join(strange)}")
    if len(touched) > MANY_FILES or lines > MANY_LINES:
        flags.append(f"large: {len(touched)} files, {lines} lines")
    return {"files": len(touched), "lines": lines, "flags": flags}

"""Reads a unit's issues, and holds the unit back when they are not what the plan was made for; dispatches nothing."""

from __future__ import annotations

import re
from dataclasses import asdict, replace

from waves.batch import content
from waves.forges import Issue
from waves.foundation.records import to_json
from waves.lifecycle.held import HeldError
from waves.plan.model import Policy
from waves.steps import duplicate
from waves.steps.work import Done, Work

TAKEN_OUT = re.compile(r"\[secret: ([^]\n]{1,80})\]")  # as the scrubber leaves it


def run(work: Work) -> Done:
    if taken := work.batch.elsewhere(work.unit):
        raise HeldError("waiting", taken)
    issues = [as_heard(work.batch.forge.issue(number), work.batch.plan.policy) for number in work.unit.issues]
    if not work.unit.adopted and (closed := duplicate.closed(work, issues)):
        raise HeldError("waiting", closed)
    if not work.facts.record("worktree") and (undecided := content.objections_to(work.batch)):
        raise HeldError("waiting", undecided[0], person=True)
    if found := work.batch.gate.objection(work.unit):
        raise HeldError("waiting", found)
    flags = [words for issue in issues for words in (by_stranger(issue), _secrets_in(issue)) if words]
    for flag in flags:
        work.say(f"flag: {flag}")
    work.folder.write_target("issue.json", to_json({"issues": [asdict(issue) for issue in issues]}))
    return Done({"issues": len(issues), "flags": flags}, ("issue.json",))


def as_heard(issue: Issue, policy: Policy) -> Issue:
    """The issue with `trusted` as the plan sees it, rather than as who can write to the repository."""
    return replace(
        issue,
        trusted=policy.trusts(issue.author, writer=issue.trusted),
        comments=tuple(replace(one, trusted=policy.trusts(one.author, writer=one.trusted)) for one in issue.comments),
    )


def _secrets_in(issue: Issue) -> str:
    """What a person should know of an issue that told a secret, which was taken out of it on the way here."""
    texts = (issue.title, issue.body, *(one.body for one in issue.comments))
    found = dict.fromkeys(name for text in texts for name in TAKEN_OUT.findall(text))
    return f"issue #{issue.number} tells {', '.join(found)}: agents are not told it, but revoke it" if found else ""


def by_stranger(issue: Issue) -> str:
    """What a person should know of an issue by somebody whom the plan does not trust, or nothing."""
    if issue.trusted:
        return ""
    author = issue.author or "somebody unknown"
    return f"issue #{issue.number} is by {author}, whom policy.trusted leaves out: agents are told so; read it yourself"

"""Holds a triager's claims against issues and files: each quote and path has to be there; it believes nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from waves.agents.prompts.facts import IssueText
from waves.agents.prompts.fences import plain
from waves.lifecycle.contracts import Claim
from waves.lifecycle.verdicts import verified_quote
from waves.triage.model import Found, Proposal

WEIGHT = 0.5  # an agent's word alone decides nothing


@dataclass(frozen=True, slots=True)
class Verified:
    findings: tuple[Found, ...]
    refused: tuple[str, ...]  # why, one line for each claim that was dropped


def verify(
    claims: Sequence[Claim], issues: Sequence[IssueText], files: Collection[str], known: Sequence[Found]
) -> Verified:
    """The claims whose every quote and path is found, as findings that a person has to resolve."""
    texts = {one.number: _texts(one) for one in issues}
    findings: list[Found] = []
    refused: list[str] = []
    for claim in claims:
        if why := _fault(claim, texts, files, [*known, *findings]):
            refused.append(why)
        else:
            findings.append(_finding(claim, texts))
    return Verified(tuple(findings), tuple(refused))


def _texts(issue: IssueText) -> list[str]:
    """What the prompt shows of an issue."""
    return [plain(text) for text in (issue.title, issue.body, *(one.body for one in issue.comments if one.trusted))]


def _fault(claim: Claim, texts: Mapping[int, Sequence[str]], files: Collection[str], known: Sequence[Found]) -> str:
    about = set(claim.issues)
    if not about or about - texts.keys():
        return "it is about issues that were not shown"
    if any(one.kind == claim.kind and about <= set(one.issues) for one in known):
        return "it is known already"
    quoted = {number for number, _ in claim.quotes}
    if about - quoted:
        return f"it quotes nothing of #{min(about - quoted)}"
    for number, quote in claim.quotes:
        if number not in about or verified_quote(quote, texts[number]) is None:
            return f"a quote is not in the text of #{number}"
    if missing := [path for path in claim.paths if path not in files]:
        return f"the repository has no file {plain(missing[0])[:80]!r}"
    return ""


def _finding(claim: Claim, texts: Mapping[int, Sequence[str]]) -> Found:
    issues = tuple(sorted(set(claim.issues)))
    said = "; ".join(f"{number} says “{verified_quote(quote, texts[number])}”" for number, quote in claim.quotes)
    where = f" ({', '.join(claim.paths)})" if claim.paths else ""
    evidence = f"a triager: {claim.claim}{where}; {said}"
    return Found(claim.kind, issues, evidence, Proposal("decide", claim.resolution, issues), WEIGHT, claim.paths)

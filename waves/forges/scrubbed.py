"""A forge that neither tells nor is told a secret, whichever it is; it asks and decides nothing of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from waves.forges import Checks, Feedback, Forge, Issue, Pull
from waves.foundation.scrub import Scrubber


def scrubbed(forge: Forge, scrub: Scrubber) -> Forge:
    """The same forge, with secrets out of what people wrote there, what checks printed, and what Waves publishes.

    A description that is brought up to date is as it is: what a person wrote around Waves' part stays.
    """
    return cast("Forge", _Scrubbed(forge, scrub))


class _Scrubbed:
    def __init__(self, forge: Forge, scrub: Scrubber) -> None:
        self._forge, self._scrub = forge, scrub

    def __getattr__(self, name: str) -> Any:
        return getattr(self._forge, name)

    # ---- what is read

    def issue(self, number: int) -> Issue:
        return self._issue(self._forge.issue(number))

    def issues(self, numbers: Sequence[int] = (), *, label: str = "", milestone: str = "") -> Sequence[Issue]:
        return [self._issue(one) for one in self._forge.issues(numbers, label=label, milestone=milestone)]

    def _issue(self, issue: Issue) -> Issue:
        comments = tuple(replace(one, body=self._scrub(one.body)) for one in issue.comments)
        return replace(issue, title=self._scrub(issue.title), body=self._scrub(issue.body), comments=comments)

    def feedback(self, numbers: Sequence[int]) -> Mapping[int, Sequence[Feedback]]:
        found = self._forge.feedback(numbers)
        return {number: [replace(one, text=self._scrub(one.text)) for one in said] for number, said in found.items()}

    def checks(self, commit: str, *, anew: bool = False) -> Checks:
        return self._checks(self._forge.checks(commit, anew=anew))

    def checks_of_merge(self, base: str, head: str) -> Checks:
        return self._checks(self._forge.checks_of_merge(base, head))

    def _checks(self, found: Checks) -> Checks:
        return replace(found, checks=tuple(replace(one, tail=self._scrub(one.tail)) for one in found.checks))

    # ---- what is published

    def open_pull(
        self, branch: str, base: str, title: str, body: str, *, draft: bool = False, labels: Sequence[str] = ()
    ) -> Pull:
        title, body = self._scrub(title), self._scrub(body)
        return self._forge.open_pull(branch, base, title, body, draft=draft, labels=labels)

    def comment(self, number: int, marker: str, body: str) -> None:
        self._forge.comment(number, marker, self._scrub(body))

    def merge(self, number: int, head: str, base: str, method: str, title: str, body: str) -> Pull:
        return self._forge.merge(number, head, base, method, self._scrub(title), self._scrub(body))

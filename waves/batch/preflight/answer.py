"""The types of the preflight: what a topic is answered from, and the answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from waves import git
from waves.batch import content
from waves.git import Setting, attributes
from waves.plan.model import Plan

WORKS, PARTLY, NO = "works", "partly", "no"


@dataclass(frozen=True, slots=True)
class Answer:
    state: str  # works | partly | no
    found: str
    what_next: str = ""

    def __str__(self) -> str:
        return self.found + (f"; {self.what_next}" if self.what_next else "")


@dataclass(frozen=True, slots=True)
class Row:
    topic: str
    answer: Answer


class Look:
    """One look at a repository: what several topics need is asked once."""

    def __init__(self, repository: git.Repository, plan: Plan | None) -> None:
        self.repository, self.plan = repository, plan

    @cached_property
    def settings(self) -> list[Setting]:
        return git.settings_of(self.repository)

    def setting(self, key: str) -> str | None:
        """The value that counts; `key` in lower case."""
        return next((one.value for one in reversed(self.settings) if one.key == key), None)

    def is_set(self, key: str) -> bool:
        return (self.setting(key) or "false").lower() not in ("false", "no", "off", "0", "")

    @property
    def is_partial(self) -> bool:
        return any(one.key.endswith(".partialclonefilter") for one in self.settings)

    @cached_property
    def base(self) -> str | None:
        """The commit that units start from, as last fetched; without a plan the one that is checked out."""
        name = f"refs/remotes/origin/{self.plan.base}" if self.plan else "HEAD"
        return git.resolve(self.repository, name) or git.resolve(self.repository, "HEAD")

    @cached_property
    def filters(self) -> dict[str, str]:
        """The filters that attributes ask for, and what keeps units from being dispatched because of each."""
        if self.base is None:
            return {}
        allowed = self.plan.setup.filters if self.plan else None
        held = content.objections(self.repository, self.base, allowed)
        return {one.filter: held.get(one.filter, "") for one in attributes.asked(self.repository, self.base)}

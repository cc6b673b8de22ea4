"""Why a step of a unit cannot go on."""

from __future__ import annotations


class HeldError(Exception):
    """A step cannot go on: `kind` is escalated (a person must rule), waiting, closed or broken.

    `person`: time alone does not help, a person has to do something outside of Waves.
    """

    def __init__(self, kind: str, reason: str, rule: str = "", *, person: bool = False) -> None:
        super().__init__(reason)
        self.kind, self.reason, self.rule, self.person = kind, reason, rule, person

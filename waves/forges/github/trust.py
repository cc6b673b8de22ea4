"""Who may write to the repository, and so may be heard by agents; it asks once for each account, and judges no text.

GitHub's `authorAssociation` alone can't tell: a MEMBER of an organisation and a COLLABORATOR may be able to read only,
and a CONTRIBUTOR is whoever once had a commit merged. What it can tell is who need not be asked about: the OWNER
always may; whoever has no part in the repository (NONE, FIRST_TIMER, FIRST_TIME_CONTRIBUTOR, MANNEQUIN) is a stranger,
so that a crowd of them costs no request. About the others the repository itself is asked, once an account.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from urllib.parse import quote

from waves.forges.github.client import Client, FaultError, Json

WRITERS = ("admin", "write")  # what GitHub folds `maintain` and roles of an organisation's own into
ASKED_ABOUT = ("MEMBER", "COLLABORATOR", "CONTRIBUTOR")


@dataclass(frozen=True, slots=True)
class Trust:
    client: Client
    _known: dict[str, bool] = field(default_factory=dict)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def of(self, node: Json) -> bool:
        """Whether the author of a GraphQL node (an issue, a comment, a review) may write to the repository."""
        author, part = node["author"], node["authorAssociation"]
        if author is None:
            return False
        if part == "OWNER":
            return True
        # A program's account is nobody's word, whatever it may do.
        return part in ASKED_ABOUT and author["__typename"] == "User" and self.writes(author["login"])

    def writes(self, login: str) -> bool:
        with self._one_at_a_time:
            if login not in self._known:
                self._known[login] = self._asked(login)
            return self._known[login]

    def _asked(self, login: str) -> bool:
        try:
            answer = self.client.get(f"/collaborators/{quote(login, safe='')}/permission")
        except FaultError as error:
            # There is no such account any more; or who asks may not write either, and can vouch for nobody.
            if error.fault.kind in ("missing", "permission"):
                return False
            raise
        return answer["permission"] in WRITERS

"""What every REST handler is given and gives back, and the table they are entered in; no handler itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.bare import Bare
from hub.behaviour import Behaviour, Refused
from hub.forms import Forms
from hub.state import Issue, Pull, State, Token, User

Json = dict[str, Any]
Form = Callable[[Any], Any]


@dataclass(frozen=True)
class Reply:
    """`body`: JSON, or text as it is."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Paged:
    """A list of which one page is shown; `under`: the list's name, where GitHub wraps it with a total."""

    items: Sequence[Any]
    form: Form
    under: str = ""
    extra: Json = field(default_factory=dict)


@dataclass
class Asked:
    """One request, with all that a handler needs."""

    state: State
    bare: Bare
    behaviour: Behaviour
    forms: Forms
    token: Token
    path: dict[str, str]
    query: dict[str, str]
    body: Json

    @property
    def viewer(self) -> User:
        return self.token.user

    def issue(self) -> Issue:
        found = self.state.issues.get(int(self.path["issue_number"]))
        if found is None:
            raise Refused(404, "Not Found")
        return found

    def pull(self) -> Pull:
        found = self.state.issues.get(int(self.path["pull_number"]))
        if not isinstance(found, Pull):
            raise Refused(404, "Not Found")
        return found

    def commit(self, name: str) -> str:
        found = self.bare.resolve(name)
        if found is None:
            raise Refused(422, f"No commit found for SHA: {name}")
        return found

    def found(self, items: dict[Any, Any], key: Any) -> Any:
        if key not in items:
            raise Refused(404, "Not Found")
        return items[key]


Handler = Callable[[Asked], Reply | Paged]


@dataclass(frozen=True)
class Route:
    """`permission`: of a fine-grained token, as `issues=write`; `role`: the least one on the repository."""

    handler: Handler
    permission: str
    role: str
    creates: bool  # counted by the limit on the creation of content


ROUTES: dict[str, Route] = {}
ROLES = ("none", "read", "triage", "write", "maintain", "admin")


def route(
    operation: str, permission: str = "metadata=read", role: str = "read", *, creates: bool = False
) -> Callable[[Handler], Handler]:
    def enter(handler: Handler) -> Handler:
        ROUTES[operation] = Route(handler, permission, role, creates)
        return handler

    return enter


def invalid(resource: str, field_name: str, code: str = "invalid", message: str | None = None) -> Refused:
    error = {"resource": resource, "field": field_name, "code": code}
    return Refused(422, "Validation Failed", [error | ({"message": message} if message else {})])

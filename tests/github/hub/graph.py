"""GraphQL: queries executed against GitHub's own schema; a field that nothing resolves here fails the test."""

from __future__ import annotations

import base64
import binascii
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from hub.bare import Bare
from hub.behaviour import Behaviour, Mergeability, Refused
from hub.contract import VENDOR
from hub.forms import Forms
from hub.state import (
    Comment,
    Pull,
    Review,
    ReviewComment,
    State,
    Status,
    Token,
    User,
)

if TYPE_CHECKING:
    from hub.stand_in import GitHub

Json = dict[str, Any]


class Unresolved(Exception):  # noqa: N818
    """The schema has the field, and no resolver of the stand-in is for it: write one."""


class Said(Exception):  # noqa: N818
    """An error as GitHub words it, with its type."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class View:
    """What resolvers see of the stand-in, for one request."""

    def __init__(self, github: GitHub, token: Token) -> None:
        self.github, self.token = github, token
        self.state: State = github.state
        self.bare: Bare = github.bare
        self.behaviour: Behaviour = github.behaviour
        self.forms: Forms = github.forms
        self.states: dict[int, Mergeability] = {}  # mergeability, looked at once a request

    def mergeability(self, pull: Pull) -> Mergeability:
        if pull.number not in self.states:
            self.states[pull.number] = self.behaviour.mergeability(pull)
        return self.states[pull.number]


Resolver = Callable[..., Any]
RESOLVERS: dict[str, Resolver] = {}


def field(*names: str) -> Callable[[Resolver], Resolver]:
    """Resolve `Type.field`; the function takes the source, the view, and the field's arguments by name."""

    def enter(resolver: Resolver) -> Resolver:
        RESOLVERS.update(dict.fromkeys(names, resolver))
        return resolver

    return enter


def plain(kind: str, **attributes: str | Callable[[Any, View], Any]) -> None:
    """Fields that are an attribute, or a function of the source."""
    for name, one in attributes.items():
        RESOLVERS[f"{kind}.{name}"] = _attribute(one) if isinstance(one, str) else _function(one)


def _attribute(name: str) -> Resolver:
    return lambda source, view, **_: getattr(source, name)


def _function(one: Callable[[Any, View], Any]) -> Resolver:
    return lambda source, view, **_: one(source, view)


def _resolve(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    name = f"{info.parent_type.name}.{info.field_name}"
    if name in RESOLVERS:
        return RESOLVERS[name](source, info.context, **arguments)
    if isinstance(source, dict) and info.field_name in source:
        return source[info.field_name]
    raise Unresolved(f"the stand-in does not resolve {name}")


def _type_of(value: Any, info: GraphQLResolveInfo, abstract: Any) -> str:
    if isinstance(value, User):
        return value.type
    if isinstance(value, dict):
        return str(value["__typename"])
    return {Status: "StatusContext", Comment: "IssueComment", Review: "PullRequestReview", Pull: "PullRequest",
            ReviewComment: "PullRequestReviewComment"}.get(type(value), type(value).__name__)  # fmt: skip


@functools.cache
def schema() -> GraphQLSchema:
    text = (VENDOR / "schema.graphql").read_text("utf-8")
    return build_schema(text, assume_valid=True, assume_valid_sdl=True, no_location=True)


@functools.lru_cache(maxsize=512)
def _document(text: str) -> tuple[Any, tuple[str, ...]]:
    """The query, and what of it goes against GitHub's schema."""
    try:
        document = parse(text)
    except GraphQLError as fault:
        return None, (str(fault),)
    return document, tuple(str(fault) for fault in validate(schema(), document))


def execute(github: GitHub, token: Token, sent: Json) -> tuple[Json, list[str]]:
    """The answer, and the faults that must fail the test."""
    document, faults = _document(sent["query"])
    if faults:
        return {"errors": [{"message": fault, "extensions": {"code": "invalid"}} for fault in faults]}, list(faults)
    done = execute_sync(
        schema(), document, context_value=View(github, token), variable_values=sent.get("variables"),
        operation_name=sent.get("operationName"), field_resolver=_resolve, type_resolver=_type_of,
    )  # fmt: skip
    answer: Json = {"data": done.data}
    found = []
    for error in done.errors or ():
        shown = {
            "message": error.message,
            "path": error.path,
            "locations": [one._asdict() for one in error.locations or ()],
        }
        if isinstance(error.original_error, Said):
            shown["type"] = error.original_error.kind
        elif isinstance(error.original_error, Refused):
            shown["type"] = "UNPROCESSABLE"
        else:
            found.append(f"{error.message} at {error.path}")
        answer.setdefault("errors", []).append(shown)
    return answer, found


# ---- connections


def connection(items: Sequence[Any], name: str, first: int | None = None, after: str | None = None,
               last: int | None = None, before: str | None = None) -> Json:  # fmt: skip
    if first is None and last is None:
        text = f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
        raise Said("MISSING_PAGINATION_BOUNDARIES", text)
    if max(first or 0, last or 0) > 100:
        text = (
            f"Requesting {first or last} records on the `{name}` connection exceeds the `first` limit of 100 records."
        )
        raise Said("EXCESSIVE_PAGINATION", text)
    start = _place(after) if after else 0
    end = _place(before) - 1 if before else len(items)
    if first is not None:
        end = min(end, start + first)
    else:
        start = max(start, end - (last or 0))
    shown = list(items[start:end])
    cursors = [_cursor(start + place + 1) for place in range(len(shown))]
    page = {
        "hasNextPage": end < len(items), "hasPreviousPage": start > 0,
        "startCursor": cursors[0] if cursors else None, "endCursor": cursors[-1] if cursors else None,
    }  # fmt: skip
    edges = [{"node": node, "cursor": cursor} for node, cursor in zip(shown, cursors, strict=True)]
    return {"nodes": shown, "edges": edges, "totalCount": len(items), "pageInfo": page}


def _cursor(place: int) -> str:
    return base64.b64encode(f"cursor:{place}".encode()).decode()


def _place(cursor: str) -> int:
    try:
        return int(base64.b64decode(cursor).decode().removeprefix("cursor:"))
    except (binascii.Error, ValueError):
        raise Said("INVALID_CURSOR_ARGUMENTS", f"`{cursor}` does not appear to be a valid cursor.") from None


def listed(name: str, items: Callable[[Any, View], Sequence[Any]]) -> None:
    """A connection without any filter."""
    label = name.partition(".")[2]
    RESOLVERS[name] = lambda source, view, first=None, after=None, last=None, before=None, **_: connection(
        items(source, view), label, first, after, last, before
    )


# ---- nodes


def node(view: View, identity: str) -> Any:
    try:
        kind, number = base64.urlsafe_b64decode(identity).decode().rsplit(":", 1)
    except (binascii.Error, ValueError):
        kind, number = "", "0"
    places: dict[str, dict[int, Any]] = {
        "Issue": view.state.issues, "PullRequest": view.state.issues, "CheckRun": view.state.check_runs,
        "IssueComment": {one.id: one for issue in view.state.issues.values() for one in issue.comments},
        "User": {one.id: one for one in view.state.users.values()},
    }  # fmt: skip
    found = places.get(kind, {}).get(int(number))
    if found is None:
        raise Said("NOT_FOUND", f"Could not resolve to a node with the global id of '{identity}'")
    return found

"""GraphQL: queries executed against GitHub's own schema; a field that nothing resolves here fails the test."""

from __future__ import annotations

import base64
import binascii
import functools
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
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

from hub.behaviour import Refused
from hub.contract import VENDOR
from hub.forms import node_id, suite
from hub.state import (
    WRITERS,
    CheckRun,
    Comment,
    Issue,
    Pull,
    Review,
    ReviewComment,
    Status,
    Token,
    User,
)

if TYPE_CHECKING:
    from hub.stand_in import GitHub

Json = dict[str, Any]
MERGE_STATES = {"unknown": "UNKNOWN", "draft": "DRAFT", "dirty": "DIRTY", "blocked": "BLOCKED", "behind": "BEHIND",
                "unstable": "UNSTABLE", "clean": "CLEAN", "has_hooks": "HAS_HOOKS"}  # fmt: skip


class Unresolved(Exception):  # noqa: N818
    """The schema has the field, and the stand-in does not: write it below."""


class Said(Exception):  # noqa: N818
    """An error as GitHub words it, with its type."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class View:
    """What resolvers see of the stand-in, for one request."""

    def __init__(self, github: GitHub, token: Token) -> None:
        self.github, self.token = github, token
        self.state, self.bare = github.state, github.bare
        self.behaviour, self.forms = github.behaviour, github.forms
        self.states: dict[int, Any] = {}  # mergeability, looked at once a request

    def mergeability(self, pull: Pull) -> Any:
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


# ---- the ways in


@field("Query.viewer")
def viewer(_: Any, view: View) -> User:
    return view.token.user


@field("Query.rateLimit")
def rate_limit(_: Any, view: View, **__: Any) -> Json:
    limit, used = view.state.limits["graphql"], view.token.used.get("graphql", 0)
    until = datetime.fromtimestamp(view.state.resets_at or time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "cost": 1,
        "limit": limit,
        "used": used,
        "remaining": max(limit - used, 0),
        "resetAt": until,
        "nodeCount": 1,
    }


@field("Query.repository")
def repository(_: Any, view: View, owner: str, name: str, **__: Any) -> Json:
    state = view.state
    scopes = view.token.scopes is None or "repo" in view.token.scopes
    seen = not state.private or (view.token.user.permission != "none" and scopes)
    if f"{owner}/{name}".casefold() != state.full_name.casefold() or not seen:
        raise Said("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
    return {
        "__typename": "Repository", "id": node_id("Repository", 1), "databaseId": 1, "name": state.name,
        "nameWithOwner": state.full_name, "owner": state.users[state.owner], "isPrivate": state.private,
        "isArchived": False, "url": view.forms.page, "deleteBranchOnMerge": state.auto_delete,
        "squashMergeAllowed": "squash" in state.methods, "mergeCommitAllowed": "merge" in state.methods,
        "rebaseMergeAllowed": "rebase" in state.methods,
        "viewerPermission": None if view.token.user.permission == "none" else view.token.user.permission.upper(),
    }  # fmt: skip


@field("Repository.pullRequest")
def pull_of(_: Any, view: View, number: int) -> Pull:
    found = view.state.issues.get(number)
    if not isinstance(found, Pull):
        raise Said("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
    view.behaviour.read(found)
    return found


@field("Repository.issue")
def issue_of(_: Any, view: View, number: int) -> Issue:
    found = view.state.issues.get(number)
    if found is None or isinstance(found, Pull):
        raise Said("NOT_FOUND", f"Could not resolve to an Issue with the number of {number}.")
    return found


@field("Repository.issueOrPullRequest")
def either_of(source: Any, view: View, number: int) -> Issue:
    if number not in view.state.issues:
        raise Said("NOT_FOUND", f"Could not resolve to an issue or pull request with the number of {number}.")
    return view.state.issues[number]


@field("Repository.pullRequests")
def pulls_of(_: Any, view: View, states: list[str] | None = None, headRefName: str | None = None,  # noqa: N803
             baseRefName: str | None = None, labels: list[str] | None = None,  # noqa: N803
             orderBy: Json | None = None, **paging: Any) -> Json:  # noqa: N803  # fmt: skip
    found = [one for one in view.state.pulls() if states is None or pull_state(one, view) in states]
    found = [one for one in found if headRefName in (None, one.head) and baseRefName in (None, one.base)]
    made = connection(_sorted(_labelled(found, labels), orderBy), "pullRequests", **paging)
    for one in made["nodes"]:
        view.behaviour.read(one)
    return made


@field("Repository.issues")
def issues_of(_: Any, view: View, states: list[str] | None = None, labels: list[str] | None = None,
              orderBy: Json | None = None, filterBy: Json | None = None, **paging: Any) -> Json:  # noqa: N803  # fmt: skip
    found: Sequence[Issue] = [one for one in view.state.issues.values() if not isinstance(one, Pull)]
    found = [one for one in found if states is None or one.state.upper() in states]
    for name, value in (filterBy or {}).items():
        found = _filtered(found, name, value)
    return connection(_sorted(_labelled(found, labels), orderBy), "issues", **paging)


def _filtered(found: Sequence[Issue], name: str, value: Any) -> Sequence[Issue]:
    if name == "states":
        return [one for one in found if one.state.upper() in value]
    if name == "labels":
        return _labelled(found, value)
    if name == "createdBy":
        return [one for one in found if one.author.login == value]
    if name in ("milestone", "milestoneNumber"):
        attribute = "id" if name == "milestone" else "number"
        if value in (None, "*"):
            return [one for one in found if (one.milestone is None) == (value is None)]
        return [one for one in found if one.milestone and str(getattr(one.milestone, attribute)) == value]
    if name == "since":
        return [one for one in found if one.updated_at >= value]
    raise Unresolved(f"the stand-in does not resolve IssueFilters.{name}")


def _labelled(found: Sequence[Any], labels: list[str] | None) -> Sequence[Any]:
    """With any of these labels, as GraphQL has it (REST: with all)."""
    wanted = {name.casefold() for name in labels or ()}
    return [one for one in found if not wanted or wanted & {label.name.casefold() for label in one.labels}]


def _sorted(found: Sequence[Any], order: Json | None) -> Sequence[Any]:
    key = {"UPDATED_AT": "updated_at", "CREATED_AT": "number"}[order["field"]] if order else "number"
    return sorted(found, key=lambda one: (getattr(one, key), one.number),
                  reverse=bool(order and order["direction"] == "DESC"))  # fmt: skip


@field("Repository.milestones")
def milestones_of(_: Any, view: View, query: str = "", states: list[str] | None = None,
                  orderBy: Any = None, **paging: Any) -> Json:  # noqa: N803  # fmt: skip
    found = [one for one in view.state.milestones.values() if states is None or one.state.upper() in states]
    found = [one for one in found if query.casefold() in one.title.casefold()]
    return connection(found, "milestones", **paging)


@field("Repository.ref")
def ref_of(_: Any, view: View, qualifiedName: str) -> Json | None:  # noqa: N803
    for name in (qualifiedName, f"refs/heads/{qualifiedName}"):
        if name in view.behaviour.seen:
            return ref(view, name)
    return None


@field("Repository.defaultBranchRef")
def default_branch(_: Any, view: View) -> Json | None:
    return ref(view, f"refs/heads/{view.state.default_branch}")


def ref(view: View, name: str) -> Json | None:
    sha = view.behaviour.seen.get(name)
    if sha is None:
        return None
    name = name[name.index("refs/", 1) :] if name.startswith("refs/namespaces/") else name
    prefix = name[: name.index("/", 5) + 1]
    return {"__typename": "Ref", "id": node_id(name, 0), "name": name.removeprefix(prefix), "prefix": prefix,
            "target": commit(view, sha)}  # fmt: skip


@field("Repository.object")
def object_of(_: Any, view: View, oid: str | None = None, expression: str | None = None) -> Json | None:
    found = view.bare.resolve(oid or expression or "")
    return commit(view, found) if found else None


@field("Repository.mergeQueue")
def queue_of(_: Any, view: View, branch: str | None = None) -> Json | None:
    return merge_queue(view, branch or view.state.default_branch)


def merge_queue(view: View, branch: str) -> Json | None:
    rule = view.state.protections.get(branch)
    if rule is None or not rule.queue:
        return None
    return {"__typename": "MergeQueue", "id": node_id("MergeQueue", 1), "url": f"{view.forms.page}/queue/{branch}",
            "branch": branch}  # fmt: skip


def queue_entry(pull: Pull, view: View) -> Json | None:
    if pull.queued is None:
        return None
    place = view.behaviour.queue(pull.base).index(pull) + 1
    return {"__typename": "MergeQueueEntry", "id": node_id("MergeQueueEntry", pull.number), "position": place,
            "state": "AWAITING_CHECKS", "enqueuedAt": pull.updated_at, "pullRequest": pull, "jump": False,
            "solo": False,
            "mergeQueue": merge_queue(view, pull.base), "estimatedTimeToMerge": 60}  # fmt: skip


listed("MergeQueue.entries", lambda source, view: [queue_entry(one, view) for one in
                                                   view.behaviour.queue(source["branch"])])  # fmt: skip


def node(view: View, identity: str) -> Any:
    try:
        kind, number = base64.urlsafe_b64decode(identity).decode().rsplit(":", 1)
    except (binascii.Error, ValueError):
        kind, number = "", "0"
    everybody = {"User": {one.id: one for one in view.state.users.values()}}
    comments = {one.id: one for issue in view.state.issues.values() for one in issue.comments}
    found = {"Issue": view.state.issues, "PullRequest": view.state.issues, "CheckRun": view.state.check_runs,
             "IssueComment": comments, **everybody}.get(kind, {}).get(int(number))  # fmt: skip
    if found is None:
        raise Said("NOT_FOUND", f"Could not resolve to a node with the global id of '{identity}'")
    return found


@field("Query.node")
def node_of(_: Any, view: View, id: str) -> Any:  # noqa: A002
    return node(view, id)


@field("Query.nodes")
def nodes_of(_: Any, view: View, ids: list[str]) -> list[Any]:
    return [node(view, one) for one in ids]


# ---- people, labels, issues

plain("User", name="login", email=lambda *_: "")
for kind in ("User", "Bot"):
    plain(
        kind, login=lambda one, _: one.login.removesuffix("[bot]"),  # which REST shows
         databaseId="id", id=lambda one, _: node_id("User", one.id),
        url=lambda one, view: f"{view.forms.web}/{one.login}", resourcePath=lambda one, _: f"/{one.login}",
    )  # fmt: skip
plain("Label", id=lambda one, _: node_id("Label", one.id), name="name", color="color", description="description")
plain("Milestone", id=lambda one, _: node_id("Milestone", one.id), number="number", title="title",
      state=lambda one, _: one.state.upper())  # fmt: skip
for kind in ("Issue", "PullRequest"):
    plain(
        kind, databaseId="id", fullDatabaseId="id", number="number", title="title", author="author",
        body=lambda one, _: one.body or "", bodyText=lambda one, _: one.body or "", createdAt="created_at",
        updatedAt="updated_at", closedAt="closed_at", closed=lambda one, _: one.state == "closed",
        locked=lambda *_: False, authorAssociation=lambda one, _: one.author.association, milestone="milestone",
        repository=lambda _, view: repository(None, view, view.state.owner, view.state.name),
        viewerDidAuthor=lambda one, view: one.author is view.token.user, lastEditedAt=lambda *_: None,
    )  # fmt: skip
    listed(f"{kind}.labels", lambda one, _: one.labels)
    listed(f"{kind}.assignees", lambda one, _: one.assignees)
    listed(f"{kind}.comments", lambda one, _: one.comments)
plain(
    "Issue", id=lambda one, _: node_id("Issue", one.number), state=lambda one, _: one.state.upper(),
    stateReason=lambda one, _: one.state_reason.upper() if one.state_reason else None,
    url=lambda one, view: f"{view.forms.page}/issues/{one.number}",
    parent=lambda one, view: view.state.issues[one.parent] if one.parent else None,
)  # fmt: skip


def children(one: Issue, view: View) -> list[Issue]:
    return [view.state.issues[number] for number in one.children]


listed("Issue.subIssues", children)


@field("Issue.subIssuesSummary")
def sub_issues_summary(one: Issue, view: View) -> Json:
    closed = [child.state for child in children(one, view)].count("closed")
    return {"total": len(one.children), "completed": closed,
            "percentCompleted": 100 * closed // len(one.children) if one.children else 0}  # fmt: skip


@field("Issue.closedByPullRequestsReferences")
def closed_by(one: Issue, view: View, includeClosedPrs: bool = False, **paging: Any) -> Json:  # noqa: N803
    paging.pop("orderByState", None)
    paging.pop("userLinkedOnly", None)
    found = [pull for pull in view.state.pulls() if one.number in view.behaviour.closing(pull.body or "")]
    found = [pull for pull in found if includeClosedPrs or pull.state == "open" or pull.merged_at]
    return connection(found, "closedByPullRequestsReferences", **paging)


plain(
    "IssueComment", id=lambda one, _: node_id("IssueComment", one.id), databaseId="id", fullDatabaseId="id",
    body="body",
    bodyText="body", author="author", authorAssociation=lambda one, _: one.author.association, createdAt="created_at",
    updatedAt="updated_at", isMinimized=lambda *_: False, minimizedReason=lambda *_: None,
    viewerDidAuthor=lambda one, view: one.author is view.token.user,
    url=lambda one, view: view.forms.comment(one)["html_url"],
)  # fmt: skip


# ---- pull requests


def pull_state(pull: Pull, _: View) -> str:
    return "MERGED" if pull.merged_at else pull.state.upper()


def mergeable(pull: Pull, view: View) -> str:
    return {None: "UNKNOWN", True: "MERGEABLE", False: "CONFLICTING"}[view.mergeability(pull).mergeable]


def merge_state(pull: Pull, view: View) -> str:
    return MERGE_STATES[view.mergeability(pull).state]


plain(
    "PullRequest", id=lambda one, _: node_id("PullRequest", one.number), state=pull_state, isDraft="draft",
    headRefName="head", headRefOid="head_sha", baseRefName="base", baseRefOid="base_sha", mergeable=mergeable,
    mergeStateStatus=merge_state, merged=lambda one, _: one.merged_at is not None, mergedAt="merged_at",
    mergedBy="merged_by", reviewDecision=lambda one, view: view.behaviour.decision(one),
    isCrossRepository=lambda one, _: bool(one.fork), url=lambda one, view: f"{view.forms.page}/pull/{one.number}",
    isInMergeQueue=lambda one, _: one.queued is not None, maintainerCanModify="modifiable",
    isMergeQueueEnabled=lambda one, view: merge_queue(view, one.base) is not None, mergeQueueEntry=queue_entry,
    mergeQueue=lambda one, view: merge_queue(view, one.base),
    headRef=lambda one, view: ref(view, one.head_ref),
    baseRef=lambda one, view: ref(view, f"refs/heads/{one.base}"),
    mergeCommit=lambda one, view: commit(view, one.merge_commit) if one.merge_commit else None,
    statusCheckRollup=lambda one, view: rollup(view, one.head_sha),
    changedFiles=lambda one, view: len(files(one, view)), additions=lambda one, view: total(one, view, "additions"),
    deletions=lambda one, view: total(one, view, "deletions"),
    headRepository=lambda one, view: head_repository(one, view),
    headRepositoryOwner=lambda one, view: view.state.user(one.fork or view.state.owner),
)  # fmt: skip


def files(pull: Pull, view: View) -> list[Json]:
    words = {"removed": "DELETED"}
    return [
        {"__typename": "PullRequestChangedFile", "path": one["filename"], "additions": one["additions"],
         "deletions": one["deletions"], "changeType": words.get(str(one["status"]), str(one["status"]).upper())}
        for one in view.bare.changed(pull.base_sha, pull.head_sha)
    ]  # fmt: skip


def head_repository(pull: Pull, view: View) -> Json | None:
    if not pull.fork:
        return repository(None, view, view.state.owner, view.state.name)
    owner = view.state.user(pull.fork)
    name = f"{pull.fork}/{view.state.name}"
    about = {"__typename": "Repository", "name": view.state.name, "nameWithOwner": name, "owner": owner}
    return about | {"id": node_id("Repository", owner.id), "isFork": True, "isPrivate": view.state.private}


def total(pull: Pull, view: View, name: str) -> int:
    return sum(one[name] for one in files(pull, view))


def review_with(view: View, comment: ReviewComment) -> Review:
    return next(one for pull in view.state.pulls() for one in pull.reviews if one.id == comment.review)


def pull_with(view: View, review: Review) -> Pull:
    return next(pull for pull in view.state.pulls() if review in pull.reviews)


@field("PullRequest.potentialMergeCommit")
def potential_merge_commit(pull: Pull, view: View) -> Json | None:
    if pull.state != "open" or view.mergeability(pull).mergeable is not True:
        return None
    made = view.behaviour.test_merge(pull)
    return commit(view, made) if made else None


@field("PullRequest.closingIssuesReferences")
def closing(pull: Pull, view: View, userLinkedOnly: bool = False, orderBy: Any = None, **paging: Any) -> Json:  # noqa: N803
    numbers = view.behaviour.closing(pull.body or "") if pull.base == view.state.default_branch else []
    return connection([view.state.issues[number] for number in numbers], "closingIssuesReferences", **paging)


@field("PullRequest.reviews")
def reviews(pull: Pull, view: View, states: list[str] | None = None, author: str | None = None, **paging: Any) -> Json:
    found = [
        one for one in pull.reviews if (states is None or one.state in states) and author in (None, one.author.login)
    ]
    return connection(found, "reviews", **paging)


listed("PullRequest.files", files)
listed("PullRequest.commits", lambda pull, view: [
    {"__typename": "PullRequestCommit", "id": sha, "commit": commit(view, sha), "pullRequest": pull}
    for sha in view.bare.commits(pull.base_sha, pull.head_sha)
])  # fmt: skip
listed("PullRequest.latestReviews", lambda pull, _: list({one.author.login: one for one in pull.reviews}.values()))
listed("PullRequest.latestOpinionatedReviews", lambda pull, _: list(
    {one.author.login: one for one in pull.reviews if one.state != "COMMENTED"}.values()
))  # fmt: skip
listed("PullRequest.reviewRequests", lambda pull, _: [
    {"__typename": "ReviewRequest", "id": str(one.id), "requestedReviewer": one} for one in pull.requested
])  # fmt: skip
listed("PullRequest.reviewThreads", lambda pull, _: [
    {"__typename": "PullRequestReviewThread", "id": node_id("Thread", one.id), "isResolved": one.resolved,
     "isOutdated": one.commit != pull.head_sha, "path": one.path, "line": one.line, "of": pull, "first": one}
    for review in pull.reviews for one in review.comments if one.reply_to is None
])  # fmt: skip
listed("PullRequestReviewThread.comments", lambda thread, _: [
    one for review in thread["of"].reviews for one in review.comments
    if thread["first"].id in (one.id, one.reply_to)
])  # fmt: skip
plain(
    "PullRequestReview", id=lambda one, _: node_id("PullRequestReview", one.id), databaseId="id", author="author",
    body="body", bodyText="body", state="state", submittedAt="submitted_at", createdAt="submitted_at",
    updatedAt="submitted_at", fullDatabaseId="id",
    url=lambda one, view: f"{view.forms.page}/pull/{pull_with(view, one).number}#pullrequestreview-{one.id}",
    pullRequest=lambda one, view: pull_with(view, one), authorAssociation=lambda one, _: one.author.association,
    viewerDidAuthor=lambda one, view: one.author is view.token.user,
    commit=lambda one, view: commit(view, one.commit),
    authorCanPushToRepository=lambda one, _: one.author.permission in WRITERS,
)  # fmt: skip
listed("PullRequestReview.comments", lambda one, _: one.comments)
plain(
    "PullRequestReviewComment", id=lambda one, _: node_id("PullRequestReviewComment", one.id), databaseId="id",
    author="author", body="body", bodyText="body", path="path", line="line", originalLine="line",
    createdAt="created_at", updatedAt="created_at", fullDatabaseId="id",
    commit=lambda one, view: commit(view, one.commit), originalCommit=lambda one, view: commit(view, one.commit),
    url=lambda one, view: view.forms.review_comment(pull_with(view, review_with(view, one)), one)["html_url"],
    pullRequestReview=lambda one, view: review_with(view, one),
    viewerDidAuthor=lambda one, view: one.author is view.token.user,
    authorAssociation=lambda one, _: one.author.association, outdated=lambda *_: False,
)  # fmt: skip


# ---- commits and checks


def commit(view: View, sha: str) -> Json:
    found = view.bare.described(sha)
    return {"__typename": "Commit", "id": sha, "oid": sha, "message": found["message"].rstrip("\n"),
            "messageHeadline": found["message"].split("\n")[0], "committedDate": found["by_date"],
            "authoredDate": found["date"], "abbreviatedOid": sha[:7],
            "author": {"name": found["name"], "email": found["email"],
                       "user": view.state.users.get(found["name"])}}  # fmt: skip


@field("Commit.statusCheckRollup")
def rollup_of(source: Json, view: View) -> Json | None:
    return rollup(view, source["oid"])


def rollup(view: View, sha: str) -> Json | None:
    runs = view.state.runs_of(sha)
    for one in runs:
        one.read()
    state = view.behaviour.rollup(sha)
    if state is None:
        return None
    return {"__typename": "StatusCheckRollup", "id": sha, "state": state, "sha": sha,
            "contexts of it": [*runs, *view.state.statuses_of(sha)]}  # fmt: skip


@field("StatusCheckRollup.commit")
def commit_of_rollup(source: Json, view: View) -> Json:
    return commit(view, source["sha"])


@field("StatusCheckRollup.contexts")
def contexts(source: Json, view: View, **paging: Any) -> Json:
    items = source["contexts of it"]
    runs = [one for one in items if isinstance(one, CheckRun)]
    counts = {"checkRunCount": len(runs), "statusContextCount": len(items) - len(runs)}
    return connection(items, "contexts", **paging) | counts


@field("CheckRun.isRequired", "StatusContext.isRequired")
def is_required(one: Any, view: View, pullRequestNumber: int | None = None, pullRequestId: str | None = None) -> bool:  # noqa: N803
    pull = view.state.issues.get(pullRequestNumber or 0) if pullRequestId is None else node(view, pullRequestId)
    if not isinstance(pull, Pull):
        raise Said("NOT_FOUND", "Either `pullRequestId` or `pullRequestNumber` must be given.")
    rule = view.state.protections.get(pull.base)
    name = one.name if isinstance(one, CheckRun) else one.context
    return rule is not None and name in rule.checks


plain(
    "CheckRun", id=lambda one, _: node_id("CheckRun", one.id), databaseId="id", name="name", title="name",
    status=lambda one, _: one.status.upper(), conclusion=lambda one, _: one.conclusion and one.conclusion.upper(),
    summary="summary", text=lambda *_: None, startedAt="started_at",
    completedAt=lambda one, _: one.started_at if one.status == "completed" else None,
    detailsUrl=lambda one, view: view.forms.check_run(one)["details_url"],
    url=lambda one, view: view.forms.check_run(one)["html_url"],
    permalink=lambda one, view: view.forms.check_run(one)["html_url"],
    checkSuite=lambda one, view: {
        "__typename": "CheckSuite", "id": node_id("CheckSuite", suite(one.commit)), "databaseId": suite(one.commit),
        "app": {"name": "GitHub Actions", "slug": "github-actions", "id": node_id("App", 15368)},
        "workflowRun": {
            "__typename": "WorkflowRun", "id": node_id("WorkflowRun", suite(one.commit)),
            "databaseId": suite(one.commit),
            "workflow": {"__typename": "Workflow", "id": "W", "name": "CI"},
            "event": "pull_request", "runNumber": 1,
            "url": view.forms.job_page(one).rpartition("/job/")[0],
        } if one.log is not None else None,
    },
)  # fmt: skip
listed("CheckRun.annotations", lambda one, _: [
    {"__typename": "CheckAnnotation", "path": path, "message": message, "annotationLevel": "FAILURE", "title": None,
     "location": {"start": {"line": line, "column": None}, "end": {"line": line, "column": None}}, "rawDetails": None}
    for path, line, message in one.annotations
])  # fmt: skip
plain(
    "StatusContext", id=lambda one, _: node_id("StatusContext", one.id), context="context",
    state=lambda one, _: one.state.upper(), description="description", targetUrl="url", createdAt="created_at",
)  # fmt: skip


# ---- mutations


def pull_to_change(view: View, identity: str) -> Pull:
    found = node(view, identity)
    may = view.token.user.permission in WRITERS or found.author is view.token.user
    if (view.token.permissions or {"pull_requests": "write"}).get("pull_requests") != "write" or not may:
        who = "integration" if view.token.installation else "personal access token"
        raise Said("FORBIDDEN", f"Resource not accessible by {who}")
    if not isinstance(found, Pull):
        raise Said("NOT_FOUND", f"Could not resolve to PullRequest node with the global id of '{identity}'.")
    return found


def payload(given: Json, **fields: Any) -> Json:
    return {"clientMutationId": given.get("clientMutationId"), **fields}


@field("Mutation.markPullRequestReadyForReview")
def mark_ready(_: Any, view: View, input: Json) -> Json:  # noqa: A002
    pull = pull_to_change(view, input["pullRequestId"])
    pull.draft = False
    return payload(input, pullRequest=pull)


@field("Mutation.convertPullRequestToDraft")
def convert_to_draft(_: Any, view: View, input: Json) -> Json:  # noqa: A002
    pull = pull_to_change(view, input["pullRequestId"])
    pull.draft = True
    return payload(input, pullRequest=pull)


@field("Mutation.enqueuePullRequest")
def enqueue(_: Any, view: View, input: Json) -> Json:  # noqa: A002
    pull = pull_to_change(view, input["pullRequestId"])
    view.behaviour.enqueue(pull, input.get("expectedHeadOid"))
    return payload(input, mergeQueueEntry=queue_entry(pull, view))


@field("Mutation.dequeuePullRequest")
def dequeue(_: Any, view: View, input: Json) -> Json:  # noqa: A002
    pull = pull_to_change(view, input["id"])
    entry = queue_entry(pull, view)
    pull.queued = None
    return payload(input, mergeQueueEntry=entry)

"""GraphQL: people, labels, milestones, issues and comments; of pull requests only what they share with issues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.forms import node_id
from hub.graph import Json, Said, Unresolved, View, connection, field, listed, plain
from hub.graph_repository import repository
from hub.state import Issue, Pull


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


@field("Repository.issues")
def issues_of(_: Any, view: View, states: list[str] | None = None, labels: list[str] | None = None,
              orderBy: Json | None = None, filterBy: Json | None = None, **paging: Any) -> Json:  # noqa: N803  # fmt: skip
    found: Sequence[Issue] = [one for one in view.state.issues.values() if not isinstance(one, Pull)]
    found = [one for one in found if states is None or one.state.upper() in states]
    for name, value in (filterBy or {}).items():
        if value is False:  # the schema's own defaults
            continue
        found = _filtered(found, name, value)
    return connection(in_order(labelled(found, labels), orderBy), "issues", **paging)


def _filtered(found: Sequence[Issue], name: str, value: Any) -> Sequence[Issue]:
    if name == "states":
        return [one for one in found if one.state.upper() in value]
    if name == "labels":
        return labelled(found, value)
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


def labelled(found: Sequence[Any], labels: list[str] | None) -> Sequence[Any]:
    """With any of these labels, as GraphQL has it (REST: with all)."""
    wanted = {name.casefold() for name in labels or ()}
    return [one for one in found if not wanted or wanted & {label.name.casefold() for label in one.labels}]


def in_order(found: Sequence[Any], order: Json | None) -> Sequence[Any]:
    key = {"UPDATED_AT": "updated_at", "CREATED_AT": "number"}[order["field"]] if order else "number"
    return sorted(found, key=lambda one: (getattr(one, key), one.number),
                  reverse=bool(order and order["direction"] == "DESC"))  # fmt: skip


@field("Repository.milestones")
def milestones_of(_: Any, view: View, query: str = "", states: list[str] | None = None,
                  orderBy: Any = None, **paging: Any) -> Json:  # noqa: N803  # fmt: skip
    found = [one for one in view.state.milestones.values() if states is None or one.state.upper() in states]
    found = [one for one in found if query.casefold() in one.title.casefold()]
    return connection(found, "milestones", **paging)


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

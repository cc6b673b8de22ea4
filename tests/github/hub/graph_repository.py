"""GraphQL: who asks, the repository, its refs, commits and their checks; never issues or pull requests."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from hub.forms import node_id, suite
from hub.graph import Json, Said, View, connection, field, listed, node, plain
from hub.state import CheckRun, Pull, User


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


@field("Query.node")
def node_of(_: Any, view: View, id: str) -> Any:  # noqa: A002
    return node(view, id)


@field("Query.nodes")
def nodes_of(_: Any, view: View, ids: list[str]) -> list[Any]:
    return [node(view, one) for one in ids]


# ---- refs, and what they lead to


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

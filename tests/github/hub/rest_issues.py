"""REST: people, the repository, issues, comments, labels; never pull requests or checks."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from hub.behaviour import Refused
from hub.routes import Asked, Paged, Reply, invalid, route
from hub.state import WRITERS, Comment, Issue, Label, Pull, Token, User, now

REPO = "/repos/{owner}/{repo}"
ISSUE = f"{REPO}/issues/{{issue_number}}"


@route("GET /rate_limit", role="none")
def rate_limit(asked: Asked) -> Reply:
    found = {}
    for name, limit in asked.state.limits.items():
        used = asked.token.used.get(name, 0)
        left = max(limit - used, 0)
        found[name] = {"limit": limit, "used": used, "remaining": left, "reset": asked.state.resets_at}
    return Reply({"resources": found, "rate": found["core"]})


@route("GET /user", role="none")
def user(asked: Asked) -> Reply:
    if asked.token.installation:
        raise Refused(403, "Resource not accessible by integration")
    return Reply(asked.forms.private_user(asked.viewer))


@route("GET /users/{username}", role="none")
def other_user(asked: Asked) -> Reply:
    return Reply(asked.forms.public_user(asked.found(asked.state.users, asked.path["username"])))


# ---- the app


@route("GET /app", role="none")
def app(asked: Asked) -> Reply:
    return Reply(asked.forms.app())


@route(f"GET {REPO}/installation", role="none")
def installation(asked: Asked) -> Reply:
    number = next(iter(asked.state.installations), None)
    if number is None:
        raise Refused(404, "Not Found")
    token = asked.state.installations[number]
    owner = asked.state.users[asked.state.owner]
    url = f"{asked.forms.api}/app/installations/{number}"
    return Reply({
        "id": number, "account": asked.forms.user(owner), "app_id": 1, "app_slug": "waves", "target_id": owner.id,
        "target_type": "User", "permissions": token.permissions, "events": [], "repository_selection": "selected",
        "access_tokens_url": f"{url}/access_tokens", "repositories_url": f"{asked.forms.api}/installation/repositories",
        "html_url": url, "single_file_name": None, "created_at": now(), "updated_at": now(), "suspended_by": None,
        "suspended_at": None,
    })  # fmt: skip


@route("POST /app/installations/{installation_id}/access_tokens", role="none")
def access_token(asked: Asked) -> Reply:
    kept = asked.found(asked.state.installations, int(asked.path["installation_id"]))
    secret = f"ghs_{asked.state.ids():036d}"
    wanted = asked.body.get("permissions") or kept.permissions
    asked.state.tokens[secret] = Token(secret, kept.user, None, wanted, installation=True)
    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {"token": secret, "expires_at": until, "permissions": wanted, "repository_selection": "selected"}
    return Reply(body, 201)


# ---- the repository


@route(f"GET {REPO}")
def repository(asked: Asked) -> Reply:
    return Reply(asked.forms.repository(asked.viewer))


@route(f"GET {REPO}/collaborators", role="write")
def collaborators(asked: Asked) -> Paged:
    return Paged([one for one in asked.state.users.values() if one.permission != "none"], asked.forms.collaborator)


@route(f"GET {REPO}/collaborators/{{username}}")
def is_collaborator(asked: Asked) -> Reply:
    found = asked.state.users.get(asked.path["username"])
    if found is None or found.permission == "none":
        raise Refused(404, "Not Found")
    return Reply(None, 204)


@route(f"GET {REPO}/collaborators/{{username}}/permission")
def permission(asked: Asked) -> Reply:
    found: User = asked.found(asked.state.users, asked.path["username"])
    word = {"maintain": "write", "triage": "read"}.get(found.permission, found.permission)
    shown = asked.forms.collaborator(found)
    return Reply({"permission": word, "role_name": found.permission, "user": shown})


@route(f"GET {REPO}/contents/{{path}}", "contents=read")
def contents(asked: Asked) -> Reply:
    ref = asked.commit(asked.query.get("ref") or asked.state.default_branch)
    path = asked.path["path"]
    listed = asked.bare.once("ls-tree", "-z", ref, "--", path).rstrip("\0")
    if not listed or listed.split(" ")[1] != "blob":
        raise Refused(404, "Not Found")
    sha = listed.split(" ")[2].split("\t")[0]
    text = asked.bare.once("cat-file", "blob", sha)
    url, page = f"{asked.forms.repo}/contents/{path}?ref={ref}", f"{asked.forms.page}/blob/{ref}/{path}"
    git = f"{asked.forms.repo}/git/blobs/{sha}"
    return Reply({
        "type": "file", "encoding": "base64", "size": len(text.encode()), "name": path.rpartition("/")[2], "path": path,
        "content": base64.encodebytes(text.encode()).decode(), "sha": sha, "url": url, "git_url": git, "html_url": page,
        "download_url": page, "_links": {"self": url, "git": git, "html": page},
    })  # fmt: skip


@route(f"GET {REPO}/labels", "issues=read")
def labels(asked: Asked) -> Paged:
    return Paged(list(asked.state.labels.values()), asked.forms.label)


@route(f"POST {REPO}/labels", "issues=write", "write")
def create_label(asked: Asked) -> Reply:
    if asked.body["name"].casefold() in asked.state.labels:
        raise invalid("Label", "name", "already_exists")
    made = asked.state.label(asked.body["name"])
    made.color = asked.body.get("color", made.color)
    made.description = asked.body.get("description")
    return Reply(asked.forms.label(made), 201)


@route(f"GET {REPO}/labels/{{name}}", "issues=read")
def label(asked: Asked) -> Reply:
    return Reply(asked.forms.label(asked.found(asked.state.labels, asked.path["name"].casefold())))


@route(f"GET {REPO}/milestones", "issues=read")
def milestones(asked: Asked) -> Paged:
    wanted = asked.query.get("state", "open")
    found = [one for one in asked.state.milestones.values() if wanted in ("all", one.state)]
    return Paged(found, asked.forms.milestone)


@route(f"GET {REPO}/milestones/{{milestone_number}}", "issues=read")
def milestone(asked: Asked) -> Reply:
    return Reply(asked.forms.milestone(asked.found(asked.state.milestones, int(asked.path["milestone_number"]))))


# ---- issues


@route(f"GET {REPO}/issues", "issues=read")
def issues(asked: Asked) -> Paged:
    query = asked.query
    wanted = query.get("state", "open")
    found = [one for one in asked.state.issues.values() if wanted in ("all", one.state)]
    for name in filter(None, query.get("labels", "").split(",")):
        found = [one for one in found if name.casefold() in {label.name.casefold() for label in one.labels}]
    if (number := query.get("milestone")) and number not in ("*", "none"):
        found = [one for one in found if one.milestone and str(one.milestone.number) == number]
    elif number:
        found = [one for one in found if (one.milestone is not None) == (number == "*")]
    if login := query.get("creator"):
        found = [one for one in found if one.author.login == login]
    if since := query.get("since"):
        found = [one for one in found if one.updated_at >= since]
    ways = {"updated": lambda one: one.updated_at, "comments": lambda one: len(one.comments)}
    way = ways.get(query.get("sort", "created"), lambda one: one.number)
    found.sort(key=lambda one: (way(one), one.number), reverse=query.get("direction", "desc") == "desc")
    return Paged(found, asked.forms.issue)


@route("GET /search/issues", role="none")
def search(asked: Asked) -> Paged:
    """The words that the stand-in knows: repo, is, label, milestone, head, and text in title or body."""
    found = sorted(asked.state.issues.values(), key=lambda one: -one.number)
    for word in asked.query["q"].split():
        key, colon, value = word.partition(":")
        found = [one for one in found if _matches(asked, one, key if colon else "", (value or key).strip('"'))]
    extra = {"incomplete_results": False}
    return Paged(found, lambda one: asked.forms.issue(one) | {"score": 1.0}, "items", extra)


def _matches(asked: Asked, issue: Issue, key: str, value: str) -> bool:
    if key in ("is", "state", "type"):
        return {"issue": not isinstance(issue, Pull), "pr": isinstance(issue, Pull)}.get(value, issue.state == value)
    if key == "label":
        return value in {label.name for label in issue.labels}
    if key == "milestone":
        return issue.milestone is not None and issue.milestone.title == value
    if key == "head":
        return isinstance(issue, Pull) and issue.head == value
    if key == "repo":
        return value == asked.state.full_name
    if key:
        raise invalid("Search", "q")
    return value.casefold() in f"{issue.title} {issue.body}".casefold()


@route(f"POST {REPO}/issues", "issues=write", creates=True)
def create_issue(asked: Asked) -> Reply:
    state, body = asked.state, asked.body
    number = state.next_number()
    made = Issue(state.ids(), number, str(body["title"]), body.get("body"), asked.viewer)
    state.issues[number] = made
    _edit(asked, made)
    return Reply(asked.forms.issue(made, whole=True), 201)


@route(f"GET {ISSUE}", "issues=read")
def issue(asked: Asked) -> Reply:
    return Reply(asked.forms.issue(asked.issue(), whole=True))


@route(f"PATCH {ISSUE}", "issues=write", "triage")
def edit_issue(asked: Asked) -> Reply:
    found = asked.issue()
    _edit(asked, found)
    return Reply(asked.forms.issue(found, whole=True))


def _edit(asked: Asked, issue: Issue) -> None:
    body, state = asked.body, asked.state
    for name in ("title", "body"):
        if name in body:
            setattr(issue, name, body[name])
    if "labels" in body:
        issue.labels = _labels(asked, body["labels"])
    if "assignees" in body:
        issue.assignees = [state.user(login) for login in body["assignees"]]
    if "milestone" in body:
        issue.milestone = asked.found(state.milestones, body["milestone"]) if body["milestone"] is not None else None
    if body.get("state") == "closed" and issue.state == "open":
        state.close(issue, asked.viewer, body.get("state_reason") or "completed")
    if body.get("state") == "open" and issue.state == "closed":
        issue.state, issue.closed_at, issue.closed_by, issue.state_reason = "open", None, None, "reopened"
    issue.updated_at = now()


def _labels(asked: Asked, given: list[str | dict[str, str]]) -> list[Label]:
    names = dict.fromkeys(one if isinstance(one, str) else one["name"] for one in given)
    return [asked.state.label(name) for name in names]


@route(f"GET {ISSUE}/labels", "issues=read")
def issue_labels(asked: Asked) -> Paged:
    return Paged(asked.issue().labels, asked.forms.label)


@route(f"POST {ISSUE}/labels", "issues=write", "triage")
def add_labels(asked: Asked) -> Reply:
    found = asked.issue()
    added = _labels(asked, _names(asked))
    found.labels += [one for one in added if one not in found.labels]
    return Reply([asked.forms.label(one) for one in found.labels])


@route(f"PUT {ISSUE}/labels", "issues=write", "triage")
def set_labels(asked: Asked) -> Reply:
    found = asked.issue()
    found.labels = _labels(asked, _names(asked))
    return Reply([asked.forms.label(one) for one in found.labels])


def _names(asked: Asked) -> list[str | dict[str, str]]:
    return asked.body["labels"] if isinstance(asked.body, dict) else asked.body


@route(f"DELETE {ISSUE}/labels/{{name}}", "issues=write", "triage")
def remove_label(asked: Asked) -> Reply:
    found, name = asked.issue(), asked.path["name"].casefold()
    if name not in {one.name.casefold() for one in found.labels}:
        raise Refused(404, "Label does not exist")
    found.labels = [one for one in found.labels if one.name.casefold() != name]
    return Reply([asked.forms.label(one) for one in found.labels])


@route(f"POST {ISSUE}/assignees", "issues=write", "triage")
def assign(asked: Asked) -> Reply:
    found = asked.issue()
    # GitHub leaves out, without a word, those who cannot be assigned.
    users = [asked.state.users.get(login) for login in asked.body.get("assignees", ())]
    found.assignees += [one for one in users if one and one.permission != "none" and one not in found.assignees]
    return Reply(asked.forms.issue(found, whole=True), 201)


@route(f"DELETE {ISSUE}/assignees", "issues=write", "triage")
def unassign(asked: Asked) -> Reply:
    found = asked.issue()
    found.assignees = [one for one in found.assignees if one.login not in asked.body.get("assignees", ())]
    return Reply(asked.forms.issue(found, whole=True))


@route(f"GET {ISSUE}/sub_issues", "issues=read")
def sub_issues(asked: Asked) -> Paged:
    return Paged([asked.state.issues[number] for number in asked.issue().children], asked.forms.issue)


@route(f"POST {ISSUE}/sub_issues", "issues=write", "triage")
def add_sub_issue(asked: Asked) -> Reply:
    found = asked.issue()
    child = next((one for one in asked.state.issues.values() if one.id == asked.body["sub_issue_id"]), None)
    if child is None:
        raise Refused(404, "Not Found")
    if child.parent is not None and not asked.body.get("replace_parent"):
        raise Refused(422, "Issue may not contain duplicate sub-issues and Sub issue may only have one parent")
    if child.parent is not None:
        asked.state.issues[child.parent].children.remove(child.number)
    child.parent = found.number
    found.children.append(child.number)
    return Reply(asked.forms.issue(found, whole=True), 201)


@route(f"GET {ISSUE}/parent", "issues=read")
def parent(asked: Asked) -> Reply:
    return Reply(asked.forms.issue(asked.found(asked.state.issues, asked.issue().parent), whole=True))


@route(f"GET {ISSUE}/dependencies/blocked_by", "issues=read")
def blocked_by(asked: Asked) -> Paged:
    return Paged([asked.state.issues[number] for number in asked.issue().blocked_by], asked.forms.issue)


# ---- comments


@route(f"GET {REPO}/issues/comments", "issues=read")
def all_comments(asked: Asked) -> Paged:
    found = [comment for one in asked.state.issues.values() for comment in one.comments]
    if since := asked.query.get("since"):
        found = [one for one in found if one.updated_at >= since]
    return Paged(sorted(found, key=lambda one: one.id), asked.forms.comment)


@route(f"GET {ISSUE}/comments", "issues=read")
def comments(asked: Asked) -> Paged:
    since = asked.query.get("since", "")
    return Paged([one for one in asked.issue().comments if one.updated_at >= since], asked.forms.comment)


@route(f"POST {ISSUE}/comments", "issues=write", creates=True)
def create_comment(asked: Asked) -> Reply:
    found = asked.issue()
    if not asked.body["body"].strip():
        raise _unfit("Body cannot be blank")
    if len(asked.body["body"]) > 65536:
        raise _unfit("Body is too long (maximum is 65536 characters)")
    made = Comment(asked.state.ids(), found.number, asked.viewer, asked.body["body"])
    found.comments.append(made)
    found.updated_at = now()
    return Reply(asked.forms.comment(made), 201)


def _unfit(message: str) -> Refused:
    error = {"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": message}
    return Refused(422, "Validation Failed", [error])


def _comment(asked: Asked) -> Comment:
    number = int(asked.path["comment_id"])
    found = [one for issue in asked.state.issues.values() for one in issue.comments if one.id == number]
    if not found:
        raise Refused(404, "Not Found")
    return found[0]


@route(f"GET {REPO}/issues/comments/{{comment_id}}", "issues=read")
def one_comment(asked: Asked) -> Reply:
    return Reply(asked.forms.comment(_comment(asked)))


@route(f"PATCH {REPO}/issues/comments/{{comment_id}}", "issues=write")
def edit_comment(asked: Asked) -> Reply:
    found = _comment(asked)
    _may_change(asked, found)
    found.body, found.updated_at = asked.body["body"], now()
    return Reply(asked.forms.comment(found))


@route(f"DELETE {REPO}/issues/comments/{{comment_id}}", "issues=write")
def delete_comment(asked: Asked) -> Reply:
    found = _comment(asked)
    _may_change(asked, found)
    asked.state.issues[found.number].comments.remove(found)
    return Reply(None, 204)


def _may_change(asked: Asked, comment: Comment) -> None:
    if comment.author is not asked.viewer and asked.viewer.permission not in WRITERS:
        raise Refused(403, "Must have admin rights to Repository.")

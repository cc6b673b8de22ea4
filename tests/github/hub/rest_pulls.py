"""REST: pull requests, their reviews, and their merge; never checks."""

from __future__ import annotations

from hub.behaviour import MERGED, Refused
from hub.routes import Asked, Paged, Reply, invalid, route
from hub.state import Pull, Review, ReviewComment, now

REPO = "/repos/{owner}/{repo}"
PULL = f"{REPO}/pulls/{{pull_number}}"


@route(f"GET {REPO}/pulls", "pull_requests=read")
def pulls(asked: Asked) -> Paged:
    query = asked.query
    wanted = query.get("state", "open")
    found = [one for one in asked.state.pulls() if wanted in ("all", one.state)]
    if head := query.get("head"):
        owner, colon, branch = head.partition(":")
        # GitHub ignores a head that names no owner.
        if colon:
            found = [one for one in found if one.head == branch and owner == (one.fork or asked.state.owner)]
    if base := query.get("base"):
        found = [one for one in found if one.base == base]
    newest_first = query.get("direction", "desc" if query.get("sort", "created") == "created" else "asc") == "desc"
    key = "updated_at" if query.get("sort") == "updated" else "number"
    found.sort(key=lambda one: (getattr(one, key), one.number), reverse=newest_first)
    return Paged(found, lambda one: asked.forms.pull(one, asked.viewer))


@route(f"POST {REPO}/pulls", "pull_requests=write", creates=True)
def create_pull(asked: Asked) -> Reply:
    state, body = asked.state, asked.body
    owner, _, head = body["head"].rpartition(":")
    if owner.casefold() not in ("", state.owner.casefold()) or asked.behaviour.head_of(head) is None:
        raise invalid("PullRequest", "head")
    if asked.behaviour.head_of(body["base"]) is None:
        raise invalid("PullRequest", "base")
    for one in state.pulls():
        if (one.head_ref, one.base, one.state) == (f"refs/heads/{head}", body["base"], "open"):
            text = f"A pull request already exists for {state.owner}:{head}."
            raise Refused(422, "Validation Failed", [_custom(text)])
    base_sha, head_sha = asked.behaviour.head_of(body["base"]), asked.behaviour.head_of(head)
    assert base_sha
    assert head_sha
    if not asked.bare.commits(base_sha, head_sha):
        raise Refused(422, "Validation Failed", [_custom(f"No commits between {body['base']} and {head}")])
    if len(body.get("title") or "") > 256:
        raise invalid("PullRequest", "title", "custom", "title is too long (maximum is 256 characters)")
    number = state.next_number()
    made = Pull(
        state.ids(), number, body.get("title", head), body.get("body"), asked.viewer, head=head, base=body["base"],
        draft=bool(body.get("draft")),
    )  # fmt: skip
    state.issues[number] = made
    asked.behaviour.follow(made)
    return Reply(_whole(asked, made), 201)


def _custom(message: str) -> dict[str, str]:
    return {"resource": "PullRequest", "code": "custom", "message": message}


def _whole(asked: Asked, pull: Pull) -> dict[str, object]:
    found = asked.behaviour.mergeability(pull)
    return asked.forms.whole_pull(pull, asked.viewer, found)


@route(f"GET {PULL}", "pull_requests=read")
def pull(asked: Asked) -> Reply:
    found = asked.pull()
    asked.behaviour.read(found)
    return Reply(_whole(asked, found))


@route(f"PATCH {PULL}", "pull_requests=write")
def edit_pull(asked: Asked) -> Reply:
    found, body = asked.pull(), asked.body
    for name in ("title", "body"):
        if name in body:
            setattr(found, name, body[name])
    if "base" in body:
        if asked.behaviour.head_of(body["base"]) is None:
            raise invalid("PullRequest", "base")
        found.base = body["base"]
    if body.get("state") == "closed" and found.state == "open":
        asked.state.close(found, asked.viewer)
    if body.get("state") == "open" and found.state == "closed":
        if found.merged_at or found.head_ref not in asked.behaviour.seen:
            raise Refused(422, "Validation Failed", [_custom("state cannot be changed.")])
        found.state, found.closed_at, found.closed_by = "open", None, None
    found.updated_at = now()
    if found.state == "open":
        asked.behaviour.follow(found)
    return Reply(_whole(asked, found))


@route(f"GET {PULL}/commits", "pull_requests=read")
def commits(asked: Asked) -> Paged:
    found = asked.pull()
    return Paged(asked.bare.commits(found.base_sha, found.head_sha)[:250], asked.forms.commit)


@route(f"GET {PULL}/files", "pull_requests=read")
def files(asked: Asked) -> Paged:
    found = asked.pull()
    return Paged(asked.forms.files(found.base_sha, found.head_sha)[:3000], lambda one: one)


@route(f"GET {PULL}/merge", "contents=read")
def is_merged(asked: Asked) -> Reply:
    if asked.pull().merged_at is None:
        raise Refused(404, "Not Found")
    return Reply(None, 204)


@route(f"PUT {PULL}/merge", "contents=write", "write")
def merge(asked: Asked) -> Reply:
    body = asked.body
    made = asked.behaviour.merge(
        asked.pull(), asked.viewer, body.get("sha"), body.get("merge_method") or "merge",
        body.get("commit_title"), body.get("commit_message"),
    )  # fmt: skip
    return Reply({"sha": made, "merged": True, "message": MERGED})


@route(f"PUT {PULL}/update-branch", "pull_requests=write", "write")
def update_branch(asked: Asked) -> Reply:
    found = asked.pull()
    asked.behaviour.update_branch(found, asked.viewer, asked.body.get("expected_head_sha"))
    url = f"{asked.forms.page}/pull/{found.number}"
    return Reply({"message": "Updating pull request branch.", "url": url}, 202)


# ---- reviews


@route(f"GET {PULL}/requested_reviewers", "pull_requests=read")
def requested(asked: Asked) -> Reply:
    return Reply({"users": [asked.forms.user(one) for one in asked.pull().requested], "teams": []})


@route(f"POST {PULL}/requested_reviewers", "pull_requests=write", "write")
def request(asked: Asked) -> Reply:
    found = asked.pull()
    for login in asked.body.get("reviewers", ()):
        one = asked.state.users.get(login)
        if one is None or one.permission == "none":
            text = "One or more of the users or teams you specified is not a collaborator of the"
            text = f"Reviews may only be requested from collaborators. {text} {asked.state.full_name} repository."
            raise Refused(422, text)
        if one is found.author:
            raise Refused(422, "Review cannot be requested from pull request author.")
        if one not in found.requested:
            found.requested.append(one)
    return Reply(asked.forms.pull(found, asked.viewer), 201)


@route(f"GET {PULL}/reviews", "pull_requests=read")
def reviews(asked: Asked) -> Paged:
    found = asked.pull()
    return Paged(found.reviews, lambda one: asked.forms.review(found, one))


@route(f"POST {PULL}/reviews", "pull_requests=write", creates=True)
def create_review(asked: Asked) -> Reply:
    found, body = asked.pull(), asked.body
    event = body.get("event", "PENDING")
    if found.author is asked.viewer and event in ("APPROVE", "REQUEST_CHANGES"):
        word = {"APPROVE": "approve", "REQUEST_CHANGES": "request changes on"}[event]
        raise Refused(422, "Unprocessable Entity", [f"Review Can not {word} your own pull request"])
    if event in ("COMMENT", "REQUEST_CHANGES") and not body.get("body") and not body.get("comments"):
        raise Refused(422, "Unprocessable Entity", ["Review Body can't be blank"])
    words = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
    commit = body.get("commit_id") or found.head_sha
    made = Review(asked.state.ids(), asked.viewer, words.get(event, "PENDING"), body.get("body") or "", commit)
    for one in body.get("comments", ()):
        comment = ReviewComment(
            asked.state.ids(), made.id, asked.viewer, one["path"], one.get("line"), one["body"], commit
        )
        made.comments.append(comment)
    found.reviews.append(made)
    found.requested = [one for one in found.requested if one is not asked.viewer]
    return Reply(asked.forms.review(found, made))


def _review(asked: Asked) -> Review:
    number = int(asked.path["review_id"])
    found = [one for one in asked.pull().reviews if one.id == number]
    if not found:
        raise Refused(404, "Not Found")
    return found[0]


@route(f"GET {PULL}/reviews/{{review_id}}", "pull_requests=read")
def review(asked: Asked) -> Reply:
    return Reply(asked.forms.review(asked.pull(), _review(asked)))


@route(f"GET {PULL}/reviews/{{review_id}}/comments", "pull_requests=read")
def comments_of_review(asked: Asked) -> Paged:
    found = asked.pull()
    hidden = ("side", "subject_type", "line", "original_line")
    return Paged(
        _review(asked).comments,
        lambda one: {key: value for key, value in asked.forms.review_comment(found, one).items() if key not in hidden},
    )


@route(f"GET {PULL}/comments", "pull_requests=read")
def review_comments(asked: Asked) -> Paged:
    found = asked.pull()
    every = [comment for one in found.reviews for comment in one.comments]
    return Paged(every, lambda one: asked.forms.review_comment(found, one))


@route(f"POST {PULL}/comments", "pull_requests=write", creates=True)
def create_review_comment(asked: Asked) -> Reply:
    found, body = asked.pull(), asked.body
    if body["path"] not in {one["filename"] for one in asked.bare.changed(found.base_sha, found.head_sha)}:
        raise invalid("PullRequestReviewComment", "path")
    made = Review(asked.state.ids(), asked.viewer, "COMMENTED", "", found.head_sha)
    comment = ReviewComment(
        asked.state.ids(), made.id, asked.viewer, body["path"], body.get("line"), body["body"], body["commit_id"],
        body.get("in_reply_to"),
    )  # fmt: skip
    made.comments.append(comment)
    found.reviews.append(made)
    return Reply(asked.forms.review_comment(found, comment), 201)

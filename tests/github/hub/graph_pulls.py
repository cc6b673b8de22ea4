"""GraphQL: pull requests, their reviews, the merge queue, and what changes them; never their checks."""

from __future__ import annotations

from typing import Any

from hub.forms import node_id
from hub.graph import Json, Said, View, connection, field, listed, node, plain
from hub.graph_issues import in_order, labelled
from hub.graph_repository import commit, ref, repository, rollup
from hub.state import WRITERS, Pull, Review, ReviewComment

MERGE_STATES = {"unknown": "UNKNOWN", "draft": "DRAFT", "dirty": "DIRTY", "blocked": "BLOCKED", "behind": "BEHIND",
                "unstable": "UNSTABLE", "clean": "CLEAN", "has_hooks": "HAS_HOOKS"}  # fmt: skip


@field("Repository.pullRequest")
def pull_of(_: Any, view: View, number: int) -> Pull:
    found = view.state.issues.get(number)
    if not isinstance(found, Pull):
        raise Said("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
    view.behaviour.read(found)
    return found


@field("Repository.pullRequests")
def pulls_of(_: Any, view: View, states: list[str] | None = None, headRefName: str | None = None,  # noqa: N803
             baseRefName: str | None = None, labels: list[str] | None = None,  # noqa: N803
             orderBy: Json | None = None, **paging: Any) -> Json:  # noqa: N803  # fmt: skip
    found = [one for one in view.state.pulls() if states is None or pull_state(one, view) in states]
    found = [one for one in found if headRefName in (None, one.head) and baseRefName in (None, one.base)]
    made = connection(in_order(labelled(found, labels), orderBy), "pullRequests", **paging)
    for one in made["nodes"]:
        view.behaviour.read(one)
    return made


# ---- the merge queue


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

"""How REST shows what is remembered: state to JSON, field by field; never a decision."""

from __future__ import annotations

import base64
from typing import Any

from hub.bare import Bare
from hub.behaviour import Behaviour, Mergeability
from hub.state import (
    CheckRun,
    Comment,
    Deployment,
    Environment,
    Issue,
    Label,
    Milestone,
    Protection,
    Pull,
    Review,
    ReviewComment,
    Run,
    State,
    Status,
    User,
    Workflow,
)

Json = dict[str, Any]

# Of a repository: what follows `/repos/OWNER/NAME` in its URLs.
REPOSITORY_URLS = {
    "archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}", "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}", "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}", "commits_url": "/commits{/sha}", "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}", "contributors_url": "/contributors", "deployments_url": "/deployments",
    "downloads_url": "/downloads", "events_url": "/events", "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}", "git_refs_url": "/git/refs{/sha}", "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks", "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}", "keys_url": "/keys{/key_id}", "labels_url": "/labels{/name}",
    "languages_url": "/languages", "merges_url": "/merges", "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}", "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}", "stargazers_url": "/stargazers", "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers", "subscription_url": "/subscription", "tags_url": "/tags",
    "teams_url": "/teams", "trees_url": "/git/trees{/sha}",
}  # fmt: skip
USER_URLS = {
    "events_url": "/events{/privacy}", "followers_url": "/followers", "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}", "organizations_url": "/orgs", "received_events_url": "/received_events",
    "repos_url": "/repos", "starred_url": "/starred{/owner}{/repo}", "subscriptions_url": "/subscriptions",
}  # fmt: skip
ZONE = "2026-01-01T00:00:00Z"  # when what has no history of its own was made


def node_id(kind: str, number: int) -> str:
    return base64.urlsafe_b64encode(f"{kind}:{number}".encode()).decode()


class Forms:
    """`web` is the address of the host without a slash at the end."""

    def __init__(self, state: State, bare: Bare, behaviour: Behaviour, web: str) -> None:
        self.state, self.bare, self.behaviour, self.web = state, bare, behaviour, web
        self.api = f"{web}/api/v3"

    @property
    def repo(self) -> str:
        return f"{self.api}/repos/{self.state.full_name}"

    @property
    def page(self) -> str:
        return f"{self.web}/{self.state.full_name}"

    # ---- people and the repository

    def user(self, user: User) -> Json:
        url = f"{self.api}/users/{user.login}"
        return {
            "login": user.login, "id": user.id, "node_id": node_id("User", user.id), "url": url,
            "avatar_url": f"{self.web}/avatars/{user.id}", "gravatar_id": "", "html_url": f"{self.web}/{user.login}",
            "type": user.type, "site_admin": False, **{key: url + end for key, end in USER_URLS.items()},
        }  # fmt: skip

    def public_user(self, user: User) -> Json:
        nothing = dict.fromkeys(("bio", "blog", "company", "email", "hireable", "location"))
        counts = dict.fromkeys(("followers", "following", "public_gists", "public_repos"), 0)
        return self.user(user) | nothing | counts | {"name": user.login, "created_at": ZONE, "updated_at": ZONE}

    def private_user(self, user: User) -> Json:
        names = ("collaborators", "disk_usage", "owned_private_repos", "private_gists", "total_private_repos")
        return self.public_user(user) | dict.fromkeys(names, 0) | {"two_factor_authentication": True}

    def permissions(self, user: User) -> Json:
        order = ("pull", "triage", "push", "maintain", "admin")
        height = {"none": 0, "read": 1, "triage": 2, "write": 3, "maintain": 4, "admin": 5}[user.permission]
        return {name: place < height for place, name in enumerate(order)}

    def collaborator(self, user: User) -> Json:
        return self.user(user) | {"permissions": self.permissions(user), "role_name": user.permission}

    def minimal_repository(self) -> Json:
        state = self.state
        return {
            "id": 1, "node_id": node_id("Repository", 1), "name": state.name, "full_name": state.full_name,
            "owner": self.user(state.users[state.owner]), "private": state.private, "html_url": self.page,
            "description": None, "fork": False, "url": self.repo,
            **{key: self.repo + end for key, end in REPOSITORY_URLS.items()},
        }  # fmt: skip

    def repository(self, viewer: User, *, whole: bool = True) -> Json:
        state = self.state
        opened = sum(issue.state == "open" for issue in state.issues.values())
        counts = dict.fromkeys(("forks", "forks_count", "size", "stargazers_count", "watchers", "watchers_count"), 0)
        made = self.minimal_repository() | counts | {
            "clone_url": f"{self.page}.git", "git_url": f"{self.page}.git",
            "ssh_url": f"git@host:{state.full_name}.git",
            "svn_url": self.page, "mirror_url": None, "homepage": None, "language": None, "license": None,
            "default_branch": state.default_branch, "archived": False, "disabled": False,
            "visibility": "private" if state.private else "public", "has_issues": True, "has_projects": False,
            "has_wiki": False, "has_pages": False, "has_downloads": False, "has_discussions": False,
            "open_issues": opened, "open_issues_count": opened, "pushed_at": ZONE,
            "created_at": ZONE, "updated_at": ZONE,
            "permissions": self.permissions(viewer),
        }  # fmt: skip
        if whole:
            made |= {"network_count": 0, "subscribers_count": 0}
        if whole and viewer.permission == "admin":  # GitHub shows the settings to those who may change them
            made |= {
                "allow_squash_merge": "squash" in state.methods, "allow_merge_commit": "merge" in state.methods,
                "allow_rebase_merge": "rebase" in state.methods, "delete_branch_on_merge": state.auto_delete,
                "allow_auto_merge": False, "allow_update_branch": True,
            }  # fmt: skip
        return made

    def label(self, label: Label) -> Json:
        return {
            "id": label.id, "node_id": node_id("Label", label.id), "name": label.name, "color": label.color,
            "description": label.description, "default": False, "url": f"{self.repo}/labels/{label.name}",
        }  # fmt: skip

    def milestone(self, one: Milestone) -> Json:
        issues = [issue.state for issue in self.state.issues.values() if issue.milestone is one]
        url = f"{self.repo}/milestones/{one.number}"
        return {
            "id": one.id, "node_id": node_id("Milestone", one.id), "number": one.number, "title": one.title,
            "state": one.state, "description": None, "due_on": None,
            "creator": self.user(self.state.users[self.state.owner]),
            "open_issues": issues.count("open"), "closed_issues": issues.count("closed"), "url": url,
            "html_url": f"{self.page}/milestone/{one.number}", "labels_url": f"{url}/labels",
            "created_at": one.created_at, "updated_at": one.created_at, "closed_at": None,
        }  # fmt: skip

    # ---- issues

    def _shared(self, issue: Issue) -> Json:
        """What an issue and a pull request both show, in the same words."""
        assignees = [self.user(user) for user in issue.assignees]
        return {
            "id": issue.id, "number": issue.number, "title": issue.title, "body": issue.body, "state": issue.state,
            "locked": False, "active_lock_reason": None, "user": self.user(issue.author),
            "author_association": issue.author.association, "labels": [self.label(label) for label in issue.labels],
            "milestone": self.milestone(issue.milestone) if issue.milestone else None,
            "assignee": assignees[0] if assignees else None, "assignees": assignees, "created_at": issue.created_at,
            "updated_at": issue.updated_at, "closed_at": issue.closed_at,
            "comments_url": f"{self.repo}/issues/{issue.number}/comments",
        }  # fmt: skip

    def issue(self, issue: Issue, *, whole: bool = False) -> Json:
        """`whole`: as by itself rather than in a list. A pull request is shown as an issue too."""
        url = f"{self.repo}/issues/{issue.number}"
        kind, page = ("PullRequest", "pull") if isinstance(issue, Pull) else ("Issue", "issues")
        closed = [self.state.issues[number].state for number in issue.children].count("closed")
        share = 100 * closed // len(issue.children) if issue.children else 0
        blocked = [self.state.issues[number].state for number in issue.blocked_by].count("open")
        blocking = [one.state for one in self.state.issues.values() if issue.number in one.blocked_by]
        made = self._shared(issue) | {
            "node_id": node_id(kind, issue.number), "url": url, "repository_url": self.repo,
            "labels_url": f"{url}/labels{{/name}}", "events_url": f"{url}/events", "timeline_url": f"{url}/timeline",
            "html_url": f"{self.page}/{page}/{issue.number}", "comments": len(issue.comments),
            "state_reason": issue.state_reason, "performed_via_github_app": None,
            "sub_issues_summary": {"total": len(issue.children), "completed": closed, "percent_completed": share},
            "issue_dependencies_summary": {
                "blocked_by": blocked, "total_blocked_by": len(issue.blocked_by),
                "blocking": blocking.count("open"), "total_blocking": len(blocking),
            },
        }  # fmt: skip
        if issue.parent:
            made["parent_issue_url"] = f"{self.repo}/issues/{issue.parent}"
        if whole:
            made["closed_by"] = self.user(issue.closed_by) if issue.closed_by else None
        if isinstance(issue, Pull):
            pull = f"{self.repo}/pulls/{issue.number}"
            page = f"{self.page}/pull/{issue.number}"
            links = {"url": pull, "html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch"}
            made |= {"draft": issue.draft, "pull_request": links | {"merged_at": issue.merged_at}}
        return made

    def comment(self, comment: Comment) -> Json:
        issue = self.state.issues[comment.number]
        page = "pull" if isinstance(issue, Pull) else "issues"
        return {
            "id": comment.id, "node_id": node_id("IssueComment", comment.id), "body": comment.body,
            "url": f"{self.repo}/issues/comments/{comment.id}", "issue_url": f"{self.repo}/issues/{comment.number}",
            "html_url": f"{self.page}/{page}/{comment.number}#issuecomment-{comment.id}",
            "user": self.user(comment.author), "author_association": comment.author.association,
            "created_at": comment.created_at, "updated_at": comment.updated_at, "performed_via_github_app": None,
        }  # fmt: skip

    # ---- pull requests

    def _end(self, branch: str, sha: str, viewer: User, fork: str = "") -> Json:
        owner, repository = self.state.users[self.state.owner], self.repository(viewer, whole=False)
        if fork:
            owner, name = self.state.user(fork), f"{fork}/{self.state.name}"
            repository |= {"id": owner.id, "fork": True, "full_name": name, "owner": self.user(owner)}
            repository |= {"html_url": f"{self.web}/{name}", "clone_url": f"{self.web}/{name}.git"}
        about = {"label": f"{owner.login}:{branch}", "ref": branch, "sha": sha}
        return about | {"user": self.user(owner), "repo": repository}

    def pull(self, pull: Pull, viewer: User) -> Json:
        """As in a list: without what has to be computed."""
        url, page = f"{self.repo}/pulls/{pull.number}", f"{self.page}/pull/{pull.number}"
        issue = f"{self.repo}/issues/{pull.number}"
        urls = {
            "self": url, "html": page, "issue": issue, "comments": f"{issue}/comments",
            "review_comments": f"{url}/comments", "review_comment": f"{self.repo}/pulls/comments{{/number}}",
            "commits": f"{url}/commits", "statuses": f"{self.repo}/statuses/{pull.head_sha}",
        }  # fmt: skip
        test_merge = self.behaviour.test_merge(pull) if pull.state == "open" else None
        return self._shared(pull) | {
            "node_id": node_id("PullRequest", pull.number), "url": url, "html_url": page, "issue_url": issue,
            "diff_url": f"{page}.diff", "patch_url": f"{page}.patch", "commits_url": urls["commits"],
            "review_comments_url": urls["review_comments"], "review_comment_url": urls["review_comment"],
            "statuses_url": urls["statuses"], "draft": pull.draft, "merged_at": pull.merged_at,
            "merge_commit_sha": pull.merge_commit or test_merge, "auto_merge": None,
            "requested_reviewers": [self.user(user) for user in pull.requested], "requested_teams": [],
            "head": self._end(pull.head, pull.head_sha, viewer, pull.fork),
            "base": self._end(pull.base, pull.base_sha, viewer),
            "_links": {name: {"href": href} for name, href in urls.items()},
        }  # fmt: skip

    def whole_pull(self, pull: Pull, viewer: User, found: Mergeability) -> Json:
        files = self.bare.changed(pull.base_sha, pull.head_sha)
        return self.pull(pull, viewer) | {
            "merged": pull.merged_at is not None, "mergeable": found.mergeable, "mergeable_state": found.state,
            "rebaseable": found.mergeable, "merged_by": self.user(pull.merged_by) if pull.merged_by else None,
            "comments": len(pull.comments), "review_comments": sum(len(review.comments) for review in pull.reviews),
            "maintainer_can_modify": pull.modifiable, "changed_files": len(files),
            "commits": len(self.bare.commits(pull.base_sha, pull.head_sha)),
            "additions": sum(file["additions"] for file in files),
            "deletions": sum(file["deletions"] for file in files),
        }  # fmt: skip

    def files(self, base: str, head: str) -> list[Json]:
        made = []
        for file in self.bare.changed(base, head):
            path = file["filename"]
            made.append(file | {
                "changes": file["additions"] + file["deletions"], "blob_url": f"{self.page}/blob/{head}/{path}",
                "raw_url": f"{self.page}/raw/{head}/{path}", "contents_url": f"{self.repo}/contents/{path}?ref={head}",
                "patch": self.bare.patch(base, head, path),
            })  # fmt: skip
        return made

    def review(self, pull: Pull, review: Review) -> Json:
        page, url = f"{self.page}/pull/{pull.number}", f"{self.repo}/pulls/{pull.number}"
        html = f"{page}#pullrequestreview-{review.id}"
        return {
            "id": review.id, "node_id": node_id("PullRequestReview", review.id), "user": self.user(review.author),
            "body": review.body, "state": review.state, "commit_id": review.commit, "html_url": html,
            "pull_request_url": url, "author_association": review.author.association,
            "submitted_at": review.submitted_at, "_links": {"html": {"href": html}, "pull_request": {"href": url}},
        }  # fmt: skip

    def review_comment(self, pull: Pull, one: ReviewComment) -> Json:
        url, page = f"{self.repo}/pulls/{pull.number}", f"{self.page}/pull/{pull.number}"
        here, html = f"{self.repo}/pulls/comments/{one.id}", f"{page}#discussion_r{one.id}"
        patch = self.bare.patch(pull.base_sha, pull.head_sha, one.path)
        made = {
            "id": one.id, "node_id": node_id("PullRequestReviewComment", one.id), "url": here, "html_url": html,
            "pull_request_review_id": one.review, "pull_request_url": url, "diff_hunk": patch, "path": one.path,
            "commit_id": one.commit, "original_commit_id": one.commit, "user": self.user(one.author),
            "body": one.body, "author_association": one.author.association, "created_at": one.created_at,
            "updated_at": one.created_at, "side": "RIGHT", "subject_type": "line" if one.line else "file",
            "position": 1, "original_position": 1,
            "_links": {"self": {"href": here}, "html": {"href": html}, "pull_request": {"href": url}},
        }  # fmt: skip
        if one.line:
            made |= {"line": one.line, "original_line": one.line}
        if one.reply_to:
            made["in_reply_to_id"] = one.reply_to
        return made

    # ---- commits and checks

    def git_commit(self, sha: str) -> Json:
        found = self.bare.described(sha)
        url, page = f"{self.repo}/git/commits/{sha}", f"{self.page}/commit/{sha}"
        return {
            "sha": sha, "node_id": node_id("Commit", int(sha[:12], 16)), "url": url, "html_url": page,
            "author": {"name": found["name"], "email": found["email"], "date": found["date"]},
            "committer": {"name": found["by"], "email": found["by_email"], "date": found["by_date"]},
            "message": found["message"].rstrip("\n"),
            "tree": {"sha": found["tree"], "url": f"{self.repo}/git/trees/{found['tree']}"},
            "parents": [
                {"sha": one, "url": f"{self.repo}/git/commits/{one}", "html_url": f"{self.page}/commit/{one}"}
                for one in found["parents"].split()
            ],
            "verification": {
                "verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None,
            },
        }  # fmt: skip

    def commit(self, sha: str, *, whole: bool = False) -> Json:
        inner = self.git_commit(sha)
        url = f"{self.repo}/commits/{sha}"
        parents = [one | {"url": f"{self.repo}/commits/{one['sha']}"} for one in inner.pop("parents")]
        author = self.state.users.get(inner["author"]["name"])
        made = {
            "sha": inner.pop("sha"), "node_id": inner.pop("node_id"), "url": url, "html_url": inner.pop("html_url"),
            "comments_url": f"{url}/comments", "author": self.user(author) if author else None, "committer": None,
            "parents": parents, "commit": inner | {"comment_count": 0},
        }  # fmt: skip
        if whole and parents:
            files = self.files(parents[0]["sha"], sha)
            added, deleted = sum(one["additions"] for one in files), sum(one["deletions"] for one in files)
            made |= {"files": files, "stats": {"additions": added, "deletions": deleted, "total": added + deleted}}
        return made

    def comparison(self, base: str, head: str) -> Json:
        start = self.bare.merge_base(base, head)
        ahead, behind = self.bare.commits(base, head), self.bare.commits(head, base)
        word = {(0, 0): "identical", (1, 0): "ahead", (0, 1): "behind"}.get((bool(ahead), bool(behind)), "diverged")
        page = f"{self.page}/compare/{base}...{head}"
        return {
            "url": f"{self.repo}/compare/{base}...{head}", "html_url": page, "permalink_url": page,
            "diff_url": f"{page}.diff", "patch_url": f"{page}.patch", "base_commit": self.commit(base),
            "merge_base_commit": self.commit(start), "status": word, "ahead_by": len(ahead), "behind_by": len(behind),
            "total_commits": len(ahead), "commits": [self.commit(one) for one in ahead],
            "files": self.files(base, head),
        }  # fmt: skip

    def app(self) -> Json:
        owner = self.user(self.state.users[self.state.owner])
        return {
            "id": 15368, "slug": "github-actions", "node_id": node_id("App", 15368), "name": "GitHub Actions",
            "owner": owner, "description": None, "external_url": self.web,
            "html_url": f"{self.web}/apps/github-actions",
            "created_at": ZONE, "updated_at": ZONE, "permissions": {}, "events": [],
        }  # fmt: skip

    def check_run(self, run: CheckRun) -> Json:
        url = f"{self.repo}/check-runs/{run.id}"
        page = self.job_page(run) if run.log is not None else run.url or f"{self.page}/runs/{run.id}"
        return {
            "id": run.id, "node_id": node_id("CheckRun", run.id), "head_sha": run.commit, "name": run.name, "url": url,
            "html_url": page, "details_url": page, "status": run.status, "conclusion": run.conclusion,
            "external_id": "", "started_at": run.started_at, "check_suite": {"id": suite(run.commit)},
            "completed_at": run.started_at if run.status == "completed" else None, "app": self.app(),
            "pull_requests": [], "output": {
                "title": run.name if run.summary else None, "summary": run.summary or None, "text": None,
                "annotations_count": len(run.annotations), "annotations_url": f"{url}/annotations",
            },
        }  # fmt: skip

    def job_page(self, run: CheckRun) -> str:
        return f"{self.page}/actions/runs/{run.run or suite(run.commit)}/job/{run.id}"

    def check_suite(self, commit: str, runs: list[CheckRun], viewer: User) -> Json:
        ended = all(run.status == "completed" for run in runs)
        bad = [run.conclusion for run in runs if run.conclusion not in ("success", "neutral", "skipped")]
        number, url = suite(commit), f"{self.repo}/check-suites/{suite(commit)}"
        return {
            "id": number, "node_id": node_id("CheckSuite", number), "head_branch": None, "head_sha": commit,
            "status": "completed" if ended else "in_progress", "conclusion": (bad or ["success"])[0] if ended else None,
            "url": url, "before": None, "after": None, "created_at": ZONE, "updated_at": ZONE, "app": self.app(),
            "head_commit": self.simple_commit(commit), "repository": self.minimal_repository(), "pull_requests": [],
            "latest_check_runs_count": len(runs), "check_runs_url": f"{url}/check-runs",
        }  # fmt: skip

    def simple_commit(self, sha: str) -> Json:
        found = self.bare.described(sha)
        return {
            "id": sha, "tree_id": found["tree"], "message": found["message"].rstrip("\n"), "timestamp": found["date"],
            "author": {"name": found["name"], "email": found["email"]},
            "committer": {"name": found["by"], "email": found["by_email"]},
        }  # fmt: skip

    def annotation(self, run: CheckRun, path: str, line: int, message: str) -> Json:
        return {
            "path": path, "start_line": line, "end_line": line, "start_column": None, "end_column": None,
            "annotation_level": "failure", "title": None, "message": message, "raw_details": None,
            "blob_href": f"{self.page}/blob/{run.commit}/{path}",
        }  # fmt: skip

    def status(self, one: Status, *, simple: bool = False) -> Json:
        made = {
            "id": one.id, "node_id": node_id("StatusContext", one.id), "state": one.state, "context": one.context,
            "description": one.description, "target_url": one.url, "url": f"{self.repo}/statuses/{one.commit}",
            "avatar_url": None, "created_at": one.created_at, "updated_at": one.created_at,
        }  # fmt: skip
        return made if simple else made | {"creator": self.user(self.state.users[self.state.owner])}

    def combined_status(self, commit: str) -> Json:
        found = self.state.statuses_of(commit)
        words = {one.state for one in found}
        state = "failure" if words & {"error", "failure"} else "success" if words == {"success"} else "pending"
        url = f"{self.repo}/commits/{commit}"
        return {
            "state": state, "sha": commit, "total_count": len(found), "url": f"{url}/status", "commit_url": url,
            "statuses": [self.status(one, simple=True) for one in found], "repository": self.minimal_repository(),
        }  # fmt: skip

    # ---- refs and branches

    def ref(self, name: str, sha: str) -> Json:
        target = {"type": "commit", "sha": sha, "url": f"{self.repo}/git/commits/{sha}"}
        return {"ref": name, "node_id": node_id(name, 0), "url": f"{self.repo}/git/{name}", "object": target}

    def short_branch(self, name: str, sha: str) -> Json:
        url = f"{self.repo}/branches/{name}/protection"
        commit = {"sha": sha, "url": f"{self.repo}/commits/{sha}"}
        return {"name": name, "commit": commit, "protected": name in self.state.protections, "protection_url": url}

    def branch(self, name: str, sha: str) -> Json:
        rule = self.state.protections.get(name)
        short = self.short_branch(name, sha)
        links = {"self": f"{self.repo}/branches/{name}", "html": f"{self.page}/tree/{name}"}
        checks = {
            "enforcement_level": "non_admins" if rule and rule.checks else "off",
            "contexts": list(rule.checks) if rule else [], "checks": self._required(rule),
        }  # fmt: skip
        protection = {"enabled": rule is not None, "required_status_checks": checks}
        return short | {"commit": self.commit(sha), "_links": links, "protection": protection}

    def _required(self, rule: Protection | None) -> list[Json]:
        return [{"context": name, "app_id": None} for name in rule.checks] if rule else []

    def required_checks(self, rule: Protection) -> Json:
        url = f"{self.repo}/branches/{rule.branch}/protection/required_status_checks"
        return {
            "url": url, "strict": rule.strict, "contexts": list(rule.checks), "contexts_url": f"{url}/contexts",
            "checks": self._required(rule),
        }  # fmt: skip

    def protection(self, rule: Protection) -> Json:
        url = f"{self.repo}/branches/{rule.branch}/protection"
        off = ("allow_force_pushes", "allow_deletions", "required_linear_history", "block_creations",
               "required_conversation_resolution")  # fmt: skip
        made: Json = {"url": url, "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": True}}
        made |= {name: {"enabled": False} for name in off}
        if rule.checks:
            made["required_status_checks"] = self.required_checks(rule)
        if rule.reviews:
            made["required_pull_request_reviews"] = {
                "url": f"{url}/required_pull_request_reviews", "dismiss_stale_reviews": False,
                "require_code_owner_reviews": False, "required_approving_review_count": rule.reviews,
            }  # fmt: skip
        return made

    def rules(self, rule: Protection) -> list[Json]:
        """As `/rules/branches` shows a ruleset."""
        source = {"ruleset_source_type": "Repository", "ruleset_source": self.state.full_name, "ruleset_id": 1}
        found: list[Json] = []
        if rule.checks:
            checks = {
                "strict_required_status_checks_policy": rule.strict,
                "required_status_checks": [{"context": name} for name in rule.checks],
            }  # fmt: skip
            found.append({"type": "required_status_checks", "parameters": checks})
        if rule.reviews:
            reviews = {
                "required_approving_review_count": rule.reviews, "dismiss_stale_reviews_on_push": False,
                "require_code_owner_review": False, "require_last_push_approval": False,
                "required_review_thread_resolution": False,
            }  # fmt: skip
            found.append({"type": "pull_request", "parameters": reviews})
        if rule.queue:
            queue = {
                "check_response_timeout_minutes": 60, "grouping_strategy": "ALLGREEN", "max_entries_to_build": 5,
                "max_entries_to_merge": 5, "merge_method": "SQUASH", "min_entries_to_merge": 1,
                "min_entries_to_merge_wait_minutes": 5,
            }  # fmt: skip
            found.append({"type": "merge_queue", "parameters": queue})
        return [one | source for one in found]

    # ---- workflows and deployments

    def workflow(self, one: Workflow) -> Json:
        return {
            "id": one.id, "node_id": node_id("Workflow", one.id), "name": one.name, "path": one.path, "state": "active",
            "created_at": ZONE, "updated_at": ZONE, "url": f"{self.repo}/actions/workflows/{one.id}",
            "html_url": f"{self.page}/blob/{self.state.default_branch}/{one.path}",
            "badge_url": f"{self.page}/workflows/{one.name}/badge.svg",
        }  # fmt: skip

    def run(self, run: Run) -> Json:
        url, page = f"{self.repo}/actions/runs/{run.id}", f"{self.page}/actions/runs/{run.id}"
        actor = self.user(run.actor or self.state.users[self.state.owner])
        ends = ("jobs", "logs", "cancel", "rerun", "artifacts")
        return {
            "id": run.id, "node_id": node_id("WorkflowRun", run.id), "name": run.workflow.name,
            "path": run.workflow.path,
            "head_branch": run.branch, "head_sha": run.commit, "run_number": run.number, "event": run.event,
            "display_title": run.workflow.name, "status": run.status, "conclusion": run.conclusion,
            "workflow_id": run.workflow.id, "url": url, "html_url": page, "pull_requests": [],
            "created_at": run.created_at, "updated_at": run.created_at, "run_started_at": run.created_at,
            "run_attempt": run.attempt, "actor": actor, "triggering_actor": actor,
            "head_commit": self.simple_commit(run.commit), "repository": self.minimal_repository(),
            "head_repository": self.minimal_repository(), **{f"{end}_url": f"{url}/{end}" for end in ends},
            "check_suite_id": suite(run.commit), "check_suite_node_id": node_id("CheckSuite", suite(run.commit)),
            "check_suite_url": f"{self.repo}/check-suites/{suite(run.commit)}",
            "workflow_url": f"{self.repo}/actions/workflows/{run.workflow.id}",
        }  # fmt: skip

    def job(self, job: int, run: Run | None, check: CheckRun | None) -> Json:
        """Of a dispatched run (its one job has the run's id) or of a check run with a log."""
        shown: Run | CheckRun | None = check or run
        assert shown is not None
        run_id = run.id if run else suite(shown.commit)
        return {
            "id": job, "node_id": node_id("Job", job), "run_id": run_id, "run_attempt": run.attempt if run else 1,
            "run_url": f"{self.repo}/actions/runs/{run_id}", "head_sha": shown.commit,
            "head_branch": run.branch if run else None, "workflow_name": run.workflow.name if run else "CI",
            "name": check.name if check else "deploy", "url": f"{self.repo}/actions/jobs/{job}",
            "html_url": f"{self.page}/actions/runs/{run_id}/job/{job}", "status": shown.status,
            "conclusion": shown.conclusion, "created_at": ZONE, "started_at": ZONE,
            "completed_at": ZONE if shown.status == "completed" else None, "steps": [],
            "check_run_url": f"{self.repo}/check-runs/{job}", "labels": ["ubuntu-latest"], "runner_id": 1,
            "runner_name": "runner", "runner_group_id": 1, "runner_group_name": "Default",
        }  # fmt: skip

    def environment(self, one: Environment) -> Json:
        rules = [] if not one.reviewers else [{
            "id": one.id, "node_id": node_id("Gate", one.id), "type": "required_reviewers",
            "prevent_self_review": False, "reviewers": self._reviewers(one),
        }]  # fmt: skip
        return {
            "id": one.id, "node_id": node_id("Environment", one.id), "name": one.name,
            "url": f"{self.repo}/environments/{one.name}", "html_url": f"{self.page}/deployments/{one.name}",
            "created_at": ZONE, "updated_at": ZONE, "protection_rules": rules, "deployment_branch_policy": None,
        }  # fmt: skip

    def _reviewers(self, one: Environment) -> list[Json]:
        return [{"type": "User", "reviewer": self.user(user)} for user in one.reviewers]

    def pending_deployment(self, one: Environment, viewer: User) -> Json:
        shown = {
            "id": one.id, "node_id": node_id("Environment", one.id), "name": one.name,
            "url": f"{self.repo}/environments/{one.name}", "html_url": f"{self.page}/deployments/{one.name}",
        }  # fmt: skip
        return {
            "environment": shown, "wait_timer": 0, "wait_timer_started_at": None,
            "current_user_can_approve": viewer in one.reviewers, "reviewers": self._reviewers(one),
        }  # fmt: skip

    def deployment(self, one: Deployment) -> Json:
        url = f"{self.repo}/deployments/{one.id}"
        return {
            "id": one.id, "node_id": node_id("Deployment", one.id), "sha": one.commit, "ref": one.run.branch,
            "task": "deploy", "environment": one.environment, "original_environment": one.environment, "payload": {},
            "creator": self.user(one.run.actor or self.state.users[self.state.owner]), "description": None,
            "statuses_url": f"{url}/statuses", "repository_url": self.repo, "url": url, "created_at": one.created_at,
            "updated_at": one.created_at,
        }  # fmt: skip

    def deployment_status(self, one: Deployment, place: int) -> Json:
        url = f"{self.repo}/deployments/{one.id}"
        run = f"{self.page}/actions/runs/{one.run.id}"
        return {
            "id": place + 1, "node_id": node_id("DeploymentStatus", place + 1), "state": one.states[place],
            "creator": None, "description": "", "deployment_url": url, "repository_url": self.repo, "target_url": run,
            "log_url": run, "environment": one.environment, "environment_url": "", "url": f"{url}/statuses/{place + 1}",
            "created_at": one.created_at, "updated_at": one.created_at,
        }  # fmt: skip


def suite(commit: str) -> int:
    """The number of the check suite of a commit, which is also that of its Actions run."""
    return int(commit[:8], 16) + 2_000_000_000

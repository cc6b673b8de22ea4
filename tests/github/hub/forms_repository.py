"""How REST shows people, the repository, issues and comments; never a decision."""

from __future__ import annotations

import base64
from typing import Any

from hub.bare import Bare
from hub.behaviour import Behaviour
from hub.state import Comment, Issue, Label, Milestone, Pull, State, User

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


class RepositoryForms:
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

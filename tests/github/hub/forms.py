"""How REST shows pull requests and workflow runs, on top of all that these are made of; never a decision."""

from __future__ import annotations

from hub.behaviour import Mergeability
from hub.forms_commits import CommitForms, suite
from hub.forms_repository import ZONE, Json, node_id
from hub.state import CheckRun, Deployment, Environment, Pull, Review, ReviewComment, Run, User, Workflow

__all__ = ["Forms", "node_id", "suite"]


class Forms(CommitForms):
    """State to JSON, field by field."""

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

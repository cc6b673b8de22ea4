"""How REST shows commits, what is said of them, and branches with their rules; never a decision."""

from __future__ import annotations

from hub.forms_repository import ZONE, Json, RepositoryForms, node_id
from hub.state import CheckRun, Protection, Status, User


class CommitForms(RepositoryForms):
    """On top of what commits belong to."""

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


def suite(commit: str) -> int:
    """The number of the check suite of a commit, which is also that of its Actions run."""
    return int(commit[:8], 16) + 2_000_000_000

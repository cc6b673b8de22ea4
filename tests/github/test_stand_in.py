"""The stand-in for GitHub does what GitHub does, as the real client and the real git see it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from github import Auth, Github, GithubException
from github.PullRequest import PullRequest
from github.Repository import Repository
from hub import Check, GitHub

POLL = """query($owner: String!, $name: String!, $n: Int = 50, $after: String) {
 rateLimit { cost remaining resetAt }
 repository(owner: $owner, name: $name) {
  pullRequests(first: $n, after: $after, states: OPEN) {
   pageInfo { hasNextPage endCursor }
   nodes { id number isDraft headRefName headRefOid baseRefName baseRefOid
    mergeable mergeStateStatus reviewDecision isInMergeQueue isMergeQueueEnabled
    closingIssuesReferences(first: 10) { nodes { number state } }
    commits(last: 1) { nodes { commit { oid statusCheckRollup { state contexts(first: 10) { nodes {
     __typename ... on CheckRun { name conclusion isRequired(pullRequestNumber: 1) }
     ... on StatusContext { context state }
    } } } } } } } } } }"""


def connect(github: GitHub, token: str | None = None) -> Github:
    return Github(
        auth=Auth.Token(token or github.token), base_url=github.api, seconds_between_requests=None,
        seconds_between_writes=None, retry=None,
    )  # fmt: skip


@pytest.fixture
def client(github: GitHub) -> Iterator[Github]:
    with connect(github) as made:
        yield made


@pytest.fixture
def repo(github: GitHub, client: Github) -> Repository:
    return client.get_repo("acme/widgets")


def open_pull(github: GitHub, repo: Repository, branch: str = "fix/a", body: str = "", **files: str) -> PullRequest:
    """One that has been looked at twice: what can be known of it is known."""
    github.person_pushes(branch, files or {f"{branch}.py": "x = 1\n"})
    pull = repo.create_pull(base="main", head=branch, title=f"fix: {branch}", body=body)
    pull.update()
    return pull


def poll(client: Github, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.requester.graphql_query(POLL, {"owner": "acme", "name": "widgets", **variables})[1]
    return found["data"]


def refused(status: int, words: str, action: Any, *arguments: Any, **options: Any) -> GithubException:
    with pytest.raises(GithubException) as caught:
        action(*arguments, **options)
    assert caught.value.status == status
    assert words in str(caught.value.data)
    return caught.value


def git(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    who = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com", "-c", "credential.helper=")
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=check,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(folder), "GIT_TERMINAL_PROMPT": "0"},
    )  # fmt: skip


# ---- git


def test_a_push_over_http_moves_the_pull_request(github: GitHub, repo: Repository, tmp_path: Path) -> None:
    pull = open_pull(github, repo)
    folder = github.clone(tmp_path / "clone")
    git(folder, "switch", "-q", "fix/a")
    (folder / "b.bin").write_bytes(os.urandom(1_500_000))  # more than git sends at once
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Add b")
    git(folder, "push", "-q", "--atomic", "origin", "fix/a", "HEAD:refs/waves/claim")
    head = git(folder, "rev-parse", "HEAD").stdout.strip()
    pull.update()
    assert (pull.head.sha, pull.mergeable, pull.commits) == (head, None, 2)
    assert github.head("fix/a") == head
    assert git(folder, "fetch", "origin", f"refs/pull/{pull.number}/head").returncode == 0
    assert git(folder, "push", "origin", f"HEAD:refs/pull/{pull.number}/head", check=False).returncode != 0


def test_git_is_refused_without_a_token_that_may_push(github: GitHub, tmp_path: Path) -> None:
    github.user("rob", "read")
    reader = github.new_token("rob").secret
    folder = github.clone(tmp_path / "clone", reader)
    denied = git(folder, "push", "origin", "HEAD:refs/heads/x", check=False)
    assert "403" in denied.stderr
    for url in (github.git_url, github.git_url_of("wrong")):
        assert git(tmp_path, "ls-remote", url, check=False).returncode != 0
    stranger = github.new_token("eve").secret
    assert "not found" in git(tmp_path, "ls-remote", github.git_url_of(stranger), check=False).stderr
    refusals = {one.status for one in github.requests if one.is_git and one.status >= 400}
    assert refusals == {401, 403, 404}


def test_a_protected_branch_takes_no_push(github: GitHub, tmp_path: Path) -> None:
    github.protect(checks=("ci",))
    folder = github.clone(tmp_path / "clone")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Straight in")
    assert "GH006: Protected branch update failed" in git(folder, "push", "origin", "main", check=False).stderr


def test_a_pull_request_from_a_fork(github: GitHub, repo: Repository, client: Github, tmp_path: Path) -> None:
    github.person_pushes("patch", {"a.py": "x\n"}, author="eve", fork="eve")
    pull = repo.get_pull(github.pull("patch", author="eve", fork="eve", modifiable=True).number)
    assert (pull.head.repo.full_name, pull.maintainer_can_modify) == ("eve/widgets", True)
    assert github.head("patch") is None
    git(tmp_path, "clone", "-q", github.git_url_of(github.token, "eve"), "fork", "-b", "patch")
    git(tmp_path / "fork", "commit", "-q", "--allow-empty", "-m", "Help")
    git(tmp_path / "fork", "push", "-q", "origin", "patch")
    assert repo.get_pull(pull.number).commits == 2
    folder = github.clone(tmp_path / "clone")
    git(folder, "fetch", "-q", "origin", f"refs/pull/{pull.number}/head")
    assert git(folder, "log", "-1", "--format=%s", "FETCH_HEAD").stdout == "Help\n"
    assert "namespaces" not in git(folder, "ls-remote", "origin").stdout


# ---- mergeability


def test_mergeable_is_null_first_and_again_after_each_push(github: GitHub, repo: Repository) -> None:
    github.person_pushes("fix/a", {"a.py": "x\n"})
    pull = repo.create_pull(base="main", head="fix/a", title="fix: a")
    assert (pull.mergeable, pull.mergeable_state) == (None, "unknown")
    pull.update()
    assert (pull.mergeable, pull.mergeable_state) == (True, "clean")
    github.person_pushes("main", {"z.py": "z\n"})
    pull.update()
    assert pull.mergeable is None


def test_what_keeps_a_pull_request_from_being_merged(github: GitHub, repo: Repository, client: Github) -> None:
    github.user("ben", "write")
    pull = open_pull(github, repo, README="# other\n")

    def now_is() -> tuple[str, str]:
        poll(client)  # where it is computed
        pull.update()
        return pull.mergeable_state, poll(client)["repository"]["pullRequests"]["nodes"][0]["mergeStateStatus"]

    github.check(pull.head.sha, "lint", "failure")
    assert now_is() == ("unstable", "UNSTABLE")
    github.protect(checks=("ci", "legacy"), strict=True, reviews=1)
    assert now_is() == ("blocked", "BLOCKED")
    refused(405, "2 of 2 required status checks are expected.", pull.merge)
    github.check(pull.head.sha, "ci", None)
    github.status(pull.head.sha, "success", "legacy")
    refused(405, 'check "ci" is in progress. At least 1 approving review is required by reviewers with', pull.merge)
    github.check(pull.head.sha, "ci", "failure")
    refused(405, 'Required status check "ci" is failing.', pull.merge)
    github.check(pull.head.sha, "ci", "neutral")
    github.reviews(pull.number, "CHANGES_REQUESTED")
    assert poll(client)["repository"]["pullRequests"]["nodes"][0]["reviewDecision"] == "CHANGES_REQUESTED"
    github.reviews(pull.number, "APPROVED")
    assert now_is() == ("unstable", "UNSTABLE")
    github.person_pushes("main", {"z.py": "z\n"})
    assert now_is() == ("behind", "BEHIND")
    refused(405, "2 of 2 required status checks are expected.", pull.merge)
    assert pull.update_branch(pull.head.sha)
    assert now_is() == ("blocked", "BLOCKED")
    github.person_pushes("main", {"README": "# third\n"})
    assert now_is() == ("dirty", "DIRTY")
    refused(405, "merge conflicts", pull.merge)


# ---- merging


def test_a_squash_makes_one_commit_closes_the_issue_and_deletes_the_branch(github: GitHub, repo: Repository) -> None:
    for number in (51, 52, 53):
        github.issue(f"Issue {number}", number=number)
    github.state.auto_delete = True
    pull = open_pull(github, repo, body="Fixes #51\ncloses: #52, #53")
    before = github.head("main")
    done = pull.merge(commit_title="fix: a (#1)", commit_message="Why", merge_method="squash", sha=pull.head.sha)
    commit = repo.get_commit(done.sha)
    assert [one.sha for one in commit.parents] == [before]
    assert commit.commit.message == "fix: a (#1)\n\nWhy"
    assert github.head("main") == done.sha
    assert [repo.get_issue(number).state for number in (51, 52, 53)] == ["closed", "closed", "open"]
    assert (repo.get_issue(51).state_reason, github.head("fix/a")) == ("completed", None)
    pull.update()
    assert (pull.merged, pull.merge_commit_sha, pull.state) == (True, done.sha, "closed")
    delete = repo.requester.requestJsonAndCheck
    refused(422, "Reference does not exist", delete, "DELETE", f"{repo.url}/git/refs/heads/fix/a")
    refused(405, "not mergeable", pull.merge)


def test_merge_and_rebase_keep_the_commits(github: GitHub, repo: Repository) -> None:
    first, second = open_pull(github, repo, "fix/a"), open_pull(github, repo, "fix/b")
    commit = repo.get_commit(first.merge(merge_method="merge").sha)
    assert [one.sha for one in commit.parents][1:] == [first.head.sha]
    assert commit.commit.message == f"Merge pull request #{first.number} from acme/fix/a\n\nfix: fix/a"
    assert [one.sha for one in repo.get_commit(second.merge(merge_method="rebase").sha).parents] == [commit.sha]
    assert set(github.files()) == {"README.md", "fix/a.py", "fix/b.py"}


def test_a_merge_of_another_head_or_by_a_forbidden_method_is_refused(github: GitHub, repo: Repository) -> None:
    github.state.methods = ("squash",)
    pull = open_pull(github, repo)
    refused(405, "Merge commits are not allowed on this repository.", pull.merge, merge_method="merge")
    old = pull.head.sha
    github.person_pushes("fix/a", {"b.py": "y\n"})
    refused(
        409, "Head branch was modified. Review and try the merge again.", pull.merge, sha=old, merge_method="squash"
    )
    pull.update()
    client = pull.requester.graphql_named_mutation
    draft = client("convertPullRequestToDraft", {"pullRequestId": pull.node_id}, "pullRequest { isDraft }")
    assert draft[1]["pullRequest"]["isDraft"] is True
    refused(405, "still a draft", pull.merge, merge_method="squash")
    pull.mark_ready_for_review()
    assert pull.merge(merge_method="squash").merged


def test_a_branch_that_is_pushed_to_main_by_hand_is_merged(github: GitHub, repo: Repository, tmp_path: Path) -> None:
    github.issue("Broken", number=41)
    pull = open_pull(github, repo)
    folder = github.clone(tmp_path / "clone")
    git(folder, "merge", "--no-ff", "-qm", "Take it in, fixes #41", "origin/fix/a")
    git(folder, "push", "-q", "origin", "main")
    pull.update()
    assert (pull.merged, repo.get_issue(41).state) == (True, "closed")
    gone = open_pull(github, repo, "fix/b")
    git(folder, "push", "-q", "origin", ":fix/b")
    gone.update()
    assert (gone.state, gone.merged) == ("closed", False)


def test_the_merge_queue(github: GitHub, repo: Repository, client: Github) -> None:
    pull = open_pull(github, repo)
    github.protect(queue=True, queue_reads=1, ruleset=True)
    refused(405, "Changes must be made through the merge queue", pull.merge, merge_method="squash")
    rules = client.requester.requestJsonAndCheck("GET", f"{repo.url}/rules/branches/main")[1]
    assert [one["type"] for one in rules] == ["merge_queue"]
    given = {"pullRequestId": pull.node_id, "expectedHeadOid": pull.head.sha}
    client.requester.graphql_named_mutation("enqueuePullRequest", given, "mergeQueueEntry { position state }")
    found = poll(client)["repository"]["pullRequests"]["nodes"][0]
    assert (found["isMergeQueueEnabled"], found["isInMergeQueue"]) == (True, True)
    pull.update()
    assert pull.merged


# ---- creating


def test_duplicates_and_what_makes_no_sense_are_422(github: GitHub, repo: Repository) -> None:
    pull = open_pull(github, repo)
    new = {"base": "main", "title": "t"}
    refused(422, "A pull request already exists for acme:fix/a.", repo.create_pull, head="fix/a", **new)
    refused(422, "'field': 'head', 'code': 'invalid'", repo.create_pull, head="nowhere", **new)
    refused(422, "No commits between main and main", repo.create_pull, head="main", **new)
    refused(422, "Can not approve your own pull request", pull.create_review, body="Fine", event="APPROVE")
    assert pull.create_review(body="Look here", event="COMMENT").state == "COMMENTED"
    assert [one.number for one in repo.get_pulls(head="acme:fix/a")] == [pull.number]
    assert list(repo.get_pulls(head="acme:nowhere")) == []


def test_issues_with_all_that_hangs_on_them(github: GitHub, repo: Repository) -> None:
    github.user("eve", association="CONTRIBUTOR")
    github.issue("Umbrella", number=40, labels=("epic",))
    made = github.issue("Leaf", "**Body**", number=41, parent=40, author="eve", labels=("bug",), milestone="v1")
    github.comments(41, "Me too", author="eve")
    issue = repo.get_issue(41)
    assert (issue.user.login, issue.author_association, issue.milestone.title) == ("eve", "CONTRIBUTOR", "v1")
    assert [one.number for one in repo.get_issue(40).get_sub_issues()] == [41]
    assert [one.number for one in repo.get_issues(labels=["bug"])] == [41]
    assert [one.number for one in repo.get_issues(milestone=repo.get_milestone(1))] == [41]
    mine = issue.create_comment("<!-- waves --> hello")
    mine.edit("<!-- waves --> changed")
    assert [one.body for one in issue.get_comments()] == ["Me too", "<!-- waves --> changed"]
    issue.add_to_labels("new label")
    assert {one.name for one in issue.labels} | {one.name for one in issue.get_labels()} >= {"bug", "new label"}
    assert repo.get_collaborator_permission("eve") == "none"
    assert repo.get_collaborator_permission("ana") == "write"
    assert made.comments[1].author is github.ana


# ---- checks


def test_the_rule_gives_each_head_its_checks(github: GitHub, repo: Repository, client: Github) -> None:
    failing = Check("test", "failure", pending_reads=1, log="E   assert 1 == 2\n", annotations=(("a.py", 3, "wrong"),))
    github.every_head(failing, Check("lint"))
    pull = open_pull(github, repo)
    commit = repo.get_commit(pull.head.sha)
    assert {run.name: run.conclusion for run in commit.get_check_runs()} == {"test": None, "lint": "success"}
    runs = {run.name: run for run in commit.get_check_runs()}
    assert {name: run.conclusion for name, run in runs.items()} == {"test": "failure", "lint": "success"}
    assert [(one.path, one.start_line, one.message) for one in runs["test"].get_annotations()] == [("a.py", 3, "wrong")]
    assert commit.get_combined_status().state == "pending", "as GitHub says where there are no statuses"
    rollup = poll(client)["repository"]["pullRequests"]["nodes"][0]["commits"]["nodes"][0]["commit"][
        "statusCheckRollup"
    ]
    assert rollup["state"] == "FAILURE"
    headers, _ = client.requester.requestJsonAndCheck("GET", f"{repo.url}/actions/jobs/{runs['test'].id}/logs")[:2]
    where = headers["location"]
    assert requests.get(where).text == "E   assert 1 == 2\n"
    other = open_pull(github, repo, "fix/b")
    github.every_head()
    github.person_pushes("fix/b", {"c.py": "c\n"})
    other.update()
    assert list(repo.get_commit(other.head.sha).get_check_runs()) == []


def test_a_workflow_is_dispatched_and_waited_for(github: GitHub, repo: Repository) -> None:
    github.environment("production", reviewers=("ben",))
    github.workflow(inputs=("environment",), pending_reads=1)
    workflow = repo.get_workflow("deploy.yml")
    done = workflow.create_dispatch("main", {"environment": "production"}, throw=True, return_run_details=True)
    assert done.id == github.runs[0].id
    run = repo.get_workflow_run(done.id)
    assert run.status == "waiting"
    github.approves(github.runs[0])
    states = []
    for _ in range(2):
        run.update()
        states.append((run.status, run.conclusion))
    assert states == [("in_progress", None), ("completed", "success")]
    assert [one.environment for one in repo.get_deployments(sha=github.head())] == ["production"]
    assert [one.id for one in workflow.get_runs(head_sha=github.head(), event="workflow_dispatch")] == [run.id]
    refused(422, "Unexpected inputs provided", workflow.create_dispatch, "main", {"x": "y"}, throw=True)


# ---- GraphQL


def test_one_poll_shows_all_open_pull_requests_page_by_page(github: GitHub, repo: Repository, client: Github) -> None:
    github.issue("Broken", number=41)
    numbers = [open_pull(github, repo, f"fix/{name}", "Fixes #41").number for name in "abc"]
    github.status(github.head("fix/a") or "", "pending")
    first = poll(client, n=2)["repository"]["pullRequests"]
    second = poll(client, n=2, after=first["pageInfo"]["endCursor"])["repository"]["pullRequests"]
    assert [one["number"] for one in first["nodes"] + second["nodes"]] == numbers
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    one = first["nodes"][0]
    assert one["closingIssuesReferences"]["nodes"] == [{"number": 41, "state": "OPEN"}]
    assert one["commits"]["nodes"][0]["commit"]["statusCheckRollup"]["state"] == "PENDING"
    assert second["nodes"][0]["commits"]["nodes"][0]["commit"]["statusCheckRollup"] is None
    assert (one["mergeable"], one["mergeStateStatus"], one["headRefOid"]) == (
        "MERGEABLE",
        "UNSTABLE",
        github.head("fix/a"),
    )
    assert sum(request.is_graphql for request in github.requests) == 2

"""REST: commits and what is said of them, refs, branches and their rules; never workflow runs."""

from __future__ import annotations

from hub.bare import GitFailed
from hub.behaviour import Refused
from hub.routes import Asked, Paged, Reply, route
from hub.state import CheckRun, Status

REPO = "/repos/{owner}/{repo}"
COMMIT = f"{REPO}/commits/{{ref}}"
BRANCH = f"{REPO}/branches/{{branch}}"


# ---- commits


@route(f"GET {REPO}/commits", "contents=read")
def commits(asked: Asked) -> Paged:
    start = asked.commit(asked.query.get("sha") or asked.state.default_branch)
    path = asked.query.get("path")
    found = asked.bare.once("rev-list", start, *(["--", path] if path else [])).split()
    return Paged(found, asked.forms.commit)


@route(f"GET {COMMIT}", "contents=read")
def commit(asked: Asked) -> Reply:
    return Reply(asked.forms.commit(asked.commit(asked.path["ref"]), whole=True))


@route(f"GET {REPO}/git/commits/{{commit_sha}}", "contents=read")
def git_commit(asked: Asked) -> Reply:
    return Reply(asked.forms.git_commit(asked.commit(asked.path["commit_sha"])))


@route(f"GET {REPO}/compare/{{basehead}}", "contents=read")
def compare(asked: Asked) -> Reply:
    base, dots, head = asked.path["basehead"].partition("...")
    ends = [found for end in (base, head) if (found := asked.bare.resolve(end))]
    if not dots or len(ends) < 2:
        raise Refused(404, "Not Found")
    return Reply(asked.forms.comparison(*ends))


@route(f"GET {REPO}/commits/{{commit_sha}}/pulls", "pull_requests=read")
def pulls_of_commit(asked: Asked) -> Paged:
    sha = asked.commit(asked.path["commit_sha"])
    found = [
        one for one in asked.state.pulls()
        if sha == one.merge_commit or sha in asked.bare.commits(one.base_sha, one.head_sha)
    ]  # fmt: skip
    return Paged(found, lambda one: asked.forms.pull(one, asked.viewer))


# ---- check runs and statuses


@route(f"GET {COMMIT}/check-runs", "checks=read")
def check_runs(asked: Asked) -> Paged:
    found = asked.state.runs_of(asked.commit(asked.path["ref"]))
    if asked.query.get("filter") == "all":
        sha = asked.commit(asked.path["ref"])
        found = [one for one in asked.state.check_runs.values() if one.commit == sha]
    for one in found:
        one.read()
    if name := asked.query.get("check_name"):
        found = [one for one in found if one.name == name]
    if status := asked.query.get("status"):
        found = [one for one in found if one.status == status]
    return Paged(found, asked.forms.check_run, "check_runs")


@route(f"GET {COMMIT}/check-suites", "checks=read")
def check_suites(asked: Asked) -> Paged:
    sha = asked.commit(asked.path["ref"])
    runs = asked.state.runs_of(sha)
    return Paged([sha] if runs else [], lambda one: asked.forms.check_suite(one, runs, asked.viewer), "check_suites")


@route(f"GET {COMMIT}/status", "statuses=read")
def combined_status(asked: Asked) -> Reply:
    return Reply(asked.forms.combined_status(asked.commit(asked.path["ref"])))


@route(f"GET {COMMIT}/statuses", "statuses=read")
def statuses(asked: Asked) -> Paged:
    sha = asked.commit(asked.path["ref"])
    return Paged([one for one in reversed(asked.state.statuses) if one.commit == sha], asked.forms.status)


@route(f"POST {REPO}/statuses/{{sha}}", "statuses=write", "write")
def create_status(asked: Asked) -> Reply:
    body = asked.body
    made = Status(
        asked.state.ids(), asked.commit(asked.path["sha"]), body.get("context", "default"), body["state"],
        body.get("description"), body.get("target_url"),
    )  # fmt: skip
    asked.state.statuses.append(made)
    return Reply(asked.forms.status(made), 201)


def _run(asked: Asked) -> CheckRun:
    found: CheckRun = asked.found(asked.state.check_runs, int(asked.path["check_run_id"]))
    return found


@route(f"GET {REPO}/check-runs/{{check_run_id}}", "checks=read")
def check_run(asked: Asked) -> Reply:
    found = _run(asked)
    found.read()
    return Reply(asked.forms.check_run(found))


@route(f"GET {REPO}/check-runs/{{check_run_id}}/annotations", "checks=read")
def annotations_of(asked: Asked) -> Paged:
    found = _run(asked)
    return Paged(found.annotations, lambda one: asked.forms.annotation(found, *one))


@route(f"POST {REPO}/check-runs/{{check_run_id}}/rerequest", "checks=write", "write")
def rerequest(asked: Asked) -> Reply:
    found = _run(asked)
    found.status, found.conclusion = "queued", None
    return Reply({}, 201)


# ---- refs


@route(f"GET {REPO}/git/ref/{{ref}}", "contents=read")
def ref(asked: Asked) -> Reply:
    name = f"refs/{asked.path['ref']}"
    return Reply(asked.forms.ref(name, asked.found(asked.behaviour.seen, name)))


@route(f"GET {REPO}/git/matching-refs/{{ref}}", "contents=read")
def matching_refs(asked: Asked) -> Paged:
    start = f"refs/{asked.path['ref']}"
    found = [item for item in sorted(asked.behaviour.seen.items()) if item[0].startswith(start)]
    return Paged(found, lambda item: asked.forms.ref(*item))


@route(f"POST {REPO}/git/refs", "contents=write", "write")
def create_ref(asked: Asked) -> Reply:
    name, sha = asked.body["ref"], asked.body["sha"]
    if name in asked.behaviour.seen:
        raise Refused(422, "Reference already exists")
    if not name.startswith("refs/") or name.count("/") < 2:
        raise Refused(422, "Reference name must start with 'refs/' and have at least two slashes")
    if asked.bare.resolve(sha) != sha:
        raise Refused(422, "Object does not exist")
    asked.bare.update(name, sha)
    asked.behaviour.refresh()
    return Reply(asked.forms.ref(name, sha), 201)


@route(f"PATCH {REPO}/git/refs/{{ref}}", "contents=write", "write")
def update_ref(asked: Asked) -> Reply:
    name, sha = f"refs/{asked.path['ref']}", asked.body["sha"]
    if name not in asked.behaviour.seen:
        raise Refused(422, "Reference does not exist")
    if not asked.body.get("force") and not asked.bare.contains(sha, asked.behaviour.seen[name]):
        raise Refused(422, "Update is not a fast forward")
    asked.bare.update(name, sha)
    asked.behaviour.refresh()
    return Reply(asked.forms.ref(name, sha))


@route(f"DELETE {REPO}/git/refs/{{ref}}", "contents=write", "write")
def delete_ref(asked: Asked) -> Reply:
    name = f"refs/{asked.path['ref']}"
    if name not in asked.behaviour.seen:
        raise Refused(422, "Reference does not exist")
    if name == f"refs/heads/{asked.state.default_branch}":
        raise Refused(422, "Cannot delete the default branch")
    try:
        asked.bare.delete(name)
    except GitFailed:
        raise Refused(422, "Reference does not exist") from None
    asked.behaviour.refresh()
    return Reply(None, 204)


# ---- branches


@route(f"GET {REPO}/branches", "contents=read")
def branches(asked: Asked) -> Paged:
    start = "refs/heads/"
    found = [(name.removeprefix(start), sha) for name, sha in sorted(asked.behaviour.seen.items()) if
             name.startswith(start)]  # fmt: skip
    return Paged(found, lambda item: asked.forms.short_branch(*item))


@route(f"GET {BRANCH}", "contents=read")
def branch(asked: Asked) -> Reply:
    name = asked.path["branch"]
    sha = asked.behaviour.head_of(name)
    if sha is None:
        raise Refused(404, "Branch not found")
    return Reply(asked.forms.branch(name, sha))


@route(f"GET {BRANCH}/protection", "administration=read", "admin")
def protection(asked: Asked) -> Reply:
    rule = asked.state.protections.get(asked.path["branch"])
    if rule is None or rule.ruleset:
        raise Refused(404, "Branch not protected")
    return Reply(asked.forms.protection(rule))


@route(f"GET {BRANCH}/protection/required_status_checks", "administration=read", "admin")
def required_checks(asked: Asked) -> Reply:
    rule = asked.state.protections.get(asked.path["branch"])
    if rule is None or rule.ruleset:
        raise Refused(404, "Branch not protected")
    if not rule.checks:
        raise Refused(404, "Required status checks not enabled")
    return Reply(asked.forms.required_checks(rule))


@route(f"GET {REPO}/rules/branches/{{branch}}")
def rules(asked: Asked) -> Paged:
    rule = asked.state.protections.get(asked.path["branch"])
    return Paged(asked.forms.rules(rule) if rule and rule.ruleset else [], lambda one: one)

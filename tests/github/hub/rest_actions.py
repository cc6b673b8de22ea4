"""REST: workflows, their runs and jobs, environments and deployments; never the check runs of a head."""

from __future__ import annotations

from hub.behaviour import Refused
from hub.routes import Asked, Paged, Reply, route
from hub.state import Deployment, Run, Workflow

REPO = "/repos/{owner}/{repo}"
WORKFLOW = f"{REPO}/actions/workflows/{{workflow_id}}"
RUN = f"{REPO}/actions/runs/{{run_id}}"


def _workflow(asked: Asked) -> Workflow:
    name = asked.path["workflow_id"]
    for one in asked.state.workflows.values():
        if name in (str(one.id), one.path.rpartition("/")[2]):
            return one
    raise Refused(404, "Not Found")


def _run(asked: Asked) -> Run:
    found: Run = asked.found(asked.state.runs, int(asked.path["run_id"]))
    found.read()
    _follow(asked, found)
    return found


def _follow(asked: Asked, run: Run) -> None:
    """A deployment's states follow its run's."""
    for one in asked.state.deployments.values():
        if one.run is run:
            now_is = {"queued": "queued", "waiting": "waiting", "in_progress": "in_progress"}.get(run.status)
            word = now_is or ("success" if run.conclusion == "success" else "failure")
            if one.states[-1] != word:
                one.states.append(word)


@route(f"GET {REPO}/actions/workflows", "actions=read")
def workflows(asked: Asked) -> Paged:
    return Paged(list(asked.state.workflows.values()), asked.forms.workflow, "workflows")


@route(f"GET {WORKFLOW}", "actions=read")
def workflow(asked: Asked) -> Reply:
    return Reply(asked.forms.workflow(_workflow(asked)))


@route(f"POST {WORKFLOW}/dispatches", "actions=write", "write")
def dispatch(asked: Asked) -> Reply:
    found, body, state = _workflow(asked), asked.body, asked.state
    if not found.dispatchable:
        raise Refused(422, "Workflow does not have 'workflow_dispatch' trigger")
    branch = body["ref"].removeprefix("refs/heads/")
    commit = asked.bare.resolve(branch)
    if commit is None:
        raise Refused(422, f"No ref found for: {body['ref']}")
    inputs = body.get("inputs") or {}
    if unexpected := sorted(set(inputs) - set(found.inputs)):
        raise Refused(422, f"Unexpected inputs provided: {unexpected}")
    number = 1 + sum(one.workflow is found for one in state.runs.values())
    made = Run(state.ids(), found, commit, branch, number, inputs=inputs, actor=asked.viewer)
    made.reads_left = found.pending_reads
    state.runs[made.id] = made
    name = inputs.get("environment") or found.environment
    if name:
        gate = state.environments.get(name)
        made.status = "waiting" if gate and gate.reviewers else made.status
        deployment = Deployment(state.ids(), made, name, commit, [made.status])
        state.deployments[deployment.id] = deployment
    if not body.get("return_run_details"):
        return Reply(None, 204)
    url, page = f"{asked.forms.repo}/actions/runs/{made.id}", f"{asked.forms.page}/actions/runs/{made.id}"
    return Reply({"workflow_run_id": made.id, "run_url": url, "html_url": page})


def _listed(asked: Asked, runs: list[Run]) -> Paged:
    query = asked.query
    for one in runs:
        one.read()
        _follow(asked, one)
    tests = {"branch": "branch", "event": "event", "head_sha": "commit"}
    for name, attribute in tests.items():
        if name in query:
            runs = [one for one in runs if getattr(one, attribute) == query[name]]
    if wanted := query.get("status"):
        runs = [one for one in runs if wanted in (one.status, one.conclusion)]
    if wanted := query.get("created", "").lstrip(">="):
        runs = [one for one in runs if one.created_at >= wanted]
    return Paged(sorted(runs, key=lambda one: -one.id), asked.forms.run, "workflow_runs")


@route(f"GET {REPO}/actions/runs", "actions=read")
def runs(asked: Asked) -> Paged:
    return _listed(asked, list(asked.state.runs.values()))


@route(f"GET {WORKFLOW}/runs", "actions=read")
def runs_of_workflow(asked: Asked) -> Paged:
    found = _workflow(asked)
    return _listed(asked, [one for one in asked.state.runs.values() if one.workflow is found])


@route(f"GET {RUN}", "actions=read")
def run(asked: Asked) -> Reply:
    return Reply(asked.forms.run(_run(asked)))


@route(f"POST {RUN}/cancel", "actions=write", "write")
def cancel(asked: Asked) -> Reply:
    found = _run(asked)
    if found.status == "completed":
        raise Refused(409, "Cannot cancel a workflow run that is completed.")
    found.status, found.conclusion = "completed", "cancelled"
    return Reply({}, 202)


@route(f"POST {RUN}/rerun-failed-jobs", "actions=write", "write")
def rerun(asked: Asked) -> Reply:
    found = _run(asked)
    if found.status != "completed":
        raise Refused(403, "This workflow is already running")
    found.status, found.conclusion, found.attempt = "queued", None, found.attempt + 1
    found.reads_left = found.workflow.pending_reads
    return Reply({}, 201)


@route(f"GET {RUN}/jobs", "actions=read")
def jobs(asked: Asked) -> Paged:
    number = int(asked.path["run_id"])
    if number in asked.state.runs:
        found = _run(asked)
        return Paged([found], lambda one: asked.forms.job(one.id, one, None), "jobs")
    checks = [one for one in asked.state.check_runs.values() if one.run == number and one.log is not None]
    if not checks:
        raise Refused(404, "Not Found")
    return Paged(checks, lambda one: asked.forms.job(one.id, None, one), "jobs")


@route(f"GET {REPO}/actions/jobs/{{job_id}}", "actions=read")
def job(asked: Asked) -> Reply:
    number = int(asked.path["job_id"])
    check = asked.state.check_runs.get(number)
    if number not in asked.state.runs and (check is None or check.log is None):
        raise Refused(404, "Not Found")
    return Reply(asked.forms.job(number, asked.state.runs.get(number), check))


@route(f"GET {REPO}/actions/jobs/{{job_id}}/logs", "actions=read")
def logs(asked: Asked) -> Reply:
    """GitHub leads to a storage that takes no token; so does the stand-in."""
    number = int(asked.path["job_id"])
    check, found = asked.state.check_runs.get(number), asked.state.runs.get(number)
    ended = (check and check.log is not None and check.status == "completed") or (found and found.status == "completed")
    if not ended:
        raise Refused(404, "Not Found")
    return Reply(None, 302, {"Location": f"{asked.forms.web}/storage/jobs/{number}/logs.txt"})


@route(f"GET {RUN}/pending_deployments", "actions=read")
def pending_deployments(asked: Asked) -> Reply:
    found = _run(asked)
    waiting = [one for one in asked.state.deployments.values() if one.run is found and found.status == "waiting"]
    gates = [asked.state.environments[one.environment] for one in waiting]
    return Reply([asked.forms.pending_deployment(one, asked.viewer) for one in gates])


@route(f"GET {REPO}/environments", "actions=read")
def environments(asked: Asked) -> Paged:
    return Paged(list(asked.state.environments.values()), asked.forms.environment, "environments")


@route(f"GET {REPO}/deployments", "deployments=read")
def deployments(asked: Asked) -> Paged:
    found = list(asked.state.deployments.values())
    for name, attribute in {"sha": "commit", "environment": "environment"}.items():
        if name in asked.query:
            found = [one for one in found if getattr(one, attribute) == asked.query[name]]
    return Paged(sorted(found, key=lambda one: -one.id), asked.forms.deployment)


@route(f"GET {REPO}/deployments/{{deployment_id}}/statuses", "deployments=read")
def deployment_statuses(asked: Asked) -> Paged:
    found: Deployment = asked.found(asked.state.deployments, int(asked.path["deployment_id"]))
    places = list(reversed(range(len(found.states))))
    return Paged(places, lambda place: asked.forms.deployment_status(found, place))

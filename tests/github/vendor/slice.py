"""Cuts what the stand-in needs out of GitHub's own descriptions of its API, as npm has them; never edits it by hand.

    npm pack @octokit/openapi@23.0.2 @octokit/graphql-schema@15.26.1
    python slice.py octokit-openapi-23.0.2.tgz octokit-graphql-schema-15.26.1.tgz

writes `openapi.json` and `schema.graphql` beside this file, with the same bytes each time.
"""

from __future__ import annotations

import json
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    UnionTypeDefinitionNode,
    parse,
    print_ast,
)

HERE = Path(__file__).resolve().parent
Json = dict[str, Any]

REPO = "/repos/{owner}/{repo}"
# What the stand-in serves: methods by path. The stand-in's own tests hold it to this list.
PATHS = {
    "/rate_limit": "GET",
    "/user": "GET",
    "/users/{username}": "GET",
    "/app": "GET",
    "/app/installations/{installation_id}/access_tokens": "POST",
    "/search/issues": "GET",
    REPO: "GET",
    f"{REPO}/installation": "GET",
    f"{REPO}/collaborators": "GET",
    f"{REPO}/collaborators/{{username}}": "GET",
    f"{REPO}/collaborators/{{username}}/permission": "GET",
    f"{REPO}/labels": "GET POST",
    f"{REPO}/labels/{{name}}": "GET",
    f"{REPO}/milestones": "GET",
    f"{REPO}/milestones/{{milestone_number}}": "GET",
    f"{REPO}/issues": "GET POST",
    f"{REPO}/issues/comments": "GET",
    f"{REPO}/issues/comments/{{comment_id}}": "GET PATCH DELETE",
    f"{REPO}/issues/{{issue_number}}": "GET PATCH",
    f"{REPO}/issues/{{issue_number}}/assignees": "POST DELETE",
    f"{REPO}/issues/{{issue_number}}/comments": "GET POST",
    f"{REPO}/issues/{{issue_number}}/dependencies/blocked_by": "GET",
    f"{REPO}/issues/{{issue_number}}/labels": "GET POST PUT",
    f"{REPO}/issues/{{issue_number}}/labels/{{name}}": "DELETE",
    f"{REPO}/issues/{{issue_number}}/parent": "GET",
    f"{REPO}/issues/{{issue_number}}/sub_issues": "GET POST",
    f"{REPO}/pulls": "GET POST",
    f"{REPO}/pulls/{{pull_number}}": "GET PATCH",
    f"{REPO}/pulls/{{pull_number}}/comments": "GET POST",
    f"{REPO}/pulls/{{pull_number}}/commits": "GET",
    f"{REPO}/pulls/{{pull_number}}/files": "GET",
    f"{REPO}/pulls/{{pull_number}}/merge": "GET PUT",
    f"{REPO}/pulls/{{pull_number}}/requested_reviewers": "GET POST",
    f"{REPO}/pulls/{{pull_number}}/reviews": "GET POST",
    f"{REPO}/pulls/{{pull_number}}/reviews/{{review_id}}": "GET",
    f"{REPO}/pulls/{{pull_number}}/reviews/{{review_id}}/comments": "GET",
    f"{REPO}/pulls/{{pull_number}}/update-branch": "PUT",
    f"{REPO}/commits": "GET",
    f"{REPO}/commits/{{ref}}": "GET",
    f"{REPO}/commits/{{ref}}/check-runs": "GET",
    f"{REPO}/commits/{{ref}}/check-suites": "GET",
    f"{REPO}/commits/{{ref}}/status": "GET",
    f"{REPO}/commits/{{ref}}/statuses": "GET",
    f"{REPO}/commits/{{commit_sha}}/pulls": "GET",
    f"{REPO}/compare/{{basehead}}": "GET",
    f"{REPO}/statuses/{{sha}}": "POST",
    f"{REPO}/check-runs/{{check_run_id}}": "GET",
    f"{REPO}/check-runs/{{check_run_id}}/annotations": "GET",
    f"{REPO}/check-runs/{{check_run_id}}/rerequest": "POST",
    f"{REPO}/git/commits/{{commit_sha}}": "GET",
    f"{REPO}/git/matching-refs/{{ref}}": "GET",
    f"{REPO}/git/ref/{{ref}}": "GET",
    f"{REPO}/git/refs": "POST",
    f"{REPO}/git/refs/{{ref}}": "PATCH DELETE",
    f"{REPO}/branches": "GET",
    f"{REPO}/branches/{{branch}}": "GET",
    f"{REPO}/branches/{{branch}}/protection": "GET",
    f"{REPO}/branches/{{branch}}/protection/required_status_checks": "GET",
    f"{REPO}/rules/branches/{{branch}}": "GET",
    f"{REPO}/contents/{{path}}": "GET",
    f"{REPO}/actions/workflows": "GET",
    f"{REPO}/actions/workflows/{{workflow_id}}": "GET",
    f"{REPO}/actions/workflows/{{workflow_id}}/dispatches": "POST",
    f"{REPO}/actions/workflows/{{workflow_id}}/runs": "GET",
    f"{REPO}/actions/runs": "GET",
    f"{REPO}/actions/runs/{{run_id}}": "GET",
    f"{REPO}/actions/runs/{{run_id}}/cancel": "POST",
    f"{REPO}/actions/runs/{{run_id}}/jobs": "GET",
    f"{REPO}/actions/runs/{{run_id}}/pending_deployments": "GET",
    f"{REPO}/actions/runs/{{run_id}}/rerun-failed-jobs": "POST",
    f"{REPO}/actions/jobs/{{job_id}}": "GET",
    f"{REPO}/actions/jobs/{{job_id}}/logs": "GET",
    f"{REPO}/environments": "GET",
    f"{REPO}/deployments": "GET",
    f"{REPO}/deployments/{{deployment_id}}/statuses": "GET",
}
# What GitHub takes, and its description says to people only: labels without anything around them.
TAKEN_TOO = {f"POST {REPO}/issues/{{issue_number}}/labels": {"type": "array", "items": {"type": "string"}}}
# What a schema says to people, or to generators of code.
SAID = {
    "description",
    "title",
    "example",
    "examples",
    "default",
    "format",
    "deprecated",
    "externalDocs",
    "discriminator",
}

# Object, interface and union types; fields that lead to others are cut. What they take (enums, inputs) comes along.
TYPES = [
    "Query", "RateLimit", "Node", "Repository", "RepositoryOwner", "Actor", "User", "Bot", "Organization",
    "Mannequin", "PageInfo", "Ref", "GitObject", "Commit", "Blob", "GitActor", "Label", "LabelConnection",
    "LabelEdge", "Milestone", "MilestoneConnection", "MilestoneEdge", "Issue", "IssueConnection", "IssueEdge",
    "IssueComment", "IssueCommentConnection", "IssueCommentEdge", "Comment", "Closable", "IssueOrPullRequest",
    "SubIssuesSummary", "Assignable", "Labelable", "UserConnection", "UserEdge", "PullRequest",
    "PullRequestConnection", "PullRequestEdge", "PullRequestCommit", "PullRequestCommitConnection",
    "PullRequestCommitEdge", "PullRequestChangedFile", "PullRequestChangedFileConnection",
    "PullRequestChangedFileEdge", "PullRequestReview", "PullRequestReviewConnection", "PullRequestReviewEdge",
    "PullRequestReviewThread", "PullRequestReviewThreadConnection", "PullRequestReviewThreadEdge",
    "PullRequestReviewComment", "PullRequestReviewCommentConnection", "PullRequestReviewCommentEdge",
    "ReviewRequest", "ReviewRequestConnection", "ReviewRequestEdge", "RequestedReviewer", "StatusCheckRollup",
    "StatusCheckRollupContext", "StatusCheckRollupContextConnection", "StatusCheckRollupContextEdge", "CheckRun",
    "CheckSuite", "CheckAnnotation", "CheckAnnotationConnection", "CheckAnnotationEdge", "CheckAnnotationSpan",
    "CheckAnnotationPosition", "App", "WorkflowRun", "Workflow", "Status", "StatusContext",
    "RequirableByPullRequest", "MergeQueue", "MergeQueueEntry", "MergeQueueEntryConnection", "MergeQueueEntryEdge",
    "MergeQueueConfiguration", "BranchProtectionRule", "RequiredStatusCheckDescription", "Mutation",
    "EnqueuePullRequestPayload", "DequeuePullRequestPayload", "MarkPullRequestReadyForReviewPayload",
    "ConvertPullRequestToDraftPayload",
]  # fmt: skip


class Schemas:
    """JSON Schema out of OpenAPI's dialect; `kept` are those that others lead to, by name."""

    def __init__(self, whole: Json) -> None:
        self.whole = whole
        self.kept: Json = {}

    def cut(self, node: Json) -> Json:
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            if name not in self.kept:
                self.kept[name] = {}  # it may lead to itself
                self.kept[name].update(self.cut(_resolved(self.whole, node)))
            return {"$ref": f"#/$defs/{name}"}
        kept = {key: one for key, one in node.items() if key not in SAID and not key.startswith("x-")}
        made = {key: self._inner(key, one) for key, one in kept.items()}
        if "oneOf" in made:  # its alternatives overlap: what fits two of them is no fault
            made["anyOf"] = made.pop("oneOf")
        return _or_null(made) if made.pop("nullable", False) else made

    def _inner(self, key: str, value: Any) -> Any:
        if key in ("properties", "patternProperties"):
            return {name: self.cut(one) for name, one in value.items()}
        if key in ("items", "additionalProperties", "not") and isinstance(value, dict):
            return self.cut(value)
        if key in ("allOf", "anyOf", "oneOf"):
            return [self.cut(one) for one in value]
        return value


def cut_openapi(whole: Json) -> Json:
    """Operations by `METHOD path`, with parameters, body and answers by status; `$defs` are the schemas they need."""
    schemas = Schemas(whole)
    operations = {}
    for path, methods in PATHS.items():
        for method in methods.split():
            name = f"{method} {path}"
            operations[name] = _operation(whole, whole["paths"][path][method.lower()], schemas)
            if name in TAKEN_TOO:
                operations[name]["body"] = {"anyOf": [operations[name]["body"], TAKEN_TOO[name]]}
    return {"operations": operations, "$defs": {name: schemas.kept[name] for name in sorted(schemas.kept)}}


def _operation(whole: Json, node: Json, schemas: Schemas) -> Json:
    made: Json = {"parameters": [], "answers": {}}
    for parameter in (_resolved(whole, one) for one in node.get("parameters", ())):
        kept = {"name": parameter["name"], "in": parameter["in"], "schema": schemas.cut(parameter["schema"])}
        made["parameters"].append(kept | {"required": parameter.get("required", False)})
    if "requestBody" in node:
        body = _resolved(whole, node["requestBody"])
        made["body"] = schemas.cut(body["content"]["application/json"]["schema"])
        made["body_required"] = body.get("required", False)
    for status, answer in node["responses"].items():
        content = _resolved(whole, answer).get("content", {}).get("application/json", {})
        made["answers"][status] = schemas.cut(content["schema"]) if "schema" in content else None
    return made


def _resolved(whole: Json, node: Json) -> Json:
    while "$ref" in node:
        node = _at(whole, node["$ref"])
    return node


def _at(whole: Json, reference: str) -> Json:
    node: Any = whole
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def _or_null(schema: Json) -> Json:
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("type"), str):
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema


def cut_graphql(text: str) -> str:
    known = {node.name.value: node for node in parse(text, no_location=True).definitions if hasattr(node, "name")}
    kept: dict[str, Any] = {}
    waiting = list(TYPES)
    while waiting:
        if (name := waiting.pop()) in known and name not in kept:
            kept[name] = _cut(known[name], known)
            parts = getattr(kept[name], "fields", None) or ()
            waiting += [_named(one.type) for part in parts for one in (part, *getattr(part, "arguments", ()))]
    return print_ast(DocumentNode(definitions=tuple(kept[name] for name in sorted(kept)))) + "\n"


def _cut(node: Any, known: dict[str, Any]) -> Any:
    if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
        fields = {field.name.value: field for field in node.fields if _stays(field, known)}  # it has doubles
        interfaces = tuple(one for one in node.interfaces or () if one.name.value in TYPES)
        node = replace(node, interfaces=interfaces, fields=tuple(map(_bare, fields.values())))
    elif isinstance(node, UnionTypeDefinitionNode):
        node = replace(node, types=tuple(one for one in node.types if one.name.value in TYPES))
    elif isinstance(node, EnumTypeDefinitionNode):
        node = replace(node, values=tuple(map(_bare, node.values)))
    elif isinstance(node, InputObjectTypeDefinitionNode):
        node = replace(node, fields=tuple(map(_bare, node.fields)))
    return _bare(node)


def _bare(node: Any) -> Any:
    """Without what it says to people."""
    if isinstance(node, FieldDefinitionNode):
        node = replace(node, arguments=tuple(map(_bare, node.arguments or ())))
    return replace(node, description=None, directives=())


def _stays(field: FieldDefinitionNode | InputValueDefinitionNode, known: dict[str, Any]) -> bool:
    name = _named(field.type)
    taken = EnumTypeDefinitionNode | ScalarTypeDefinitionNode | InputObjectTypeDefinitionNode
    return name in TYPES or name not in known or isinstance(known[name], taken)


def _named(type_node: Any) -> str:
    while not isinstance(type_node, NamedTypeNode):
        type_node = type_node.type
    return type_node.name.value


def main(openapi: Path, graphql: Path) -> None:
    whole = json.loads(_read(openapi, "package/generated/api.github.com.json"))
    cut = json.dumps(cut_openapi(whole), separators=(",", ":"), ensure_ascii=False)
    (HERE / "openapi.json").write_text(cut + "\n", "utf-8")
    (HERE / "schema.graphql").write_text(cut_graphql(_read(graphql, "package/schema.graphql")), "utf-8")


def _read(package: Path, name: str) -> str:
    with tarfile.open(package) as archive:
        member = archive.extractfile(name)
        assert member
        return member.read().decode()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""The description of the plan file: what editors and strictyaml are told, and that both are told the same."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from typing import Any, ClassVar

import jsonschema
import pytest
import strictyaml
import yaml
from plan_texts import SMALL, example

from waves.plan.kinds import Kind, ListOf, Record, Scalar
from waves.plan.schema import PLAN, json_schema, strict_schema


class Core(yaml.SafeLoader):
    """YAML as editors read it: the core schema of YAML 1.2."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for tag, pattern, first in [
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
]:
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))


def refused(text: str) -> list[str]:
    validator = jsonschema.Draft202012Validator(json_schema())
    return [error.json_path for error in validator.iter_errors(yaml.load(text, Loader=Core))]


def records(kind: Kind) -> Iterator[Record]:
    if isinstance(kind, Record):
        yield kind
        for one in kind.fields:
            yield from records(one.kind)
    elif isinstance(kind, ListOf):
        yield from records(kind.item)


def test_the_json_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_key_is_described() -> None:
    for record in records(PLAN):
        for one in record.fields:
            assert re.fullmatch(r"[A-Za-z`].*[.]", one.description), one.name


@pytest.mark.parametrize("text", [example(), SMALL, SMALL + "    why: 12\n    checks: [true, ~, x]\n"])
def test_an_editor_takes_good_plans(text: str) -> None:
    assert refused(text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (SMALL + "polcy: {}\n", "$"),
        (SMALL.replace("batch: auth\n", ""), "$"),
        (SMALL.replace("[41]", "[]"), "$.units[0].issues"),
        (SMALL.replace("[41]", "41"), "$.units[0].issues"),
        (SMALL.replace("41", "x"), "$.units[0].issues[0]"),
        (SMALL.replace("type: fix", "type: fxi"), "$.units[1].type"),
        (SMALL.replace("form-typos", "Form"), "$.units[1].unit"),
        (SMALL + "    branch: a..b\n", "$.units[1].branch"),
        (SMALL + "policy: {reviewers: 0}\n", "$.policy.reviewers"),
        (SMALL + "policy: {run_timeout: 45}\n", "$.policy.run_timeout"),
        (SMALL + "policy: {draft: maybe}\n", "$.policy.draft"),
        (SMALL + "policy: {trusted: [a b]}\n", "$.policy.trusted"),
        (SMALL + "policy: {trusted: nobody}\n", "$.policy.trusted"),
        (SMALL + "policy: {labels: ['a,b']}\n", "$.policy.labels[0]"),
        (SMALL + "setup: {copy: [../x]}\n", "$.setup.copy[0]"),
        (SMALL + "confirmed: {by: ana, on: today}\n", "$.confirmed.on"),
        (SMALL + "numbering: [{series: NN.md, assign: {form-typos: soon}}]\n", "$.numbering[0].assign['form-typos']"),
        (SMALL + "numbering: [{series: NN.md, assign: next}]\n", "$.numbering[0].assign"),
        (SMALL + "agents: {reviewer: {kind: shell}}\n", "$.agents.reviewer.kind"),
        (SMALL + "deploy: {workflow: x, environments: []}\n", "$.deploy.environments"),
    ],
)
def test_an_editor_marks_bad_plans(text: str, place: str) -> None:
    assert refused(text) == [place]


def test_strictyaml_takes_the_example_and_keeps_every_value_as_text() -> None:
    found = strictyaml.dirty_load(example(), strict_schema(), allow_flow_style=True).data
    assert found["units"][1]["issues"] == ["52", "53"]
    assert found["confirmed"] == {"by": "ana", "on": "2026-11-20", "can": "3f0a9c"}


@pytest.mark.parametrize(
    "text", [SMALL + "polcy: {}\n", SMALL.replace("41", "x"), SMALL.replace("batch: auth\n", ""), SMALL + "skip: 1\n"]
)
def test_strictyaml_alone_refuses_what_the_walk_refuses(text: str) -> None:
    with pytest.raises(strictyaml.YAMLValidationError):
        strictyaml.dirty_load(text, strict_schema(), allow_flow_style=True)


NAMES = [
    "fix/x", "a", "a.b/c-d", "ü/x", "@x", "HEADS", "", "HEAD", "-x", "/x", "x/", "x.", ".x", "a/.b", "a..b", "a//b",
    "a b", "a~b", "a^b", "a:b", "a?b", "a*b", "a[b", "a\\b", "a@{b", "x.lock", "x.lock/y", "a\x7fb", "a\nb",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_branch_is_what_git_takes_for_one(name: str) -> None:
    git = subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True, check=False)
    kind = PLAN.by_name["base"].kind
    assert isinstance(kind, Scalar)
    assert bool(re.search(kind.json["pattern"], name)) == (git.returncode == 0)

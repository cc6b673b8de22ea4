"""GitHub's own description of its API, and what of a request or an answer goes against it; never what is meant."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

VENDOR = Path(__file__).resolve().parent.parent / "vendor"
Json = dict[str, Any]
# Answers that every operation may give, though the description does not list them for each.
ANYWHERE = {304, 401, 403, 404, 410, 422, 429, 451, 500, 502, 503, 504}


@dataclass(frozen=True)
class Operation:
    name: str  # `GET /repos/{owner}/{repo}`
    node: Json

    def faults_of_request(self, query: dict[str, str], body: Any) -> list[str]:
        found = []
        known = {one["name"]: one for one in self.node["parameters"] if one["in"] == "query"}
        for name, value in query.items():
            if name not in known:
                found.append(f"unknown query parameter {name}")
            elif fault := _fault(known[name]["schema"], _typed(value, known[name]["schema"])):
                found.append(f"query parameter {name}: {fault}")
        found += [
            f"query parameter {name} is missing" for name, one in known.items() if one["required"] and name not in query
        ]
        if "body" not in self.node:
            return found + (["a body, where none is taken"] if body else [])
        if body is None:
            return found + (["the body is missing"] if self.node["body_required"] else [])
        if fault := _fault(self.node["body"], body):
            found.append(f"body: {fault}")
        return found + [f"body: unknown {name}" for name in _unknown(self.node["body"], body)]

    def faults_of_answer(self, status: int, body: Any) -> list[str]:
        answers = self.node["answers"]
        if str(status) in answers:
            schema = answers[str(status)]
            if schema is None and status < 400:
                return [] if body is None or isinstance(body, str) else [f"{status}: a body, where none is given"]
            fault = _fault(schema or {"$ref": "#/$defs/basic-error"}, body)
        elif status in ANYWHERE:
            fault = _fault({"$ref": "#/$defs/basic-error"}, body)
        else:
            return [f"{status} is no answer to {self.name}"]
        if not fault and status < 400:
            fault = ", ".join(f"unknown {name}" for name in _unknown(answers[str(status)], body))
        return [f"{status}: {fault}"] if fault else []


def _typed(text: str, schema: Json) -> Any:
    kinds = {one.get("type") for one in (schema, *schema.get("anyOf", ()))}
    if "integer" in kinds and re.fullmatch(r"-?\d+", text):
        return int(text)
    if "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    return text


def _unknown(schema: Json, value: Any) -> list[str]:
    """Properties of an object, or of the objects in a list, that the description does not know."""
    schema = _resolved(schema)
    if isinstance(value, list):
        return [name for one in value[:1] for name in _unknown(schema.get("items", {}), one)]
    names = _names(schema)
    return [name for name in value if name not in names] if names and isinstance(value, dict) else []


def _names(schema: Json) -> set[str]:
    """The properties that an object may have; empty: no list of them is given."""
    schema = _resolved(schema)
    if schema.get("additionalProperties"):
        return set()
    found = set(schema.get("properties", ()))
    for one in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
        found |= _names(one)
    return found


def _resolved(schema: Json) -> Json:
    while "$ref" in schema:
        schema = description()["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return schema


def _fault(schema: Json, value: Any) -> str:
    """The first thing that is wrong with it, or nothing."""
    return _judged(json.dumps(schema), json.dumps(value, ensure_ascii=False))


@functools.lru_cache(maxsize=1 << 14)
def _judged(schema: str, text: str) -> str:
    """What was right once is not looked at again: much of each answer was in others."""
    fault = next(iter(Checker(json.loads(schema)).iter_errors(json.loads(text))), None)
    if fault is None:
        return ""
    while fault.context:
        fault = max(fault.context, key=lambda one: len(one.absolute_path))
    place, text = fault.json_path, fault.message[:300]
    return place + text[1:] if text.startswith("$") else f"{place}: {text}"


def _follow(_: Any, reference: str, value: Any, __: Json) -> Iterator[ValidationError]:
    """Every schema that has a name is judged by itself; its fault begins with `$`, the place inside."""
    if fault := _fault(_resolved({"$ref": reference}), value):
        yield ValidationError(fault)


Checker = validators.extend(Draft202012Validator, {"$ref": _follow})


@functools.cache
def description() -> Json:
    found: Json = json.loads((VENDOR / "openapi.json").read_text("utf-8"))
    return found


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], Operation]]:
    made = []
    for name, node in description()["operations"].items():
        # A ref, a path and a branch may have slashes.
        wide = re.sub(r"\{(ref|path|basehead|branch)\}", r"(?P<\1>.+)", re.sub(r"[.]", r"\\.", name))
        made.append((re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", wide)), Operation(name, node)))
    # The narrowest first: `/issues/comments` before `/issues/{issue_number}`, `/commits/{ref}/status` before `…/{ref}`.
    return sorted(made, key=lambda one: (".+)" in one[0].pattern, -one[1].name.count("/"), one[1].name.count("{")))


def find(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """The operation that a request is for, with its path's parameters; None: the slice has none such."""
    for pattern, operation in _patterns():
        if match := pattern.fullmatch(f"{method} {path}"):
            return operation, match.groupdict()
    return None

"""The JSON that agents owe by role, and its reading; it never guesses what an agent meant, and never raises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waves.foundation import records
from waves.foundation.text import plain, whole

Schema = dict[str, Any]

LONGEST = 4_000  # characters of one text of an item
MOST = 5_000  # entries of `reviewed`
LAST_LINE = 10_000_000  # a line beyond it is none
LISTS = {"blocking": "B", "should_fix": "S", "nits": "N", "scope_violations": "V"}


def _object(**properties: Schema) -> Schema:
    # What strict structured output demands: every key required, no other allowed.
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_TEXT: Schema = {"type": "string"}
_ITEM: dict[str, Schema] = {
    "file": {"type": "string", "description": "path from the top of the repository"},
    "line": {"type": ["integer", "null"], "description": "in the new version of the file"},
    "issue": {"type": "string", "description": "what is wrong, and how it shows"},
    "fix": {"type": "string", "description": "what to do about it"},
    "priority": {"type": "integer", "enum": [0, 1, 2, 3], "description": "0 is the most urgent"},
    "confidence": {"type": "number", "description": "from 0 to 1"},
}
REVIEW_1: Schema = _object(
    verdict={"type": "string", "enum": ["approved", "should_fix", "blocking"]},
    summary=_TEXT,
    blocking=_list(_object(**_ITEM)),
    should_fix=_list(_object(**_ITEM)),
    nits=_list(_object(**_ITEM)),
    scope_violations=_list(_object(**_ITEM, detail=_TEXT)),
)
REVIEW: Schema = _object(
    **REVIEW_1["properties"],
    reviewed={
        "type": "array",
        "items": _TEXT,
        "description": "each changed path that you have read in full, or a folder or glob that names it",
    },
    closed={
        "type": "array",
        "items": _TEXT,
        "description": "ids of the corrected items, such as B1@0, that you found to be done",
    },
)
# What an agent may leave out that is held to no schema while it answers.
OPTIONAL = ("reviewed", "closed")
REVIEW_OPEN: Schema = REVIEW | {"required": [name for name in REVIEW["required"] if name not in OPTIONAL]}
ARBITER: Schema = _object(
    items=_list(
        _object(
            id={"type": "string", "description": "the item's id, as given"},
            requested={"type": "boolean", "description": "whether the issue asks for it"},
            quote={"type": "string", "description": "the issue's own sentence, verbatim; empty if there is none"},
            why=_TEXT,
        )
    )
)
# What an agent may claim; that a pull request is open already, only the forge can say.
CLAIMS = ("same-region", "semantic-overlap", "shared-numbering", "umbrella", "trivial-siblings", "dependency")
TRIAGER: Schema = _object(
    findings=_list(
        _object(
            kind={"type": "string", "enum": list(CLAIMS)},
            issues={"type": "array", "items": {"type": "integer"}, "description": "their numbers, each quoted below"},
            claim={"type": "string", "description": "one sentence: how they collide"},
            quotes=_list(
                _object(
                    issue={"type": "integer"},
                    quote={"type": "string", "description": "from the text of that issue, verbatim"},
                )
            ),
            paths={
                "type": "array",
                "items": _TEXT,
                "description": "files that it is about, as `git ls-files` has them",
            },
            resolution={"type": "string", "description": "what you would do about it, in a few words"},
        )
    )
)
SCHEMAS: Mapping[str, Schema] = {"reviewer": REVIEW, "arbiter": ARBITER, "triager": TRIAGER}  # by role
VERSION = 2  # of the reviewer's contract; a unit keeps the one that it was dispatched with


def schema_of(role: str, version: int = VERSION, *, strict: bool = True) -> Schema | None:
    """What a role's answer must fit; `strict`: with every key required, as structured output demands it."""
    if role != "reviewer":
        return SCHEMAS.get(role)
    return REVIEW_1 if version == 1 else REVIEW if strict else REVIEW_OPEN


@dataclass(frozen=True, slots=True)
class Invalid:
    """What was wrong with an answer, in one line that the next prompt may quote."""

    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    id: str  # B1, S2, N1, V1: list and place in it, given by Waves
    list: str  # blocking | should_fix | nits | scope_violations, and those that Waves adds: see verdicts
    file: str
    line: int | None
    issue: str
    fix: str
    priority: int  # 0 to 3, 0 is the most urgent
    confidence: float  # 0 to 1
    detail: str = ""

    @property
    def digest(self) -> str:
        """The same for the same objection wherever it stands in the list; a ruling holds for this."""
        # The line that a person spoke of moves with every push; `detail` names the very remark.
        place = [] if self.list == "feedback" else [self.file, self.line]
        return records.digest([self.list, *place, self.issue, self.fix, self.detail])


@dataclass(frozen=True, slots=True)
class Review:
    verdict: str  # approved | should_fix | blocking: the reviewer's word; the lists rule
    summary: str
    items: tuple[Item, ...]  # in the order of the lists
    reviewed: tuple[str, ...] | None = None  # paths, folders and globs; None: it does not say
    closed: tuple[str, ...] = ()  # ids of earlier items that it found to be done


@dataclass(frozen=True, slots=True)
class Judgement:
    """An arbiter's word on one item; the quote counts only if the issue has it verbatim."""

    id: str
    requested: bool
    quote: str
    why: str


@dataclass(frozen=True, slots=True)
class Arbitration:
    items: tuple[Judgement, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A triager's word on how some issues collide; it counts only if each quote and path is found."""

    kind: str
    issues: tuple[int, ...]
    claim: str
    quotes: tuple[tuple[int, str], ...]  # issue and what it says
    paths: tuple[str, ...]
    resolution: str


@dataclass(frozen=True, slots=True)
class Claims:
    claims: tuple[Claim, ...]


def read_review(answer: str, version: int = VERSION) -> Review | Invalid:
    """The review in a reviewer's last message: one JSON object, alone, in a fence or among words without braces."""
    value = _read(answer, REVIEW_1 if version == 1 else REVIEW_OPEN)
    if isinstance(value, Invalid):
        return value
    items = []
    for name, letter in LISTS.items():
        for number, entry in enumerate(value[name], 1):
            if not 0 <= entry["confidence"] <= 1:
                return Invalid(f"{name}[{number - 1}].confidence: it must be from 0 to 1")
            items.append(_item(f"{letter}{number}", name, entry))
    reviewed = tuple(whole(one) for one in value["reviewed"][:MOST]) if "reviewed" in value else None
    closed = tuple(_cut(one) for one in value.get("closed", ())[:MOST])
    return Review(value["verdict"], _cut(value["summary"]), tuple(items), reviewed, closed)


def read_arbitration(answer: str) -> Arbitration | Invalid:
    """The judgements in an arbiter's last message; two on one item are invalid."""
    value = _read(answer, ARBITER)
    if isinstance(value, Invalid):
        return value
    ids = [entry["id"] for entry in value["items"]]
    if len(set(ids)) < len(ids):
        return Invalid("items: more than one for the same id")
    return Arbitration(tuple(
        # A quote is compared with the issue, so nothing may be taken out of its middle.
        Judgement(_cut(entry["id"]), entry["requested"], whole(entry["quote"])[:LONGEST], _cut(entry["why"]))
        for entry in value["items"]
    ))  # fmt: skip


def read_claims(answer: str) -> Claims | Invalid:
    """The claims in a triager's last message."""
    value = _read(answer, TRIAGER)
    if isinstance(value, Invalid):
        return value
    return Claims(tuple(
        Claim(
            one["kind"], tuple(int(number) for number in one["issues"]), _cut(one["claim"]),
            tuple((int(each["issue"]), whole(each["quote"])[:LONGEST]) for each in one["quotes"]),
            tuple(whole(path)[:LONGEST] for path in one["paths"]), _cut(one["resolution"]),
        )
        for one in value["findings"]
    ))  # fmt: skip


def _item(name: str, kind: str, entry: Mapping[str, Any]) -> Item:
    line = entry["line"]
    return Item(
        id=name, list=kind, file=_cut(entry["file"]), issue=_cut(entry["issue"]), fix=_cut(entry["fix"]),
        # "Line 0" is what some write for the whole file.
        line=int(line) if line is not None and 0 < line <= LAST_LINE else None,
        priority=int(entry["priority"]), confidence=float(entry["confidence"]), detail=_cut(entry.get("detail", "")),
    )  # fmt: skip


def _cut(value: str) -> str:
    return plain(value)[:LONGEST]


def _read(answer: str, schema: Schema) -> Schema | Invalid:
    # From the first brace to the last and no cleverer: picking one of several objects could pick one that was quoted.
    start, end = answer.find("{"), answer.rfind("}")
    if start < 0 or end < start:
        return Invalid("there is no JSON object in the answer")
    try:
        value = json.loads(answer[start : end + 1], object_pairs_hook=_unique, parse_constant=records.refuse_constant)
        return _fault(value, schema) or value
    except RecursionError:
        return Invalid("it is nested too deeply")
    except ValueError as error:
        return Invalid(f"not one JSON object: {plain(str(error))[:200]}")


def _fault(value: Any, schema: Schema) -> Invalid | None:
    from jsonschema import Draft202012Validator

    error = next(Draft202012Validator(schema).iter_errors(value), None)
    if error is None:
        return None
    where = error.json_path.removeprefix("$").removeprefix(".")
    return Invalid(plain(f"{where or 'answer'}: {error.message}").replace("\n", " ")[:300])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("the same key twice in one object")
    return value

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from waves.lifecycle import contracts
from waves.lifecycle.contracts import (
    Arbitration,
    Claims,
    Invalid,
    Review,
    read_arbitration,
    read_claims,
    read_review,
)
from waves.plan.schema import FINDING_KINDS


def item(**changes: Any) -> dict[str, Any]:
    return {
        "file": "src/form.py", "line": 12, "issue": "wrong", "fix": "mend it", "priority": 1, "confidence": 0.9,
    } | changes  # fmt: skip


def review(**changes: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {name: [] for name in contracts.LISTS}
    return {"verdict": "approved", "summary": "Fine."} | empty | changes


def read(**changes: Any) -> Review | Invalid:
    return read_review(json.dumps(review(**changes)))


def good(**changes: Any) -> Review:
    found = read(**changes)
    assert isinstance(found, Review), found
    return found


def reason(found: Review | Arbitration | Invalid) -> str:
    assert isinstance(found, Invalid), found
    return found.reason


# ---- the schemas


@pytest.mark.parametrize("schema", [*contracts.SCHEMAS.values(), contracts.REVIEW_1])
def test_the_schemas_are_what_strict_structured_output_takes(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    for part in parts(schema):
        if part["type"] == "object":
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])
        assert set(part) <= {"type", "properties", "required", "additionalProperties", "items", "enum", "description"}


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for inner in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        yield from parts(inner)


def test_the_review_has_the_keys_of_the_design() -> None:
    lists = ["blocking", "should_fix", "nits", "scope_violations"]
    assert list(contracts.REVIEW["properties"]) == ["verdict", "summary", *lists, "reviewed", "closed"]
    assert list(contracts.REVIEW_1["properties"]) == ["verdict", "summary", *lists]
    keys = ["file", "line", "issue", "fix", "priority", "confidence"]
    for name in lists:
        wanted = [*keys, "detail"] if name == "scope_violations" else keys
        assert list(contracts.REVIEW["properties"][name]["items"]["properties"]) == wanted


# ---- reading a review


def test_what_was_reviewed_and_closed_is_optional_and_unknown_to_the_first_version() -> None:
    assert (good().reviewed, good().closed) == (None, ())
    found = good(reviewed=["src/a.py", "docs/**", ""], closed=["B1@0"])
    assert (found.reviewed, found.closed) == (("src/a.py", "docs/**", ""), ("B1@0",))
    assert good(reviewed=[]).reviewed == ()
    assert reason(read(reviewed="**")) == "reviewed: '**' is not of type 'array'"
    assert reason(read(closed=[1])) == "closed[0]: 1 is not of type 'string'"
    text = json.dumps(review(reviewed=[]))
    assert "'reviewed' was unexpected" in reason(read_review(text, 1))
    assert isinstance(read_review(json.dumps(review()), 1), Review)


def test_items_are_numbered_by_list() -> None:
    found = good(
        verdict="blocking",
        blocking=[item(issue="one"), item(issue="two", line=None)],
        should_fix=[item()], nits=[item()],
        scope_violations=[item(detail="touches the API")],
    )  # fmt: skip
    assert (found.verdict, found.summary) == ("blocking", "Fine.")
    assert [one.id for one in found.items] == ["B1", "B2", "S1", "N1", "V1"]
    assert [one.line for one in found.items] == [12, None, 12, 12, 12]
    assert found.items[1].issue == "two"
    assert found.items[-1].detail == "touches the API"
    assert (found.items[0].priority, found.items[0].confidence) == (1, 0.9)


@pytest.mark.parametrize(
    "around",
    ["{}", "\ufeff{}\n", "```json\n{}\n```", "Here it is:\n\n```\n{}\n```\nThat was all.", "The review: {}. Regards"],
)
def test_a_fence_or_words_around_the_object_do_no_harm(around: str) -> None:
    assert read_review(around.replace("{}", json.dumps(review()))) == good()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("", "there is no JSON object in the answer"),
        ("LGTM", "there is no JSON object in the answer"),
        ("} {", "there is no JSON object in the answer"),
        ("{", "there is no JSON object in the answer"),
        (json.dumps([review()]), None),
        (json.dumps(review())[:-2], "there is no JSON object in the answer"),
        (json.dumps(review(nits=[item()]))[:-1], "not one JSON object: "),
        (json.dumps(review()) + json.dumps(review(verdict="blocking")), "not one JSON object: Extra data"),
        (f"As `{{}}` shows: {json.dumps(review())}", "not one JSON object: Extra data"),
        ('{"verdict": "blocking", "verdict": "approved"}', "not one JSON object: the same key twice in one object"),
        ('{"verdict": NaN}', "not one JSON object: NaN is not JSON"),
        ('{"verdict": -Infinity}', "not one JSON object: -Infinity is not JSON"),
        ('{"verdict": ' + "9" * 5000 + "}", "not one JSON object: Exceeds the limit"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "it is nested too deeply"),
        ('{"a":' + "[" * 900 + "]" * 900 + "}", "answer: 'verdict' is a required property"),
    ],
)
def test_what_is_not_exactly_one_object_is_invalid(answer: str, words: str | None) -> None:
    if words is None:
        assert read_review(answer) == good()  # a list of one object: words around it
    else:
        assert reason(read_review(answer)).startswith(words)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verdict": "lgtm"}, "verdict: 'lgtm' is not one of ['approved', 'should_fix', 'blocking']"),
        ({"summary": None}, "summary: None is not of type 'string'"),
        ({"score": 1}, "answer: Additional properties are not allowed ('score' was unexpected)"),
        ({"blocking": {}}, "blocking: {} is not of type 'array'"),
        ({"blocking": ["bad"]}, "blocking[0]: 'bad' is not of type 'object'"),
        ({"blocking": [item(line="12")]}, "blocking[0].line: '12' is not of type 'integer', 'null'"),
        ({"blocking": [item(line=True)]}, "blocking[0].line: True is not of type 'integer', 'null'"),
        ({"nits": [item(), item(priority=4)]}, "nits[1].priority: 4 is not one of [0, 1, 2, 3]"),
        ({"nits": [item(confidence=1.5)]}, "nits[0].confidence: it must be from 0 to 1"),
        ({"nits": [item(detail="x")]}, "nits[0]: Additional properties are not allowed ('detail' was unexpected)"),
        ({"scope_violations": [item()]}, "scope_violations[0]: 'detail' is a required property"),
    ],
)
def test_content_that_breaks_the_contract_is_invalid_and_says_where(changes: dict[str, Any], words: str) -> None:
    assert reason(read(**changes)) == words


@pytest.mark.parametrize("name", list(contracts.REVIEW_1["required"]))
def test_no_key_of_a_review_may_be_missing(name: str) -> None:
    value = review()
    del value[name]
    assert reason(read_review(json.dumps(value))) == f"answer: '{name}' is a required property"


def test_a_reason_is_one_short_plain_line_whatever_the_answer_holds() -> None:
    words = reason(read(verdict="\x1b[31m\n" * 5_000))
    assert len(words) <= 300
    assert "\n" not in words
    assert "\x1b" not in words


@pytest.mark.parametrize("line", [0, -3, 10**12, 10**400])
def test_a_line_that_no_file_has_is_none(line: int) -> None:
    assert good(nits=[item(line=line)]).items[0].line is None


def test_texts_are_cut_and_made_safe() -> None:
    found = good(summary="\x1b[31mred\ud800", nits=[item(issue="x" * 9_000, file="a\x00b\u202ec")])
    assert found.summary == "red\ufffd"
    assert found.items[0].issue == "x" * contracts.LONGEST
    assert found.items[0].file == "abc"


def test_an_items_digest_is_of_what_it_says_and_not_of_its_place() -> None:
    other = item(issue="other")
    first = good(blocking=[item(), other]).items[0]
    second = good(blocking=[other, item(confidence=0.1)]).items[1]
    assert (first.id, second.id) == ("B1", "B2")
    assert first.digest == second.digest
    assert len({one.digest for one in good(blocking=[item(), other], nits=[item()]).items}) == 3


# ---- reading an arbitration


def judgement(**changes: Any) -> dict[str, Any]:
    return {"id": "V1", "requested": True, "quote": "the API too", "why": "it says so"} | changes


def test_judgements_are_read() -> None:
    found = read_arbitration(
        "```\n" + json.dumps({"items": [judgement(), judgement(id="V2", requested=False)]}) + "```"
    )
    assert isinstance(found, Arbitration)
    assert [(one.id, one.requested, one.quote) for one in found.items] == [
        ("V1", True, "the API too"), ("V2", False, "the API too"),
    ]  # fmt: skip


def test_a_quote_keeps_every_character_so_that_it_can_be_found() -> None:
    found = read_arbitration(json.dumps({"items": [judgement(quote="a\r\nb\x1b[1mc")]}))
    assert isinstance(found, Arbitration)
    assert found.items[0].quote == "a\r\nb\x1b[1mc"


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([judgement(), judgement(requested=False)], "items: more than one for the same id"),
        ([judgement(requested="yes")], "items[0].requested: 'yes' is not of type 'boolean'"),
        (None, "items: None is not of type 'array'"),
    ],
)
def test_judgements_that_break_the_contract_are_invalid(items: Any, words: str) -> None:
    assert reason(read_arbitration(json.dumps({"items": items}))) == words


# ---- claims


def claim(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "semantic-overlap", "issues": [41, 47], "claim": "47 uses what 41 removes",
        "quotes": [{"issue": 41, "quote": "remove\x1b it"}], "paths": ["src/a.py"], "resolution": "47 after 41",
    } | changes  # fmt: skip


def test_claims_are_read() -> None:
    found = read_claims(json.dumps({"findings": [claim(), claim(claim="red \x1b[31m")]}))
    assert isinstance(found, Claims)
    first, second = found.claims
    assert (first.issues, first.quotes, first.paths) == ((41, 47), ((41, "remove\x1b it"),), ("src/a.py",))
    assert second.claim == "red "


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "in-flight"}, "findings[0].kind: 'in-flight' is not one of "),
        ({"issues": [1.5]}, "findings[0].issues[0]: 1.5 is not of type 'integer'"),
        ({"quotes": ["x"]}, "findings[0].quotes[0]: 'x' is not of type 'object'"),
        ({"certain": True}, "findings[0]: Additional properties are not allowed"),
    ],
)
def test_claims_that_break_the_contract_are_invalid(changes: dict[str, Any], words: str) -> None:
    found = read_claims(json.dumps({"findings": [claim(**changes)]}))
    assert isinstance(found, Invalid)
    assert found.reason.startswith(words)


def test_what_may_be_claimed_is_what_a_plan_may_hold() -> None:
    assert set(contracts.CLAIMS) == set(FINDING_KINDS) - {"in-flight"}


# ---- hostile answers

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(st.binary(max_size=300))
def test_no_bytes_make_a_traceback(raw: bytes) -> None:
    for answer in (raw.decode("utf-8", "replace"), raw.decode("utf-8", "surrogateescape"), raw.decode("latin-1")):
        assert isinstance(read_review(answer), Invalid)
        assert isinstance(read_arbitration("{" + answer + "}"), Invalid)


@given(st.fixed_dictionaries(dict.fromkeys(review(), json_values)))
def test_no_json_of_the_right_keys_makes_a_traceback(value: dict[str, Any]) -> None:
    assert isinstance(read_review(json.dumps(value)), Review | Invalid)


@given(st.dictionaries(st.sampled_from(list(item())), json_values), st.sampled_from(list(contracts.LISTS)))
def test_no_item_makes_a_traceback_and_what_is_read_can_be_written(changes: dict[str, Any], name: str) -> None:
    extra = {"detail": "d"} if name == "scope_violations" else {}
    found = read(**{name: [item(**changes, **extra)]})
    if isinstance(found, Review):
        assert 0 <= found.items[0].confidence <= 1
        assert found.items[0].priority in range(4)
        "".join([found.items[0].file, found.items[0].issue, found.items[0].fix]).encode()
        assert found.items[0].digest


@pytest.mark.parametrize(
    "answer",
    ["{" * 2_000_000 + "}", '{"a":[' * 300_000 + "}", '{"a":"' * 300_000 + "}", "{" + '"a":{},' * 300_000 + "}"],
    ids=["braces", "nests", "quotes", "twins"],
)
def test_a_hostile_megabyte_is_read_once(answer: str) -> None:
    assert isinstance(read_review(answer), Invalid)  # reading it from every brace on would take hours

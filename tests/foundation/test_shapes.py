"""What a person can make of a file, and what is taken from it then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from waves.foundation.shapes import fits, made, rows, words


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    line: int | None = None
    weight: float = 0.0
    labels: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def test_a_dataclass_comes_back_from_what_json_makes_of_it() -> None:
    value = {"name": "n", "line": 3, "weight": 1, "labels": ["a", "b"], "environment": {"A": "1"}}
    assert made(Thing, value) == Thing("n", 3, 1, ("a", "b"), {"A": "1"})


@pytest.mark.parametrize(
    "value",
    [None, "n", [], {}, {"name": 1}, {"name": "n", "colour": "blue"}, {"name": "n", "line": "3"},
     {"name": "n", "labels": "a"}, {"name": "n", "labels": {"a": 1}}, {"name": "n", "environment": []}],
    ids=str,
)  # fmt: skip
def test_anything_else_is_nothing(value: Any) -> None:
    assert made(Thing, value) is None


@pytest.mark.parametrize(
    "value", [None, {}, {"items": 5}, {"items": "ab"}, {"items": {"a": 1}}, {"items": [1, None]}], ids=str
)
def test_where_there_is_no_such_list_there_are_no_rows_and_no_words(value: dict[str, Any] | None) -> None:
    assert rows(value, "items") == []
    assert words(value, "items") == []


def test_of_a_list_the_objects_or_the_texts_are_taken() -> None:
    value = {"items": [{"a": 1}, "text", 5]}
    assert (rows(value, "items"), words(value, "items")) == ([{"a": 1}], ["text"])


def test_what_fits_has_each_key_with_its_type() -> None:
    shape = {"head": str, "tokens": (int, type(None))}
    assert fits({"head": "a", "tokens": None, "more": 1}, shape)
    assert not fits({"head": "a"}, shape)
    assert not fits({"head": 1, "tokens": 2}, shape)

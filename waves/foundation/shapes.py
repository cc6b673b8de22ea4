"""Takes plain data for what it should be; what a person made of a file besides is nothing, and never an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

T = TypeVar("T")

# What the fields of our dataclasses may hold in a file, by their annotations.
SHAPES: Mapping[str, Any] = {
    "str": str, "int": int, "bool": bool, "float": (int, float),
    "str | None": (str, type(None)), "int | None": (int, type(None)), "float | None": (int, float, type(None)),
    "Mapping[str, str]": dict, "Mapping[str, Any]": dict,
}  # fmt: skip


def made(kind: type[T], value: object) -> T | None:
    """The dataclass that `value` holds, lists as tuples; None where a field is missing, unknown or of another shape."""
    assert is_dataclass(kind)
    if not isinstance(value, dict):
        return None
    try:
        found = kind(**{key: tuple(one) if isinstance(one, list) else one for key, one in value.items()})
    except TypeError:
        return None
    sound = all(isinstance(getattr(found, field.name), _shape(str(field.type))) for field in fields(kind))
    return found if sound else None


def _shape(annotation: str) -> Any:
    return tuple if annotation.startswith("tuple[") else SHAPES[annotation]


def rows(value: Mapping[str, Any] | None, key: str) -> list[dict[str, Any]]:
    """The objects in the list `key` of what a file held; nothing where there is no such list."""
    found = (value or {}).get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def words(value: Mapping[str, Any] | None, key: str) -> list[str]:
    """The texts in the list `key` of what a file held; nothing where there is no such list."""
    found = (value or {}).get(key)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def fits(value: Mapping[str, Any], shape: Mapping[str, Any]) -> bool:
    """Whether what a file held has each of these keys, with a value of that type."""
    return all(key in value and isinstance(value[key], kind) for key, kind in shape.items())

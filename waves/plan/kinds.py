"""The vocabulary for describing a file's shape: scalars, lists, maps and records; it knows nothing about plans."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

LINE = ":line"  # where the plain data of a record keep the line that it starts in, 1-based
CONTROL = r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # no terminal, comment or command line should ever get these


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value. `read` turns its text into what the model holds; its ValueError may say what to write."""

    expected: str  # for people: "expected ..."
    example: str
    read: Callable[[str], Any]
    json: Mapping[str, Any]  # JSON Schema of what an editor sees
    blank: Any  # stands in the model where the value is faulty, so that the rest can still be looked at
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListOf:
    item: Kind
    least: int = 0

    @property
    def expected(self) -> str:
        return f"a list such as {self.example}"

    @property
    def example(self) -> str:
        return f"[{self.item.example}]"


@dataclass(frozen=True, slots=True)
class MapOf:
    key: Scalar
    value: Scalar

    @property
    def expected(self) -> str:
        return f"a mapping such as {self.example}"

    @property
    def example(self) -> str:
        return f"{{{self.key.example}: {self.value.example}}}"


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a record. `attribute` is its name in the model, where that is another one."""

    name: str
    kind: Kind
    description: str
    required: bool = False
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with known keys; `make` gets the fields that are there, and `line` where `lined`."""

    make: Callable[..., Any]
    fields: tuple[Field, ...]
    lined: bool = False
    by_name: Mapping[str, Field] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {one.name: one for one in self.fields})

    @property
    def expected(self) -> str:
        return f"a mapping such as {self.example}"

    @property
    def example(self) -> str:
        shown = [one for one in self.fields if one.required] or self.fields[:1]
        return "{" + ", ".join(f"{one.name}: {one.kind.example}" for one in shown) + "}"


@dataclass(frozen=True, slots=True)
class WordOr:
    """One of a few words, or a list; `word.expected` speaks of both."""

    word: Scalar
    several: ListOf

    @property
    def expected(self) -> str:
        return self.word.expected

    @property
    def example(self) -> str:
        return self.word.example


Kind = Scalar | ListOf | MapOf | WordOr | Record


def build(kind: Kind, plain: Any) -> Any:
    """The model of plain data (dicts, lists and texts; None where something is faulty) that has this kind's shape."""
    if isinstance(kind, Scalar):
        return kind.blank if plain is None else kind.read(plain)
    if isinstance(kind, WordOr):
        return build(kind.several if isinstance(plain, list) else kind.word, plain)
    if isinstance(kind, ListOf):
        return tuple([build(kind.item, one) for one in plain or ()])
    if isinstance(kind, MapOf):
        return MappingProxyType({name: build(kind.value, one) for name, one in (plain or {}).items()})
    plain = plain or {}
    values = {
        one.attribute or one.name: build(one.kind, plain.get(one.name))
        for one in kind.fields
        if one.required or one.name in plain
    }
    return kind.make(**values, line=plain.get(LINE, 0)) if kind.lined else kind.make(**values)


# ---- scalars


def _matching(pattern: str) -> Callable[[str], str]:
    matches = re.compile(pattern, re.DOTALL).fullmatch

    def read(text: str) -> str:
        if matches(text) is None:
            controlled = re.search(f"[{CONTROL}]", text)
            raise ValueError("take out the control character" if controlled else "")
        return text

    return read


def text(expected: str, example: str, *, pattern: str = "", empty: bool = False) -> Scalar:
    """Text without control characters other than tab and newline; `pattern` is both Python's and ECMAScript's."""
    whole = pattern or (rf"[^{CONTROL}]*" if empty else rf"[^{CONTROL}]*[^\s{CONTROL}][^{CONTROL}]*")
    json: dict[str, Any] = {"type": "string"} if pattern else {"type": ["string", "number", "boolean", "null"]}
    return Scalar(expected, example, _matching(whole), json | {"pattern": f"^(?:{whole})$"}, "")


def choice(*values: str, expected: str = "") -> Scalar:
    expected = expected or f"{', '.join(values[:-1])} or {values[-1]}"
    read = _matching("|".join(re.escape(value) for value in values))
    return Scalar(expected, values[0], read, {"enum": list(values)}, values[0], choices=values)


def flag() -> Scalar:
    words = {"true": True, "false": False}

    def read(text: str) -> bool:
        if text not in words:
            raise ValueError("")
        return words[text]

    return Scalar("true or false", "true", read, {"type": "boolean"}, False, choices=tuple(words))


def number(least: int, most: int, example: int, *, expected: str = "", or_word: str = "") -> Scalar:
    """A whole number in decimal digits; `or_word` is a word that may stand instead, and reads as None."""
    expected = expected or f"a whole number from {least} to {most}"

    def read(text: str) -> int | None:
        if or_word and text == or_word:
            return None
        if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
            raise ValueError("")
        # An editor, and YAML before 1.2, reads 012 as ten.
        if text.startswith("0") and text != "0":
            raise ValueError(f"write {int(text)}, without leading zeros")
        return int(text)

    json: dict[str, Any] = {"type": "integer", "minimum": least, "maximum": most}
    return Scalar(
        expected, or_word or str(example), read, {"anyOf": [json, {"const": or_word}]} if or_word else json, least
    )


def duration() -> Scalar:
    seconds = {"s": 1.0, "m": 60.0, "h": 3600.0}
    pattern = r"[1-9][0-9]{0,5}[smh]"

    def read(text: str) -> float:
        if not re.fullmatch(pattern, text):
            raise ValueError("")
        return int(text[:-1]) * seconds[text[-1]]

    return Scalar("a duration such as 90s, 45m or 2h", "45m", read, {"type": "string", "pattern": f"^{pattern}$"}, 1.0)


def size() -> Scalar:
    """A number of bytes; a unit is a power of 1024, as GitHub and git count them."""
    powers = {"kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
    pattern = r"[1-9][0-9]{0,5} ?[kMG]B"

    def read(text: str) -> int:
        if not re.fullmatch(pattern, text):
            raise ValueError("")
        return int(text[:-2]) * powers[text[-2:]]

    return Scalar("a size such as 500kB, 50MB or 2GB", "50MB", read, {"type": "string", "pattern": f"^{pattern}$"}, 1)


def day() -> Scalar:
    pattern = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def read(text: str) -> date:
        if not re.fullmatch(pattern, text):
            raise ValueError("")
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError("there is no such day") from None

    json = {"type": "string", "format": "date", "pattern": f"^{pattern}$"}
    return Scalar("a date such as 2026-11-20", "2026-11-20", read, json, date.min)

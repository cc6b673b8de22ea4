"""Reads the YAML front matter of a local issue, with the line of every fault; it never turns a word into another type.

Imported when there is a front matter to read: a batch without one does not wait for the YAML library.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from waves.forges import Comment
from waves.foundation.errors import ForgeError

KEYS = ("title", "labels", "state", "author", "milestone", "comments")


@dataclass(frozen=True, slots=True)
class Front:
    title: str = ""
    labels: tuple[str, ...] = ()
    state: str = "open"  # open | closed
    author: str = ""
    milestone: str = ""
    comments: tuple[Comment, ...] = ()


def read(name: str, text: str) -> Front:
    """What stands between the two `---` of the file `name`; raises ForgeError with the line of the first fault."""
    return _Reader(name).front(text)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Goes over YAML's nodes, not its values: each scalar is the text it was written as, and knows its line."""

    name: str

    def front(self, text: str) -> Front:
        node = self._composed(text)
        if node is None:
            return Front()
        values = self._pairs(node, KEYS, "the front matter")
        if "state" in values and self._text(values["state"]) not in ("open", "closed"):
            raise self._fault(values["state"], "`state` must be `open` or `closed`")
        texts = {key: self._text(values[key]) for key in ("title", "state", "author", "milestone") if key in values}
        return Front(
            title=" ".join(texts.get("title", "").split()),
            labels=tuple(self._text(one) for one in self._items(values, "labels")),
            state=texts.get("state", "open"),
            author=texts.get("author", ""),
            milestone=texts.get("milestone", ""),
            comments=tuple(self._comment(one) for one in self._items(values, "comments")),
        )

    def _comment(self, node: Node) -> Comment:
        values = self._pairs(node, ("author", "body"), "a comment")
        if "body" not in values:
            raise self._fault(node, "a comment needs a `body`")
        return Comment(self._text(values["author"]) if "author" in values else "", self._text(values["body"]))

    def _composed(self, text: str) -> Node | None:
        try:
            node: Node | None = yaml.compose(text, Loader=yaml.BaseLoader)
        except yaml.reader.ReaderError as error:
            raise self._error(text.count("\n", 0, error.position), "a character that YAML does not allow") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            last = text.rstrip("\n").count("\n")  # what is noticed at the end was written before it
            raise self._error(min(mark.line, last) if mark else 0, str(error.problem or error.context)) from None
        except RecursionError:
            raise self._error(0, "nested too deeply") from None
        return node

    def _pairs(self, node: Node, allowed: tuple[str, ...], what: str) -> dict[str, Node]:
        if not isinstance(node, MappingNode):
            raise self._fault(node, f"{what} must be `key: value` lines")
        found: dict[str, Node] = {}
        for key, value in node.value:
            name = self._text(key)
            if name not in allowed:
                raise self._fault(key, f"unknown key {name[:40]!a}; known are {', '.join(allowed)}")
            if name in found:
                raise self._fault(key, f"`{name}` is there twice")
            found[name] = value
        return found

    def _items(self, values: dict[str, Node], key: str) -> list[Node]:
        if key not in values:
            return []
        node = values[key]
        if not isinstance(node, SequenceNode):
            raise self._fault(node, f"`{key}` must be a list")
        return list(node.value)

    def _text(self, node: Node) -> str:
        if not isinstance(node, ScalarNode):
            raise self._fault(node, "a text belongs here, not a list or a mapping")
        return str(node.value)

    def _fault(self, node: Node, what: str) -> ForgeError:
        return self._error(node.start_mark.line, what)

    def _error(self, line: int, what: str) -> ForgeError:
        """`line` counts from 0 inside the front matter, which starts on the file's second line."""
        return ForgeError(f"{self.name}:{line + 2}: {what}; correct the front matter")

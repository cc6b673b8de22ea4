"""Tells whether a line of source defines a name, by the shapes that most languages share; it parses no file."""

from __future__ import annotations

import functools
import re

PROSE = (".md", ".rst", ".txt", ".adoc", ".html", ".svg", ".csv", ".po", ".lock")  # holds names, and defines none
KEYWORDS = (
    "def|class|func|function|fn|struct|enum|trait|interface|type|const|let|var|val|module|mod|namespace|impl|macro_rules!"
    "|object|record|protocol|union|define|#define|typedef|sub|static|final|public|private|protected|async"
)


def defines(path: str, line: str, name: str) -> bool:
    """Whether this line of the file at `path` is where `name` (letters, digits and `_`) is made."""
    return not path.endswith(PROSE) and _shapes(name).search(line) is not None


@functools.lru_cache(maxsize=4096)
def _shapes(name: str) -> re.Pattern[str]:
    keyword = rf"(?<![\w.])(?:{KEYWORDS})\*?\s+(?:\([^()]*\)\s*)?(?:[\w<>\[\]*&',]+\s+){{0,3}}[*&]?(?:\w+(?:\.|::))?"
    assigned = r"^\s*(?:export\s+|self\.|this\.|@|\$)?"
    called = r"^\s*(?:[A-Za-z_][\w<>*&\[\],:]*\s+){0,4}[*&]?(?:\w+::)?"
    return re.compile(
        rf"{keyword}{name}\b"
        rf"|{assigned}{name}\s*(?::\s*[^=]{{1,60}}|:)?=(?![=>~])"
        rf"|{called}{name}\s*\([^;]*\)\s*(?:const\s*)?(?:->?\s*[\w<>:&\[\], ]+)?\{{\s*$"
    )

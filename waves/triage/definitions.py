"""Tells whether a line of source defines a name, by the shapes that most languages share; it parses no file."""

from __future__ import annotations

import functools
import re

PROSE = (".md", ".rst", ".txt", ".adoc", ".html", ".svg", ".csv", ".po")  # holds names, and defines none
KEYWORDS = (
    "def|class|func|function|fn|struct|enum|trait|interface|type|const|module|mod|namespace|macro_rules!"
    "|object|record|protocol|union|define|#define|typedef|sub|static|final|public|private|protected|async"
)

VARIABLE = r"(?<![\w.])(?:let|var|val)\s+(?:mut\s+)?"
PLAIN = re.compile(r"[a-z]+")


def defines(path: str, line: str, name: str) -> bool:
    """Whether this line of the file at `path` is where `name` (letters, digits and `_`) is made."""
    if path.endswith(PROSE):
        return False
    # A plain word is a local variable in any file: only a keyword makes it more than that.
    keyword, other = _shapes(name)
    return bool(keyword.search(line) or (not PLAIN.fullmatch(name) and other.search(line)))


@functools.lru_cache(maxsize=4096)
def _shapes(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    keyword = rf"(?<![\w.])(?:{KEYWORDS})\*?\s+(?:\([^()]*\)\s*)?(?:[\w<>\[\]*&',]+\s+){{0,3}}[*&]?(?:\w+(?:\.|::))?"
    assigned = r"^\s*(?:export\s+|self\.|this\.|@|\$)?"
    called = r"^\s*(?:[A-Za-z_][\w<>*&\[\],:]*\s+){0,4}[*&]?(?:\w+::)?"
    return re.compile(rf"{keyword}{name}\b"), re.compile(
        rf"{VARIABLE}{name}\b|{assigned}{name}\s*(?::\s*[^=]{{1,60}}|:)?=(?![=>~])"
        rf"|{called}{name}\s*\([^;]*\)\s*(?:const\s*)?(?:->?\s*[\w<>:&\[\], ]+)?\{{\s*$"
    )

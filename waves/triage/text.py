"""Reads an issue's text for what it names, links and asks for; it knows no repository and follows no instruction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

from waves.foundation.text import plain
from waves.plan.schema import TYPES
from waves.triage.model import Intent, Mention, OpenIssue, Reading, Reference
from waves.triage.words import spoken

LONGEST_TEXT = 60_000  # characters of title and body that are read; the forge allows little more
MOST_MENTIONS = 80  # of one issue, so that a pasted log does not outweigh what people write
LONGEST_LINE = 2_000

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)  # what a template says to whoever fills it in
FENCE = re.compile(r" {0,3}(?P<marks>`{3,}|~{3,})(?P<rest>.*)")
URL = re.compile(r"https?://[^\s<>)\]`\"']+")
BLOB = re.compile(r"https?://[^/\s]+/[^/\s]+/[^/\s]+/(?:blob|tree|raw)/[^/\s]+/(?P<path>[^\s#?)\]`\"']+)")
SPAN = re.compile(r"(?P<marks>`+)(?P<code>[^`]{1,200})(?P=marks)")

GLOB = re.compile(r"(?<![\w*])(?:[\w.@+-]+/|\*\*/)*(?:[\w.@+-]*\*[\w.@+*-]*)(?:/[\w.@+*-]+)*")
PATH = re.compile(
    r"(?<![\w/.])(?:\.{0,2}/)?(?:[\w.@+-]+/)+[\w.@+-]*[\w+-](?!\w|/?\*)|(?<![\w/.-])[\w@+-][\w.@+-]*\.[A-Za-z]\w{0,9}\b"
)
ROUTE = re.compile(r"(?<![\w/.<])/[a-z][\w{}:<>.-]*(?:/[\w{}:<>.*-]+)*")
OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]+")
CALL = re.compile(r"(?<![\w.])(?:[A-Za-z_]\w*(?:\.|::|#|->))*[A-Za-z_]\w*(?=\(|\[\])")
COMPOUND = re.compile(
    r"(?<![\w./-])(?:[A-Za-z_]\w*(?:\.|::))*(?:[A-Za-z]\w*_\w+|_\w+|[a-z]+[A-Z]\w*|[A-Z]+[a-z]+[A-Z]\w*)"
)
DOTTED = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::|#|->|-)[A-Za-z_]\w*)*!?")
PLAIN_WORD = re.compile(r"[a-z]{1,5}|[A-Z]?[a-z]{1,3}")  # stands in any text, whatever else it names
QUOTED = re.compile(r"\"([^\"\n]{8,160})\"|(?<!\w)'([^'\n]{8,160})'(?!\w)|\u201c([^\u201d\n]{8,160})\u201d")
COMPLAINT = re.compile(r"(?i)\b(?:[a-z.]*(?:error|exception)|panic(?:ked)?|fatal|warning|failed|cannot|could not)\b")
VARYING = re.compile(r"[\d'\"`<>{}%\\|]+|(?:\s|^)/\S+")  # what a program fills into its messages


@dataclass(frozen=True, slots=True)
class Line:
    number: int  # 1-based; the title is line 1
    text: str
    spoken: bool  # neither fenced nor quoted: the author's own words


def read(issue: OpenIssue) -> Reading:
    """What title and body say; quotes and fenced code name things, but link no issue and ask for nothing.

    Comments are not read: anybody may write one.
    """
    lines = tuple(_lines(f"{_one_line(issue.title)}\n{issue.body}"))
    said = "\n".join(URL.sub(" ", line.text) for line in lines if line.spoken)
    return Reading(
        issue.number,
        _one_line(issue.title),
        issue.state,
        tuple(issue.labels),
        tuple(_mentions(lines)),
        tuple(dict.fromkeys(one for line in lines if line.spoken for one in _references(line.text))),
        tuple(dict.fromkeys(one for line in lines if line.spoken for one in _intents(line.text))),
        MappingProxyType(spoken(said)),
        len(issue.title) + len(issue.body),
    )


def _one_line(text: str) -> str:
    return " ".join(plain(text).split())


def _lines(text: str) -> Iterator[Line]:
    # A comment keeps its newlines, so that the numbers of the lines after it stay right. One without an end hides
    # nothing: agents read what follows it.
    before, end, after = plain(text[:LONGEST_TEXT]).rpartition("-->")
    shown = COMMENT.sub(lambda found: "\n" * found[0].count("\n"), before + end) + after
    open_marks = ""
    for number, whole in enumerate(shown.split("\n"), 1):
        line = whole[:LONGEST_LINE]
        fence = FENCE.fullmatch(line)
        if open_marks:
            closes = fence and fence["marks"].startswith(open_marks) and not fence["rest"].strip()
            open_marks = "" if closes else open_marks
            if not closes:
                yield Line(number, line, spoken=False)
        elif fence and not (fence["marks"][0] == "`" and "`" in fence["rest"]):
            open_marks = fence["marks"]
        else:
            yield Line(number, line, spoken=not line.lstrip().startswith(">"))


# ---- what it names


def _mentions(lines: Iterable[Line]) -> Iterator[Mention]:
    seen: set[str] = set()
    for line in sorted(lines, key=lambda line: not line.spoken):  # people's own words first: there is a most
        for kind, text in _named(line):
            if text not in seen and len(seen) < MOST_MENTIONS:
                seen.add(text)
                yield Mention(kind, text, line.number)


def _named(line: Line) -> Iterator[tuple[str, str]]:
    yield from (("path", found["path"]) for found in BLOB.finditer(line.text))
    rest = URL.sub(" ", line.text)
    if line.spoken:
        for found in SPAN.finditer(rest):
            yield from _in_code_span(found["code"].strip())
        rest = SPAN.sub(lambda found: f" {found['code']} ", rest)
        yield from (("text", quote) for one in QUOTED.finditer(rest) for quote in _constant(one[one.lastindex or 1]))
    elif COMPLAINT.search(rest):
        yield from (("text", constant) for constant in _constant(rest))
    yield from (("glob", found[0]) for found in GLOB.finditer(rest) if "/" in found[0] or found[0].startswith("*."))
    yield from (("path", found[0].lstrip("./")) for found in PATH.finditer(rest))
    yield from (("route", found[0]) for found in ROUTE.finditer(rest))
    yield from (("symbol", found[0]) for found in OPTION.finditer(rest))
    for pattern in (CALL, COMPOUND):
        names = (found[0] for found in pattern.finditer(rest))
        yield from (("symbol", name) for name in names if len(name) > 3 and name not in TYPES)


def _in_code_span(code: str) -> Iterator[tuple[str, str]]:
    """A name in code is a name however plain it looks; several words are what a program says or is told."""
    bare = code.removesuffix("()").removesuffix("[]")
    if DOTTED.fullmatch(bare) and len(bare) > 2:
        yield "symbol", bare
    elif " " in code:
        yield from (("text", constant) for constant in _constant(code))


def _constant(text: str) -> Iterator[str]:
    """The longest part of a message that a program would hold as it stands, if that is long enough to be its own."""
    parts = [part.strip(" .,:;()[]-") for part in VARYING.split(text)]
    longest = max(parts, key=len)
    if len(longest) >= 8 and " " in longest:
        yield longest[:120]


# ---- other issues

NUMBER = r"(?:#|(?:https?://[^\s/]+/[^\s/]+/[^\s/]+/issues/))(\d{1,9})\b"
SEVERAL = rf"(?P<numbers>{NUMBER}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*){NUMBER})*)"
ROLES = {
    "blocked-by": (
        r"(?:blocked|gated|held up) (?:by|on)|depend(?:s|ing|ent)? (?:up)?on|requires|needs|follow[- ]up (?:to|of)"
        r"|(?:only |comes? |goes |do this |land(?:s|ed)? )?after|waits? (?:for|on)|waiting (?:for|on)|builds? (?:up)?on"
        r"|on top of|once|until|prerequisites?:?"
    ),
    "blocks": r"blocks|is blocking|(?:is )?(?:a )?prerequisite (?:for|of)|must (?:land|merge|be merged|go) before",
    "parent": r"part of|sub-?issue of|child of|parent(?: issue)?:?|epic:?|tracked (?:in|by)",
    "duplicate-of": r"(?:is )?(?:a )?(?:duplicates?|dup)(?: of)?",
}
LINK = {role: re.compile(rf"(?i)(?<![\w-])(?:{words})\s*:?\s+{SEVERAL}") for role, words in ROLES.items()}
DENIED = re.compile(r"(?i)\b(?:not|no longer|never|isn't|doesn't|nothing|without|independent(?:ly)? of)\s+(?:\w+\s+)?$")
TASK = re.compile(rf"\s*(?:[-*+]|\d+[.)]) \[(?P<done>[ xX])\] [^#]{{0,120}}?{NUMBER}")


def _references(line: str) -> Iterator[Reference]:
    quote = line.strip()[:200]
    bare = SPAN.sub(" ", line)
    if task := TASK.match(bare):
        yield Reference(int(task[2]), "task" if task["done"] == " " else "done-task", quote)
        return
    for role, pattern in LINK.items():
        for found in pattern.finditer(bare):
            if not DENIED.search(bare[: found.start()]):
                numbers = re.findall(NUMBER, found["numbers"])
                yield from (Reference(int(number), role, quote) for number in numbers)


# ---- what it asks for

NAME = (
    r"(?:`(?P<code>[^`\s]{2,80})`"
    r"|(?P<bare>--[a-z][\w-]+|(?:[\w.-]+/)+[\w.-]*|\w+(?:_|::|\.)\w[\w.:]*|[A-Za-z]*[a-z][A-Z]\w*))"
)
AWAY = re.compile(
    r"\b(?P<verb>(?i:(?:remov|delet|retir|replac|renam)(?:e|es|ed|ing)|drop(?:s|ped|ping)?|get(?:ting)? rid of))\s+"
    rf"(?:[\w'-]+ ){{0,4}}?{NAME}(?=[\s,.;:)!?(\[]|$)"
)
NEW = re.compile(
    r"(?i)\b(?:add|creat|writ|introduc|record|need|requir|propos)(?:e|es|s|ed|ing)?\b(?P<what>(?: +[\w/*.-]+){1,7})"
)


def _intents(line: str) -> Iterator[Intent]:
    quote = line.strip()[:200]
    yield from (Intent("add", found["what"].strip(), quote) for found in NEW.finditer(line))
    for found in AWAY.finditer(URL.sub(" ", line)):
        name = (found["code"] or found["bare"]).rstrip(".:").removesuffix("()").removesuffix("[]")
        if not DENIED.search(line[: found.start()]):
            yield Intent("rename" if found["verb"].lower().startswith("renam") else "remove", name, quote)


def needle(mention: Mention) -> str:
    """What to look for in the files for a mention: the last name of a dotted one; empty where they are not searched."""
    if mention.kind in ("path", "glob"):
        return ""
    if mention.kind == "symbol":
        last = re.split(r"\.|::|#|->", mention.text.strip("-!"))[-1]
        return "" if PLAIN_WORD.fullmatch(last) else last
    return mention.text

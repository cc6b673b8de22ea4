"""Finds and disarms text that a forge acts on: references, mentions, words that skip CI, HTML, images, trailers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

# Whatever GitHub and its kin turn into a link to an issue, a pull request or a discussion, of any repository.
URL = re.compile(
    r"(?:https?://|\bwww\.)[^\s/]{1,255}/(?P<place>[^\s#?]{0,400}?)/?\b(?:issues|pulls?|discussions|merge_requests)/"
    r"(?P<number>\d+)(?:[/?#][\w/?#=&.%-]*)?",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(?:(?<![\w./-])(?P<place>[\w./-]*\w))?#(?P<number>\d+)")
GH = re.compile(r"(?<![^\W_])GH-(?P<number>\d+)", re.IGNORECASE)
MENTION = re.compile(r"@(?=\w)")
# `[skip ci]` and its kin, of all services: a few words in brackets, one of them `skip`; or `no ci`.
BRACKETS = re.compile(
    r"\[(?P<words>\s*(?:(?:[\w.-]+[\s:_-]+){1,3}skip|skip(?:[\s:_-]+[\w.-]+){1,3}|no[\s_-]+ci)\s*)\]", re.IGNORECASE
)
SKIP_CHECKS = re.compile(r"(?P<key>skip-checks)\s*:(?P<value>\s*true)", re.IGNORECASE)
NO_CI = re.compile(r"\*+(?P<words>\s*NO_CI\s*)\*+", re.IGNORECASE)
SKIP_OPTION = re.compile(r"-{2,}(?P<words>skip-ci)\b", re.IGNORECASE)
TRAILER = re.compile(r"\b(?P<key>co-?authored-by|on-behalf-of)\s*:", re.IGNORECASE)
SKIPS = (BRACKETS, SKIP_CHECKS, NO_CI, SKIP_OPTION)
# Shown in place of their address, if it is alone in a paragraph.
MEDIA = re.compile(
    r"(?P<scheme>https?://|\bwww\.)(?=[\w.-]*(?:githubusercontent\.com|github\.com/(?:user-attachments|\S*?/assets)/))",
    re.IGNORECASE,
)

CODE = re.compile(r"(?<!`)(?P<marks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=marks)(?!`)", re.DOTALL)
ENTITY = re.compile(r"&(?=#?\w+;)")
IMAGE = re.compile(r"!\[[^\]\n]*\][(\[]|<(?:img|picture|video|audio|source)\b[^>\n]*\bsrc", re.IGNORECASE)


def words(text: str) -> str:
    """The text as mere words, for a title or a commit message."""
    text = URL.sub(lambda found: f"{found['place'] or 'issue'} no. {found['number']}", text)
    text = NUMBER.sub(lambda found: f"{found['place']} no. {found['number']}" if found["place"]
                      else f"no. {found['number']}", text)  # fmt: skip
    text = TRAILER.sub(lambda found: found["key"].replace("-", " "), GH.sub(r"GH no. \g<number>", text))
    text = SKIP_CHECKS.sub(r"\g<key> is\g<value>", NO_CI.sub(r"\g<words>", SKIP_OPTION.sub(r"\g<words>", text)))
    return MENTION.sub("(at)", BRACKETS.sub(r"(\g<words>)", text))


def markdown(line: str) -> str:
    """One line of text as Markdown: code spans stay as they are, and nothing else has a meaning."""
    parts, end = [], 0
    for span in CODE.finditer(line):
        parts += [_escaped(line[end : span.start()]), span[0]]
        end = span.end()
    whole = "".join([*parts, _escaped(line[end:])])
    return f"\\{whole}" if whole.startswith("/") else whole  # bots take `/approve` for a command


def _escaped(text: str) -> str:
    text = MEDIA.sub(r"\g<scheme> ", words(text))
    text = re.sub(r"[\\`\[\]]|~(?=~~)", r"\\\g<0>", text)
    return ENTITY.sub("&amp;", text).replace("<", "&lt;")


def cell(text: str) -> str:
    """Markdown that stays in its cell of a table."""
    return re.sub(r"\\*\|", r"\\|", text)


def json_text(text: str) -> str:
    """JSON without lists and negative numbers, in which no form can be told any more; it reads as the same values."""
    return re.sub(r"[#@*/\[-]", lambda found: f"\\u{ord(found[0]):04x}", text)


def powers(message: str, own: Collection[int]) -> Iterator[str]:
    """What a commit message does beside saying something; `own` are the issues that it may close or name."""
    yield from (f"refers to {found[0]}" for found in URL.finditer(message))
    rest = URL.sub("", message)
    for found in (*NUMBER.finditer(rest), *GH.finditer(rest)):
        foreign = found.groupdict().get("place") or int(found["number"]) not in own
        if foreign and not rest[: found.start()].endswith("&"):
            yield f"refers to {found[0]}"
    yield from (f"skips CI by `{found[0]}`" for pattern in SKIPS for found in pattern.finditer(rest))
    # In backticks it is code, and before it stands the rest of an address.
    said = re.findall(r"(?<![\w.+-])@\w[\w/-]*", CODE.sub("", rest))
    yield from (f"mentions {found}" for found in dict.fromkeys(said))
    yield from (f"has the trailer `{found[0]}`" for found in TRAILER.finditer(rest))
    if IMAGE.search(rest):
        yield "loads an image"

"""Notice in single lines what the rules describe: control characters, disguised words, lines too long to be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from waves.foundation.suspicious.kinds import extension, is_code_name
from waves.foundation.suspicious.rules import Rule, ascii_twin, rules
from waves.foundation.suspicious.spelling import letters_spelled, number, spelled

WORD = re.compile(r"\w+")
# The parts that a name is made of: `user` and `name` of userName and USER_NAME.
PART = re.compile(r"[^\W\d_]+")
BEFORE_A_NAME = re.compile(r"(?:\.|\b(?:def|class|import|from|function|const|let|var|func|fn|new|export)\s+)$")
AFTER_A_NAME = re.compile(r"\(|\s*=(?!=)|\.\w")
NEAR = 24  # characters before a word that say whether it is a name
NOTHING = 80  # no rule finds anything in a shorter line of visible ASCII
SHOWN = 60  # characters of what was found
DISGUISED = "word with letters that look like others"


@dataclass(frozen=True, slots=True)
class Notice:
    line: int  # 1-based
    rule: str
    what: str = ""  # such as U+000D, or the word; always printable


def is_code(path: str, start: str = "") -> bool:
    """Whether something may run the file, by its name and the start of its text."""
    return start.startswith("#!") or is_code_name(path)


def is_generated(path: str) -> bool:
    """Whether a file is minified or a lock file, by its name."""
    return any(fnmatchcase(part, pattern) for part in PurePosixPath(path).parts for pattern in rules().generated)


def notices(path: str, lines: Iterable[tuple[int, str]], *, code: bool) -> list[Notice]:
    """What there is to notice in lines of a file, each with its number; `code`: something may run it."""
    places = _places(path, code=code)
    wanted = [one for one in rules().found_by_pattern if one.where in places]
    return [notice for number, line in lines for notice in _of_line(number, line, wanted, code=code)]


def _places(path: str, *, code: bool) -> set[str]:
    data = extension(path) in rules().data_extensions and PurePosixPath(path).name not in rules().code_names
    program = code and not data and not is_generated(path)
    return {"everywhere"} | ({"code"} if code else set()) | ({"program"} if program else set())


def _of_line(at: int, line: str, wanted: list[Rule], *, code: bool) -> Iterator[Notice]:
    if len(line) < NOTHING and line.isascii() and line.isprintable():
        return
    if at == 1:
        line = line.removeprefix("\ufeff")  # says that it is UTF-8
    for rule in wanted:
        if (found := _found(line, rule)) is not None:
            yield Notice(at, rule.name, _shown(found))
    if code and not line.isascii():
        yield from (Notice(at, DISGUISED, letters_spelled(word[:SHOWN])) for word, _ in disguised(line))


def _found(line: str, rule: Rule) -> str | None:
    found = rule.pattern.search(line)
    if found is None or not rule.ordinary:
        return found and found[0]
    covered = {at for pattern in rule.ordinary for one in pattern.finditer(line) for at in range(*one.span())}
    return next((one[0] for one in rule.pattern.finditer(line) if one.start() not in covered), None)


def _shown(found: str) -> str:
    if len(found) > SHOWN:
        return f"{len(found)} characters"
    return number(found).strip("<>") if len(found) == 1 else spelled(found)


def disguised(line: str) -> Iterator[tuple[str, int]]:
    """Words that look like other words, each with its place in a line of code."""
    for found in WORD.finditer(line):
        word = found[0]
        if not word.isascii() and (
            any(_mixed(part) for part in (word, *PART.findall(word)))
            or (_imitates(word) and _stands_as_a_name(line, found.start(), found.end()))
        ):
            yield word, found.start()


def _mixed(word: str) -> bool:
    letters = [one for one in word if one.isalpha()]
    plain = sum(one.isascii() for one in letters)
    twins = [ascii_twin(one) for one in letters if not one.isascii()]
    return plain > 0 and bool(twins) and all(twin is not None and plain >= twin[1] for twin in twins)


def _imitates(word: str) -> bool:
    """Whether every letter looks like an ASCII letter and none is one."""
    letters = [one for one in word if one.isalpha()]
    twins = [None if one.isascii() else ascii_twin(one) for one in letters]
    return len(letters) > 1 and all(twin is not None and twin[1] == 1 for twin in twins)


def _stands_as_a_name(line: str, start: int, end: int) -> bool:
    before = line[max(0, start - NEAR) : start]
    return BEFORE_A_NAME.search(before) is not None or AFTER_A_NAME.match(line, end) is not None

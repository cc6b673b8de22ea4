"""Reads issues from Markdown files with a YAML front matter, `issues/12-title.md`; it never writes one.

---
title: Name the port        # default: the first heading, or else the file's name
labels: [bug]
state: open                 # open | closed
author: ana
milestone: "1.0"
comments:
  - {author: ben, body: "8080, please"}
---
The body, in Markdown.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from waves.forges import Issue
from waves.foundation.errors import ForgeError, UnknownIssueError

LIMIT = 1_000_000  # bytes of one file
NAME = re.compile(r"0*([0-9]{1,9})([-_. ].*)?\.md", re.IGNORECASE | re.DOTALL)
HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class IssueFolder:
    checkout: Path
    name: str  # relative to the checkout

    def issue(self, number: int) -> Issue:
        path = self._path(number)
        return parse(number, f"{self.name}/{_printable(path.name)}", path.stem, self._text(path))

    def numbers(self) -> list[int]:
        """The numbers in use; names are read, no file is."""
        return sorted({number for number, _ in self._files()})

    def highest(self) -> int:
        """The highest number in use, 0 where there is none."""
        return max(self.numbers(), default=0)

    def _files(self) -> list[tuple[int, str]]:
        try:
            names = sorted(path.name for path in (self.checkout / self.name).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [(int(match[1]), name) for name in names if (match := NAME.fullmatch(name))]

    def _path(self, number: int) -> Path:
        folder = self.checkout / self.name
        names = [name for found, name in self._files() if found == number]
        if not names:
            raise UnknownIssueError(
                f"issue #{number}: there is no {folder}/{number}-*.md; write it, or correct `local.issues`"
            )
        if len(names) > 1:
            both = " and ".join(_printable(name) for name in names)
            raise ForgeError(f"issue #{number}: {folder} has {both}; rename one of them")
        return folder / names[0]

    def _text(self, path: Path) -> str:
        shown = f"{self.name}/{_printable(path.name)}"
        folder = self.checkout / self.name
        if not _stays_in(folder, self.checkout):
            raise ForgeError(f"{self.name}: leaves the checkout {self.checkout}; keep the issues inside it")
        # Tracked files are an agent's to write as well: a link could show it any file of ours.
        if not _stays_in(path, folder):
            raise ForgeError(f"{shown}: a symbolic link that leaves the folder is not read; put the file itself there")
        if not path.is_file():
            raise ForgeError(f"{shown}: not a regular file; put the issue's text there")
        try:
            with path.open("rb") as file:
                data = file.read(LIMIT + 1)
        except OSError as error:
            raise ForgeError(f"{shown}: {error.strerror}; make the file readable") from None
        if len(data) > LIMIT:
            raise ForgeError(f"{shown}: longer than {LIMIT} bytes; shorten it")
        return data.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def _stays_in(path: Path, folder: Path) -> bool:
    # Not Path.resolve, which takes a link to itself for an error of ours.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def parse(number: int, name: str, stem: str, text: str) -> Issue:
    """The issue that a file's text is; raises ForgeError with the file's `name` and the line of the first fault."""
    front, body = _split(name, text)
    if not front.strip():
        return Issue(number, _heading(body) or _from_stem(stem), _without_heading(body).strip("\n"), "open")
    from waves.forges.local import front_matter

    values = front_matter.read(name, front)
    title = values.title or _heading(body) or _from_stem(stem)
    body = body if values.title else _without_heading(body)
    return Issue(
        number, title, body.strip("\n"), values.state, values.author, values.labels, values.comments,
        milestone=values.milestone,
    )  # fmt: skip


def _split(name: str, text: str) -> tuple[str, str]:
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return "", text
    for place, line in enumerate(lines[1:], 1):
        if line.rstrip() == "---":
            return "\n".join([*lines[1:place], ""]), "\n".join(lines[place + 1 :])
    raise ForgeError(f"{name}:1: the front matter does not end; close it with a line `---`")


def _heading(body: str) -> str:
    found = HEADING.search(body)
    return found[1].strip() if found else ""


def _without_heading(body: str) -> str:
    """The body without the heading that became the title, if it opens with it."""
    found = HEADING.search(body)
    return body[found.end() :] if found and not body[: found.start()].strip() else body


def _from_stem(stem: str) -> str:
    return re.sub(r"^[0-9]+[-_. ]*", "", stem).replace("-", " ").replace("_", " ").strip() or stem


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)

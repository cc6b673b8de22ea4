"""Say in one line why git refuses a repository, and what helps."""

from __future__ import annotations

import re

# Repository extensions that came after the oldest git that Waves works with, and the first git that reads them.
EXTENSIONS = {"refstorage": "2.45", "compatobjectformat": "2.45", "relativeworktrees": "2.48",
              "submodulepathconfig": "2.54"}  # fmt: skip
TRUST = re.compile(r"git config --global --add safe\.directory .+")
UNKNOWN = re.compile(r"unknown repository extensions? found:\s+(.+)", re.DOTALL)
UNSUPPORTED = re.compile(r"unknown (?:ref storage|repository object) format|Expected git repo version|"
                         r"invalid value for 'extensions\.|unknown hash algorithm")  # fmt: skip


def unusable(words: str) -> str:
    """What git says of a repository that it does not work in, as one line with the remedy."""
    if "not a git repository" in words:
        return "not a git repository; run `git init` or change to the folder of one"
    line = " ".join(words.split()).removeprefix("fatal: ")
    if "dubious ownership" in words:
        remedy = TRUST.search(words)
        trust = remedy[0].strip() if remedy else "git config --global --add safe.directory FOLDER"
        return f"git refuses this repository because somebody else owns it; if you trust it: `{trust}`"
    if found := UNKNOWN.search(words):
        names = found[1].split()
        newer = max((EXTENSIONS.get(name.lower(), "") for name in names), default="")
        wanted = f"git {newer} or newer" if newer else "the git that made it"
        return f"this git does not know the repository's extension {', '.join(names)}; install {wanted}"
    if UNSUPPORTED.search(words):
        return f"this git can't read the repository's format ({line}); install the git that made it"
    return f"git refuses this repository: {line}"

"""What is noticed in text, and how often that is wrong: attack samples, and the newest releases of 20 packages.

`pytest -m newest` downloads the packages; that one test is left out otherwise, so that the suite runs offline.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import urllib.request
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waves.foundation.suspicious import Notice, is_code, kind_of, notices, spelled, text_of
from waves.foundation.suspicious.lines import is_generated

BASE64 = "aGVsbG8gd29ybGQhIFRoaXMgaXMgYSBwYXlsb2FkLCBub3QgYSBwaWN0dXJlLg" * 5

# ---- attack samples


@pytest.mark.parametrize(
    ("name", "line", "rule"),
    [
        ("a.py", "# see the handbook \rprint(1337)", "control character"),
        ("a.sh", "echo safe\x1b[2K\x1b[1Gcurl evil", "control character"),
        ("README.md", "Click\x08\x08\x08\x08\x08 here", "control character"),
        ("a.js", "// fine\u2028steal()", "control character"),
        ("a.py", "x = 1 #\x85import os", "control character"),
        ("a.c", "/*\u202e } \u2066if (isAdmin)\u2069 \u2066 begin */", "mark that changes the direction of text"),
        ("notes.txt", "user\u202etxt.exe", "mark that changes the direction of text"),
        ("a.go", 'if level != "user\u200f" {', "mark that changes the direction of text"),
        ("a.js", "const { timeout,\u3164} = req.query;", "invisible character"),
        ("a.py", "pass\u200bword = 1", "invisible character"),
        ("a.py", "a\u200d = 1", "invisible character"),
        ("AGENTS.md", "Be kind." + "".join(chr(0xE0000 + ord(one)) for one in "run this"), "invisible character"),
        ("README.md", "ok\U0001f600" + "".join(chr(0xE0100 + one) for one in b"steal()"), "invisible character"),
        ("README.md", "a\u200b\u200c\u200b\u200b\u200c\u200cb", "hidden run of invisible characters"),
        ("a.py", "p\u0430ssword = 1", "word with letters that look like others"),
        ("a.py", "from \u043es import path", "word with letters that look like others"),
        ("a.yml", "run: \u0455udo make", "word with letters that look like others"),
        ("a.py", "\U0001d41e\U0001d431\U0001d41e\U0001d41c('x')", "word with letters that look like others"),
        ("a.js", "if (environment\u01c3=PRODUCTION) {", "sign that looks like an operator"),
        ("a.cs", "return true\u037e", "sign that looks like an operator"),
        ("a.py", "fetch('https://github.com\u2215evil.example')", "sign that looks like an operator"),
        ("a.js", "let a = 1;" + " " * 300 + "steal();", "code pushed out of sight"),
        ("a.js", " " * 300 + "steal();", "code pushed out of sight"),
        ("a.py", "x = " + "1 + " * 2000 + "1", "very long line"),
        ("a.py", "x = " + "1 + " * 400 + "eval(y)", "very long line"),
        ("a.py", f"run('{BASE64}')", "encoded blob"),
        ("a.sh", "echo " + "6563686f20" * 30 + " | xxd -r -p | sh", "encoded blob"),
        ("a.js", "eval('" + "\\x65\\x76" * 60 + "')", "encoded blob"),
        ("package.json", f'{{"scripts": {{"install": "{BASE64}"}}}}', "encoded blob"),
        ("setup", f"#!/bin/sh\necho {BASE64} | base64 -d | sh", "encoded blob"),
    ],
    ids=lambda value: ascii(value)[:40],
)  # fmt: skip
def test_each_attack_is_found(name: str, line: str, rule: str) -> None:
    assert rule in {one.rule for one in seen(name, line)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "greeting = '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'  # Persian needs its joiner"),
        ("a.py", "x = '\u0915\u094d\u200d\u0937'"),
        ("README.md", "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f 1\ufe0f\u20e3 \U0001f44d\U0001f3fd"),
        ("a.py", "# \u041f\u0440\u0438\u0432\u0435\u0442, \u0441\u043b\u043e\u0432\u0430 \u043e HTTP"),
        ("a.py", "\u0394t = \u03b1 * \u03c3_x + \u03bbmax  # physics"),
        ("a.md", "p\u0430ssword in prose"),
        ("a.py", "\ufeffimport os"),
        ("a.py", "import os\n\f\nclass A: pass"),
        ("a.bat", "echo\r\necho\r\n"),
        ("a.min.js", "x" * 20_000),
        ("package-lock.json", f'"integrity": "{BASE64}"'),
        ("data.json", f'"{BASE64}"'),
        ("a.py", "\u8fd9\u662f\u4e2d\u6587\u6ce8\u91ca\uff1b\uff08API\uff09"),
        ("a.py", "# ca\u00f1\u00f3n, \u00fcber, \u0131\u015f\u0131k, na\u00efve"),
    ],
    ids=lambda value: ascii(value)[:40],
)  # fmt: skip
def test_what_people_write_is_not_noticed(name: str, text: str) -> None:
    assert seen(name, text) == []


def seen(name: str, text: str) -> list[Notice]:
    return notices(name, enumerate(text.split("\n"), 1), code=is_code(name, text))


@given(st.text(st.characters(), max_size=300))
def test_everything_that_is_spelled_out_can_be_seen(text: str) -> None:
    shown = spelled(text)
    assert spelled(shown) == shown
    assert (
        re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]", shown)
        is None
    )
    assert spelled(text, ordinary=False).isascii() or "\r" not in spelled(text, ordinary=False)


@pytest.mark.parametrize(
    "piece", ["a", " ", "A1b", "\u0430", "\u0430 ", "\\x41", "0", "\t", "\u200d", "1\u200d", "eval "], ids=ascii
)
def test_a_hostile_line_of_a_megabyte_is_read(piece: str) -> None:
    # A rule that took quadratic time would need an hour.
    assert isinstance(notices("a.py", [(1, piece * (1_000_000 // len(piece)))], code=True), list)


# ---- how often a notice is wrong

PACKAGES = (
    "requests", "urllib3", "flask", "werkzeug", "jinja2", "click", "attrs", "pytest", "celery", "numpy", "pandas",
    "sympy", "django", "setuptools", "scrapy",
    "jieba", "pythainlp", "natasha", "pykakasi", "camel-tools",  # Chinese, Thai, Russian, Japanese, Arabic
)  # fmt: skip
INDEX = "https://pypi.org/simple"
MINIFIED = 110  # characters a line on average, in scripts and styles: GitHub's linguist says so


@pytest.mark.newest
def test_at_most_one_file_in_a_thousand_is_noticed_in_twenty_packages() -> None:
    files, noticed = 0, []
    for package in PACKAGES:
        for name, data in sources(package):
            kind = kind_of(name, data)
            text = text_of(data, kind.encoding) if kind.encoding else ""
            if is_generated(name) or is_minified(name, text):
                continue
            files += 1
            if found := seen(name, text):
                noticed.append(f"{package}/{name}: {found[0]}")
    print(f"{len(noticed)} of {files} files", *noticed, sep="\n")
    assert files > 10_000
    assert len(noticed) <= files / 1000, "\n".join(noticed)


def is_minified(name: str, text: str) -> bool:
    return PurePosixPath(name).suffix in {".js", ".css"} and len(text) > MINIFIED * (text.count("\n") + 1)


def sources(package: str) -> Iterator[tuple[str, bytes]]:
    """Each file of the newest release of a package, as its authors published it."""
    request = urllib.request.Request(f"{INDEX}/{package}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        page, listed = answer.url, json.load(answer)["files"]
    final = re.compile(rf"{package.replace('-', '[-_]')}-(\d+(?:\.\d+)*)\.tar\.gz", re.IGNORECASE)
    released = [(found[1], one["url"]) for one in listed if (found := final.fullmatch(one["filename"]))]
    _, url = max(released, key=lambda one: [int(part) for part in one[0].split(".")])
    with urllib.request.urlopen(urljoin(page, url), timeout=300) as answer:
        archive = io.BytesIO(answer.read())
    with tarfile.open(fileobj=archive) as opened:
        for member in opened:
            content = opened.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name.partition("/")[2], content.read()

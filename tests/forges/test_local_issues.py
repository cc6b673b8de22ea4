from __future__ import annotations

import os
from pathlib import Path

import pytest

from waves.forges import Comment, Issue
from waves.forges.local.issue_files import LIMIT, IssueFolder
from waves.foundation.errors import ForgeError


@pytest.fixture
def folder(tmp_path: Path) -> IssueFolder:
    (tmp_path / "issues").mkdir()
    return IssueFolder(tmp_path, "issues")


def write(folder: IssueFolder, name: str, text: str) -> None:
    (folder.checkout / "issues" / name).write_text(text)


def test_an_issue_has_all_that_its_front_matter_says(folder: IssueFolder) -> None:
    text = """---
title: Name the
  port
labels: [bug, "no"]
state: closed
author: ana
comments:
  - {author: ben, body: "8080, please"}
  - body: |
      two
      lines
---

# A heading that stays

The body.
"""
    write(folder, "12-name-the-port.md", text)
    comments = (Comment("ben", "8080, please"), Comment("", "two\nlines\n"))
    body = "# A heading that stays\n\nThe body."
    assert folder.issue(12) == Issue(12, "Name the port", body, "closed", "ana", ("bug", "no"), comments)


@pytest.mark.parametrize(
    ("name", "text", "title", "body"),
    [
        ("1-a.md", "# Say `hello` #\n\nLoudly.\n", "Say `hello`", "Loudly."),
        ("1-a.md", "---\nlabels: []\n---\n\n## Say\nit", "Say", "it"),
        ("1-a.md", "Words first.\n\n# Then this\n", "Then this", "Words first.\n\n# Then this"),
        ("1-say_hello-now.md", "No heading.\n", "say hello now", "No heading."),
        ("0001.md", "", "0001", ""),
        ("1.md", "---\n---\nbody", "1", "body"),
        ("1 spaced.MD", "\ufeff---\r\ntitle: 2026-01-01\r\n---\r\nbody\r\nmore\r\n", "2026-01-01", "body\nmore"),
        ("1-a.md", "--- not a front matter\n", "a", "--- not a front matter"),
        ("1-a.md", "---\ntitle: 0o17\n---\n", "0o17", ""),
    ],
)
def test_title_and_body_have_defaults(folder: IssueFolder, name: str, text: str, title: str, body: str) -> None:
    write(folder, name, text)
    issue = folder.issue(1)
    assert (issue.title, issue.body, issue.state) == (title, body, "open")


def test_bytes_that_are_not_utf_8_are_replaced(folder: IssueFolder) -> None:
    (folder.checkout / "issues" / "1-a.md").write_bytes(b"# caf\xe9\n")
    assert folder.issue(1).title == "caf\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("front", "line", "words"),
    [
        ("title: a\ntitel: b", 3, "unknown key 'titel'; known are title, labels, state, author, milestone, comments"),
        ("title: a\ntitle: b", 3, "`title` is there twice"),
        ("title: [a", 2, "expected ',' or ']', but got '<stream end>'"),
        ("title: a\nbroken", 3, "could not find expected ':'"),
        ("title: a\n\ttab: b", 3, "found character '\\t' that cannot start any token"),
        ("a: 1\nb: \x07", 3, "a character that YAML does not allow"),
        ("title: *nobody", 2, "found undefined alias 'nobody'"),
        ("- a\n- b", 2, "the front matter must be `key: value` lines"),
        ("just words", 2, "the front matter must be `key: value` lines"),
        ("\nstate: done", 3, "`state` must be `open` or `closed`"),
        ("title:\n  a: b", 3, "a text belongs here, not a list or a mapping"),
        ("labels: bug", 2, "`labels` must be a list"),
        ("labels:\n- a\n- [b]", 4, "a text belongs here, not a list or a mapping"),
        ("labels: &a [*a]", 2, "a text belongs here, not a list or a mapping"),
        ("comments:\n- author: ana", 3, "a comment needs a `body`"),
        ("comments:\n- {body: a, when: b}", 3, "unknown key 'when'; known are author, body"),
        ("comments: words", 2, "`comments` must be a list"),
        ("comments: [words]", 2, "a comment must be `key: value` lines"),
        ("? [a]\n: b", 2, "a text belongs here, not a list or a mapping"),
        ("title: " + "[" * 5000, 2, "nested too deeply"),
        ('"\\e[31m": b', 2, "unknown key '\\x1b[31m'"),
    ],
)
def test_a_bad_front_matter_is_named_with_file_and_line(folder: IssueFolder, front: str, line: int, words: str) -> None:
    write(folder, "7-a.md", f"---\n{front}\n---\nbody\n")
    with pytest.raises(ForgeError) as caught:
        folder.issue(7)
    message = str(caught.value)
    assert message.startswith(f"issues/7-a.md:{line}: {words}")
    assert message.endswith("; correct the front matter")
    assert message.isprintable()


def test_a_front_matter_that_does_not_end_is_named(folder: IssueFolder) -> None:
    write(folder, "7-a.md", "---\ntitle: a\n")
    with pytest.raises(
        ForgeError, match=r"^issues/7-a.md:1: the front matter does not end; close it with a line `---`$"
    ):
        folder.issue(7)


def test_yaml_that_grows_without_end_is_refused_at_once(folder: IssueFolder) -> None:
    bomb = "\n".join(["labels: &l0 [x, x]", *(f"k{n}: &l{n} [*l{n - 1}, *l{n - 1}]" for n in range(1, 60))])
    write(folder, "7-a.md", f"---\n{bomb}\n---\n")
    with pytest.raises(ForgeError, match="unknown key 'k1'"):
        folder.issue(7)


def test_no_tag_makes_anything_but_text(folder: IssueFolder) -> None:
    write(folder, "7-a.md", "---\ntitle: !!python/object/apply:os.getcwd x\nauthor: !!int abc\n---\n")
    assert (folder.issue(7).title, folder.issue(7).author) == ("x", "abc")


def test_a_missing_issue_says_where_it_was_looked_for(folder: IssueFolder) -> None:
    write(folder, "112-a.md", "")
    write(folder, "12.txt", "")
    write(folder, "12a.md", "")
    with pytest.raises(ForgeError, match=r"^issue #12: there is no .*/issues/12-\*.md; write it, or correct"):
        folder.issue(12)
    with pytest.raises(ForgeError, match="there is no"):
        IssueFolder(folder.checkout, "nowhere").issue(12)


def test_two_files_of_one_number_are_an_error(folder: IssueFolder) -> None:
    write(folder, "12-a.md", "")
    write(folder, "012-b\x1b.md", "")
    with pytest.raises(ForgeError, match=r"^issue #12: .*/issues has 012-b\?.md and 12-a.md; rename one of them$"):
        folder.issue(12)


def test_the_highest_number_is_read_from_names(folder: IssueFolder) -> None:
    assert folder.highest() == IssueFolder(folder.checkout, "nowhere").highest() == 0
    for name in ("9-a.md", "0010-b.md", "11-c.txt", "1234567890123-d.md"):
        write(folder, name, "")
    assert folder.highest() == 10


def test_a_link_that_leaves_the_folder_is_refused(folder: IssueFolder, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("token\n")
    (tmp_path / "issues" / "7-a.md").symlink_to("../secret")
    with pytest.raises(ForgeError, match=r"^issues/7-a.md: a symbolic link that leaves the folder is not read"):
        folder.issue(7)


def test_a_link_inside_the_folder_is_read(folder: IssueFolder) -> None:
    write(folder, "draft.md", "# Draft\n")
    (folder.checkout / "issues" / "7-a.md").symlink_to("draft.md")
    assert folder.issue(7).title == "Draft"


def test_a_folder_that_leaves_the_checkout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "7-a.md").write_text("token\n")
    (tmp_path / "work" / "issues").symlink_to("../elsewhere")
    for name in ("issues", "../elsewhere", str(tmp_path / "elsewhere")):
        with pytest.raises(ForgeError, match="leaves the checkout"):
            IssueFolder(tmp_path / "work", name).issue(7)


def test_a_link_to_itself_is_refused(folder: IssueFolder) -> None:
    (folder.checkout / "issues" / "7-a.md").symlink_to("7-a.md")
    with pytest.raises(ForgeError, match="not a regular file"):
        folder.issue(7)


def test_what_is_not_a_file_is_refused_without_waiting_for_it(folder: IssueFolder) -> None:
    os.mkfifo(folder.checkout / "issues" / "7-a.md")
    (folder.checkout / "issues" / "8-a.md").mkdir()
    for number in (7, 8):
        with pytest.raises(ForgeError, match="not a regular file"):
            folder.issue(number)


def test_a_file_that_is_too_long_is_refused(folder: IssueFolder) -> None:
    write(folder, "7-a.md", "x" * LIMIT)
    assert len(folder.issue(7).body) == LIMIT
    write(folder, "7-a.md", "x" * (LIMIT + 1))
    with pytest.raises(ForgeError, match=f"issues/7-a.md: longer than {LIMIT} bytes; shorten it"):
        folder.issue(7)

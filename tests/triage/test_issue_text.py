"""What an issue's text says: what it names, which issues it links, what it asks for; and what is none of that."""

from __future__ import annotations

import pytest

from waves.forges import Issue
from waves.triage.model import Mention
from waves.triage.text import LONGEST_TEXT, MOST_MENTIONS, needle, read


def issue(body: str, title: str = "A title", number: int = 7) -> Issue:
    return Issue(number, title, body, "open")


def named(body: str, kind: str) -> list[str]:
    return [one.text for one in read(issue(body)).mentions if one.kind == kind]


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("path", "see src/claims/form.py:12, please", ["src/claims/form.py"]),
        ("path", "in `./docs/a-b.md`.", ["docs/a-b.md"]),
        ("path", "dodo.py and setup.cfg", ["dodo.py", "setup.cfg"]),
        ("path", "https://github.com/o/r/blob/main/src/a.py#L10-L12", ["src/a.py"]),
        ("path", "https://example.org/docs/a.html", []),
        ("glob", "everything in src/claims/**/*.py", ["src/claims/**/*.py"]),
        ("glob", "all *.toml files", ["*.toml"]),
        ("glob", "this is **bold** and *slanted*", []),
        ("symbol", "the field `edit_suggestions[]`", ["edit_suggestions"]),
        ("symbol", "`Form.save()` loses it", ["Form.save"]),
        ("symbol", "call parse_line(text) or readFile", ["parse_line", "readFile"]),
        ("symbol", "`--no-color` is ignored", ["--no-color"]),
        ("symbol", "`is-terminal` lies", ["is-terminal"]),
        ("symbol", "feat(form): a plain sentence with words", []),
        ("route", "POST /api/claims/{id} answers 500", ["/api/claims/{id}"]),
        ("text", 'it says "could not open the form" and ends', ["could not open the form"]),
        ("text", "```\nTraceback\nValueError: no such claim: 42\n```", ["ValueError: no such claim"]),
        ("text", "```\nall is well here\n```", []),
    ],
)
def test_what_an_issue_names(kind: str, body: str, expected: list[str]) -> None:
    assert named(body, kind) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Blocked by #3.", [("blocked-by", 3)]),
        ("depends on #3, #4 and #5", [("blocked-by", 3), ("blocked-by", 4), ("blocked-by", 5)]),
        ("Do this after #12 is merged", [("blocked-by", 12)]),
        ("blocked by https://github.com/o/r/issues/9", [("blocked-by", 9)]),
        ("This blocks #8", [("blocks", 8)]),
        ("- [ ] #41\n- [x] #42\n1. [ ] the form, #43", [("task", 41), ("done-task", 42), ("task", 43)]),
        ("Part of #40", [("parent", 40)]),
        ("Duplicate of #2", [("duplicate-of", 2)]),
        ("This is not blocked by #3, and no longer depends on #4", []),
        ("> blocked by #3", []),
        ("```\nblocked by #3\n```", []),
        ("~~~\n```\nblocked by #3\n~~~", []),
        ("`blocked by #3` is what the bot writes", []),
        ("<!-- blocked by #3 -->", []),
        ("like #3, see #4", []),
    ],
)
def test_which_issues_it_links(body: str, expected: list[tuple[str, int]]) -> None:
    assert [(one.role, one.issue) for one in read(issue(body)).references] == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Remove `edit_suggestions[]`.", [("remove", "edit_suggestions")]),
        ("Rename the old field claim_id to claim_key", [("rename", "claim_id")]),
        ("replace src/claims/ with something", [("remove", "src/claims/")]),
        ("drop support for `--legacy`", [("remove", "--legacy")]),
        ("Do not remove `edit_suggestions`", []),
        ("remove this from the list", []),
        ("Add a column to claims", [("add", "a column to claims")]),
    ],
)
def test_what_it_asks_for(body: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.verb, one.what) for one in read(issue(body)).intents] == expected


def test_lines_are_those_of_title_and_body_whatever_a_template_hides() -> None:
    reading = read(issue("<!-- one\ntwo -->\nsee a/b.py", title="Mend c/d.py"))
    assert reading.mentions == (Mention("path", "c/d.py", 1), Mention("path", "a/b.py", 4))


def test_a_comment_without_an_end_hides_nothing() -> None:
    reading = read(issue("<!-- one --> see a/b.py <!-- two\nand c/d.py", title="Mend e/f.py"))
    assert [one.text for one in reading.mentions] == ["e/f.py", "a/b.py", "c/d.py"]


def test_a_pasted_log_does_not_outweigh_what_people_write() -> None:
    log = "\n".join(f"Error: at file_{number}.py" for number in range(500))
    reading = read(issue(f"```\n{log}\n```\nIt is in src/form.py."))
    assert len(reading.mentions) == MOST_MENTIONS
    assert reading.mentions[0].text == "src/form.py"


@pytest.mark.parametrize(
    "piece", ["`" * 9, "a/" * 30, "*/", "#1, ", "- [ ] ", "<!--", '"a b ', "remove the old ", "a_b.", "\x1b[2J"]
)
def test_hostile_text_is_read_in_no_time_and_leaves_no_terminal_sequence(piece: str) -> None:
    """Each piece over and over, which is what makes a careless expression take for ever."""
    reading = read(issue(piece * (LONGEST_TEXT // len(piece)), title=f"{piece}\x1b]0;x\x07"))
    assert not any("\x1b" in text for text in [reading.title, *(one.text for one in reading.mentions)])


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("symbol", "Form.save", "save_all"),
        ("symbol", "a::parse_line", "parse_line"),
        ("symbol", "--no-color", "no-color"),
        ("symbol", "for", ""),
        ("path", "src/a.py", ""),
        ("text", "no such claim", "no such claim"),
    ],
)
def test_what_is_looked_for_in_the_files(kind: str, text: str, expected: str) -> None:
    assert needle(Mention(kind, text.replace("save", "save_all"), 1)) == expected

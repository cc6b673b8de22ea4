"""Form by form: what a forge would act on is only words in what Waves writes, and is found in a commit's message."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from waves.forges import Issue
from waves.foundation import inert
from waves.lifecycle.contracts import Item
from waves.lifecycle.verdicts import Decision, Treated
from waves.plan.model import Answer, Scope, Unit
from waves.steps import texts

KEYWORDS = ("close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved")
REFERENCES = {
    "#999": "no. 999",
    "GH-999": "GH no. 999",
    "gh-999": "GH no. 999",
    "acme/other#999": "acme/other no. 999",
    "acme#999": "acme no. 999",
    "AB#999": "AB no. 999",
    "https://github.com/acme/other/issues/999": "acme/other no. 999",
    "http://github.com/acme/other/pull/999": "acme/other no. 999",
    "https://github.com/acme/other/discussions/999": "acme/other no. 999",
    "https://github.com/orgs/acme/discussions/999": "orgs/acme no. 999",
    "https://ghe.example.org/acme/other/issues/999": "acme/other no. 999",
    "www.github.com/acme/other/issues/999": "acme/other no. 999",
    "https://github.com/acme/other/issues/999#issuecomment-1": "acme/other no. 999",
    "https://github.com/acme/other/pull/999/files?w=1": "acme/other no. 999",
    "HTTPS://GitHub.com/acme/other/ISSUES/999": "acme/other no. 999",
}
SKIPS = {
    "[skip ci]": "(skip ci)",
    "[ci skip]": "(ci skip)",
    "[no ci]": "(no ci)",
    "[skip actions]": "(skip actions)",
    "[actions skip]": "(actions skip)",
    "[SKIP CI]": "(SKIP CI)",
    "[Skip-CI]": "(Skip-CI)",
    "[ skip ci ]": "( skip ci )",
    "[skip travis]": "(skip travis)",
    "[travis ci skip]": "(travis ci skip)",
    "[skip circleci]": "(skip circleci)",
    "[skip azurepipelines]": "(skip azurepipelines)",
    "[azp skip]": "(azp skip)",
    "[skip netlify]": "(skip netlify)",
    "[vercel skip]": "(vercel skip)",
    "[CF-Pages-Skip]": "(CF-Pages-Skip)",
    "[skip pre-commit.ci]": "(skip pre-commit.ci)",
    "skip-checks: true": "skip-checks is true",
    "skip-checks:true": "skip-checks istrue",
    "Skip-Checks: True": "Skip-Checks is True",
    "***NO_CI***": "NO_CI",
    "***no_ci***": "no_ci",
    "--skip-ci": "skip-ci",
}
MENTIONS = {"@ana": "(at)ana", "@acme/core": "(at)acme/core", "@dependabot": "(at)dependabot"}
TRAILERS = {
    "Co-authored-by: Bot <bot@example.org>": "Co authored by Bot <bot(at)example.org>",
    "co-authored-by:x": "co authored byx",
    "Coauthored-By: x": "Coauthored By x",
    "On-behalf-of: acme": "On behalf of acme",
}
WORDS = REFERENCES | SKIPS | MENTIONS | TRAILERS


@pytest.mark.parametrize("form", WORDS)
def test_in_a_title_or_a_message_a_form_is_mere_words(form: str) -> None:
    assert inert.words(form) == WORDS[form]
    assert inert.words(f"so {form}, it is") == f"so {WORDS[form]}, it is"
    assert list(inert.powers(inert.words(f"so {form}, it is"), ())) == []


@pytest.mark.parametrize("form", WORDS)
def test_in_a_commits_message_a_form_is_found(form: str) -> None:
    for message in (form, f"fix: a thing\n\nso {form}\n", f"fix: a thing ({form})"):
        assert list(inert.powers(message, {52})), message


@pytest.mark.parametrize("keyword", KEYWORDS)
@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("colon", ["", ":"])
def test_no_keyword_closes_another_issue(keyword: str, reference: str, colon: str) -> None:
    for word in (keyword, keyword.upper(), keyword.title()):
        assert inert.words(f"{word}{colon} {reference}") == f"{word}{colon} {REFERENCES[reference]}"
        assert list(inert.powers(f"{word}{colon} {reference}", {52})), word


@pytest.mark.parametrize(
    "message",
    [
        "fix: a thing\n\nFixes #52\nCloses: #53, resolves GH-52\n",
        "fix: the 2nd of 3, see issue 9, C# 9, #no and gh-pages",
        "fix: &#39; in titles, [skip] and [ci], do not skip ci",
        "fix: use `@dataclass`, for ana@example.org\n\nSigned-off-by: Ana <ana@example.org>",
        "fix: show <img> and <b> as text, a[0](1), !important",
        "This reverts commit 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567.",
        "fix: see https://example.org/issues and https://example.org/a/9",
    ],
)
def test_an_ordinary_message_has_no_power(message: str) -> None:
    assert list(inert.powers(message, {52, 53})) == []


def test_what_is_found_says_what_it_does() -> None:
    message = "fix: a thing for @ana (#7)\n\nFixes #52, o/r#52\n[skip ci]\n![x](y)\nCo-authored-by: Bot <b@e.org>\n"
    assert list(inert.powers(message, {52})) == [
        "refers to #7", "refers to o/r#52", "skips CI by `[skip ci]`", "mentions @ana",
        "has the trailer `Co-authored-by:`", "loads an image",
    ]  # fmt: skip


@given(st.dictionaries(st.text() | st.sampled_from(list(WORDS)), st.text() | st.sampled_from(list(WORDS))))
def test_json_for_a_commits_message_has_no_power_and_reads_as_it_was(value: dict[str, str]) -> None:
    text = inert.json_text(json.dumps({"files": value}))
    assert json.loads(text) == {"files": value}
    assert list(inert.powers(text, ())) == []


# ---- as Markdown, judged by a reader of Markdown

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ACTIVE = {"image", "html_inline", "html_block", "link_open", "fence", "code_block", "heading_open"}
POWER = re.compile(
    r"(?:^|[^\w&])(?:[\w./-]+)?#\d|(?<!\w)@\w|\bGH-\d|(?:https?://|\bwww\.)\S*/(?:issues|pull|discussions)/\d",
    re.IGNORECASE,
)


def tokens(markdown: str) -> list[Token]:
    found: list[Token] = []
    for token in READER.parse(markdown):
        found += [token, *(token.children or ())]
    return found


def shown(markdown: str) -> str:
    """What is read as words, with what is code left out."""
    inline = [one.children or () for one in READER.parse(markdown) if one.type == "inline"]
    return "\n".join("".join(one.content if one.type == "text" else "\0" for one in line) for line in inline)


MARKUP = (
    "![x](https://evil.example/x.png)", "![x][r]", "![r]", "[r]: https://evil.example/x.png",
    "[![x](https://evil.example/x.png)](https://evil.example)", "[x](https://evil.example)",
    "<img src=https://evil.example/x.png>", "<IMG SRC='x'/>", "<picture><source srcset=x></picture>", "<b>bold</b>",
    "<!-- hidden", "<details>", "</details>", "<?php ?>", "<![CDATA[x]]>", "<!DOCTYPE html>",
    "<https://evil.example>", "<ana@example.org>", "&lt;img&gt;", "&#64;ana", "&commat;ana", "&#35;999", "&num;999",
    "\\@ana", "\\#999", "\\![x](y)", "\\\\![x](y)", "~~~", "```", "``` @ana", "` @ana", "`` @ana `", "\\`@ana\\`",
    "\\` @ana `", "[^1]", "a | b", "\\| @ana |", "`a\\| @ana`",
)  # fmt: skip


@pytest.mark.parametrize("form", [*WORDS, *MARKUP])
def test_in_markdown_a_form_means_nothing(form: str) -> None:
    for text in (form, f"so {form}, it is", f"`code` {form} `more`"):
        made = inert.markdown(text)
        assert not {one.type for one in tokens(made)} & ACTIVE, made
        assert not POWER.search(shown(made)), made


def test_code_stays_code() -> None:
    assert inert.markdown("`a[0] <b> @ana` is <b>") == "`a[0] <b> @ana` is &lt;b>"
    assert inert.markdown("```x``y``` and ``") == "```x``y``` and \\`\\`"
    assert inert.markdown("/approve `x`") == "\\/approve `x`"
    assert inert.markdown("it is AT&T, a_b and 2*3") == "it is AT&T, a_b and 2*3"


@pytest.mark.parametrize(
    "address",
    ["https://github.com/user-attachments/assets/1", "https://user-images.githubusercontent.com/1/x.mp4",
     "https://github.com/acme/x/assets/1/2", "www.private-user-images.githubusercontent.com/1/x.mp4"],
)  # fmt: skip
def test_an_address_that_a_forge_shows_in_place_is_no_address(address: str) -> None:
    scheme = "www." if address.startswith("www.") else "https://"
    assert inert.markdown(address) == f"{scheme} {address.removeprefix(scheme)}"


PIECES = [*WORDS, *MARKUP, "`", "``", "\\", " ", "|", "a", "/", "#", "@", "9", "GH-", "[", "]", "<", "https://h/", "*"]


@given(st.lists(st.sampled_from(PIECES), max_size=8), st.lists(st.sampled_from(PIECES), max_size=8))
def test_nothing_has_a_power_however_it_is_put_together(one: list[str], other: list[str]) -> None:
    """Two texts by strangers stand beside each other in one line and in one row of a table."""
    first, second = texts.harmless("".join(one)), texts.harmless("".join(other))
    table = f"| a | b |\n|---|---|\n| {inert.cell(first)} | {inert.cell(second)} |\n"
    for made in (f"- {first} {second}", table):
        assert not {token.type for token in tokens(made)} & (ACTIVE - {"heading_open"}), made
        assert not POWER.search(shown(made)), made
    plain = texts.heading("".join(one))
    assert list(inert.powers(plain, ())) in ([], ["loads an image"])  # a title shows no images


# ---- in everything that is written


@pytest.mark.parametrize("form", [*WORDS, *MARKUP])
def test_whatever_is_written_closes_the_batchs_own_issues_and_does_nothing_else(form: str) -> None:
    unit = Unit(
        "x", (52,), "fix", why=form, scope=Scope((form,), (form,)), decisions=(Answer(form, form),), checks=(form,)
    )
    issues = (Issue(52, form, form, "open"),)
    item = Item("B1", "blocking", form, 3, form, form, 1, 0.9, form)
    decision = Decision("correct", form, (Treated(item, "defer", form),))
    title = texts.pull_title(unit, issues)
    assert list(inert.powers(title, ())) in ([], ["loads an image"])
    merged = texts.merge_title(unit, issues, f"fix: {form}", 7).removesuffix(" (#7)")
    assert list(inert.powers(merged, ())) in ([], ["loads an image"])
    assert texts.merge_message(unit, 7) == "Fixes #52\n\nPull request 7, unit x.\n"
    body = texts.pull_body("b", unit, issues, [texts.Cycle("0", "0a1b2c")])
    assert body.count("Fixes #52\n") == 1
    comment = texts.cycle_comment("0", "0a1b2c", form, "green", decision, texts.corrected([("0a1b2c", form)]))
    for made in (body.replace("#52", ""), comment):
        kinds = [one.type for one in tokens(made) if one.type not in ("heading_open", "html_block")]
        assert not set(kinds) & ACTIVE, made
        assert not POWER.search(shown(made)), made
    hidden = [one.content.strip() for one in tokens(f"{body}\n\n{comment}") if one.type == "html_block"]
    assert hidden == [texts.BEGIN, texts.END]

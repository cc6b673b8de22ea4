"""`waves report`: one page that needs nothing else, in which no words of strangers mean anything."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from loop_world import IMPLEMENT, World, item, review, until

from waves.foundation.records import Record
from waves.lifecycle import DONE, HELD, NOT_NEEDED, RUN, WAITS, Verdict
from waves.report.stages import Shown, stages, to_do
from waves.report.timeline import Bar

HOSTILE = '</title></style><script>alert(1)</script><img src="//evil.example/x" onerror=alert(2)> \x1b[31m\u202e "&'
VOID = {"meta", "img", "br", "link", "input", "hr"}
NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in NAMES if (found := shutil.which(name))), None)


class Page(HTMLParser):
    """What is in a page; every element must be closed where it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, attribute: str) -> list[str]:
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]


def assert_self_contained(text: str) -> Page:
    """The page loads nothing, runs nothing, is whole, and its own style is the only one that a browser takes."""
    page = Page(text)
    (policy,) = [one["content"] for tag, one in page.elements if one.get("http-equiv") == "Content-Security-Policy"]
    style = base64.b64encode(hashlib.sha256("".join(page.texts["style"]).encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    assert not {"script", "img", "link", "iframe", "object", "form", "base"} & {tag for tag, _ in page.elements}
    names = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in ("style", "src", "srcset")}
    ids = page.all("id")
    assert len(set(ids)) == len(ids)
    assert {one.removeprefix("#") for one in page.all("href")} <= set(ids)
    assert not re.search(r"@import|url\((?!#)", text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)
    return page


def test_the_page_shows_the_whole_batch_and_needs_nothing_else(world: World, tmp_path: Path) -> None:
    """One merged after a correction, one that a person has to rule on, one behind it; strangers write hostile words."""
    world.issue(1, f"# {HOSTILE}\n\nPlease.\n")
    finding = {"issues": [1, 2], "kind": "same-region", "evidence": HOSTILE[:60], "resolution": "a first"}
    world.plan("a", "c", {"unit": "d", "after": ["c"]}, policy={"nits": "ask"}, findings=[finding],
               skip=[{"issue": 9, "why": HOSTILE[:60]}], merge_order=["a", "c"])  # fmt: skip
    world.agent(
        reviewer_a_0=review("blocking", blocking=[item(HOSTILE, file="</code>.py")]),
        reviewer_c_0=review("approved", nits=[item("a nit")]),
    )
    world.run(code=10)
    (progress,) = world.unit("a").glob("runs/implementer-1-1")
    (progress / "progress.json").write_text(json.dumps({"tokens": 12_345}))
    assert world.waves("report").out == f"{world.checkout}/.waves/report.html\n"
    text = (world.checkout / ".waves/report.html").read_text("utf-8")
    page = assert_self_contained(text)
    words = " ".join(" ".join(" ".join(several) for several in page.texts.values()).split())
    assert "alert(1)" in words
    for said in (
        "1 of 3 units merged", "B1@0", "</code>.py:1", "decided: correct", "waves rule c N1@0 correct --why",
        "needs a ruling", "after 'c', which is waiting", "#9 is skipped", "12 345", "What the latest step",
    ):  # fmt: skip
        assert said in words.replace("\N{NARROW NO-BREAK SPACE}", " "), said
    classes = [one.split() for one in page.all("class")]
    assert sum("line" in one for one in classes) >= 4, "the critical path is marked"
    assert {"b.a", "b.c", "b.d"} <= set(page.all("id"))
    _a_change_is_stale_on_the_page(world)
    if BROWSER:
        _a_browser_takes_it(world.checkout / ".waves/report.html", tmp_path)


def _a_change_is_stale_on_the_page(world: World) -> None:
    world.waves("rule", "c", "N1@0", "defer", "--why", HOSTILE[:40])
    page = assert_self_contained(world.waves("report", "b", "-o", "-").out)
    assert "is stale: ruling on N1@0 is new" in " ".join(" ".join(page.texts["p"]).split())
    assert any("step stale" in one for one in page.all("class"))


def _a_browser_takes_it(path: Path, folder: Path) -> None:
    """Without a complaint about the policy, and with nothing added that was not in the file."""
    assert BROWSER
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
         f"--user-data-dir={folder / 'profile'}", "--dump-dom", path.as_uri()],
        capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Content Security Policy" not in done.stderr
    assert "<script" not in done.stdout
    assert done.stdout.count("<details") == path.read_text("utf-8").count("<details")


@pytest.mark.skipif(BROWSER is None, reason=f"no browser is installed: none of {', '.join(NAMES)}")
def test_a_browser_refuses_a_style_that_is_not_the_pages_own(tmp_path: Path) -> None:
    """So that the silence about the page above means something."""
    page = tmp_path / "page.html"
    page.write_text("<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\"><style>p {}</style><p>")
    with pytest.raises(AssertionError, match="Content Security Policy"):
        _a_browser_takes_it(page, tmp_path)


def test_two_batches_and_a_faulty_plan_are_on_one_page_before_anything_was_done(world: World) -> None:
    world.write_plan("a", "tip")
    world.write_plan({"unit": "a", "issues": [7]}, name="other")
    (world.checkout / "plans/bad.yaml").write_text("batch: bad\nuntis: []\n")
    page = assert_self_contained(world.waves("report", "-o", "-").out)
    assert {"b.a", "b.tip", "other.a", "tip-of-b", "tip-of-other"} == set(page.all("id"))
    assert "plans/bad.yaml:2:1: unknown key 'untis'" in " ".join(page.texts["pre"])
    assert world.waves("report", "-o", ".", code=2).out == ".: is a folder; name a file, such as report.html\n"
    assert "nowhere/x.html: cannot be written" in world.waves("report", "-o", "app.txt/nowhere/x.html", code=2).out


def test_a_run_that_goes_on_is_at_work_on_the_page(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=world.gate() + IMPLEMENT)
    process = world.start("run")
    until(lambda: world.paid("implementer a"), "the agent has begun")
    with world.open_gate():
        page = assert_self_contained(world.waves("report", "-o", "-").out)
    assert "is at work" in " ".join(" ".join(page.texts["p"]).split())
    assert any(one.endswith("goes on") for one in page.texts["title"])
    assert process.wait().code == 0


# ---- the steps of a unit

REASON = ("why",)


def record(step: str) -> Record:
    return Record(step, {}, {}, {}, 0.0, 1.0)


@pytest.mark.parametrize(
    ("verdicts", "made", "going", "expected"),
    [
        (
            {"pr": (DONE,), "checks@0": (DONE,), "review@0": (DONE,), "decide@0": (RUN, REASON), "correct@1": (WAITS,),
             "land@0": (WAITS,), "cleanup": (WAITS,), "settled": (RUN,)},
            ("pr", "checks@0", "review@0", "decide@0"), "",
            ["pr done", "checks@0 done review@0 done", "decide@0 stale", "land@0 waits", "cleanup waits"],
        ),
        (
            {"pr": (DONE,), "checks@0": (DONE,), "review@0": (HELD, REASON), "decide@0": (NOT_NEEDED,)},
            ("pr", "checks@0"), "",
            ["pr done", "checks@0 done review@0 held"],
        ),
        (
            {"prompt": (DONE,), "implement": (RUN, REASON), "pr": (WAITS,), "checks@0": (WAITS,)},
            ("prompt",), "implement",
            ["prompt done", "implement going", "pr waits"],
        ),
        ({"prompt": (DONE,), "implement": (RUN, REASON)}, ("prompt",), "", ["prompt done", "implement next"]),
    ],
)  # fmt: skip
def test_a_units_way_is_what_is_done_what_is_next_and_what_waits(
    verdicts: dict[str, tuple[str, ...]], made: tuple[str, ...], going: str, expected: list[str]
) -> None:
    bars = [Bar("a", going, 0.0, 1.0, ((0.0, 1.0),), going=True)] if going else []
    way = stages({step: Verdict(*one) for step, one in verdicts.items()}, {one: record(one) for one in made}, bars)  # type: ignore[arg-type]
    assert [" ".join(f"{one.step} {one.state}" for one in stage) for stage in way] == expected
    assert all(one.why == "why" for one in to_do(way))


def test_only_what_needs_an_explanation_gets_one() -> None:
    way = ((Shown("pr", "done"),), (Shown("checks@0", "stale"), Shown("review@0", "held")), (Shown("land@0", "waits"),))
    assert [one.step for one in to_do(way)] == ["checks@0", "review@0"]

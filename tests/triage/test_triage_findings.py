"""What collides, as a table of issues: each kind of finding, its evidence and its proposal, and what is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from waves.forges import Issue
from waves.triage import findings, text
from waves.triage.model import ForgeFacts, Found, InFlight, Region, RepositoryFacts

Bodies = Mapping[int, str | Issue]
ADR = ("docs/adr/001-one.md", "docs/adr/002-two.md", "docs/adr/003-three.md")
MIGRATIONS = ("app/migrations/0001_a.py", "app/migrations/0002_b.py", "app/migrations/0004_d.py")


def found(
    issues: Bodies, regions: Mapping[int, Sequence[Region]] | None = None, forge: ForgeFacts | None = None,
    files: Sequence[str] = (),
) -> tuple[Found, ...]:  # fmt: skip
    readings = [text.read(one if isinstance(one, Issue) else Issue(number, "", one, "open"))
                for number, one in issues.items()]  # fmt: skip
    facts = RepositoryFacts("0" * 40, tuple(files), {}, ())
    return findings.find(readings, regions or {}, facts, forge or ForgeFacts())


def short(one: Found) -> tuple[str, tuple[int, ...], str]:
    """Kind, issues and the proposal, with its issues where they are not the finding's own."""
    return one.kind, one.issues, one.proposal.action


def labelled(number: int, *labels: str, state: str = "open", title: str = "") -> Issue:
    return Issue(number, title, "", state, labels=labels)


# ---- what texts and links say outright


@pytest.mark.parametrize(
    ("issues", "forge", "expected"),
    [
        ({1: "", 2: "blocked by #1"}, {}, [("dependency", (1, 2), "after")]),
        ({1: "blocks #2", 2: ""}, {}, [("dependency", (1, 2), "after")]),
        ({1: "", 2: ""}, {"blocked_by": {2: [1]}}, [("dependency", (1, 2), "after")]),
        ({1: "blocked by #2", 2: "blocked by #1"}, {}, [("dependency", (1, 2), "decide")]),
        ({2: "after #1"}, {}, [("dependency", (2,), "decide")]),
        ({2: "after #1"}, {"closed": frozenset({1})}, []),
        ({1: labelled(1, state="closed"), 2: "after #1"}, {}, [("in-flight", (1,), "skip")]),
        ({2: "after #2"}, {}, []),
        ({1: "", 2: "Duplicate of #1"}, {}, [("in-flight", (2,), "skip")]),
        ({1: labelled(1, "Question")}, {}, [("in-flight", (1,), "skip")]),
        ({1: labelled(1, "bug")}, {}, []),
        ({1: "Remove `old_name`", 2: "extend `old_name`"}, {}, [("semantic-overlap", (1, 2), "after")]),
        ({1: "extend `Form.old_name()`", 2: "Remove `old_name`"}, {}, [("semantic-overlap", (2, 1), "after")]),
        ({1: "remove src/a/", 2: "mend src/a/b.py"}, {}, [("semantic-overlap", (1, 2), "after")]),
        ({1: "remove `old_name`", 2: "delete `old_name`"}, {}, []),
        ({1: "remove `old_name`", 2: "extend `old_names`"}, {}, []),
    ],
)
def test_what_is_said_outright(issues: Bodies, forge: dict[str, object], expected: list[object]) -> None:
    assert [short(one) for one in found(issues, forge=ForgeFacts(**forge))] == expected  # type: ignore[arg-type]


def test_the_one_that_must_come_first_is_the_first_of_the_proposal() -> None:
    (one,) = found({4: "needs #9 first", 9: ""})
    assert (one.proposal.text, one.proposal.issues) == ("4 after 9", (9, 4))
    assert one.evidence == "#4 says: needs #9 first"


@pytest.mark.parametrize(
    ("tasks", "others", "first"),
    [
        ("- [ ] #2\n- [ ] #3", {2: "", 3: ""}, "#2 is its first unblocked sub-issue"),
        ("- [x] #2\n- [ ] #3", {2: "", 3: ""}, "#3 is its first unblocked sub-issue"),
        ("- [ ] #2\n- [ ] #3", {2: "blocked by #3", 3: ""}, "#3 is its first unblocked sub-issue"),
        ("- [ ] #2\n- [ ] #3", {2: labelled(2, state="closed"), 3: ""}, "#3 is its first unblocked sub-issue"),
        ("- [ ] #2\n- [ ] #3", {2: "blocked by #3", 3: "blocked by #2"}, "each of its sub-issues is blocked"),
        ("- [x] #2\n- [x] #3", {}, "all its sub-issues are done: close it"),
    ],
)
def test_an_umbrella_is_skipped_for_its_first_unblocked_sub_issue(tasks: str, others: Bodies, first: str) -> None:
    (umbrella,) = [one for one in found({1: tasks, **others}) if one.kind == "umbrella"]
    assert umbrella.issues == umbrella.proposal.issues == (1,)
    assert umbrella.proposal.text == f"skip #1; {first}"


def test_sub_issues_keep_their_order_and_the_forges_links_go_before_the_text() -> None:
    forge = ForgeFacts(children={1: (3, 2)})
    kinds = {short(one): one.proposal.text for one in found({1: "- [ ] #2\n- [ ] #3", 2: "", 3: ""}, forge=forge)}
    assert kinds["dependency", (3, 2), "after"] == "2 after 3"


def test_one_task_makes_no_umbrella_unless_the_title_says_so() -> None:
    assert found({1: "- [ ] #2", 2: ""}) == ()
    assert [one.kind for one in found({1: Issue(1, "Epic: forms", "- [ ] #2", "open"), 2: ""})] == ["umbrella"]
    assert [one.kind for one in found({1: "", 2: "part of #1", 3: "Part of #1"})] == ["umbrella"]


# ---- series


@pytest.mark.parametrize(
    ("bodies", "files", "series", "numbers"),
    [
        (("Add an ADR on claims", "write docs/adr/004-forms.md"), ADR, "docs/adr/NNN-*.md", (4, 5)),
        (("Needs a migration", "add a column to claims"), MIGRATIONS, "app/migrations/NNNN_*.py", (5, 6)),
        (("Add an ADR on claims", "like in docs/adr/001-one.md"), ADR, None, ()),
        (("Add an ADR on claims", "Add a form"), ADR, None, ()),
        (("Add an ADR on claims", "Add an ADR on forms"), ADR[:2], None, ()),
        (("Add a log of claims", "Add one more log"), ("log/2019-a.txt", "log/2024-b.txt", "log/1900-c.txt"), None, ()),
    ],
)
def test_who_adds_to_one_series_gets_a_number_each(
    bodies: Sequence[str], files: Sequence[str], series: str | None, numbers: tuple[int, ...]
) -> None:
    proposals = [one.proposal for one in found(dict(enumerate(bodies, 1)), files=files)]
    expected = [(series, (1, 2), numbers)] if series else []
    assert [(one.series, one.issues, one.numbers) for one in proposals] == expected


# ---- regions


def region(path: str, weight: float) -> Region:
    return Region(path, weight, f"named, {weight}")


def test_issues_that_will_probably_touch_one_file_are_named_with_the_reasons_of_both() -> None:
    regions = {1: [region("a.py", 0.9), region("b.py", 0.9)], 2: [region("a.py", 0.8)], 3: [region("c.py", 1.0)]}
    (one,) = found({1: "x" * 700, 2: "x", 3: "x"}, regions)
    assert short(one) == ("same-region", (1, 2), "after")
    assert one.evidence == "a.py (#1: named, 0.9; #2: named, 0.8)"
    assert (one.weight, one.paths) == (0.72, ("a.py",))


def test_a_finding_stays_one_line_whatever_a_file_is_called() -> None:
    regions = {number: [region("a\nb\x1b[2J.py", 0.9)] for number in (1, 2)}
    (one,) = found({1: "", 2: ""}, regions)
    assert one.evidence == "two small fixes in a b<U+001B>[2J.py (both: named, 0.9)"


def test_issues_with_the_same_rare_words_are_named_though_no_file_is_known() -> None:
    (one,) = found({1: "zebra stripes flicker", 2: "zebra stripes flickered", 3: "forms"})
    assert short(one) == ("same-region", (1, 2), "after")
    assert (one.evidence, one.weight) == ("both speak of flicker, stripes, zebra", 0.7)


def test_two_short_issues_with_one_and_the_same_file_may_be_one_unit() -> None:
    regions = {1: [region("a.py", 0.9), region("b.py", 0.1)], 2: [region("a.py", 0.9)]}
    assert [short(one) for one in found({1: "typo", 2: "typo"}, regions)] == [("trivial-siblings", (1, 2), "combine")]
    assert [one.kind for one in found({1: "typo", 2: "x" * 700}, regions)] == ["same-region"]


def test_a_pair_is_not_named_again_where_its_order_is_known_nor_where_one_is_left_out() -> None:
    regions = {number: [region("a.py", 0.9)] for number in (1, 2, 3)}
    issues: Bodies = {1: "x", 2: "after #1", 3: labelled(3, "question")}
    assert [one.kind for one in found(issues, regions)] == ["dependency", "in-flight"]


def test_work_on_its_way_holds_its_issue_and_its_files() -> None:
    pull = InFlight("pull request #77", frozenset({1}), frozenset({"a.py"}), 77)
    one, two = found({1: "", 2: ""}, {2: [region("a.py", 0.9)]}, ForgeFacts(in_flight=(pull,)))
    assert one.proposal.text == "`pull_request: 77` in its unit, or skip #1"
    assert (two.issues, two.evidence) == ((2,), "pull request #77 touches a.py (named, 0.9)")


def test_findings_come_in_one_order_whatever_order_the_issues_have() -> None:
    issues = {1: "Remove `old_name`", 2: "extend `old_name`", 3: "after #2", 4: "duplicate of #3"}
    assert found(issues) == found(dict(reversed(issues.items())))

"""The decision on a review cycle: two whole truth tables, and what must hold whatever comes."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waves.lifecycle.contracts import Item, Review
from waves.lifecycle.verdicts import Case, Decision, decide, ruling_on, treat, verified_quote
from waves.plan.model import Policy, Ruling

LETTERS = {
    "blocking": "B", "should_fix": "S", "nits": "N", "scope_violations": "V",
    "feedback": "H", "checks": "C", "conflict": "M", "numbering": "R",
}  # fmt: skip
NEVER_DEFERRED = ("checks", "conflict", "numbering")
QUOTE = "print the number of lines as well"


def item(list_name: str, number: int = 1, issue: str = "wrong") -> Item:
    return Item(f"{LETTERS.get(list_name, 'X')}{number}", list_name, "src/a.py", 3, issue, "mend it", 1, 0.9)


def review(*items: Item, verdict: str = "approved") -> Review:
    return Review(verdict, "Read.", items)


def ruling(word: str, on: Item, cycle: str = "0", digest: str | None = None, why: str = "") -> Ruling:
    return Ruling("form", f"{on.id}@{cycle}", word, why, digest)


def rows(table: str) -> list[tuple[tuple[str, ...], str]]:
    """The lines of a table after its head: what is asked before the bar, what comes of it after it."""
    lines = [line.split("|") for line in table.strip().splitlines()[1:] if line.strip()]
    return [(tuple(given.split()), outcome.strip()) for given, outcome in lines]


def the_row(table: list[tuple[tuple[str, ...], str]], asked: tuple[str, ...]) -> int:
    """The one row that speaks of this; `*` is anything, `a,b` one of both."""
    matching = [
        number for number, (pattern, _) in enumerate(table)
        if all(cell == "*" or value in cell.split(",") for cell, value in zip(pattern, asked, strict=True))
    ]  # fmt: skip
    assert len(matching) == 1, f"{asked} is in rows {matching} of the table"
    return matching[0]


# ---- one item

TREATMENT = rows("""
list               policy           ruling              arbiter   | what is done about it
checks             *                -,retry,correct     *         | correct   checks: always corrected
checks             *                defer,requested     *         | correct   checks: always corrected (a ruling cannot change that)
conflict           *                -,retry,correct     *         | correct   conflict: always corrected
conflict           *                defer,requested     *         | correct   conflict: always corrected (a ruling cannot change that)
numbering          *                -,retry,correct     *         | correct   numbering: always corrected
numbering          *                defer,requested     *         | correct   numbering: always corrected (a ruling cannot change that)
blocking           *                -,retry             *         | correct   blocking: always corrected
should_fix         correct          -,retry             *         | correct   policy.should_fix: correct
should_fix         defer            -,retry             *         | defer     policy.should_fix: defer
should_fix         ask              -,retry             *         | ask       policy.should_fix: ask
should_fix         crosscheck       -,retry             *         | n/a
nits               correct          -,retry             *         | correct   policy.nits: correct
nits               defer            -,retry             *         | defer     policy.nits: defer
nits               ask              -,retry             *         | ask       policy.nits: ask
nits               crosscheck       -,retry             *         | n/a
scope_violations   correct          -,retry             *         | correct   policy.scope_violations: correct
scope_violations   ask              -,retry             *         | ask       policy.scope_violations: ask
scope_violations   defer            -,retry             *         | n/a
scope_violations   crosscheck       -,retry             unasked   | arbitrate policy.scope_violations: crosscheck
scope_violations   crosscheck       -,retry             refuted   | correct   cross-checked: the issue does not ask for it
scope_violations   crosscheck       -,retry             quoted    | requested cross-checked: the issue asks for it: “print the number of lines as well”
feedback           *                -,retry             *         | ask       a person said it
strangers          *                -,retry             *         | listed    by somebody whom policy.trusted leaves out
another            *                -,retry             *         | correct   another: always corrected
blocking,should_fix,nits,scope_violations,feedback,strangers,another * correct   * | correct   ruled: because
blocking,should_fix,nits,scope_violations,feedback,strangers,another * defer     * | defer     ruled: because
blocking,should_fix,nits,scope_violations,feedback,strangers,another * requested * | requested ruled: because
""")  # noqa: E501 - a table is read across
LISTS = (*LETTERS, "strangers", "another")
CHOICES = ("correct", "defer", "ask", "crosscheck")
RULINGS = ("-", "correct", "defer", "requested", "retry")
ARBITER: dict[str, dict[str, str | None]] = {"unasked": {}, "refuted": {"V1": None}, "quoted": {"V1": QUOTE}}
ALL_TREATMENTS = list(product(LISTS, CHOICES, RULINGS, ARBITER))


@pytest.mark.parametrize("list_name", LISTS)
def test_what_is_done_about_an_item_is_what_the_table_says(list_name: str) -> None:
    for asked in (one for one in ALL_TREATMENTS if one[0] == list_name):
        _, choice, ruled, arbiter = asked
        wanted = TREATMENT[the_row(TREATMENT, asked)][1]
        if wanted == "n/a":
            continue  # the plan's schema does not allow it
        one = item("feedback" if list_name == "strangers" else list_name)
        strangers = frozenset({one.id}) if list_name == "strangers" else frozenset[str]()
        rulings = () if ruled == "-" else (ruling(ruled, one, why="because"),)
        case = Case("0", review(one), "green", strangers=strangers, rulings=rulings, requested=ARBITER[arbiter])
        policy = Policy(should_fix=choice, nits=choice, scope_violations=choice)
        found = treat(one, case, policy)
        assert [found.treatment, found.why] == wanted.split(maxsplit=1), asked


def test_every_row_about_an_item_is_needed() -> None:
    assert {the_row(TREATMENT, asked) for asked in ALL_TREATMENTS} == set(range(len(TREATMENT)))


# ---- all items together

DECISION = rows("""
arbitrate  ask  correct  corrections left  checks    | decision
yes        *    *        *                 *         | arbitrate V1: is it what the issue asks for?
no         yes  *        *                 *         | ask       a person must rule on S1
no         no   yes      yes               *         | correct   to correct: B1
no         no   yes      no                *         | escalate  3 corrections made, still open: B1 (wrong)
no         no   no       *                 green     | merge     approved
no         no   no       *                 none      | merge     approved; the forge has no checks
no         no   no       *                 missing   | wait      no check has reported
no         no   no       *                 red       | escalate  the checks are red, and none of them says why
no         no   no       *                 pending,? | wait      the checks have not ended
""")
ANSWERS = ("yes", "no")
CHECKS = ("green", "none", "missing", "red", "pending", "?")  # missing: there are none, and some are wanted
ALL_DECISIONS = list(product(ANSWERS, ANSWERS, ANSWERS, ANSWERS, CHECKS))


@pytest.mark.parametrize("asked", ALL_DECISIONS, ids=lambda asked: "-".join(asked))
def test_the_decision_is_what_the_table_says(asked: tuple[str, ...]) -> None:
    arbitrate, ask, correct, left, checks = asked
    there = {"scope_violations": arbitrate, "should_fix": ask, "blocking": correct, "nits": "yes"}
    items = [item(name) for name, answer in there.items() if answer == "yes"]
    made = 2 if left == "yes" else 3
    state = "none" if checks == "missing" else checks
    case = Case("0", review(*items), state, corrections=made, may_correct=3, needs_checks=checks == "missing")
    found = decide(case, Policy(should_fix="ask", nits="defer", scope_violations="crosscheck"))
    assert [found.kind, found.reason] == DECISION[the_row(DECISION, asked)][1].split(maxsplit=1)
    assert [one.item for one in found.treated] == items


def test_every_row_about_the_decision_is_needed() -> None:
    assert {the_row(DECISION, asked) for asked in ALL_DECISIONS} == set(range(len(DECISION)))


def test_what_is_left_open_is_named_in_a_few_words_that_are_safe_to_show() -> None:
    long, wild = item("blocking", 1, "x" * 80), item("blocking", 2, "two\nlines \x1b[31mred")
    found = decide(Case("0", review(long, wild), "green", corrections=1, may_correct=1), Policy())
    assert found.reason == f"1 correction made, still open: B1 ({'x' * 59}…), B2 (two lines red)"


def test_all_items_to_correct_are_named_and_the_others_are_not() -> None:
    case = Case("0", review(item("blocking"), item("should_fix"), item("nits")), "red", (item("checks"),))
    found = decide(case, Policy())
    assert found.reason == "to correct: B1, S1, C1"
    assert [one.id for one in found.items("correct")] == ["B1", "S1", "C1"]
    assert [one.id for one in found.items("defer")] == ["N1"]


def test_a_raised_bound_allows_one_more_correction() -> None:
    case = Case("3", review(item("blocking")), "green", corrections=3, may_correct=3)
    assert decide(case, Policy()).kind == "escalate"
    assert decide(replace(case, may_correct=4), Policy()).kind == "correct"


def test_the_last_ruling_on_an_item_counts() -> None:
    one = item("blocking")
    rulings = [
        ruling("defer", one),
        ruling("correct", one),
        ruling("defer", one, why="after all"),
        ruling("retry", one),
    ]
    assert ruling_on(one, "0", rulings) == rulings[2]


def test_a_ruling_on_what_a_person_said_holds_in_every_cycle_for_those_very_words() -> None:
    said = item("feedback", 1, "please rename it")
    ruled = ruling("defer", said, "0", said.digest)
    later = replace(said, id="H2", line=40)  # another one came before it, and a push moved its line
    assert ruling_on(later, "turn1", [ruled]) == ruled
    assert ruling_on(replace(later, issue="please rename it now"), "turn1", [ruled]) is None


def test_a_stranger_holds_up_nothing_and_is_never_corrected_unasked() -> None:
    said = item("feedback")
    case = Case("0", review(), "green", feedback=(said,), strangers=frozenset({said.id}))
    assert decide(case, Policy()).kind == "merge"
    assert decide(replace(case, strangers=frozenset()), Policy()).reason == "a person must rule on H1"


def test_a_ruling_is_for_one_cycle_and_one_item() -> None:
    one, other = item("blocking"), item("blocking", 2)
    assert (
        ruling_on(one, "1", [ruling("defer", one, "0"), ruling("defer", one, "turn1"), ruling("defer", other, "1")])
        is None
    )


# ---- whatever comes


@st.composite
def cases(draw: st.DrawFn, *, lists: tuple[str, ...] = tuple(LETTERS)) -> Case:
    counts = {name: draw(st.integers(0, 2)) for name in lists}
    items = [
        item(name, number, draw(st.sampled_from("pq"))) for name in counts for number in range(1, counts[name] + 1)
    ]
    rulings = []
    for one in draw(st.lists(st.sampled_from(items), max_size=6)) if items else []:
        word = draw(st.sampled_from(["correct", "defer", "requested", "retry", "drop", "approve"]))
        digest = draw(st.sampled_from([None, one.digest, "of-another"]))
        rulings.append(ruling(word, one, draw(st.sampled_from(["0", "1"])), digest))
    violations = [one.id for one in items if one.list == "scope_violations"]
    return Case(
        cycle="0",
        review=review(*(one for one in items if one.list not in (*NEVER_DEFERRED, "feedback")), verdict=draw(words)),
        feedback=tuple(one for one in items if one.list == "feedback"),
        strangers=frozenset(draw(st.sets(st.sampled_from(["H1", "H2"])))),
        checks=draw(st.sampled_from(["green", "red", "pending", "none"])),
        extra=tuple(one for one in items if one.list in NEVER_DEFERRED),
        rulings=tuple(rulings),
        requested={name: draw(st.sampled_from([None, QUOTE])) for name in violations if draw(st.booleans())},
        corrections=draw(st.integers(0, 4)),
        may_correct=draw(st.integers(0, 4)),
    )


words = st.sampled_from(["approved", "should_fix", "blocking"])
policies = st.builds(
    Policy,
    should_fix=st.sampled_from(["correct", "defer", "ask"]),
    nits=st.sampled_from(["correct", "defer", "ask"]),
    scope_violations=st.sampled_from(["crosscheck", "ask", "correct"]),
)


@given(cases(), policies)
def test_a_red_check_a_conflict_or_a_collision_is_never_deferred(case: Case, policy: Policy) -> None:
    found = decide(case, policy)
    assert {one.item.id: one.treatment for one in found.treated if one.item.list in NEVER_DEFERRED} == {
        one.id: "correct" for one in case.extra
    }
    assert not (case.extra and found.kind == "merge")


@given(cases(), policies)
def test_a_merge_leaves_nothing_open_and_nothing_red(case: Case, policy: Policy) -> None:
    found = decide(case, policy)
    if found.kind == "merge":
        assert {one.treatment for one in found.treated} <= {"defer", "requested", "listed"}
        assert case.checks in ("green", "none")


@given(cases(), policies)
def test_every_item_is_treated_once_and_gets_a_reason(case: Case, policy: Policy) -> None:
    found = decide(case, policy)
    assert [one.item for one in found.treated] == [*case.review.items, *case.feedback, *case.extra]
    assert all(one.why for one in found.treated)
    assert found.reason


@given(cases(), policies, words)
def test_the_word_of_the_review_changes_nothing(case: Case, policy: Policy, word: str) -> None:
    assert decide(replace(case, review=replace(case.review, verdict=word)), policy) == decide(case, policy)


@given(cases(), policies)
def test_a_ruling_for_another_content_or_another_cycle_never_counts(case: Case, policy: Policy) -> None:
    items = {one.id: one for one in (*case.review.items, *case.feedback, *case.extra)}

    def speaks_of_it(one: Ruling) -> bool:
        name, _, cycle = one.item.partition("@")
        if items[name].list == "feedback" and one.digest is not None:
            return one.digest in [each.digest for each in case.feedback]
        return cycle == case.cycle and one.digest in (None, items[name].digest)

    without = replace(case, rulings=tuple(one for one in case.rulings if speaks_of_it(one)))
    assert decide(without, policy) == decide(case, policy)


@given(cases(), policies, st.data())
def test_deferring_an_item_never_takes_a_merge_away(case: Case, policy: Policy, data: st.DataObject) -> None:
    items = (*case.review.items, *case.feedback, *case.extra)
    if items and decide(case, policy).kind == "merge":
        deferred = ruling("defer", data.draw(st.sampled_from(items)))
        assert decide(replace(case, rulings=(*case.rulings, deferred)), policy).kind == "merge"


@given(cases(), policies)
def test_deferring_everything_a_reviewer_said_leaves_only_the_checks(case: Case, policy: Policy) -> None:
    deferred = tuple(ruling("defer", one) for one in (*case.review.items, *case.feedback))
    found = decide(replace(case, rulings=(*case.rulings, *deferred)), policy)
    left = {"green": "merge", "none": "merge", "red": "escalate", "pending": "wait"}[case.checks]
    if case.extra:
        left = "correct" if case.corrections < case.may_correct else "escalate"
    assert found.kind == left


@given(cases(), policies)
def test_a_correction_is_never_asked_for_beyond_the_bound(case: Case, policy: Policy) -> None:
    found: Decision = decide(case, policy)
    assert not (found.kind == "correct" and case.corrections >= case.may_correct)


# ---- what an arbiter quotes

ISSUE = "The report is bare.\n\nPlease print the number of\n  lines as well, and nothing else."


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("print the number of lines as well", "print the number of lines as well"),
        ("Please print the number of\n  lines", "Please print the number of lines"),
        ("  print\tthe  number of lines  ", "print the number of lines"),
        ("The report is bare. Please", "The report is bare. Please"),
        ("PRINT the number of lines", None),
        ("print the count of lines", None),
        ("print the number of lines as well!", None),
        ("print the number … as well", None),
        ("the lines", None),
        ("number of  \n  ", None),
        ("number of li", "number of li"),
        ("", None),
        (" " * 40, None),
    ],
)
def test_a_quote_counts_only_word_for_word(quote: str, found: str | None) -> None:
    assert verified_quote(quote, ["A title", ISSUE]) == found


def test_a_quote_must_be_of_one_text() -> None:
    assert verified_quote("the end of one text", ["the end of", "one text"]) is None
    assert verified_quote("print the number of lines", []) is None


@given(st.text(" \n\tab", max_size=60), st.text(" \n\tab", max_size=30), st.text(" \n\tab", max_size=60))
def test_what_stands_in_an_issue_is_found_however_its_lines_are_broken(before: str, quote: str, after: str) -> None:
    found = verified_quote(quote, [before + quote + after])
    words_of_it = " ".join(quote.split())
    assert found == (words_of_it if len(words_of_it) >= 12 else None)

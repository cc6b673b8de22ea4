"""Every fault that a plan can have, one bad plan each, with the exact text that a person gets."""

from __future__ import annotations

from pathlib import Path

import pytest
from plan_texts import SMALL

from waves.foundation.errors import PlanError
from waves.plan.faults import Spot, show
from waves.plan.reader import parse

CONFIRMED = "confirmed: {by: ana, on: 2026-11-20}\n"
BAD = [
    (
        "an unknown key",
        SMALL + "polcy: {merge: ask}\n",
        "9:1: unknown key 'polcy'; did you mean 'policy'?",
    ),
    (
        "an unknown key that resembles nothing",
        SMALL + "zzzzzz: 1\n",
        "9:1: unknown key 'zzzzzz'; `waves schema` lists them all",
    ),
    (
        "an unknown key of a unit",
        SMALL + "    isues: [54]\n",
        "9:5: unit 'form-typos': unknown key 'isues'; did you mean 'issues'?",
    ),
    (
        "a missing batch",
        SMALL.replace("batch: auth", "base: main"),
        "1:1: 'batch' is missing; expected lower-case words joined by `-`, 80 characters at most",
    ),
    (
        "a missing key of a unit",
        SMALL.replace("    type: fix\n", ""),
        (
            "6:5: unit 'form-typos': 'type' is missing; expected feat, fix, refactor, perf, docs, test, build, "
            "ci or chore"
        ),
    ),
    (
        "a unit without a name",
        "batch: auth\nunits:\n  - issues: [1]\n    type: fix\n",
        "3:5: unit 1: 'unit' is missing; expected lower-case words joined by `-`, 80 characters at most",
    ),
    (
        "a key that is there twice",
        SMALL + "    type: feat\n",
        "9:5: unit 'form-typos': 'type' is there twice, first in line 8",
    ),
    (
        "a top key that is there twice",
        SMALL + "batch: other\n",
        "9:1: 'batch' is there twice, first in line 1",
    ),
    (
        "a text where a list belongs",
        SMALL.replace("[52, 53]", "52"),
        "7:13: unit 'form-typos': issues: expected a list such as [41], found '52'; write [52]",
    ),
    (
        "a list where a text belongs",
        SMALL.replace("type: fix", "type: [fix]"),
        (
            "8:11: unit 'form-typos': type: expected feat, fix, refactor, perf, docs, test, build, ci or chore, "
            "found a list"
        ),
    ),
    (
        "a mapping where a list belongs",
        "batch: auth\nunits: {unit: a, issues: [1], type: fix}\n",
        "2:8: units: expected a list such as [{unit: form-typos, issues: [41], type: feat}], found a mapping",
    ),
    (
        "a list where a mapping belongs",
        SMALL + "policy: [merge]\n",
        "9:9: policy: expected a mapping such as {implementers: 4}, found a list",
    ),
    (
        "a key without a value",
        SMALL + "skip:\n",
        "9:6: skip: expected a list such as [{issue: 41, why: text}], found nothing; write [], or take out the key",
    ),
    (
        "no units",
        "batch: auth\nunits: []\n",
        "2:8: units: expected a list such as [{unit: form-typos, issues: [41], type: feat}], found an empty list",
    ),
    (
        "a unit without issues",
        SMALL.replace("[52, 53]", "[]"),
        "7:13: unit 'form-typos': issues: expected a list such as [41], found an empty list",
    ),
    (
        "an issue that is no number",
        SMALL.replace("53", "x53"),
        "7:18: unit 'form-typos': issues: expected a number such as 41, found 'x53'",
    ),
    (
        "a leading zero",
        SMALL.replace("53", "053"),
        ("7:18: unit 'form-typos': issues: expected a number such as 41, found '053'; write 53, without leading zeros"),
    ),
    (
        "a number of thousands of digits",
        SMALL.replace("53", "9" * 5000),
        (
            "7:18: unit 'form-typos': issues: expected a number such as 41, found "
            "'999999999999999999999999999999999999999999999999999999999...'"
        ),
    ),
    (
        "an issue below one",
        SMALL.replace("53", "0"),
        "7:18: unit 'form-typos': issues: expected a number such as 41, found '0'",
    ),
    (
        "an unknown type",
        SMALL.replace("type: fix", "type: fxi"),
        (
            "8:11: unit 'form-typos': type: expected feat, fix, refactor, perf, docs, test, build, ci or chore, "
            "found 'fxi'; did you mean 'fix'?"
        ),
    ),
    (
        "a name that is no slug",
        SMALL.replace("form-typos", "Form_Typos"),
        (
            "6:11: unit 'Form_Typos': unit: expected lower-case words joined by `-`, 80 characters at most, "
            "found 'Form_Typos'"
        ),
    ),
    (
        "a name that is too long",
        SMALL.replace("form-typos", "a" * 81),
        (
            f"6:11: unit '{'a' * 77}...': unit: expected lower-case words joined by `-`, 80 characters at most, "
            f"found '{'a' * 57}...'"
        ),
    ),
    (
        "a batch that leaves its folder",
        SMALL.replace("batch: auth", "batch: ../auth"),
        "1:8: batch: expected lower-case words joined by `-`, 80 characters at most, found '../auth'",
    ),
    (
        "a branch that git refuses",
        SMALL + "    branch: fix//form..x\n",
        "9:13: unit 'form-typos': branch: expected a name that git takes for a branch, found 'fix//form..x'",
    ),
    (
        "a base that git refuses",
        SMALL + "base: -main\n",
        "9:7: base: expected a name that git takes for a branch, found '-main'",
    ),
    (
        "a policy number of none",
        SMALL + "policy: {reviewers: 0}\n",
        "9:21: policy.reviewers: expected a whole number from 1 to 200, found '0'",
    ),
    (
        "an unknown policy word",
        SMALL + "policy: {merge: atuo}\n",
        "9:17: policy.merge: expected auto or ask, found 'atuo'; did you mean 'auto'?",
    ),
    (
        "too many rounds",
        SMALL + "policy: {correction_cycles: 21}\n",
        "9:29: policy.correction_cycles: expected a whole number from 1 to 20, found '21'",
    ),
    (
        "a duration without a unit",
        SMALL + "policy: {run_timeout: 45}\n",
        "9:23: policy.run_timeout: expected a duration such as 90s, 45m or 2h, found '45'",
    ),
    (
        "a switch that is neither",
        SMALL + "policy: {draft: yes}\n",
        "9:17: policy.draft: expected true or false, found 'yes'",
    ),
    (
        "an unknown word for whom to trust",
        SMALL + "policy: {trusted: writer}\n",
        "9:19: policy.trusted: expected writers, anyone, or a list of logins, found 'writer'; did you mean 'writers'?",
    ),
    (
        "no login",
        SMALL + "policy: {trusted: [an@]}\n",
        "9:20: policy.trusted: expected a login on the forge, found 'an@'",
    ),
    (
        "a date the other way round",
        SMALL + "confirmed: {by: ana, on: 20.11.2026}\n",
        "9:26: confirmed.on: expected a date such as 2026-11-20, found '20.11.2026'",
    ),
    (
        "a date that does not exist",
        SMALL + "confirmed: {by: ana, on: 2026-02-30}\n",
        "9:26: confirmed.on: expected a date such as 2026-11-20, found '2026-02-30'; there is no such day",
    ),
    (
        "an unknown role",
        SMALL + "agents: {reviwer: {kind: codex}}\n",
        "9:10: agents: unknown key 'reviwer'; did you mean 'reviewer'?",
    ),
    (
        "an unknown agent",
        SMALL + "agent: {kind: codx}\n",
        "9:15: agent.kind: expected codex or command, found 'codx'; did you mean 'codex'?",
    ),
    (
        "a command without its words",
        SMALL + "agent: {kind: command}\n",
        "9:15: agent: `kind: command` needs `command: [program, argument]`",
    ),
    (
        "words without a command",
        SMALL + "agents: {reviewer: {kind: codex, command: [run]}}\n",
        "9:43: agents.reviewer: `command` is for `kind: command` only; take out one of them",
    ),
    (
        "a copied file outside",
        SMALL + "setup: {copy: [.env, ../secret]}\n",
        "9:22: setup.copy: expected a path inside the repository, with `/` and without `..`, found '../secret'",
    ),
    (
        "a copied file of git",
        SMALL + "setup: {copy: [.git/config]}\n",
        "9:16: setup.copy: expected a path inside the repository, with `/` and without `..`, found '.git/config'",
    ),
    (
        "issues outside",
        SMALL + "forge: local\nlocal: {issues: /tmp}\n",
        "10:17: local.issues: expected a path inside the repository, with `/` and without `..`, found '/tmp'",
    ),
    (
        "a series outside",
        SMALL + "numbering: [{series: ../NNN.md, assign: {form-typos: 1}}]\n",
        ("9:22: numbering.series: expected a path inside the repository, with `/` and without `..`, found '../NNN.md'"),
    ),
    (
        "a series without a number",
        SMALL + "numbering: [{series: docs/adr/*.md, assign: {form-typos: 1}}]\n",
        "9:22: numbering: expected one run of N for the number in 'docs/adr/*.md', as in docs/adr/NNN-*.md",
    ),
    (
        "a series with two numbers",
        SMALL + "numbering: [{series: NNN/NNN.md, assign: {form-typos: 1}}]\n",
        "9:22: numbering: expected one run of N for the number in 'NNN/NNN.md', as in docs/adr/NNN-*.md",
    ),
    (
        "next for everybody",
        SMALL + "numbering: [{series: docs/NNN.md, assign: next}]\n",
        "9:43: numbering.assign: expected a mapping such as {form-typos: next}, found 'next'",
    ),
    (
        "a number twice",
        SMALL + "numbering: [{series: docs/NNN.md, assign: {claim-verdicts: 7, form-typos: 7}}]\n",
        "9:75: numbering: 7 is the number of 'claim-verdicts' and of 'form-typos'",
    ),
    (
        "a series twice",
        SMALL + "numbering:\n- {series: NNN.md, assign: {}}\n- {series: NNN.md, assign: {}}\n",
        "11:12: numbering: the series NNN.md is there twice; join the two",
    ),
    (
        "a number for an unknown unit",
        SMALL + "numbering: [{series: docs/NNN.md, assign: {form-typo: 7}}]\n",
        "9:44: numbering: unknown unit 'form-typo'; did you mean 'form-typos'?",
    ),
    (
        "next in a confirmed plan",
        CONFIRMED + SMALL + "numbering: [{series: docs/NNN.md, assign: {form-typos: next}}]\n",
        "10:56: numbering: 'form-typos' has no number, but the plan is confirmed; run `waves confirm` again",
    ),
    (
        "deployment to nowhere",
        SMALL + "deploy: {workflow: deploy.yml, environments: []}\n",
        "9:46: deploy.environments: expected a list such as [text], found an empty list",
    ),
    (
        "a local block with github",
        SMALL + "local: {checks: [make]}\n",
        "9:8: local: is for `forge: local` only; write that, or take out this block",
    ),
    (
        "an issue in two units",
        SMALL.replace("53", "41"),
        "7:18: unit 'form-typos': issue #41 is in unit 'claim-verdicts' already",
    ),
    (
        "an issue twice in a unit",
        SMALL.replace("53", "52"),
        "7:18: unit 'form-typos': issue #52 is named twice",
    ),
    (
        "an issue in a unit and skipped",
        SMALL + "skip: [{issue: 41, why: umbrella}]\n",
        "9:16: issue #41 is skipped here, but unit 'claim-verdicts' does it",
    ),
    (
        "an issue skipped twice",
        SMALL + "skip: [{issue: 1, why: a}, {issue: 1, why: b}]\n",
        "9:36: issue #1 is skipped twice",
    ),
    (
        "a unit twice",
        SMALL.replace("form-typos", "claim-verdicts"),
        "6:11: unit 'claim-verdicts' is there twice; each needs a name of its own",
    ),
    (
        "a branch twice",
        SMALL + "    branch: refactor/claim-verdicts\n",
        "9:13: unit 'form-typos': the branch 'refactor/claim-verdicts' is that of unit 'claim-verdicts' too",
    ),
    (
        "a pull request twice",
        SMALL.replace("type: refactor", "type: fix\n    pull_request: 7") + "    pull_request: 7\n",
        "10:19: unit 'form-typos': the pull request #7 is that of unit 'claim-verdicts' too",
    ),
    (
        "the base as a branch",
        SMALL + "    branch: main\n",
        "9:13: unit 'form-typos': 'main' is the base, so it can't be its branch",
    ),
    (
        "an unknown unit in after",
        SMALL + "    after: [claim-verdict]\n",
        "9:13: unit 'form-typos': after: unknown unit 'claim-verdict'; did you mean 'claim-verdicts'?",
    ),
    (
        "an unknown unit in merge_order",
        SMALL + "merge_order: [form-typos, clam-verdicts]\n",
        "9:27: merge_order: unknown unit 'clam-verdicts'; did you mean 'claim-verdicts'?",
    ),
    (
        "a unit twice in merge_order",
        SMALL + "merge_order: [form-typos, form-typos]\n",
        "9:27: merge_order: unit 'form-typos' is named twice",
    ),
    (
        "an unknown unit in rulings",
        SMALL + "rulings: [{unit: form, item: B1@0, ruling: defer}]\n",
        "9:18: ruling: unknown unit 'form'",
    ),
    (
        "an unknown ruling",
        SMALL + "rulings: [{unit: form-typos, item: B1@0, ruling: defr}]\n",
        (
            "9:50: rulings.ruling: expected correct, defer, requested, retry, drop, approve or withdraw, found 'defr'; "
            "did you mean 'defer'?"
        ),
    ),
    (
        "an item that is none",
        SMALL + "rulings: [{unit: form-typos, item: the first, ruling: defer}]\n",
        "9:36: rulings.item: expected an item such as B2@0, a step such as review@1, or merge, found 'the first'",
    ),
    (
        "a unit after itself",
        SMALL + "    after: [form-typos]\n",
        "9:13: unit 'form-typos': comes after itself: form-typos after form-typos",
    ),
    (
        "a cycle",
        SMALL.replace("refactor\n", "refactor\n    after: [form-typos]\n") + "    after: [claim-verdicts]\n",
        "6:13: unit 'claim-verdicts': comes after itself: claim-verdicts after form-typos after claim-verdicts",
    ),
    (
        "after against merge_order",
        SMALL + "    after: [claim-verdicts]\nmerge_order: [form-typos, claim-verdicts]\n",
        "10:15: merge_order: 'form-typos' lands before 'claim-verdicts', but comes after it",
    ),
    (
        "a finding without a resolution",
        CONFIRMED + SMALL + "findings:\n  - issues: [41, 52]\n    kind: same-region\n",
        (
            "11:5: the finding on #41, #52 (same-region) has no resolution, but the plan is confirmed; write it, "
            "or take out `confirmed`"
        ),
    ),
    (
        "a finding on an issue of nobody",
        SMALL + "findings: [{issues: [41, 54], kind: same-region}]\n",
        "9:26: finding: issue #54 is neither in a unit nor in skip; add it to one of them",
    ),
    (
        "an unknown kind of finding",
        SMALL + "findings: [{issues: [41, 52], kind: overlap}]\n",
        (
            "9:37: findings.kind: expected same-region, semantic-overlap, shared-numbering, umbrella, "
            "trivial-siblings, dependency or in-flight, found 'overlap'; did you mean 'semantic-overlap'?"
        ),
    ),
    (
        "a question without an answer",
        CONFIRMED + SMALL + "    decisions: [{ask: keep it?, answer: ''}]\n",
        (
            "10:41: unit 'form-typos': the question 'keep it?' has no answer, but the plan is confirmed; write "
            "it, or take out `confirmed`"
        ),
    ),
    (
        "a repository that is none",
        SMALL + "repo: widgets\n",
        "9:7: repo: expected owner/name, found 'widgets'",
    ),
    (
        "an empty check",
        SMALL + "    checks: ['']\n",
        "9:14: unit 'form-typos': checks: expected text, found nothing",
    ),
    (
        "an escape code",
        SMALL + '    why: "\\e[31mred"\n',
        "9:10: unit 'form-typos': why: expected text, found '?[31mred'; take out the control character",
    ),
    (
        "an anchor",
        SMALL + "    why: &reason text\n",
        "9:10: anchors are not allowed; put quotes around a text that begins with `&`",
    ),
    (
        "an alias",
        SMALL + "    why: *reason\n",
        "9:10: aliases are not allowed; write out what *reason stands for",
    ),
    (
        "a tag",
        SMALL + "    why: !!str text\n",
        "9:10: tags are not allowed; put quotes around a text that begins with `!`",
    ),
    (
        "a merge key",
        SMALL + "policy: {<<: {merge: ask}}\n",
        "9:10: `<<` means more than itself in YAML; put quotes around it",
    ),
    (
        "a tab that indents",
        SMALL + "policy:\n\tmerge: ask\n",
        "10:1: a tab can't stand here; use spaces",
    ),
    (
        "what only strictyaml refuses",
        SMALL + "    why: |# x\n      text\n",
        ("9:11: strictyaml: expected chomping or indentation indicators, but found '#' while scanning a block scalar"),
    ),
    (
        "a tab that only strictyaml refuses",
        SMALL + "    why: |\t# x\n      text\n",
        "9:11: a tab can't stand here; use spaces",
    ),
    (
        "an open bracket",
        SMALL + "merge_order: [form-typos\n",
        "10:1: not YAML: did not find expected ',' or ']' (while parsing a flow sequence)",
    ),
    (
        "two documents",
        SMALL + "---\n" + SMALL,
        "9:1: a second document; a plan is one, so take out this `---`",
    ),
    (
        "an empty file",
        "",
        "1:1: the file is empty; a plan begins with `batch: NAME`",
    ),
    (
        "only a comment",
        "# later\n",
        "1:1: the file is empty; a plan begins with `batch: NAME`",
    ),
    (
        "a list",
        "- a\n- b\n",
        "1:1: expected a mapping that begins with `batch: NAME`",
    ),
    (
        "a text",
        "plan\n",
        "1:1: expected a mapping that begins with `batch: NAME`",
    ),
    (
        "a list as a key",
        SMALL + "? [a]\n: b\n",
        "9:3: expected a name for a key, found a list",
    ),
    (
        "deep nesting",
        SMALL + "policy: " + "[" * 50000,
        "9:20: nested deeper than 12 levels; no plan needs that",
    ),
    (
        "deep nesting of mappings",
        SMALL + "policy: " + "{a: " * 50000,
        "9:53: nested deeper than 12 levels; no plan needs that",
    ),
    (
        "deep nesting in block style",
        SMALL + "policy:\n  " + "- " * 5000,
        "10:25: nested deeper than 12 levels; no plan needs that",
    ),
    (
        "a control character",
        SMALL + "    why: a\x07b\n",
        "9:11: the character U+0007 can't be in a plan; take it out",
    ),
    (
        "a line separator",
        SMALL + "    why: a\u2028b\n",
        "9:11: the character U+2028 can't be in a plan; take it out",
    ),
    (
        "a byte order mark",
        "\ufeff" + SMALL,
        "1:1: the character U+FEFF can't be in a plan; save the file as UTF-8 without a byte order mark",
    ),
]


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(PlanError) as raised:
        parse(text, Path("plans/auth.yaml"), "plans/auth.yaml")
    return raised.value.faults


@pytest.mark.parametrize(("text", "expected"), [pytest.param(*one[1:], id=one[0]) for one in BAD])
def test_a_bad_plan_gets_exactly_its_fault(text: str, expected: str) -> None:
    (fault,) = faults(text)
    assert fault.splitlines()[0] == f"plans/auth.yaml:{expected}"


@pytest.mark.parametrize("text", [pytest.param(one[1], id=one[0]) for one in BAD])
def test_the_caret_stands_below_the_column_that_the_fault_names(text: str) -> None:
    (fault,) = faults(text)
    first, source, caret = fault.split("\n")
    line, column = (int(part) for part in first.split(":")[1:3])
    whole = (*text.split("\n"), "")[line - 1]
    shown = source.removeprefix("  ")
    assert caret.endswith("^")
    assert len(shown) <= 160
    if len(whole) <= 160:
        assert len(caret) - 3 == column - 1
        assert len(shown) == len(whole)
    assert all(one.isprintable() or one == "\t" for one in shown)


def test_a_fault_shows_file_line_column_source_and_caret() -> None:
    (fault,) = faults(SMALL + "    issue: [54]\n")
    assert fault == (
        "plans/auth.yaml:9:5: unit 'form-typos': unknown key 'issue'; did you mean 'issues'?\n"
        "      issue: [54]\n"
        "      ^"
    )


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    text = """\
batch: Auth
units:
  - unit: claim-verdicts
    issues: [41, x]
    type: refctor
    after: [form-typo]
  - unit: form-typos
    issues: [52, 41]
    colour: red
skip:
  - issue: 52
policy: {reviewers: 0, merge: atuo}
merge_order: [form-typos, claims]
"""
    assert [fault.splitlines()[0].removeprefix("plans/auth.yaml:") for fault in faults(text)] == [
        "1:8: batch: expected lower-case words joined by `-`, 80 characters at most, found 'Auth'",
        "4:18: unit 'claim-verdicts': issues: expected a number such as 41, found 'x'",
        (
            "5:11: unit 'claim-verdicts': type: expected feat, fix, refactor, perf, docs, test, build, ci or chore, "
            "found 'refctor'; did you mean 'refactor'?"
        ),
        "6:13: unit 'claim-verdicts': after: unknown unit 'form-typo'; did you mean 'form-typos'?",
        "7:5: unit 'form-typos': 'type' is missing; expected feat, fix, refactor, perf, docs, test, build, ci or chore",
        "8:18: unit 'form-typos': issue #41 is in unit 'claim-verdicts' already",
        "9:5: unit 'form-typos': unknown key 'colour'; `waves schema` lists them all",
        "11:5: skip: 'why' is missing; expected text",
        "11:12: issue #52 is skipped here, but unit 'form-typos' does it",
        "12:21: policy.reviewers: expected a whole number from 1 to 200, found '0'",
        "12:31: policy.merge: expected auto or ask, found 'atuo'; did you mean 'auto'?",
        "13:27: merge_order: unknown unit 'claims'; did you mean 'claim-verdicts'?",
    ]


def test_every_cycle_and_every_wrong_turn_is_named() -> None:
    units = "".join(
        f"  - {{unit: {name}, issues: [{number}], type: fix, after: [{after}]}}\n"
        for number, (name, after) in enumerate(
            [("a", "b"), ("b", "a"), ("c", "d"), ("d", "e"), ("e", "c"), ("f", "g"), ("g", "h"), ("h", "")], 1
        )
    )
    found = faults(f"batch: x\nunits:\n{units}merge_order: [f, g, h]\n")
    assert [fault.splitlines()[0].split(": ", 1)[1] for fault in found] == [
        "unit 'a': comes after itself: a after b after a",
        "unit 'c': comes after itself: c after d after e after c",
        "merge_order: 'f' lands before 'g', but comes after it",
        "merge_order: 'g' lands before 'h', but comes after it",
    ]


def test_a_unit_must_not_land_before_one_that_it_comes_after_through_others() -> None:
    text = """batch: x
units:
  - {unit: a, issues: [1], type: fix, after: [b]}
  - {unit: b, issues: [2], type: fix, after: [c]}
  - {unit: c, issues: [3], type: fix, after: [d]}
  - {unit: d, issues: [4], type: fix, after: [e]}
  - {unit: e, issues: [5], type: fix}
merge_order: [a, e]
"""
    (fault,) = faults(text)
    assert fault.startswith("plans/auth.yaml:8:15: merge_order: 'a' lands before 'e', but comes after it\n")


def test_a_thousand_units_in_a_row_are_no_problem() -> None:
    units = "".join(f"- {{unit: u{one}, issues: [{one}], type: fix, after: [u{one + 1}]}}\n" for one in range(1, 1001))
    (fault,) = faults(f"batch: x\nunits:\n{units}")
    assert "unit 'u1000': after: unknown unit 'u1001'; did you mean" in fault


def test_names_from_the_file_can_not_speak_to_the_terminal() -> None:
    text = SMALL + '  - unit: "a\\e[31m\\u202e\\n"\n    "b\\e[2J": 1\n'
    assert all(one.isprintable() or one == "\n" for one in "".join(faults(text)))


def test_a_long_line_is_shown_around_the_fault() -> None:
    why, checks = "y" * 500, "n" * 500
    text = f"batch: x\nunits: [{{unit: a, issues: [1], type: fix, why: {why}, typ: fix, checks: [{checks}]}}]\n"
    (fault,) = faults(text)
    _, source, caret = fault.split("\n")
    assert source[len(caret) - 1 :].startswith("typ: fix")
    assert len(source) == 162


def test_a_tab_before_the_fault_stays_a_tab_before_the_caret() -> None:
    assert show("x", "a:\tb", Spot(0, 3), "no") == "x:1:4: no\n  a:\tb\n    \t^"

"""Reading plans: every form of a good one, the remembered one, and files that are no plan."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plan_texts import SMALL, example, texts

from waves.foundation import records
from waves.foundation.errors import PlanError
from waves.plan.faults import Fault
from waves.plan.kinds import build
from waves.plan.model import Agent, Confirmed, Policy, Ruling, Scope
from waves.plan.reader import describe, parse, read_plan, read_text
from waves.plan.schema import PLAN

SLOW = settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def write(folder: Path, text: str) -> Path:
    path = folder / "plans" / "auth.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())
    return path


# ---- what a plan says


def test_the_design_s_example_reads_as_it_is_meant(tmp_path: Path) -> None:
    plan = read_plan(write(tmp_path, example()))
    assert plan.path == tmp_path / "plans" / "auth.yaml"
    assert (plan.batch, plan.repo, plan.checkout, plan.base) == ("auth", "acme/widgets", "../widgets", "main")
    assert plan.confirmed == Confirmed("ana", date(2026, 11, 20), "3f0a9c")
    assert [unit.branch for unit in plan.units] == [
        "refactor/claim-verdicts", "fix/form-typos", "feat/suggestions-ui", "fix/old-pr",
    ]  # fmt: skip
    first = plan.unit("claim-verdicts")
    assert first.scope == Scope(
        ("src/claims/**", "replace edit_suggestions[] with claim_verdicts[]"), ("the public API of v1",)
    )
    assert [(one.ask, one.answer) for one in first.decisions] == [
        ("keep the old field for one release?", "no, remove it")
    ]
    assert plan.unit("old-pr").pull_request == 77
    assert plan.unit("suggestions-ui").after == ("claim-verdicts",)
    assert (plan.skip[0].issue, plan.findings[0].issues) == (40, (41, 47))
    assert plan.reserved_numbers("suggestions-ui") == (("docs/adr/NNN-*.md", 13),)
    expected = {"tokens_per_unit": 3_000_000, "tokens_per_batch": 40_000_000, "max_blob": 50 * 2**20}
    assert plan.policy == dataclasses.replace(Policy(), **expected)
    assert plan.agent == Agent("codex", model="gpt-5-codex")
    assert plan.agent_for("reviewer") == Agent("codex", model="gpt-5")
    assert plan.rulings == (Ruling("claim-verdicts", "B2@0", "defer", "belongs to 60"),)


def test_an_entry_knows_its_line(tmp_path: Path) -> None:
    text = example()
    plan = read_plan(write(tmp_path, text))
    lines = text.splitlines()
    for one in (*plan.units, *plan.skip, *plan.findings, *plan.numbering, *plan.rulings):
        assert lines[one.line - 1].lstrip().startswith("- ")
    assert "unit: old-pr" in lines[plan.unit("old-pr").line - 1]


def test_a_plan_without_an_agent_uses_codex() -> None:
    plan = parse(SMALL, Path("x"))
    assert plan.agent == Agent("codex")
    assert plan.agent_for("triager") == Agent("codex")


def test_an_agent_of_a_role_replaces_the_whole_of_agent() -> None:
    agents = (
        "agent: {kind: codex, env: [A]}\nagents: {reviewer: {kind: command, command: [review, --fast], effort: low}}\n"
    )
    plan = parse(SMALL + agents, Path("x"))
    assert plan.agent_for("reviewer") == Agent("command", command=("review", "--fast"), effort="low")
    assert plan.agent_for("corrector") == Agent("codex", env=("A",))


def test_everything_is_text_until_the_plan_says_otherwise() -> None:
    text = (
        SMALL
        + "    why: no\n    checks: [yes, 1.0, ~, 2026-01-01]\nagent: {kind: codex, config: {fast: true, n: 010}}\n"
    )
    plan = parse(text, Path("x"))
    assert plan.units[1].why == "no"
    assert plan.units[1].checks == ("yes", "1.0", "~", "2026-01-01")
    assert plan.agent.config == {"fast": "true", "n": "010"}


def test_durations_are_seconds_and_next_is_no_number_yet() -> None:
    policy = "policy: {run_timeout: 2h, stall_timeout: 90s, draft: true, trusted: [ana, bo]}\n"
    plan = parse(SMALL + policy + "numbering: [{series: NN.md, assign: {form-typos: next}}]\n", Path("x"))
    assert (plan.policy.run_timeout, plan.policy.stall_timeout) == (7200.0, 90.0)
    assert (plan.policy.draft, plan.policy.trusted) == (True, ("ana", "bo"))
    assert plan.numbering[0].assign == {"form-typos": None}
    assert plan.reserved_numbers("form-typos") == ()


def test_a_plan_of_one_unit_is_no_fault() -> None:
    assert len(parse("batch: x\nunits: [{unit: a, issues: [1], type: fix}]", Path("x")).units) == 1


@pytest.mark.parametrize("change", ["---\n{}", "{}...\n", "\n\n# a note\n{}", "%YAML 1.1\n---\n{}"])
def test_what_stands_around_the_plan_does_not_matter(change: str) -> None:
    assert parse(change.format(SMALL), Path("x")) == parse(SMALL, Path("x"))


@given(texts())
@SLOW
def test_any_layout_reads_as_what_it_says(written: tuple[dict[str, Any], str]) -> None:
    said, text = written
    plan = parse(text, Path("x"))
    values = build(PLAN, said)
    assert {key: getattr(plan, key) for key in values} == values


# ---- the remembered plan


@given(written=texts())
@SLOW
def test_the_remembered_plan_is_the_same_plan(written: tuple[dict[str, Any], str], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("batch")
    path, accepted = write(folder, written[1]), folder / "records" / "plan.json"
    first = read_plan(path, accepted)
    remembered = accepted.read_bytes()
    second = read_plan(path, accepted)
    assert second == first == read_plan(path)
    assert [unit.line for unit in second.units] == [unit.line for unit in first.units]
    assert accepted.read_bytes() == remembered


def test_a_remembered_plan_is_read_without_any_yaml(tmp_path: Path) -> None:
    path, accepted = write(tmp_path, example()), tmp_path / "plan.json"
    program = (
        "import sys; from pathlib import Path; from waves.plan.reader import read_plan;"
        f"print(len(read_plan(Path({str(path)!r}), Path({str(accepted)!r})).units));"
        "print('yaml' in sys.modules, 'strictyaml' in sys.modules)"
    )
    outputs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True) for _ in "12"
    ]
    assert [one.stdout for one in outputs] == ["4\nTrue True\n", "4\nFalse False\n"]


def test_a_changed_plan_is_checked_again(tmp_path: Path) -> None:
    path, accepted = write(tmp_path, SMALL), tmp_path / "plan.json"
    read_plan(path, accepted)
    write(tmp_path, SMALL.replace("type: fix", "type: docs"))
    assert read_plan(path, accepted).unit("form-typos").type == "docs"
    write(tmp_path, SMALL.replace("type: fix", "type: none"))
    with pytest.raises(PlanError, match="'form-typos': type: expected feat"):
        read_plan(path, accepted)
    write(tmp_path, SMALL.replace("type: fix", "type: docs"))
    assert read_plan(path, accepted).unit("form-typos").type == "docs"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"seal": 1}', b'{"seal": null, "plan": null}', b"\xff"])
def test_a_damaged_memory_is_no_memory(tmp_path: Path, damage: bytes) -> None:
    path, accepted = write(tmp_path, SMALL), tmp_path / "plan.json"
    plan = read_plan(path, accepted)
    accepted.write_bytes(damage)
    assert read_plan(path, accepted) == plan


def test_a_memory_that_somebody_edited_is_no_memory(tmp_path: Path) -> None:
    path, accepted = write(tmp_path, SMALL), tmp_path / "plan.json"
    plan = read_plan(path, accepted)
    remembered = records.read_json(accepted)
    assert remembered
    remembered["plan"]["batch"] = "another"
    records.write_json(accepted, remembered)
    assert read_plan(path, accepted) == plan


def test_a_memory_that_can_not_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "records").write_text("a file where a folder should be")
    assert read_plan(write(tmp_path, SMALL), tmp_path / "records" / "plan.json").batch == "auth"


# ---- files


def test_the_path_is_shown_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, SMALL + "polcy: {}\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for folder, expected in [(tmp_path, "plans/auth.yaml:9:1: "), (elsewhere, f"{path}:9:1: ")]:
        monkeypatch.chdir(folder)
        with pytest.raises(PlanError) as raised:
            read_plan(path)
        assert str(raised.value).startswith(expected)


def test_a_missing_plan_names_a_near_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, SMALL)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PlanError) as raised:
        read_plan(Path("plans/auht.yaml"))
    assert str(raised.value) == "plans/auht.yaml: there is no such plan; did you mean plans/auth.yaml?"
    with pytest.raises(PlanError) as raised:
        read_plan(Path("nowhere/plan.yaml"))
    assert str(raised.value) == "nowhere/plan.yaml: there is no such plan; `waves triage` drafts one"


def test_a_folder_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"not a file; name a plan such as plans/auth\.yaml"):
        read_plan(tmp_path)


def test_bytes_that_are_not_text_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_bytes("batch: auth\nbase: é".encode() + b"\xff\n")
    with pytest.raises(PlanError) as raised:
        read_plan(Path("p.yaml"))
    assert str(raised.value).split("\n")[0] == "p.yaml:2:8: the byte 0xff is not UTF-8; save the file as UTF-8"


def test_a_huge_file_is_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL + "# " + "x" * 600_000)
    with pytest.raises(PlanError, match=r"larger than 512 kB; split the batch$"):
        read_plan(path)


def test_the_text_for_an_edit_keeps_its_line_ends(tmp_path: Path) -> None:
    text = SMALL.replace("\n", "\r\n")
    assert read_text(write(tmp_path, text)) == text


def test_later_faults_are_shown_at_their_place_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, SMALL)
    monkeypatch.chdir(tmp_path)
    found = [Fault(("units", 1, "issues", 1), "unit 'form-typos': unknown issue #53"), Fault(("gone", 1), "no place")]
    assert describe(path, found) == (
        "plans/auth.yaml:7:18: unit 'form-typos': unknown issue #53\n      issues: [52, 53]\n                   ^",
        "plans/auth.yaml:1:1: no place\n  batch: auth\n  ^",
    )


# ---- whatever a file holds, a person gets a fault


@given(st.text(max_size=60))
@settings(SLOW, max_examples=100)
def test_any_text_at_all_has_faults_and_nothing_else(text: str) -> None:
    with pytest.raises(PlanError):
        parse(text, Path("x"))

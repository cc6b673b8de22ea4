"""Caps and limits: whether one more run may begin, from the files that runs leave."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from waves import git
from waves.agents import Failure
from waves.batch.allowance import Allowance, account
from waves.plan.model import Agent, Plan, Policy, Unit

CODEX = Agent("codex")


def allowance(folder: Path, **policy: int) -> Allowance:
    units = tuple(Unit(name, (number,), "feat") for number, name in enumerate("ab", 1))
    plan = Plan(folder / "b.yaml", "b", units, CODEX, policy=Policy(**policy))
    return Allowance(plan, git.Repository(folder, folder, folder), folder)


def used(folder: Path, unit: str, run: str, tokens: int | None, *, over: bool = True) -> None:
    directory = folder / unit / "runs" / run
    directory.mkdir(parents=True)
    (directory / "progress.json").write_text(json.dumps({"tokens": tokens}))
    if over:
        (directory / "judged.json").write_text("{}")


@pytest.mark.parametrize(
    ("caps", "reached"),
    [
        ({}, None),
        ({"tokens_per_unit": 31}, None),
        ({"tokens_per_unit": 30}, "unit 'a' has used 30 tokens of its 30"),
        ({"tokens_per_batch": 36}, None),
        ({"tokens_per_batch": 35}, "the batch has used 35 tokens of its 35"),
        ({"tokens_per_unit": 30, "tokens_per_batch": 35}, "unit 'a' has used 30 tokens of its 30"),
    ],
)
def test_all_runs_count_also_those_that_go_on(tmp_path: Path, caps: dict[str, int], reached: str | None) -> None:
    used(tmp_path, "a", "implementer-1-1", 10)
    used(tmp_path, "a", "reviewer-0-1", 20, over=False)
    used(tmp_path, "a", "reviewer-0-2", None, over=False)
    used(tmp_path, "b", "implementer-1-1", 5)
    failure = allowance(tmp_path, **caps).over_budget("a")
    assert (failure and failure.message) == reached
    assert failure is None or failure.consequence == "person"


def test_a_run_whose_log_is_lost_has_used_what_was_written_down_at_its_end(tmp_path: Path) -> None:
    used(tmp_path, "a", "implementer-1-1", None)
    (tmp_path / "a/runs/implementer-1-1/judged.json").write_text(json.dumps({"tokens": 30}))
    assert allowance(tmp_path, tokens_per_unit=31).over_budget("a") is None
    assert allowance(tmp_path, tokens_per_unit=30).over_budget("a") is not None


def limit(until: float | None) -> Failure:
    return Failure("usage-limit", "the limit is reached", "nothing", until)


def test_a_limit_holds_until_the_time_that_it_named_also_for_others(tmp_path: Path) -> None:
    allowance(tmp_path).note(CODEX, limit(time.time() + 3600))
    failure = allowance(tmp_path).refused(CODEX)
    assert failure is not None
    (file,) = tmp_path.glob("waves-limit-*.json")
    assert f"remove {file} to try sooner" in failure.what_next
    file.unlink()
    assert allowance(tmp_path).refused(CODEX) is None


def test_a_limit_that_is_over_holds_nobody_up(tmp_path: Path) -> None:
    allowance(tmp_path).note(CODEX, limit(time.time() - 1))
    assert allowance(tmp_path).refused(CODEX) is None


def test_one_without_a_time_holds_only_as_long_as_this_process_lives(tmp_path: Path) -> None:
    first = allowance(tmp_path)
    first.note(CODEX, limit(None))
    assert first.refused(CODEX) is not None
    assert allowance(tmp_path).refused(CODEX) is None


def test_agents_of_one_account_differ_in_model_and_effort_alone() -> None:
    provider = {"model_provider": "local"}
    assert account(CODEX) == account(Agent("codex", model="other", effort="high", config={"hide_agent_reasoning": "x"}))
    others = [Agent("codex", config=provider), Agent("codex", env=("KEY",)), Agent("command", command=("x",))]
    assert len({account(one) for one in (CODEX, *others)}) == 4

"""Waves in the target repository's own tools: shells that complete, commit hooks, pull requests."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from loop_world import World

from waves.cli import waves as command_line
from waves.cli.examples import EXAMPLES

TOP = Path(__file__).parents[2]


# ---- examples


@pytest.mark.parametrize("verb", command_line.commands)
def test_the_help_of_every_verb_ends_with_examples_that_parse(verb: str) -> None:
    assert EXAMPLES.get(verb), f"say in waves/cli/examples.py how `waves {verb}` is used"
    for line in EXAMPLES[verb]:
        words = shlex.split(line.partition(" > ")[0])
        assert words[0] == "waves"
        at = words.index(verb)
        command_line.commands[verb].make_context(f"waves {verb}", words[at + 1 :])
        assert at == 1 or words[1:3] == ["-C", "../widgets"]


def test_an_example_is_of_a_verb_that_is_there() -> None:
    assert set(EXAMPLES) <= set(command_line.commands)


# ---- completion


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("waves stat", ["status"]),
        ("waves run --on", ["--once"]),
        ("waves wait --for r", ["ruling"]),
        ("waves status ", ["one", "two"]),
        ("waves rule form", ["form-preview", "form-typos"]),
        ("waves explain no", []),
    ],
)
def test_a_shell_completes_verbs_options_plans_and_units(two_plans: World, typed: str, offered: list[str]) -> None:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" ")), "_WAVES_COMPLETE": "bash_complete"}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'waves'; from waves.cli import main; main()"],
        cwd=two_plans.checkout, env=two_plans.environment | words, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [line.partition(",")[2] for line in done.stdout.split()] == offered, done.stderr


@pytest.fixture(scope="module")
def two_plans(tmp_path_factory: pytest.TempPathFactory, first_world: World) -> World:
    world = World(tmp_path_factory.mktemp("shells")).copy(first_world)
    world.write_plan("form-typos", "other", name="one")
    world.write_plan({"unit": "form-preview", "issues": [7]}, name="two", findings=[
        {"issues": [7, 9], "kind": "same-region", "evidence": "both | @ana", "resolution": "#9 later"}],
        skip=[{"issue": 9, "why": "later"}], merge_order=["form-preview"])  # fmt: skip
    return world


# ---- commits and pull requests


def test_the_commit_hook_refuses_a_faulty_plan(world: World) -> None:
    (hook,) = yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text())
    assert (hook["id"], hook["language"], hook["pass_filenames"]) == ("waves-check", "python", False)
    verb, *arguments = shlex.split(hook["entry"])[1:]
    world.plan("a")
    world.waves(verb, *arguments)
    (world.checkout / "plans/b.yaml").write_text("batch: b\nuntis: []\n")
    assert "unknown key 'untis'" in world.waves(verb, *arguments, code=2).out


def test_a_plan_is_described_for_the_readers_of_a_pull_request(two_plans: World) -> None:
    out = two_plans.waves("check", "two", "--markdown").out
    assert out.startswith("## `plans/two.yaml`\n\n**two: the plan is not committed")
    assert "| `form-preview` | #7 | `feat/form-preview` |  |  |  |\n" in out
    assert "Merged in the order `form-preview`; others when they are ready.\n" in out
    assert "- #9: later\n" in out
    assert "- #7, #9 (same-region): both | (at)ana → no. 9 later\n" in out


def test_the_action_describes_the_plans_and_keeps_the_exit_code(world: World) -> None:
    steps = {step.get("name"): step for step in yaml.safe_load((TOP / "action.yml").read_text())["runs"]["steps"]}
    assert all("${{" not in step.get("run", "") for step in steps.values()), (
        "what strangers name is no part of a script"
    )
    world.plan("a")
    (world.checkout / "plans/bad.yaml").write_text("batch: bad\nunits: `rm`\n")
    runner = world.folder / "runner"
    (runner / "waves").mkdir(parents=True)
    (runner / "waves/bin").symlink_to(Path(sys.executable).parent)
    files = {name: str(runner / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", steps["describe"]["run"]], cwd=world.checkout, text=True,
        env=world.environment | files | {"RUNNER_TEMP": str(runner)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (runner / "GITHUB_OUTPUT").read_text() == "code=2\n"
    page = (runner / "waves.md").read_text()
    assert page == (runner / "GITHUB_STEP_SUMMARY").read_text()
    assert page.startswith("<!-- waves: plans -->\n## `plans/b.yaml`\n\n**b: 1 unit, ready: `doit`**\n")
    assert "\n## `plans/bad.yaml`\n\n**plans/bad.yaml: not a plan yet**\n\n```text\nplans/bad.yaml:2:8: " in page
    code = subprocess.run(["bash", "-c", steps["judge"]["run"]], env=os.environ | {"CODE": "2"}, check=False).returncode
    assert code == 2

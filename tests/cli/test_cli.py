"""The command line as its users meet it: one line for whatever goes wrong, and an exit code that says what it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from loop_world import World

from waves import __version__, cli

VERBS = (
    "accept", "ask", "audit", "check", "confirm", "demo", "deploy", "doctor", "explain", "graph", "init", "logs", "mcp",
    "recover", "report", "rule", "run", "schema", "skill", "status", "stop", "triage", "wait",
)  # fmt: skip


def start(world: World, *arguments: str, at: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A whole process of its own, with its two streams apart."""
    return subprocess.run(
        [sys.executable, "-c", "from waves.cli import main; main()", *arguments], cwd=at or world.checkout,
        env=world.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_without_a_verb_it_says_what_there_is(world: World) -> None:
    done = start(world)
    assert done.returncode == 2
    assert [line.split()[0] for line in done.stderr.partition("Commands:\n")[2].splitlines()[: len(VERBS)]] == list(
        VERBS
    )
    assert start(world, "--help").stdout == done.stderr


def test_the_help_of_no_verb_is_cut_short(world: World) -> None:
    assert "..." not in world.waves("--help").out.partition("Commands:")[2]


def test_it_says_its_version(world: World) -> None:
    assert world.waves("--version").out == f"waves, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "beginning", "end"),
    [
        (["nosuch"], "waves: No such command", "; `waves --help` says more\n"),
        (["status", "--jsn"], "waves status: No such option", "; `waves status --help` says more\n"),
        (["run", "-n", "0"], "waves run: Invalid value for '-n'", "; `waves run --help` says more\n"),
        (["logs"], "waves logs: Missing argument 'UNIT'", "; `waves logs --help` says more\n"),
        (["-C", "nowhere", "status"], "-C nowhere: ", "there is no such folder\n"),
    ],
)
def test_a_mistake_in_the_command_is_one_line_and_code_2(
    world: World, arguments: list[str], beginning: str, end: str
) -> None:
    done = start(world, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(beginning)
    assert done.stderr.endswith(end)


@pytest.mark.parametrize(
    "verb",
    ["init", "check", "confirm", "status", "ask", "wait", "audit", "run", "stop", "explain a", "logs a", "rule a drop"],
)
def test_outside_a_repository_every_verb_says_so(world: World, verb: str) -> None:
    done = world.waves(*verb.split(), at=world.folder, code=2)
    assert done.out == f"{world.folder}: not in a git repository; change to one, or run `git init`\n"


@pytest.mark.parametrize(
    "verb", ["check", "confirm", "status", "ask", "wait", "audit", "run", "explain a", "logs a", "rule a drop"]
)
def test_without_a_plan_every_verb_says_how_to_begin(world: World, verb: str) -> None:
    done = world.waves(*verb.split(), code=2)
    assert done.out.startswith("there is no plan in plans/; ")
    assert "`waves init`" in done.out
    assert done.out.count("\n") == 1


@pytest.mark.parametrize("verb", ["status", "check", "explain one/a", "audit", "logs one/a", "stop"])
def test_a_broken_plan_costs_the_good_one_nothing(world: World, verb: str) -> None:
    world.plan("a", name="one")
    world.run()
    bad = world.checkout / "plans/bad.yaml"
    bad.write_text("batch: bad\nuntis: []\n")
    done = start(world, *verb.split())
    assert "Traceback" not in done.stderr
    if verb == "stop":
        assert (done.returncode, done.stdout) == (0, "no agent is running\n")
    elif verb in ("status", "check", "audit"):
        assert done.returncode == 2
        assert "unknown key 'untis'; did you mean 'units'?" in done.stderr + done.stdout
        assert "one" in done.stdout
    else:
        assert done.returncode == 0


def test_a_verb_works_from_below_the_top_and_through_the_option(world: World) -> None:
    world.plan("a")
    below = world.checkout / "deep"
    below.mkdir()
    expected = world.waves("status").out
    assert world.waves("status", at=below).out == expected
    assert world.waves("-C", "work/deep", "status", at=world.folder).out == expected


@pytest.mark.parametrize("verb", ["explain", "logs", "stop", "rule"])
def test_an_unknown_unit_is_named_with_the_one_that_may_be_meant(world: World, verb: str) -> None:
    world.plan("form-typos")
    done = world.waves(verb, "form-typo", *(["drop"] if verb == "rule" else []), code=2)
    assert done.out == "no unit is called 'form-typo'; did you mean 'form-typos'?\n"


def test_a_unit_of_two_batches_needs_its_batch(world: World) -> None:
    world.write_plan({"unit": "a", "issues": [1]}, name="one")
    world.write_plan({"unit": "a", "issues": [2]}, name="two")
    done = world.waves("explain", "a", code=2)
    assert done.out == "2 batches have a unit 'a'; say one/a or two/a\n"
    assert world.waves("explain", "two/a").out.startswith("issue:two/a: run")
    assert world.waves("explain", "issue:one/a").out.startswith("issue:one/a: run")


@pytest.mark.parametrize("verb", ["explain a", "logs a", "rule a drop", "audit b"])
def test_a_missing_checkout_is_named_with_what_to_do(world: World, verb: str) -> None:
    world.plan("a", checkout="../nowhere")
    done = world.waves(*verb.split(), code=2)
    assert done.out == (
        f"b: there is no repository at {world.folder}/nowhere; clone it there, or correct `checkout` in plans/b.yaml\n"
    )


def test_a_pipe_that_closes_early_is_no_error(world: World) -> None:
    command = f"{sys.executable} -c 'from waves.cli import main; main()' schema; echo code $? >&2"
    done = subprocess.run(
        ["sh", "-c", f"({command}) | head -n 1"], cwd=world.checkout, env=world.environment, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "{\n"
    assert done.stderr == "code 0\n"


def test_a_bug_of_ours_is_one_line_and_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command("broken")
    def broken() -> None:
        raise AssertionError("never so")

    cli.waves.add_command(broken)
    try:
        assert cli.run(["broken"]) == 70
    finally:
        del cli.waves.commands["broken"]
    words, _, log = capsys.readouterr().err.rstrip("\n").rpartition(" ")
    assert words == "this is a bug of Waves: please report it with"
    assert "AssertionError: never so" in Path(log).read_text()
    Path(log).unlink()


def test_a_file_that_can_not_be_written_is_no_bug_of_ours(world: World) -> None:
    world.plan("a")
    proof = world.checkout / ".waves/b/audit.json"
    proof.mkdir(parents=True)
    done = world.waves("audit", code=1)
    assert done.out == f"{proof}: Is a directory; see to the disk and to who may write there, then run again\n"


def test_an_outcome_that_was_edited_into_another_shape_is_none(world: World) -> None:
    world.plan("a")
    (world.checkout / ".waves/b/a").mkdir(parents=True)
    for outcome in ({"final": True}, {"final": True, "state": "merged", "parts": 3}, []):
        (world.checkout / ".waves/b/a/outcome.json").write_text(json.dumps(outcome))
        assert "0 of 1 units merged" in world.waves("status").out


def test_the_schema_is_json(world: World) -> None:
    assert json.loads(world.waves("schema").out)["title"] == "A plan of Waves"


# ---- init


def test_init_makes_a_repository_ready_and_changes_nothing_the_second_time(world: World) -> None:
    (world.checkout / "dodo.py").unlink()
    (world.checkout / ".git/info/exclude").unlink()
    first = world.waves("init").out.splitlines()
    assert [line.partition(":")[0].partition(",")[0] for line in first] == [
        "wrote dodo.py",
        "made plans/",
        "ignored /.waves/ and /.worktrees/ in .git/info/exclude",
        "next",
    ]
    before = {path: path.read_bytes() for path in world.checkout.rglob("*") if path.is_file()}
    assert world.waves("init").out.splitlines() == first[-1:]
    assert {path: path.read_bytes() for path in world.checkout.rglob("*") if path.is_file()} == before


def test_init_leaves_a_dodo_of_somebody_elses_and_says_what_to_add(world: World) -> None:
    (world.checkout / "dodo.py").write_text("def task_mine():\n    pass\n")
    lines = world.waves("init").out
    assert lines.startswith(
        'left dodo.py as it is; add to it:\n\nfrom waves.tasks import load\n\nglobals().update(load("plans"))\n'
    )
    assert (world.checkout / "dodo.py").read_text() == "def task_mine():\n    pass\n"


# ---- what start-up costs


@pytest.mark.parametrize("arguments", [["-m", "doit"], ["-c", "from waves.cli import main; main()", "status"]])
def test_looking_at_a_finished_batch_imports_nothing_heavy(world: World, arguments: list[str]) -> None:
    world.plan("a")
    world.run()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], cwd=world.checkout, env=world.environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "waves.batch.workspace" in imported
    heavy = {"rich.console", "rich.live", "jinja2", "github", "jsonschema", "strictyaml", "yaml", "waves.agents.run"}
    assert imported & heavy == set()


def test_a_look_changes_nothing_in_git(world: World) -> None:
    world.plan("a")
    before = world.git("status", "--porcelain", "--ignored"), world.git("for-each-ref")
    for verb in ("status", "check", "explain a"):
        world.waves(*verb.split())
    ignored = world.git("status", "--porcelain", "--ignored").replace("!! .waves/", "").strip()
    assert (ignored, world.git("for-each-ref")) == (before[0].replace("!! .waves/", "").strip(), before[1])
    assert [path.name for path in (world.checkout / ".waves").iterdir()] == ["accepted"]


def test_the_demo_keeps_away_from_a_folder_that_is_in_use(world: World) -> None:
    done = world.waves("demo", ".", code=2)
    assert done.out == ".: there is something else already; name another folder\n"

"""The documents say what is so: their examples run, their commands exist, their tables are those of the code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import commands_page
import plan_page
import pytest
from loop_world import IMPLEMENT, NOTHING_AMISS, World, item, review

from waves.agents.command import Command
from waves.cli import waves as command_line
from waves.lifecycle import contracts
from waves.plan import reader

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text("utf-8")
PAGES = {path.name: path.read_text("utf-8") for path in (TOP / "docs").glob("*.md")} | {
    name: (TOP / name).read_text("utf-8") for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
}
BESIDE = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # where `waves` and `doit` are


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def section(page: str, heading: str) -> str:
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def first_column(page: str, pattern: str) -> list[str]:
    """The code in the first column of the tables, as far as it matches."""
    return re.findall(rf"^\| `({pattern})` \|", page, re.MULTILINE)


# ---- the README


def set_up(lock: str, last: str) -> list[str]:
    install = f".venv/bin/pip install --require-hashes -r requirements/{lock}.txt"
    return ["python3 -m venv .venv", install, ".venv/bin/pip install --no-deps --no-build-isolation .", last]


def test_the_two_set_up_commands_stand_alone_in_the_readme() -> None:
    assert [block.strip().split(" && ") for block in blocks(section(README, "Try it"), "sh")] == [
        set_up("run", ".venv/bin/doit"),
        set_up("test", ".venv/bin/pytest -n auto"),
    ]


def test_the_check_before_a_submission_runs_the_readmes_test_command() -> None:
    script = (TOP / ".ci/run").read_text().replace("install --quiet ", "install ").splitlines()
    told = set_up("test", ".venv/bin/pytest -n auto")
    assert [line for line in script if line in told] == told
    assert script[-1] == told[-1]


def test_the_first_plan_of_the_readme_works_word_for_word(world: World) -> None:
    script = "\n".join(blocks(section(README, "A first plan of your own"), "sh"))
    done = run(world, script)
    assert done.returncode == 0, done.stdout
    for promised in blocks(section(README, "A first plan of your own"), "text"):
        assert promised in done.stdout
    assert (
        "first: not confirmed, so nothing is dispatched; read plans/first.yaml, then `waves confirm first`"
        in done.stdout
    )
    assert done.stdout.endswith("Have a nice day.\nHave a nice day.\n")
    greeter = world.folder / "greeter"
    assert world.git("status", "--porcelain", at=greeter) == ""
    subjects = world.git("log", "--format=%s", at=greeter).splitlines()
    assert [subject.partition(" (#")[0] for subject in subjects] == [
        "feat: Add a farewell", "feat: Add a greeting", "chore: the first plan", "chore: issues and an agent",
    ]  # fmt: skip


def test_the_tutorial_works_word_for_word(world: World) -> None:
    done = run(world, "\n".join(blocks(PAGES["tutorial.md"], "sh")))
    assert done.returncode == 0, done.stdout
    for promised in blocks(PAGES["tutorial.md"], "text"):
        assert promised in done.stdout
    assert "\nexit code 10\n" in done.stdout
    assert "why: a matter of taste\n" in done.stdout


def test_every_page_is_on_the_site_that_is_built_before_a_submission() -> None:
    script = (TOP / ".ci/run").read_text()
    assert "requirements/docs.txt\n" in script
    assert "mkdocs build --strict\n" in script
    nav = (TOP / "mkdocs.yml").read_text().partition("\nnav:\n")[2]
    at_top = {"index.md", "contributing.md", "changes.md", "security.md"}
    assert (
        set(re.findall(r"(\S+\.md)$", nav, re.MULTILINE))
        == {path.name for path in (TOP / "docs").glob("*.md")} | at_top
    )


def run(world: World, script: str) -> subprocess.CompletedProcess[str]:
    """As a person types it, each line only if the one before went well."""
    who = {f"GIT_{role}_{what}": "ana@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    (world.home / ".gitconfig").write_text("[user]\n\tname = Ana\n\temail = ana@example.org\n")
    return subprocess.run(
        ["sh", "-ec", script], cwd=world.folder, env=world.environment | who | {"PATH": BESIDE}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False,
    )  # fmt: skip


def test_the_demo_ends_as_the_readme_says(world: World) -> None:
    for name in ("dodo.py", "plans"):
        source = TOP / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, world.checkout / name)
    world.commit({}, "chore: the demo")
    done = run(world, f"cd work && {sys.executable} -m doit && waves audit")
    assert done.returncode == 0, done.stdout
    (promised,) = blocks(section(README, "Try it"), "text")
    assert f"\n{promised}" in done.stdout
    assert "batch demo: done, and proved" in done.stdout


# ---- commands


def test_every_command_is_documented_and_every_command_documented_is_there() -> None:
    listed = re.findall(r"^\| `waves ([a-z]+)` \| (.*) \|$", section(README, "Commands"), re.MULTILINE)
    known = {name: command.get_short_help_str(limit=200) for name, command in command_line.commands.items()}
    assert {name: text[0].upper() + text[1:] + "." for name, text in listed} == known
    assert set(commands_page.VERBS) == set(known)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_names_a_command_that_is_not_there(name: str) -> None:
    if name in ("design.md", "performance.md"):
        return  # what is to come
    coming = {"deploy", "recover"}  # named where the plan file has keys for them
    assert set(re.findall(r"`waves ([a-z]+)", PAGES[name])) <= {*command_line.commands} | coming


def test_the_help_of_every_command_is_that_of_the_page() -> None:
    assert commands_page.page() == PAGES["commands.md"]


def test_the_exit_codes_of_the_readme_are_those_of_the_help() -> None:
    listed = re.findall(r"^\| (\d+) \| ([^|]*) \|$", section(README, "Commands"), re.MULTILINE)
    epilog = " ".join((command_line.epilog or "").split())
    assert [int(code) for code, _ in listed] == [0, 1, 2, 10, 75, 70, 130]
    for code, meaning in listed:
        assert f"{code} {meaning.replace(', with a log file', ' (with a log file)')}" in epilog


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages_lead_somewhere(name: str) -> None:
    folder = TOP / "docs" if (TOP / "docs" / name).exists() else TOP
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", PAGES[name]):
        assert target.startswith("http") or (folder / target).exists(), target


# ---- the plan file


def test_the_tables_of_the_plan_page_are_those_of_the_description() -> None:
    assert plan_page.renewed(PAGES["plan.md"]) == PAGES["plan.md"]


def test_the_plan_of_the_plan_page_is_one() -> None:
    text, notify = blocks(PAGES["plan.md"], "yaml")
    plan = reader.parse(text + notify, TOP / "plans" / "form.yaml")
    assert [unit.name for unit in plan.units] == ["form-typos", "form-preview"]


# ---- agents


def test_the_schemas_of_the_agents_page_are_those_that_answers_must_fit() -> None:
    assert [json.loads(block) for block in blocks(PAGES["agents.md"], "json")] == [
        contracts.schema_of("reviewer", strict=False),
        contracts.SCHEMAS["arbiter"],
        contracts.SCHEMAS["triager"],
    ]


def test_the_agent_of_the_agents_page_works(world: World) -> None:
    (script,) = blocks(PAGES["agents.md"], "sh")
    agent = {"kind": "command", "command": ["sh", "agent.sh"]}
    world.commit({"agent.sh": script})
    world.plan("a", agent=agent, local={"checks": ["test -s NOTES.md"]})
    world.run()
    assert world.tree()["NOTES.md"] == "done for good"
    assert "It says how, not what." in world.comments("feat/a")["cycle-0"]
    assert world.audit() == NOTHING_AMISS
    assert (world.unit("a") / "codex.out").read_text() == "I added a line to NOTES.md.\n"


@pytest.mark.parametrize("role", ["implementer", "reviewer"])
def test_an_agent_gets_the_variables_of_the_agents_page(tmp_path: Path, role: str) -> None:
    from waves.agents import Job
    from waves.plan.model import Agent

    job = Job(role, "a", "0", tmp_path, tmp_path, 1.0, 1.0, {})
    spec = Command().spec(Agent("command", command=("sh",), env=("MY_AGENT_KEY",)), job)
    told = {name for name in spec.env if name.startswith("WAVES_")}
    listed = set(first_column(PAGES["agents.md"], r"WAVES_\w+"))
    assert told == (listed if role == "reviewer" else listed - {"WAVES_SCHEMA"})
    assert "MY_AGENT_KEY" not in spec.env
    assert spec.inherit == ("MY_AGENT_KEY",)


# ---- JSON

KINDS = {"text": str, "number": (int, float), "boolean": bool, "list": list}


def shape(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every path in a JSON value, with what stands there."""
    for key, one in value.items():
        here = f"{path}{key}"
        yield here, one
        for each in one if isinstance(one, list) else ():
            if isinstance(each, dict):
                yield from shape(each, f"{here}[].")


def fits(kind: str, value: Any) -> bool:
    if kind.endswith(" or null"):
        return value is None or fits(kind.removesuffix(" or null"), value)
    if kind.startswith("list of "):
        return isinstance(value, list) and all(fits(kind.removeprefix("list of "), each) for each in value)
    if kind == "number" and isinstance(value, bool):
        return False
    return isinstance(value, KINDS[kind])  # type: ignore[arg-type]


def test_what_json_says_is_what_the_page_says(world: World) -> None:
    """An item to rule on, a broken plan beside it, a unit taken out of its plan: every list has an entry."""
    rest = {"policy": {"nits": "ask"}, "skip": [{"issue": 9, "why": "later"}]}
    world.plan("a", "c", "gone", **rest)
    world.agent(reviewer_a_0=review("approved", nits=[item()]), reviewer_gone_0=review("approved", nits=[item()]))
    world.agent(implementer_a="echo x >> app.txt; git stash -q\n" + IMPLEMENT)
    world.run(code=10)
    world.plan("a", "c", **rest)
    (world.checkout / "plans/bad.yaml").write_text("batch: bad\nuntis: []\n")
    world.commit({"bo.txt": "bo\n"}, "chore: bo", at=world.colleague())
    for command, code in (("audit", 2), ("status", 2), ("ask", 2), ("explain a", 0)):
        out = world.waves(*command.split(), "--json", code=code).out
        check_json(command, json.loads(out[out.index("{\n") :]))


def test_what_triage_says_in_json_is_what_the_page_says(world: World) -> None:
    world.issue(1, "# All of it\n\n- [ ] #2\n- [ ] #3\n")
    for number in (2, 3):
        world.issue(number, f"# Thing {number}\n\nAdd an ADR in `docs/adr/`.\n")
    world.commit({f"docs/adr/00{number}-x.md": "" for number in (1, 2, 3)})
    check_json("triage", json.loads(world.waves("triage", "1", "2", "3", "--batch", "x", "--json").out))


def check_json(command: str, value: Any) -> None:
    heading = f"`waves {command.split()[0]} --json`"
    documented = dict(re.findall(r"^\| `([\w.\[\]]+)` \| ([^|]+) \|", section(PAGES["json.md"], heading), re.MULTILINE))
    found = list(shape(value))
    assert {path for path, _ in found} == set(documented), heading
    for path, one in found:
        assert fits(documented[path], one), (heading, path, one)


# ---- files


def test_every_file_that_a_unit_leaves_is_on_the_page(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=review("blocking", blocking=[item()]))
    world.run()
    listed = set(first_column(PAGES["files.md"], r"[^`]+"))
    for path in world.unit("a").iterdir():
        name = re.sub(r"-\d+\.", "-J." if path.name.startswith("land") else "-K.", path.name)
        assert name in listed or f"{name}/" in listed, path.name


# ---- security


def test_every_test_that_the_page_on_security_names_is_there() -> None:
    rows = re.findall(
        r"^\|[^|]+\|[^|]+\|[^|]+\|([^|]+)\|[^|]+\|$", section(PAGES["SECURITY.md"], "What protects what"), re.MULTILINE
    )
    named = [name for row in rows[1:] for name in re.findall(r"`([^`]+)`", row)]
    assert len(named) > 40
    tests = TOP / "tests"
    assert [name for name in named if not (tests / f"{name}.py").exists() and not (tests / name).is_dir()] == []

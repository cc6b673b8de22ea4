"""The doit graph of plans: its names, its order, and that asking doit about it changes nothing."""

from __future__ import annotations

import graphlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from doit.control import TaskControl
from doit.doit_cmd import DoitMain
from doit.loader import load_tasks
from hypothesis import given, settings
from hypothesis import strategies as st

from waves import tasks
from waves.batch.workspace import plans
from waves.tasks import KINDS

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = [command.get_name() for command in DoitMain.DOIT_CMDS]


def git(*arguments: str, at: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = {f"GIT_{role}_{what}": "ana@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *arguments], cwd=at, env=kept | who | {"GIT_CONFIG_GLOBAL": os.devnull}, check=True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("repository")
    git("init", "-q", "--template=", "--initial-branch=main", at=path)
    (path / "plans").mkdir()
    return path


def write(repository: Path, after: Mapping[str, list[str]], order: list[str], **keys: Any) -> None:
    """The plan `auth`, in the form of JSON, which is YAML as well."""
    units = [
        {"unit": name, "issues": [number], "type": "fix"} | ({"after": earlier} if earlier else {})
        for number, (name, earlier) in enumerate(after.items(), 1)
    ]
    plan = {"batch": "auth", "units": units} | ({"merge_order": order} if order else {}) | keys
    (repository / "plans" / "auth.yaml").write_text(json.dumps(plan, indent=1))


class Graph:
    """The tasks as doit itself takes them, checked by it: names, dependencies that are there, commands."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        loaded = TaskControl(load_tasks(namespace, COMMANDS))
        self.before = {name: set(task.task_dep) for name, task in loaded.tasks.items() if not task.has_subtask}
        self.order = [*graphlib.TopologicalSorter(self.before).static_order()]  # raises on a circle
        self._all_before: dict[str, set[str]] = {}
        for name in self.order:
            self._all_before[name] = self.before[name].union(*(self._all_before[one] for one in self.before[name]))

    def all_before(self, name: str) -> set[str]:
        return self._all_before[name]

    def units_before(self, name: str) -> set[str]:
        """Units that something must have become of before a step, its own excepted."""
        units = {one.rpartition("/")[2].partition("@")[0] for one in self.all_before(name) if "/" in one}
        return units - {name.rpartition("/")[2].partition("@")[0]}


def graph_of(repository: Path, **more: Any) -> Graph:
    return Graph(tasks.namespace(list(plans(repository)), **more))


NAMES = ["a", "b", "c", "d", "e"]


@st.composite
def orders(draw: st.DrawFn) -> tuple[dict[str, list[str]], list[str]]:
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    some = st.lists(st.sampled_from(names), unique=True, max_size=2)
    # Mostly of earlier ones, so that most of the plans make sense.
    after = {name: draw(some if draw(st.integers(0, 9)) == 0 else _some_of(names[:place]))
             for place, name in enumerate(names)}  # fmt: skip
    order = draw(st.permutations(names)) if draw(st.integers(0, 3)) == 0 else names
    return after, order[: draw(st.integers(0, len(names)))]


def _some_of(names: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), unique=True, max_size=2) if names else st.just([])


def needed(after: Mapping[str, list[str]], order: list[str], name: str) -> set[str]:
    """Units that must have come to an end before one may begin, by the plan's own words."""
    found: set[str] = set()
    waiting = list(after[name])
    while waiting:
        unit = waiting.pop()
        if unit not in found:
            found.add(unit)
            waiting += after[unit]
            waiting += order[: order.index(unit)] if unit in order else []
    return found


@settings(max_examples=60)
@given(orders())
def test_the_graph_is_what_the_plan_says(repository: Path, plan: tuple[dict[str, list[str]], list[str]]) -> None:
    after, order = plan
    write(repository, after, order)
    [planned] = plans(repository)
    graph = graph_of(repository)
    if planned.fault:
        assert "after itself" in str(planned.fault) or "but comes after it" in str(planned.fault)
        assert list(graph.before) == ["batch:auth.yaml"]
        return
    assert graph.order[-1] == "batch:auth"
    assert graph.all_before("batch:auth") == set(graph.before) - {"batch:auth"}, "one doit runs all of it"
    for name, earlier in after.items():
        steps = [one for one in graph.before if one.partition("@")[0].endswith(f":auth/{name}")]
        assert graph.all_before(f"settled:auth/{name}") >= {*steps} - {f"settled:auth/{name}"}
        assert {f"settled:auth/{one}" for one in earlier} <= graph.before[f"issue:auth/{name}"]
        # Nobody else holds it up: neither its work nor, where the order does not name it, its landing.
        assert graph.units_before(f"decide:auth/{name}@0") == needed(after, order, name)
        lands_after = order[: order.index(name)] if name in order else []
        assert {f"settled:auth/{one}" for one in lands_after} <= graph.all_before(f"land:auth/{name}@0")
        wanted = needed(after, order, name).union(lands_after, *(needed(after, order, one) for one in lands_after))
        assert graph.units_before(f"settled:auth/{name}") == wanted


def test_steps_are_named_after_batch_unit_and_cycle(repository: Path) -> None:
    write(repository, {"a": []}, [], policy={"correction_cycles": 1})
    found = list(graph_of(repository).before)
    assert [one for one in found if one.startswith("correct:")] == [
        f"correct:auth/a@{at}" for at in ("1", "2", "turn1", "turn2", "turn3", "turn4")
    ]
    once = {f"{kind}:auth/a" for kind in ("issue", "worktree", "prompt", "implement", "pr", "cleanup", "settled")}
    assert {one for one in found if "@" not in one} == {*once, "audit:auth", "batch:auth"}
    assert {one.partition(":")[0] for one in found} == {*KINDS, "audit", "batch"}


def test_no_kind_of_step_is_called_like_a_command_of_doit() -> None:
    assert {*KINDS, "audit", "batch"} & {*COMMANDS} == set()
    assert "clean" in COMMANDS


def test_what_comes_first_comes_before_every_step(repository: Path) -> None:
    write(repository, {"a": [], "b": ["a"]}, [])
    namespace = tasks.namespace(list(plans(repository)), first=["sample"])
    graph = Graph(namespace | {"task_sample": lambda: {"actions": []}})
    assert all("sample" in before for name, before in graph.before.items() if name != "sample")


def test_two_plans_stand_side_by_side_and_a_broken_one_stops_no_other(repository: Path) -> None:
    write(repository, {"a": []}, [])
    other = repository / "plans" / "other.yaml"
    try:
        other.write_text(
            (repository / "plans" / "auth.yaml").read_text().replace('"auth"', '"other"').replace("1", "9")
        )
        both = graph_of(repository)
        assert {"settled:auth/a", "settled:other/a"} <= set(both.before)
        assert not any("other" in one for one in both.all_before("batch:auth"))
        other.write_text("batch: [")
        assert "settled:auth/a" in graph_of(repository).before
    finally:
        other.unlink()


COME_TO = st.sets(st.sampled_from(
    ["issue", "worktree", "prompt", "implement", "pr", "checks@0", "review@0", "decide@0", "correct@1", "review@1",
     "decide@1", "correct@7", "review@7", "land@0", "correct@turn1", "decide@turn1", "land@1", "cleanup"]
))  # fmt: skip


@settings(max_examples=30)
@given(COME_TO, st.randoms(use_true_random=False))
def test_a_unit_that_is_merged_keeps_only_what_it_came_to(repository: Path, steps: set[str], order: Any) -> None:
    write(repository, {"a": [], "b": ["a"]}, ["a", "b"])
    came_to = sorted(steps)
    order.shuffle(came_to)
    outcome = repository / ".waves" / "auth" / "a" / "outcome.json"
    outcome.parent.mkdir(parents=True, exist_ok=True)
    ended = {"state": "merged", "reason": "", "final": True, "steps": came_to, "parts": {}, "time": 1.0}
    outcome.write_text(json.dumps(ended))
    try:
        graph = graph_of(repository)
    finally:
        shutil.rmtree(repository / ".waves" / "auth")
    named = {f"{kind}:auth/a" + (f"@{at}" if at else "") for kind, _, at in (one.partition("@") for one in steps)}
    own = {one for one in graph.before if one.partition("@")[0].endswith(":auth/a")}
    assert own == named | {"settled:auth/a"}
    assert "settled:auth/a" in graph.before["issue:auth/b"]


# ---- asking doit, before anything ran


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """This repository's own dodo.py and plan of the demo, committed."""
    shutil.copy(ROOT / "dodo.py", tmp_path)
    (tmp_path / "plans").mkdir()
    shutil.copy(ROOT / "plans" / "demo.yaml", tmp_path / "plans")
    (tmp_path / ".gitignore").write_text(".waves/\n.worktrees/\n__pycache__/\n")
    git("init", "-q", "--template=", "--initial-branch=main", at=tmp_path)
    git("add", "--all", at=tmp_path)
    git("commit", "-qm", "chore: plan the demo", at=tmp_path)
    return tmp_path


def doit(folder: Path, *arguments: str, code: int = 0) -> str:
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    done = subprocess.run(
        [sys.executable, "-m", "doit", *arguments], cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def tree(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything below a folder: kind and permissions, time of the last change, content."""
    return dict(_entries(folder, folder))


def _entries(top: Path, folder: Path) -> Iterator[tuple[str, tuple[int, int, bytes]]]:
    for path in sorted(folder.iterdir()):
        about = path.lstat()
        name = path.relative_to(top).as_posix()
        if path.is_dir() and not path.is_symlink():
            yield name, (about.st_mode, 0, b"")
            yield from _entries(top, path)
        else:
            yield name, (about.st_mode, about.st_mtime_ns, path.read_bytes())


ASKED = {  # and the exit code: `info` says by it that a task is to be run
    ("list",): 0,
    ("list", "--all", "--status"): 0,
    ("list", "--deps", "batch:demo"): 0,
    ("list", "review"): 0,
    ("info", "implement:demo/json-output"): 1,
    ("info", "land:demo/reading-time@1"): 1,
}
# What was read of a plan is remembered, to save time, and git is told to overlook that.
MEMORY = {
    ".waves",
    ".waves/accepted",
    ".waves/accepted/demo.json",
    ".git/info",
    ".git/info/exclude",
    ".git/waves-exclude.lock",
}


def test_asking_doit_changes_nothing_and_dispatches_nothing(demo: Path) -> None:
    before = tree(demo)
    for arguments, code in ASKED.items():
        doit(demo, *arguments, code=code)
    after = tree(demo)
    assert set(after) - set(before) <= MEMORY
    assert {name: after[name] for name in before} == before
    doit(demo, "sample")
    before = tree(demo)
    for arguments, code in ASKED.items():
        doit(demo, *arguments, code=code)
    assert tree(demo) == before


def test_the_list_has_every_step_with_its_state(demo: Path) -> None:
    for _ in range(2):  # without the repository that the plan works on, and with it
        lines = doit(demo, "list", "--all", "--status").splitlines()
        listed = {line.split()[1]: line.split()[0] for line in lines if ":" in line.split()[1]}
        assert {"issue:demo/encodings", "correct:demo/encodings@turn3", "land:demo/reading-time@1"} <= set(listed)
        assert set(listed.values()) == {"R"}, "all of it is still to be run"
        doit(demo, "sample")
    kinds = {line.split()[0] for line in doit(demo, "list").splitlines()}
    assert kinds == {*KINDS, "audit", "batch", "sample"}


def test_one_step_can_be_asked_for_and_brings_only_what_it_needs(demo: Path) -> None:
    doit(demo, "prompt:demo/encodings")
    folder = demo / ".waves/tally/.waves/demo"
    assert [one.name for one in folder.iterdir() if one.is_dir()] == ["encodings"]
    assert (folder / "encodings" / "prompt.md").is_file()
    assert sorted(one.stem for one in (folder / "encodings" / "records").iterdir()) == ["issue", "prompt", "worktree"]
    assert not (folder / "encodings" / "runs").exists(), "no agent ran"
    assert "up-to-date" in doit(demo, "info", "prompt:demo/encodings")
    listed = doit(demo, "list", "--all", "--status", "prompt", "implement")
    states = {line.split()[1]: line.split()[0] for line in listed.splitlines() if "encodings" in line}
    assert states == {"prompt:demo/encodings": "U", "implement:demo/encodings": "R"}


def test_a_step_of_a_plan_that_nobody_confirmed_does_nothing(demo: Path) -> None:
    plan = demo / "plans" / "demo.yaml"
    text = plan.read_text()
    assert text.count("confirmed:") == 1
    plan.write_text(text.replace("confirmed:", "# confirmed:").replace("  by: demo\n  on: 2026-01-05\n", ""))
    doit(demo, "worktree:demo/encodings")
    assert not (demo / ".waves/tally/.waves/demo").exists()
    assert "not confirmed" in doit(demo, code=1)

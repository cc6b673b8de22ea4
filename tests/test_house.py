"""The house itself: which module may import which, how modules read, and what a start-up pays for."""

from __future__ import annotations

import ast
import graphlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from plan_texts import DESIGN, SMALL

ROOT = Path(__file__).resolve().parent.parent
# From the ground up: a module imports from the lines above its own, and from its own package. The design has it too.
LAYERS = """
foundation
plan
git
lifecycle
agents, forges
triage
batch
steps
report
tasks
cli
"""
# Decisions, and words: functions of facts, which know no shell. Neither process nor clock nor network is theirs.
PURE = (
    "foundation.inert", "foundation.patterns", "foundation.text", "foundation.scrub", "foundation.suspicious",
    "foundation.keyrings", "lifecycle", "plan", "agents.prompts",
    "triage.model", "triage.text", "triage.regions", "triage.findings", "triage.order",
    "triage.scopes", "triage.claims", "triage.definitions", "triage.draft", "triage.globs", "triage.known",
    "triage.meeting", "triage.naming", "triage.numbered", "triage.proposal", "triage.words", "report.graph",
    "report.layout", "report.stages", "report.timeline",
)  # fmt: skip
OF_PURE = ("foundation.errors", "foundation.records", "foundation.shapes", *PURE)
NOT_PURE = {"os", "random", "shutil", "signal", "socket", "subprocess", "tempfile", "threading", "time"}
# The shell knows what the plan says and what agents owe, and decides nothing.
SHELL = (
    "foundation", "git", "agents.codex", "agents.command", "agents.guard", "agents.run", "report.channels", "forges",
)  # fmt: skip
OF_SHELL = ("agents", "lifecycle.contracts", "plan.model", *SHELL)
LONGEST_MODULE, LONGEST_FUNCTION = 400, 50  # lines
BECOME_ANOTHER = ("agents.parent", "foundation.confinement.layers")  # programs of their own
VAGUE = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common)(_|$)", re.IGNORECASE)
SLOW = {"rich", "jinja2", "github", "jsonschema", "strictyaml"}

Import = ast.Import | ast.ImportFrom
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One of Waves' own modules, as its source says; `name` is without the package's."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def place(self) -> str:
        """What stands in the layers: `agents` of `agents.run`, and `report.texts`, which stands alone."""
        return self.name if self.name in PLACES else self.name.partition(".")[0]

    def imports(self, *, at_start: bool = False, for_types: bool = False) -> Iterator[str]:
        """Full names of what it imports; `at_start`: without what functions import when they are called."""
        for node in _imports(self.tree, at_start=at_start, for_types=for_types):
            if isinstance(node, ast.Import):
                yield from (one.name for one in node.names)
            else:
                assert node.level == 0, f"{self.path}:{node.lineno}: imports are absolute here"
                yield from (f"{node.module}.{one.name}" for one in node.names)

    def own(self, *, at_start: bool = False, for_types: bool = False) -> set[str]:
        """The modules of Waves among its imports, itself excepted."""
        names = {name for name in self.imports(at_start=at_start, for_types=for_types) if name.startswith("waves.")}
        known = {name.removeprefix("waves.") for name in names}
        return {one if one in MODULES else one.rpartition(".")[0] for one in known} - {self.name, ""}

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))


def _imports(node: ast.AST, *, at_start: bool, for_types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if isinstance(child, Import):
            yield child
        elif not (at_start and isinstance(child, Function)) and not (typing_only and not for_types):
            yield from _imports(child, at_start=at_start, for_types=for_types)


def _modules() -> Iterator[Module]:
    for path in sorted((ROOT / "waves").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT / "waves").with_suffix("").parts).removesuffix("__init__").rstrip(".")
        if not name.startswith("cli.demo.sample"):  # the package that the demo works on
            yield Module(name, path)


PLACES = {name: height for height, line in enumerate(LAYERS.split("\n")) for name in line.split(", ") if name}
MODULES = {module.name: module for module in _modules()}
INSIDE = [module for module in MODULES.values() if module.name]  # without the package itself


def among(name: str, several: tuple[str, ...]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in several)


# ---- who may import whom


def test_every_module_has_its_layer_and_no_layer_is_empty() -> None:
    assert {module.place for module in INSIDE} == set(PLACES), "say where it belongs, here and in docs/design.md"


def test_imports_go_down_the_layers_only() -> None:
    wrong = []
    for module in INSIDE:
        for other in sorted(module.own()):
            place = MODULES[other].place
            if place != module.place and PLACES[place] >= PLACES[module.place]:
                wrong.append(f"{module.name} imports {other}")
    assert wrong == []


def test_the_design_has_the_same_layers() -> None:
    found = re.search(r"from the ground up:\n\n```\n(.*?)```", DESIGN.read_text("utf-8"), re.DOTALL)
    assert found
    assert found[1].strip() == LAYERS.strip()


def test_pure_modules_import_no_shell() -> None:
    pure = [module for module in INSIDE if among(module.name, PURE)]
    wrong = [f"{one.name} imports {other}" for one in pure for other in one.own(for_types=True)
             if not among(other, OF_PURE)]  # fmt: skip
    wrong += [f"{one.name} imports {name}" for one in pure for name in one.imports(for_types=True)
              if name.partition(".")[0] in NOT_PURE]  # fmt: skip
    assert wrong == []


def test_the_shell_decides_nothing() -> None:
    shell = [module for module in INSIDE if among(module.name, SHELL)]
    assert [f"{one.name} imports {other}" for one in shell for other in one.own(for_types=True)
            if not among(other, OF_SHELL)] == []  # fmt: skip


def test_modules_import_each_other_in_no_circle() -> None:
    graph = {module.name: module.own(at_start=True) for module in MODULES.values()}
    assert set(graphlib.TopologicalSorter(graph).static_order()) == set(MODULES)


def test_only_one_module_starts_processes() -> None:
    importers = [one.name for one in INSIDE if any(name.startswith("subprocess") for name in one.imports())]
    assert importers == ["foundation.process"]
    otherwise = re.compile(r"\bos\.(system|popen|fork|exec\w*|spawn\w*|posix_spawn\w*)\(|\bpty\.|\bmultiprocessing\b")
    assert [one.name for one in INSIDE if otherwise.search(one.text)] == list(BECOME_ANOTHER)


# ---- how a module reads


def test_a_module_opens_with_one_sentence() -> None:
    wrong = []
    for module in MODULES.values():
        opening = (ast.get_docstring(module.tree) or "").partition("\n\n")[0]
        if not re.fullmatch(r"[^\n]+\.", opening) or re.search(r"\w\. [A-Z]", opening):
            wrong.append(f"{module.path}: {opening!r}")
    assert wrong == []


def test_nothing_is_called_vaguely() -> None:
    wrong = []
    for module in INSIDE:
        named = [node.name for node in ast.walk(module.tree) if isinstance(node, Function | ast.ClassDef)]
        words = [*module.name.split("."), *(re.sub(r"(?<!^)(?=[A-Z])", "_", name) for name in named)]
        wrong += [f"{module.name}: {word}" for word in words if VAGUE.search(word)]
    assert wrong == []


def test_modules_and_functions_are_short() -> None:
    wrong = [one.name for one in MODULES.values() if len(one.text.splitlines()) > LONGEST_MODULE]
    for module in MODULES.values():
        lengths = ((one.name, (one.end_lineno or 0) - one.lineno + 1) for one in module.functions())
        wrong += [f"{module.name}.{name}: {length} lines" for name, length in lengths if length > LONGEST_FUNCTION]
    assert wrong == []


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\bbreakpoint\(|\bNotImplementedError\b")
    assert [one.name for one in MODULES.values() if marks.search(one.text)] == []


# ---- what a start-up pays for


def loaded(action: str, folder: Path) -> set[str]:
    """The top-level modules that a new Python has loaded after some code."""
    code = f"import sys\n{action}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_command_line_starts_without_what_only_some_verbs_need(tmp_path: Path) -> None:
    found = loaded("import waves.cli", tmp_path)
    assert found & {*SLOW, "doit", "yaml"} == set()
    assert {"waves", "click"} <= found


def test_doit_starts_without_what_only_steps_need(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--template="], cwd=tmp_path, check=True)
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "auth.yaml").write_text(SMALL)
    load = "import waves.tasks\nwaves.tasks.load()"
    assert "strictyaml" in loaded(load, tmp_path), "a plan that is new is read with all care"
    found = loaded(load, tmp_path)
    assert found & {*SLOW, "yaml"} == set()
    assert "waves" in found

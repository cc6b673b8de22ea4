"""The demo's sample is sound at every commit, and its scripted agent does what prompts ask, also when called again."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from waves import git
from waves.agents import prompts
from waves.cli import demo
from waves.forges import Issue
from waves.forges.local.issue_files import IssueFolder
from waves.foundation import process
from waves.foundation.errors import UsageError
from waves.plan.model import Plan, Unit
from waves.plan.reader import read_plan
from waves.steps import artifact

TOP = Path(__file__).parents[2]
PLAN: Plan = read_plan(TOP / "plans" / "demo.yaml")
UNITS = {unit.name: unit for unit in PLAN.units}
PERSON = {f"GIT_{who}_{what}": "demo@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
FIRST = "5057e3e9d7bdb1f617fbe3a63bbfa1ee9d3afc29"


@dataclass(frozen=True)
class Tree:
    """A unit's worktree, as the steps of a batch would hand it to an agent."""

    unit: Unit
    repository: git.Repository
    path: Path
    base: str

    @property
    def head(self) -> str:
        return git.resolve(self.repository, "HEAD") or ""

    @property
    def subjects(self) -> list[str]:
        ids = git.commits(self.repository, [self.head], [self.base])
        return [git.message(self.repository, one).splitlines()[0] for one in ids]

    def dispatch(self, **changes: object) -> str:
        facts = prompts.Dispatch(
            unit=self.unit, branch=self.unit.branch, base="main", base_commit=self.base, repository="tally",
            worktree=self.path, issues=tuple(issue(self.path, number) for number in self.unit.issues),
            scratch=self.path.with_suffix(".scratch"), commit_prefix=f"{self.unit.type}:",
            numbers=PLAN.reserved_numbers(self.unit.name), rules=(self.path / "AGENTS.md",),
        )  # fmt: skip
        return prompts.implementer(replace(facts, **changes))  # type: ignore[arg-type]

    def correction(self, **changes: object) -> str:
        facts = prompts.Correction(
            unit=self.unit.name, branch=self.unit.branch, base="main", repository="tally", worktree=self.path,
            scratch=self.path.with_suffix(".scratch"), commit_prefix=f"{self.unit.type}:", prompt=Path("/prompt.md"),
            review=None, checks=self.unit.checks,
        )  # fmt: skip
        return prompts.corrector(replace(facts, **changes))  # type: ignore[arg-type]

    def run(self, role: str, prompt: str) -> str:
        """The agent's standard output; it must end well and leave nothing uncommitted."""
        env = process.clean_environment(PERSON) | {
            "PYTHONPATH": str(TOP), "WAVES_ROLE": role, "WAVES_UNIT": self.unit.name, "WAVES_CYCLE": "0",
            "WAVES_OUTPUT": str(self.path.with_suffix(".json")),
        }  # fmt: skip
        argv = [sys.executable, "-m", "waves.cli.demo.agent"]
        done = process.run(argv, cwd=self.path, env=env, stdin=prompt.encode())
        assert done.code == 0, done.err.decode()
        assert git.uncommitted(self.repository) == []
        return done.text

    def implement(self) -> str:
        return self.run("implementer", self.dispatch())

    def review(self) -> dict[str, object]:
        shown = artifact.shown_files(self.repository, self.base, self.head)
        diff = artifact.whole(shown)
        files = tuple(prompts.ChangedFile(one.path, one.added or 0, one.deleted or 0) for one in shown)
        request = prompts.ReviewRequest(
            unit=self.unit.name, branch=self.unit.branch, base="main", base_commit=self.base, head=self.head,
            repository="tally", worktree=self.path, dispatch_prompt=self.dispatch(), issues=(), diff=diff, files=files,
            schema="{}", answer_file=self.path.with_suffix(".json"),
        )  # fmt: skip
        self.run("reviewer", prompts.reviewer(request))
        answer: dict[str, object] = json.loads(self.path.with_suffix(".json").read_text())
        assert set(answer) == {"verdict", "summary", "blocking", "should_fix", "nits", "scope_violations"}
        return answer


class Sample:
    def __init__(self, folder: Path) -> None:
        demo.make(folder)
        self.folder = folder
        self.repository = git.discover(folder)

    def tree(self, name: str, base: str = "main") -> Tree:
        commit = git.resolve(self.repository, base)
        assert commit
        path = self.folder / ".worktrees" / name
        git.add_worktree(self.repository, path, commit)
        repository = git.worktree_of(self.repository, path)
        assert repository
        return Tree(UNITS[name], repository, path, commit)

    def squash(self, tree: Tree) -> bool:
        """Merge a unit into main here and on origin as the forge does; False: it conflicts."""
        base = git.resolve(self.repository, "refs/heads/main") or ""
        merged = git.merge_tree(self.repository, base, tree.head)
        if merged.tree is None:
            return False
        commit = git.commit_tree(self.repository, merged.tree, [base], f"merge {tree.unit.name}", PERSON)
        git.update_ref(self.repository, "refs/heads/main", commit, base)
        assert git.push(self.repository, commit, "main", base)
        git.fetch(self.repository, ["main"])
        return True


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return Sample(tmp_path / "tally")


def issue(checkout: Path, number: int) -> Issue:
    return IssueFolder(checkout, PLAN.local.issues).issue(number)


def passes(folder: Path) -> bool:
    """The plan's own checks, run in a folder."""
    assert PLAN.local.checks == ("python3 -m unittest -q",)
    env = process.clean_environment({"PYTHONDONTWRITEBYTECODE": "1"})
    return process.run([sys.executable, "-m", "unittest", "-q"], cwd=folder, env=env).code == 0


def order() -> Iterator[str]:
    """The plan's units in an order that its `after` and `merge_order` allow."""
    yield from ("longest-word", "reading-time")
    yield from (unit.name for unit in PLAN.units if unit.name not in PLAN.merge_order)


# ---- the sample and the plan


def test_the_sample_is_a_clean_checkout_of_its_origin_that_passes_its_checks(sample: Sample) -> None:
    assert git.remote_url(sample.repository) == str(sample.folder.parent / "tally-origin.git")
    assert git.remote_heads(sample.repository, "main") == {"main": FIRST}
    assert git.resolve(sample.repository, "HEAD") == FIRST
    assert passes(sample.folder)
    assert git.uncommitted(sample.repository) == []


def test_a_broken_sample_does_not_pass(sample: Sample) -> None:
    (sample.folder / "tally" / "lines.py").write_text("")
    assert not passes(sample.folder)


def test_making_it_again_changes_nothing(sample: Sample) -> None:
    (sample.folder / "README.md").write_text("mine")
    (demo.origin_of(sample.folder) / "description").write_text("mine")
    demo.make(sample.folder)
    assert (sample.folder / "README.md").read_text() == "mine"
    assert (demo.origin_of(sample.folder) / "description").read_text() == "mine"


def test_a_making_that_was_interrupted_is_mended(sample: Sample) -> None:
    shutil.rmtree(sample.folder)
    (sample.folder.parent / ".tally-left").mkdir()
    demo.make(sample.folder)
    assert git.resolve(sample.repository, "HEAD") == FIRST
    assert sorted(path.name for path in sample.folder.parent.iterdir()) == [".tally-left", "tally", "tally-origin.git"]


def test_a_folder_in_the_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tally").mkdir()
    (tmp_path / "tally" / "notes").write_text("mine")
    with pytest.raises(UsageError, match="is in the way of the demo"):
        demo.make(tmp_path / "tally")
    assert [path.name for path in tmp_path.iterdir()] == ["tally"]


def test_every_issue_is_in_one_unit_or_skipped_and_no_other_is_named(sample: Sample) -> None:
    planned = sorted([number for unit in PLAN.units for number in unit.issues] + [skip.issue for skip in PLAN.skip])
    files = sorted(int(path.name.partition("-")[0]) for path in (sample.folder / "issues").iterdir())
    assert planned == files == list(range(1, 12))
    assert all(issue(sample.folder, number).body and issue(sample.folder, number).author for number in files)


# ---- each unit alone


@pytest.mark.parametrize("name", UNITS)
def test_each_unit_makes_one_sound_commit_whose_tests_need_the_change(sample: Sample, name: str) -> None:
    for earlier in UNITS[name].after:
        first = sample.tree(earlier)
        first.implement()
        assert sample.squash(first)
    tree = sample.tree(name)
    assert tree.implement().startswith("scripted demo agent: no model was asked\n")
    assert [subject.partition(": ")[0] for subject in tree.subjects] == [UNITS[name].type]
    assert passes(tree.path)
    tested = name != "empty-input"
    assert tree.review()["verdict"] == ("approved" if tested else "blocking")
    _take_back_the_code(tree)
    assert passes(tree.path) is not tested


def _take_back_the_code(tree: Tree) -> None:
    shutil.rmtree(tree.path / "tally")
    process.run(["git", "checkout", "-q", tree.base, "--", "tally"], cwd=tree.path)


def test_the_missing_test_is_asked_for_made_and_then_approved(sample: Sample) -> None:
    tree = sample.tree("empty-input")
    tree.implement()
    raised = tree.review()["blocking"]
    assert isinstance(raised, list)
    assert [(item["file"], item["issue"]) for item in raised] == [("tally/words.py", "The change has no test.")]
    assert "empty" not in (tree.path / "tests" / "test_words.py").read_text()
    one = raised[0]
    point = prompts.Point("B1@0", "blocking", one["file"], one["line"], one["issue"], one["fix"], "", one["priority"])
    asked = tree.correction(points=(point,), review=Path("/review.json"))
    tree.run("corrector", asked)
    assert [subject.partition(":")[0] for subject in tree.subjects] == ["fix", "test"]
    assert tree.review()["verdict"] == "approved"
    head = tree.head
    tree.run("corrector", asked)
    assert tree.head == head
    _take_back_the_code(tree)
    assert not passes(tree.path)


def test_a_review_notices_a_long_line_as_a_nit_only(sample: Sample) -> None:
    tree = sample.tree("top-words")
    tree.implement()
    answer = tree.review()
    assert isinstance(answer["nits"], list)
    assert answer["verdict"] == "approved"
    (nit,) = answer["nits"]
    assert len((tree.path / nit["file"]).read_text().splitlines()[nit["line"] - 1]) > 115


# ---- all units together


def test_all_units_dispatched_at_once_merge_with_one_conflict_that_the_corrector_resolves(sample: Sample) -> None:
    trees = {name: sample.tree(name) for name in order() if not UNITS[name].after}
    for tree in trees.values():
        tree.implement()
    conflicts = []
    for name in order():
        tree = trees.get(name) or sample.tree(name)
        if name not in trees:
            tree.implement()
        if not sample.squash(tree):
            conflicts.append(name)
            tree.run("corrector", tree.correction(rebase=True, conflicts=("tally/report.py",)))
            assert passes(tree.path)
            assert sample.squash(tree)
    assert conflicts == ["reading-time"]
    process.run(["git", "reset", "--hard", "-q"], cwd=sample.folder)
    assert passes(sample.folder)
    report = (sample.folder / "tally" / "report.py").read_text()
    assert report.index('("longest word"') < report.index('("reading time"')
    records = sorted(path.name for path in (sample.folder / "docs" / "adr").iterdir())
    assert [name[:3] for name in records] == ["001", "002", "003"]


def test_units_made_one_after_the_other_fit_in_the_opposite_order_too(sample: Sample) -> None:
    for name in reversed(["csv-output", "json-output", *(name for name in order() if "-output" not in name)]):
        tree = sample.tree(name)
        tree.implement()
        assert passes(tree.path), name
        assert sample.squash(tree), name


# ---- being called again


def test_a_repeated_implementer_adds_nothing(sample: Sample) -> None:
    tree = sample.tree("json-output")
    tree.implement()
    head = tree.head
    tree.implement()
    assert tree.head == head


def test_a_killed_implementer_is_finished_by_the_next(sample: Sample) -> None:
    whole = sample.tree("encodings")
    whole.implement()
    tree = Tree(UNITS["encodings"], *_second(sample, "again"))
    for path in ("tally/reading.py", "tests/test_encodings.py"):
        shutil.copy(whole.path / path, tree.path / path)
    tree.implement()
    assert git.tree_of(tree.repository, tree.head) == git.tree_of(whole.repository, whole.head)


def _second(sample: Sample, name: str) -> tuple[git.Repository, Path, str]:
    path = sample.folder / ".worktrees" / name
    git.add_worktree(sample.repository, path, FIRST)
    repository = git.worktree_of(sample.repository, path)
    assert repository
    return repository, path, FIRST


def test_each_changed_prompt_adds_one_commit_to_the_branch(sample: Sample) -> None:
    tree = sample.tree("longest-word")
    tree.implement()
    for made in (2, 3):
        prompt = tree.dispatch(continued=tuple(tree.subjects))
        tree.run("implementer", prompt)
        tree.run("implementer", prompt)
        assert len(tree.subjects) == made
    assert len(set(tree.subjects)) == 3


def test_a_reserved_number_is_used_and_a_new_one_renames_the_file(sample: Sample) -> None:
    tree = sample.tree("json-output")
    series = "docs/adr/NNN-*.md"
    tree.run("implementer", tree.dispatch(numbers=((series, 12),)))
    assert _record(tree) == ["012-labels-are-an-interface.md", "# 012: Labels are an interface"]
    taken = prompts.Renumbering("docs/adr/012-labels-are-an-interface.md", series, 14)
    tree.run("corrector", tree.correction(renumber=(taken,)))
    assert _record(tree) == ["014-labels-are-an-interface.md", "# 014: Labels are an interface"]
    tree.run("implementer", tree.dispatch(numbers=((series, 3),), continued=tuple(tree.subjects)))
    assert _record(tree) == ["003-labels-are-an-interface.md", "# 003: Labels are an interface"]
    assert passes(tree.path)


def _record(tree: Tree) -> list[str]:
    (path,) = (path for path in (tree.path / "docs" / "adr").iterdir() if not path.name.startswith("001"))
    return [path.name, path.read_text().splitlines()[0]]


def test_a_rebase_that_was_killed_is_begun_again(sample: Sample) -> None:
    first, second = sample.tree("longest-word"), sample.tree("reading-time")
    first.implement()
    second.implement()
    assert sample.squash(first)
    env = {**os.environ, **PERSON}
    stuck = process.run(["git", "rebase", "-q", "origin/main"], cwd=second.path, env=env)
    assert stuck.code == 1
    assert git.uncommitted(second.repository) != []
    second.run("corrector", second.correction(rebase=True))
    assert sample.squash(second)
    assert second.subjects == ["merge longest-word", "feat: report the reading time"]


# ---- what the script cannot do


@pytest.mark.parametrize(
    ("role", "unit", "words"),
    [
        ("arbiter", "encodings", "BLOCKED: the scripted agent has no part for the role 'arbiter'"),
        ("implementer", "no-such", "BLOCKED: no change is prepared for the unit 'no-such'"),
    ],
)
def test_a_part_that_is_not_written_is_a_block_with_its_reason(
    sample: Sample, role: str, unit: str, words: str
) -> None:
    tree = replace(sample.tree("encodings"), unit=replace(UNITS["encodings"], name=unit))
    assert tree.run(role, tree.dispatch()).splitlines()[-1] == words


def test_items_that_no_correction_is_prepared_for_are_a_block_with_their_reason(sample: Sample) -> None:
    tree = sample.tree("encodings")
    tree.implement()
    point = prompts.Point("B1@0", "blocking", "tally/cli.py", 1, "wrong", "mend")
    said = tree.run("corrector", tree.correction(points=(point,), red_checks=(prompts.RedCheck("unit"),)))
    assert said.splitlines()[-1].startswith("BLOCKED: no correction is prepared for a review item; the scripted agent")

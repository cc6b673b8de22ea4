"""Triage on a real repository: what names, paths, texts and history lead to, and that hostile names lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from waves import git, triage
from waves.forges import Issue
from waves.git import Repository
from waves.triage import repository as gathering
from waves.triage import text
from waves.triage.model import Triage

WHO = {"GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "ana@example.org",
       "GIT_COMMITTER_NAME": "Ana", "GIT_COMMITTER_EMAIL": "ana@example.org"}  # fmt: skip
FILES = {
    "src/claims/verdicts.py": "class ClaimVerdicts:\n    def judge_claim(self):\n        return 'no such claim here'\n",
    "src/form.py": "from src.claims.verdicts import judge_claim\n\n\ndef save_form():\n    judge_claim()\n",
    "src/preview.ts": "export function showPreview() {\n  return get('/api/preview')\n}\n",
    "docs/form.md": "`save_form` saves the form.\n",
    "docs/guide.md": "A guide.\n",
    "-rf": "judge_claim\n",
    "a\nb.py": "judge_claim()\n",
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Some files; then three commits that touch the form and its page together."""
    found = git.init(tmp_path_factory.mktemp("triage") / "checkout")
    for name, content in FILES.items():
        write(found, name, content)
    git.commit_all(found, "Begin\n", WHO)
    for number in range(3):
        write(found, "src/form.py", FILES["src/form.py"] + f"# {number}\n")
        write(found, "docs/form.md", FILES["docs/form.md"] + f"{number}\n")
        git.commit_all(found, f"Widen the zebra stripes, part {number}\n\nOf the form.\n", WHO)
    return found


def write(repository: Repository, name: str, content: str) -> None:
    assert repository.work_tree is not None
    path = repository.work_tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def examine(repository: Repository, *bodies: str) -> Triage:
    issues = [Issue(number, "", body, "open") for number, body in enumerate(bodies, 1)]
    return triage.examine(repository, git.resolve(repository, "HEAD") or "", issues)


@pytest.mark.parametrize(
    ("body", "path", "evidence"),
    [
        ("see src/form.py", "src/form.py", "named"),
        ("see verdicts.py", "src/claims/verdicts.py", "named as `verdicts.py`"),
        ("all of src/claims/*.py", "src/claims/verdicts.py", "in `src/claims/*.py`"),
        ("below src/claims/", "src/claims/verdicts.py", "in `src/claims/`"),
        ("`ClaimVerdicts` is slow", "src/claims/verdicts.py", "`ClaimVerdicts` is defined at line 1"),
        ("judge_claim() is slow", "src/claims/verdicts.py", "`judge_claim` is defined at line 2"),
        ("showPreview is slow", "src/preview.ts", "`showPreview` is defined at line 1"),
        ("GET /api/preview fails", "src/preview.ts", "`/api/preview` stands at line 2"),
        ('it says "no such claim here"', "src/claims/verdicts.py", "`no such claim here` stands at line 3"),
    ],
)
def test_what_an_issue_names_leads_to_its_file(repository: Repository, body: str, path: str, evidence: str) -> None:
    likeliest = examine(repository, body).regions[1][0]
    assert (likeliest.path, likeliest.evidence) == (path, evidence)


def test_history_leads_to_what_like_changes_touched_and_to_what_changes_together(repository: Repository) -> None:
    (region, *_) = examine(repository, "The zebra stripes are too narrow").regions[1]
    assert region.path in ("docs/form.md", "src/form.py")
    assert region.evidence.startswith("a like change touched it: ")
    assert region.evidence.endswith("'Widen the zebra stripes, part 2'")
    by_path = {one.path: one.evidence for one in examine(repository, "see src/form.py").regions[1]}
    assert by_path["docs/form.md"] == "4 of the 4 changes to src/form.py touched it too"


def test_two_issues_meet_in_a_file_that_neither_names(repository: Repository) -> None:
    (found,) = examine(repository, "judge_claim is slow" + " " * 700, "`ClaimVerdicts` is slow" + " " * 700).findings
    assert (found.kind, found.issues, found.paths[0]) == ("same-region", (1, 2), "src/claims/verdicts.py")
    assert "(#1: `judge_claim` is defined at line 2; #2: `ClaimVerdicts` is defined at line 1)" in found.evidence


@pytest.mark.parametrize(
    "body",
    [
        "`-rf`",
        "`--upload-pack`",
        "(((",
        "`a|b`",
        '"[[:alpha:]]* and (more"',
        "`x\\`",
        "\x00",
        "`\udc80name`",
        "see a\nb.py",
    ],
)
def test_what_a_hostile_issue_names_is_only_looked_for(repository: Repository, body: str) -> None:
    examine(repository, body)


def test_nothing_is_asked_of_git_for_each_issue(repository: Repository) -> None:
    """All lines of all issues' names in one answer, a file whose name has a line break among them."""
    readings = [
        text.read(Issue(number, "", body, "open")) for number, body in enumerate(["`judge_claim`", "`save_form`"])
    ]
    facts = gathering.gather(repository, git.resolve(repository, "HEAD") or "", readings)
    assert {hit.path for hit in facts.hits["judge_claim"]} == {
        "src/claims/verdicts.py",
        "src/form.py",
        "-rf",
        "a\nb.py",
    }
    assert [hit.path for hit in facts.hits["save_form"] if hit.definition] == ["src/form.py"]
    assert [one.subject for one in facts.history][-1] == "Begin"


def test_a_repository_without_history_or_names_gives_no_findings(tmp_path: Path) -> None:
    empty = git.init(tmp_path / "empty")
    write(empty, "a.py", "")
    git.commit_all(empty, "Begin\n", WHO)
    assert examine(empty, "", "").findings == ()

"""The demo's scripted agent: makes prepared edits and looks for known faults; it asks no model and judges nothing."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from waves.foundation import process, records
from waves.foundation.errors import GitError

LABEL = "scripted demo agent: no model was asked"
CHANGES = Path(__file__).with_name("changes")  # NAME.patch: a commit's subject, an empty line, and its patch
LONG_LINE = 115

CONFLICT = re.compile(r"^<{7} .*?\n(.*?)^={7}\n(.*?)^>{7} .*?\n", re.MULTILINE | re.DOTALL)
HUNK = re.compile(r"@@ -\S+ \+(\d+)")
ARTIFACT = re.compile(r"^## Artifact under review\n.*?^(`{3,})diff\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
REBASE = re.compile(r"^## Rebase first\n.*?^    git rebase (\S+)$", re.MULTILINE | re.DOTALL)
RESERVED = re.compile(r"^- use number (\d+) in `", re.MULTILINE)
RENUMBER = re.compile(r"^- `([^`\n]+)`: use number (\d+) in `", re.MULTILINE)
ITEM = re.compile(r"^### [BSNV]\d", re.MULTILINE)
RED_CHECK = re.compile(r"^### Red check ", re.MULTILINE)
CONTINUED = re.compile(r"^## The work goes on\n(.*?)^## ", re.MULTILINE | re.DOTALL)
NUMBERED = re.compile(r"^\+\+\+ b/(.*/)(\d+)(-[^/\n]+)$", re.MULTILINE)


def main() -> int:
    """Play the role that the environment names, in the folder that this was started in."""
    prompt = sys.stdin.buffer.read().decode("utf-8", "replace")
    role, unit = os.environ.get("WAVES_ROLE", ""), os.environ.get("WAVES_UNIT", "")
    parts: dict[str, Callable[[str, str], str]] = {"implementer": implement, "reviewer": review, "corrector": correct}
    print(LABEL)
    if role not in parts:
        print(f"BLOCKED: the scripted agent has no part for the role {role!r}")
        return 0
    try:
        print(parts[role](unit, prompt))
    except (GitError, OSError) as error:
        print(f"scripted demo agent: {error}", file=sys.stderr)
        return 1
    return 0


# ---- the three parts


def implement(unit: str, prompt: str) -> str:
    """Make the unit's prepared change, or, when it is there and the prompt has changed, note that in the changelog."""
    if not (CHANGES / f"{unit}.patch").exists():
        return f"BLOCKED: no change is prepared for the unit {unit!r}"
    subject, _ = prepared(unit)
    if not has_commit(subject):
        apply(unit)
    for number in RESERVED.findall(prompt):
        use_number(unit, number)
    before = CONTINUED.search(prompt)
    if not commit(subject) and before and git("log", "-1", "--format=%s").strip() in before[1]:
        revise(subject)
    return f"Made the prepared change: {subject}"


def review(unit: str, prompt: str) -> str:
    """Look through the diff's added lines: code needs a test, and lines are not to be too long."""
    shown = ARTIFACT.search(prompt)
    lines = list(added_lines(shown[2] if shown else ""))
    code = [line for line in lines if line.file.startswith("tally/")]
    blocking = []
    if code and not any(line.text.lstrip().startswith("def test_") for line in lines):
        blocking.append(item(code[0], "The change has no test.", "Add a test that fails without it.", priority=1))
    nits = [
        item(line, f"The line has {len(line.text)} characters.", "Break it.", priority=3)
        for line in code
        if len(line.text) > LONG_LINE
    ]
    answer = {
        "verdict": "blocking" if blocking else "approved",
        "summary": f"{LABEL}. Looked at {len(lines)} added lines of {unit}.",
        "blocking": blocking, "should_fix": [], "nits": nits, "scope_violations": [],
    }  # fmt: skip
    records.write_json(Path(os.environ["WAVES_OUTPUT"]), answer)
    return f"Reviewed: {answer['verdict']}"


def correct(unit: str, prompt: str) -> str:
    """Do what the corrector's prompt lists: rebase, rename numbered files, make the prepared correction."""
    done, left = [], []
    if asked := REBASE.search(prompt):
        rebase(asked[1])
        done.append(f"rebased onto {asked[1]}")
    for path, number in RENUMBER.findall(prompt):
        renumber(Path(path), number)
        commit(f"docs: give {Path(path).name} the number {number}")
        done.append(f"{path}: number {number}")
    if ITEM.search(prompt):
        name = f"{unit}.correction"
        if (CHANGES / f"{name}.patch").exists():
            subject, _ = prepared(name)
            if not has_commit(subject):
                apply(name)
                commit(subject)
            done.append(subject)
        else:
            left.append("no correction is prepared for a review item")
    if RED_CHECK.search(prompt):
        left.append("the scripted agent cannot mend a red check")
    report = "".join(f"- {line}\n" for line in done) or "- nothing\n"
    return report + (f"BLOCKED: {'; '.join(left)}" if left else "")


# ---- looking at a diff


@dataclass(frozen=True, slots=True)
class Added:
    file: str
    line: int
    text: str


def added_lines(diff: str) -> Iterator[Added]:
    """The lines that a diff adds, with their places in the new files."""
    file, number = "", 0
    for row in diff.splitlines():
        if row.startswith("+++ "):
            file = row[4:].removeprefix("b/")
        elif start := HUNK.match(row):
            number = int(start[1])
        elif row.startswith("+"):
            yield Added(file, number, row[1:])
            number += 1
        elif not row.startswith(("-", "\\")):
            number += 1


def item(place: Added, issue: str, fix: str, priority: int) -> records.Json:
    return {
        "file": place.file, "line": place.line, "issue": issue, "fix": fix, "priority": priority, "confidence": 1.0,
    }  # fmt: skip


# ---- changing the worktree


def git(*arguments: str, ok: Sequence[int] = (0,)) -> str:
    """Plain git in the environment that this run was given, which says where objects go and who commits."""
    settings = ("-c", "commit.gpgSign=false", "-c", "merge.conflictStyle=merge")
    done = process.run(["git", *settings, *arguments], env={**os.environ, "GIT_EDITOR": "true"})
    if done.code not in ok:
        raise GitError(arguments, done.code, done.err.decode("utf-8", "replace"))
    return done.text


def prepared(name: str) -> tuple[str, str]:
    """Subject and patch of a prepared change."""
    subject, _, patch = (CHANGES / f"{name}.patch").read_text("utf-8").partition("\n\n")
    return subject, patch


def has_commit(subject: str) -> bool:
    return subject in git("log", "--format=%s").splitlines()


def commit(subject: str) -> bool:
    """Commit everything; False where there was nothing."""
    git("add", "--all")
    if not git("diff", "--cached", "--name-only"):
        return False
    git("commit", "--quiet", "--message", subject)
    return True


def apply(name: str) -> None:
    """Merge a prepared change into the worktree, also where a killed run made half of it or the base has moved on."""
    git("add", "--all")
    git("apply", "--3way", str(CHANGES / f"{name}.patch"), ok=(0, 1))
    keep_both_sides()
    if not git("diff", "--cached", "--name-only"):
        raise GitError(("apply", name), 1, "the prepared change does not fit here")


def unmerged() -> list[str]:
    return [path for path in git("diff", "--name-only", "--diff-filter=U", "-z").split("\0") if path]


def keep_both_sides() -> None:
    """Resolve conflicts of two changes that each add lines at one place: both stay, the base's first."""
    for path in unmerged():
        text, found = CONFLICT.subn(r"\1\2", Path(path).read_text("utf-8"))
        if not found:
            raise GitError(("merge",), 1, f"{path}: a conflict that is not one of lines")
        Path(path).write_text(text, "utf-8")
        git("add", "--", path)


def rebase(onto: str) -> None:
    progress = Path(git("rev-parse", "--git-path", "rebase-merge").strip())
    if progress.exists():  # of a run that was killed
        git("rebase", "--abort")
    git("rebase", "--quiet", "--autostash", onto, ok=(0, 1))
    while unmerged():
        keep_both_sides()
        git("rebase", "--continue", ok=(0, 1))
    if progress.exists() or git("merge-base", "HEAD", onto) != git("rev-parse", onto):
        raise GitError(("rebase", onto), 1, "the rebase did not end well")


def use_number(unit: str, number: str) -> None:
    """Give the numbered files of the prepared change the number that the prompt reserves, whatever they have now."""
    for folder, _, rest in NUMBERED.findall(prepared(unit)[1]):
        for path in sorted(Path(folder).glob(f"*{rest}")):
            renumber(path, number)


def renumber(path: Path, number: str) -> None:
    """Rename a numbered file, and correct the number in its title."""
    old, _, rest = path.name.partition("-")
    new = number.zfill(len(old))
    if old == new or not path.exists():
        return
    text = path.read_text("utf-8").replace(f"# {old}:", f"# {new}:", 1)
    git("add", "--", str(path))
    git("mv", str(path), str(path.with_name(f"{new}-{rest}")))
    path.with_name(f"{new}-{rest}").write_text(text, "utf-8")


def revise(subject: str) -> None:
    """What a repeated run with a changed prompt adds: one line of the changelog."""
    changelog = Path("CHANGELOG.md")
    text = changelog.read_text("utf-8")
    line = f"- {subject} (revision {text.count(f'- {subject} (') + 1})"
    changelog.write_text(f"{text}{line}\n", "utf-8")
    commit(f"docs: note {line.removeprefix('- ')}")


if __name__ == "__main__":
    sys.exit(main())

"""`waves init`: makes a repository ready for plans; it changes no tracked file and no configuration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from waves import git
from waves.records import read_text, write_text

DODO = """from waves.tasks import load

globals().update(load("plans"))
"""
IGNORED = ("/.waves/", "/.worktrees/")


def initialise(top: Path) -> Iterator[str]:
    """Write what is missing, one line for each thing done or left; running it again changes nothing."""
    dodo = top / "dodo.py"
    if not dodo.exists():
        write_text(dodo, DODO)
        yield "wrote dodo.py: commit it"
    elif "waves" not in read_text(dodo):
        yield f"left dodo.py as it is; add to it:\n{DODO}"
    if not (top / "plans").is_dir():
        (top / "plans").mkdir()
        yield "made plans/: a batch is a file in it"
    exclude = git.discover(top).common_dir / "info" / "exclude"
    missing = [line for line in IGNORED if line not in read_text(exclude).splitlines()]
    if missing:
        before = read_text(exclude)
        gap = "" if not before or before.endswith("\n") else "\n"
        write_text(exclude, before + gap + "".join(f"{line}\n" for line in missing))
        yield f"ignored {' and '.join(missing)} in {exclude.relative_to(exclude.parents[1])}, for this clone alone"
    yield "next: write plans/NAME.yaml (docs/plan.md), `waves check`, `waves confirm`, commit it, `doit`"

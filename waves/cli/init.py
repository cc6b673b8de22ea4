"""`waves init`: makes a repository ready for plans; it changes no tracked file and no configuration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from waves.batch.workspace import PLANS, ignore_own_folders, repository_at
from waves.foundation.records import read_text, write_text

DODO = """from waves.tasks import load

globals().update(load("plans"))
"""


def initialise(top: Path) -> Iterator[str]:
    """Write what is missing, one line for each thing done or left; running it again changes nothing."""
    dodo = top / "dodo.py"
    if not dodo.exists():
        write_text(dodo, DODO)
        yield "wrote dodo.py, which hands the plans to `doit`: commit it"
    elif "waves.tasks" not in read_text(dodo):
        yield f"left dodo.py as it is; add to it:\n\n{DODO}"
    if not (top / PLANS).is_dir():
        (top / PLANS).mkdir()
        yield f"made {PLANS}/: a batch is a file in it"
    if added := ignore_own_folders(repository_at(top)):
        yield f"ignored {' and '.join(added)} in .git/info/exclude, for this clone alone"
    yield f"next: `waves triage 41 47 --batch NAME` drafts {PLANS}/NAME.yaml; then `waves confirm`, commit it, `doit`"

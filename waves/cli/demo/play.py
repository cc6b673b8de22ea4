"""Makes a repository with the demo's plan and runs that; it touches nothing outside of the folder that is named."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from waves import git
from waves.cli import advance, demo, init
from waves.foundation.errors import UsageError
from waves.foundation.records import write_bytes

PLAN = "plans/demo.yaml"
NEXT = """
What to look at: cd {folder}
  waves status           the units, and what each step came to
  waves logs longest-word
  waves audit            the proof that the batch is done
  plans/demo.yaml        the plan, with what each unit is there to show
  .waves/tally           the sample that was worked on; its origin is beside it"""


def run_demo(folder: Path) -> int:
    """Make the demo's repository, or go on with it, and run its plan; the exit code of `waves run`."""
    top = folder.absolute()
    if top.exists() and not (top / PLAN).exists() and (not top.is_dir() or any(top.iterdir())):
        raise UsageError(f"{folder}: there is something else already; name another folder")
    if not (top / ".git").exists():
        _make(top)
    demo.make(top / ".waves" / "tally")
    os.chdir(top)  # where `doit` would work
    return advance.run(top, ["demo"], uncommitted=False, threads=None, once=False)


def _make(top: Path) -> None:
    top.mkdir(parents=True, exist_ok=True)
    repository = git.init(top)
    write_bytes(top / PLAN, _plan())
    list(init.initialise(top))  # what it says is meant for a repository of one's own
    git.commit_all(repository, "chore: the demo's plan", demo.FIRST_COMMIT)


def _plan() -> bytes:
    """The demo's plan: beside the package where that was installed, in `plans/` where it is a clone."""
    installed = resources.files("waves.cli.demo").joinpath("demo.yaml")
    return (installed if installed.is_file() else Path(__file__).parents[3] / PLAN).read_bytes()

"""One worktree at which the real codex is put to work directly, without the loop around it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from stand_in import StandIn, Step
from worktree_world import BRANCH, World

from waves import agents
from waves.agents import Job, Result, run
from waves.agents.codex.kind import Codex
from waves.agents.guard import quarantine, snapshot
from waves.agents.guard.quarantine import Collected
from waves.agents.guard.snapshot import Comparison
from waves.plan.model import Agent

PROMPT = "# Do it\n\nPlease.\n"
KEPT = "refs/waves/batch/x"
POLL = 0.05  # seconds


@dataclass
class Desk:
    world: World
    stand_in: StandIn
    agent: Agent = field(init=False)

    def __post_init__(self) -> None:
        self.agent = Agent("codex", model="gpt-5-codex", config=self.stand_in.config, env=("STAND_IN_KEY",))

    def configured(self, **settings: str) -> None:
        """Change `agent.config`; `__` is a dot."""
        more = {name.replace("__", "."): value for name, value in settings.items()}
        self.agent = replace(self.agent, config={**self.agent.config, **more})

    def says(self, *steps: Step) -> None:
        """What the model says to the next prompts."""
        self.stand_in.on("# Do it", steps)

    def job(self, role: str = "implementer", number: int = 1, **changes: Any) -> Job:
        """A job in a run directory of its own; for a role that writes, its quarantine is ready."""
        directory = self.world.folder / "runs" / f"{role}-{number}"
        directory.mkdir(parents=True, exist_ok=True)
        writes = role in ("implementer", "corrector")
        extra = quarantine.prepare(self.world.worktree, directory) if writes else {}
        made = Job(
            role=role, unit="x", cycle="0", worktree=self.world.path, directory=directory, timeout=60.0,
            stall_timeout=60.0, git_environment=extra,
        )  # fmt: skip
        return replace(made, **changes)

    def start(self, job: Job, prompt: str = PROMPT) -> None:
        run.prepare(job.directory, Codex().spec(self.agent, job), prompt)
        run.launch(job.directory)

    def finish(self, job: Job, prompt: str = PROMPT) -> Result:
        """See a run through as the steps do it, whether or not it was started before."""
        kind = Codex()
        spec = kind.spec(self.agent, job)
        ended = run.ensure(job.directory, spec, prompt, POLL, partial(agents.cut_short, kind, job))
        return kind.result(job, ended)

    def do(self, *steps: Step, role: str = "implementer", **changes: Any) -> Result:
        """One run in which the model says these things."""
        self.says(*steps)
        return self.finish(self.job(role, **changes))

    def collect(self, job: Job, before: str | None = None) -> Collected:
        start = before or self.world.before
        return quarantine.collect(
            self.world.worktree, BRANCH, start, job.directory, bases=["refs/heads/main"], kept=KEPT
        )

    def snapshot(self) -> snapshot.Snapshot:
        return snapshot.take(self.world.worktree, [f"refs/heads/{BRANCH}"])

    def changed_since(self, before: snapshot.Snapshot) -> Comparison:
        after = snapshot.take(self.world.worktree, [f"refs/heads/{BRANCH}"], previous=before)
        return snapshot.compare(before, after, "nothing")

    def events(self, job: Job) -> str:
        path = Path(job.directory / "events.jsonl")
        return path.read_text() if path.exists() else ""

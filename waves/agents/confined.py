"""Confine agents of kind `command`: a writer changes its worktree and what it commits to, a reader its answer alone."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from waves.agents import ANSWER, Job
from waves.agents.guard import quarantine
from waves.agents.run import Spec
from waves.foundation import confinement
from waves.foundation.confinement import Box, Missing, hidden
from waves.foundation.errors import UsageError
from waves.plan.model import NO_SANDBOX, WRITERS, Agent

PLACE = "box"  # in a run directory: the private layers


def confined(spec: Spec, agent: Agent, job: Job) -> Spec:
    """The run in its sandbox, or as it is if the plan wants none or none works here.

    Raises UsageError if the plan requires one.
    """
    program = spec.argv[0]
    if job.sandbox == NO_SANDBOX or ("/" not in program and shutil.which(program) is None):
        return spec  # a program that does not exist fails in the clearest words without one
    found = confinement.find()
    if isinstance(found, Missing):
        if job.sandbox == "required":
            raise UsageError(f"{found.why}, and the plan says `sandbox: required`")
        return spec
    box = _box(agent, job, spec)
    words = found.words(box, job.worktree)
    return replace(spec, argv=(*words, *spec.argv), env=dict(spec.env) | {"TMPDIR": str(_scratch(job))}, confined=True)


def _box(agent: Agent, job: Job, spec: Spec) -> Box:
    own = [job.directory / Path(ANSWER).parent, _scratch(job)]
    for folder in own:
        folder.mkdir(parents=True, exist_ok=True)
    writes = job.role in WRITERS
    writable = [*own, *([job.worktree, quarantine.writable(job.directory)] if writes else []), *_opened(agent)]
    home = hidden.home_of(os.environ)
    return Box(
        place=job.directory / PLACE,
        writable=tuple(writable),
        shown=(*job.readable, job.directory, *(() if writes else (job.worktree,))),
        layered=(home,) if home else (),
        network=agent.network or job.publishes,
        words=(*spec.argv, *job.git_environment.values()),
    )


def _opened(agent: Agent) -> list[Path]:
    """What `agent.writable` names; a path that does not exist is made a folder. Raises UsageError."""
    found = [Path(path).expanduser() for path in agent.writable]
    for path in found:
        try:
            if not path.exists():
                path.mkdir(parents=True)
        except OSError as error:
            raise UsageError(f"agent.writable: {path} cannot be made: {error.strerror}; correct the plan") from None
    return found


def _scratch(job: Job) -> Path:
    """The folder for anything temporary. A reader's is its own: what writers leave must not meet it."""
    own = job.directory / "scratch"
    return (job.scratch or own) if job.role in WRITERS else own


def clear(directory: Path) -> None:
    """Remove what a run that has ended kept to itself."""
    for name in (PLACE, "scratch"):
        confinement.remove(directory / name)

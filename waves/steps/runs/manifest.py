"""What is written down of a run before it begins, and found again by whoever sees it through; it starts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from waves.foundation.records import read_json, write_json
from waves.foundation.shapes import made

FILE = "about.json"  # in the run's directory


@dataclass(frozen=True, slots=True)
class About:
    """`key`: digest of what the run is for; `before`: where the branch was; `resume`: the agent's thread it goes on."""

    key: str
    role: str
    before: str | None = None
    previous_fault: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)  # what the agent gets besides its kind's
    started: float = 0.0  # seconds since 1970
    resume: str | None = None


def read(directory: Path) -> About | None:
    """None where the run has not begun, and where the file was deleted or edited into something else."""
    return made(About, read_json(directory / FILE))


def write(directory: Path, about: About) -> None:
    write_json(directory / FILE, asdict(about))

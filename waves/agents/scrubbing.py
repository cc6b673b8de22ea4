"""Takes secrets out of what a run said, once it has ended; what it was asked, and what it did, it never touches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from waves.agents import ANSWER, READABLE, Result
from waves.foundation import records
from waves.foundation.scrub import Scrubber

# What an agent wrote, or Waves of its words: output, logs, events, the log for people, how far it was.
SAID = ("stdout", "log", "events.jsonl", "output", ANSWER, READABLE, "progress.json", "cut-short.json")
LIMIT = 100_000_000  # bytes of each; a run is ended that writes more


def scrub_files(directory: Path, scrub: Scrubber) -> None:
    """Rewrite the files of a run that hold a secret. Any number of times: what is scrubbed stays as it is."""
    for name in SAID:
        data = records.read_regular(directory / name, LIMIT)
        if data is not None:
            before = data.decode("utf-8", "surrogateescape")
            if (after := scrub(before)) != before:
                records.write_text(directory / name, after)


def scrubbed(result: Result, scrub: Scrubber) -> Result:
    """What came of a run, without secrets in any of its words."""
    failure = result.failure and replace(result.failure, message=scrub(result.failure.message))
    flags = tuple(scrub(flag) for flag in result.flags)
    return replace(result, message=scrub(result.message), failure=failure, flags=flags)

"""Has the text that teaches an agent to manage batches; it is the file beside this one, word for word."""

from __future__ import annotations

from importlib import resources


def text() -> str:
    return resources.files("waves.cli").joinpath("skill.md").read_text("utf-8")

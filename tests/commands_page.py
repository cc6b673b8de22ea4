"""docs/commands.md, from the commands' own `--help`: `python tests/commands_page.py` writes it."""

from __future__ import annotations

from pathlib import Path

import click

from waves import cli

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"
HEAD = """\
# Commands

What `waves COMMAND --help` prints. A plan is named by its batch or by its file; without a name it is about all
plans. A unit is named as it is, or as `BATCH/UNIT` where two batches have one of that name. Every command works from
any folder of the repository.
"""
# In the order in which a batch needs them.
VERBS = (
    "demo", "init", "doctor", "triage", "check", "confirm", "run", "wait", "status", "report", "graph", "ask",
    "explain", "logs", "rule", "accept", "stop", "recover", "audit", "deploy", "skill", "mcp", "schema",
)  # fmt: skip


def page() -> str:
    parts = [f"## `waves {verb}`\n\n```text\n{help_of(verb)}```\n" for verb in VERBS]
    return "\n".join([HEAD, *parts])


def help_of(verb: str) -> str:
    """The text of `--help`, as it is on a terminal that is 80 wide."""
    command = cli.waves.commands[verb]
    context = click.Context(command, info_name=f"waves {verb}", max_content_width=80, terminal_width=80)
    lines = command.get_help(context).splitlines()
    return "".join(line.rstrip() + "\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")

"""Command lines that show each verb at work: `--help` ends with them, and a test holds them to parse."""

from __future__ import annotations

import click

EXAMPLES = {
    "demo": ("waves demo", "waves demo /tmp/look"),
    "init": ("waves init", "waves -C ../widgets init"),
    "doctor": ("waves doctor", "waves doctor auth"),
    "triage": (
        "waves triage 40 41 47 --batch auth",
        "waves triage --label ready --batch auth",
        "waves triage 52 --batch auth --update",
    ),
    "check": ("waves check", "waves check auth", "waves check plans/auth.yaml --markdown > comment.md"),
    "confirm": ("waves confirm auth", "waves confirm auth --by ana"),
    "run": ("waves run", "waves run auth -n 8", "waves run auth --once", "waves run auth --uncommitted"),
    "wait": ("waves wait", "waves wait auth --for ruling", "waves wait --for all --timeout 2h"),
    "status": ("waves status", "waves status auth --json", "waves status auth --watch"),
    "report": ("waves report", "waves report auth -o auth.html"),
    "graph": ("waves graph auth", "waves graph auth --format svg > auth.svg"),
    "ask": ("waves ask", "waves ask auth --json"),
    "explain": ("waves explain claim-verdicts", "waves explain review:auth/claim-verdicts@1 --json"),
    "logs": ("waves logs claim-verdicts", "waves logs auth/claim-verdicts --follow"),
    "rule": (
        "waves rule claim-verdicts B2@0 correct --why 'a test is missing'",
        "waves rule claim-verdicts review@1 retry --why 'the limit is over'",
        "waves rule claim-verdicts approve --why 'read the diff'",
        "waves rule claim-verdicts drop --why 'not worth it'",
    ),
    "stop": ("waves stop claim-verdicts", "waves stop"),
    "recover": ("waves recover", "waves recover auth --take-over"),
    "accept": ("waves accept 1f0c2aa9 --why 'hotfix by Bo, looked at'",),
    "audit": ("waves audit auth", "waves audit --verbose", "waves audit --json"),
    "deploy": ("waves deploy auth", "waves deploy auth staging"),
    "skill": ("waves skill > SKILL.md",),
    "mcp": ("waves -C ../widgets mcp",),
    "schema": ("waves schema > plans/plan.schema.json",),
}


def show(command: click.Command) -> None:
    """Put a verb's examples below its help, before what else stands there."""
    lines = "".join(f"\n  {line}" for line in EXAMPLES.get(command.name or "", ()))
    if lines:
        rest = f"\n\n{command.epilog}" if command.epilog else ""
        command.epilog = f"\b\nExamples:{lines}{rest}"

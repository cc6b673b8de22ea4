"""`waves audit` for people: a line a criterion, and the evidence that does not hold; it checks nothing itself."""

from __future__ import annotations

from typing import Any


def show(report: dict[str, Any]) -> None:
    """Print what `audit.to_json` found."""
    import click

    click.echo(f"batch {report['batch']}: {'every criterion holds' if report['ok'] else 'NOT every criterion holds'}")
    for criterion in report["criteria"]:
        held = sum(one["ok"] for one in criterion["evidence"])
        mark = "ok" if criterion["ok"] else "NO"
        click.echo(f"  {mark}  {criterion['means']} ({held} of {len(criterion['evidence'])})")
        for one in criterion["evidence"]:
            click.echo(f"        {'' if one['ok'] else 'NO: '}{one['unit']}: {one['text']}")

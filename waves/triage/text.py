"""Reads an issue's text for what it names and asks for; it knows no repository."""

from __future__ import annotations

from waves.triage.model import OpenIssue, Reading


def read(issue: OpenIssue) -> Reading:
    """What title and body say; quotes and fenced code name things, but give no order and link no issue."""
    return Reading(issue.number, issue.title, issue.state, tuple(issue.labels))

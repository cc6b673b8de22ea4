"""Gathers the secrets that Waves can know: of environment, checkout and remote; it never writes one anywhere."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

from waves import git
from waves.plan.model import Plan
from waves.records import read_text
from waves.scrub import Scrubber, is_worth_hiding, secrets_among, settings


def scrubber(plan: Plan, repository: git.Repository) -> Scrubber:
    """For the texts of one batch. What a program such as `gh` keeps is known by its shape alone."""
    assert repository.work_tree is not None
    known = secrets_among(settings(read_text(repository.work_tree / ".env"))) | secrets_among(os.environ)
    for name in _notifying(plan):
        if is_worth_hiding(value := os.environ.get(name, "")):
            known[value] = name  # whatever it is called, the plan says that it is one
    password = urlsplit(git.remote_url(repository) or "").password or ""
    for form in (password, unquote(password)):
        if is_worth_hiding(form):
            known[form] = "the remote's password"
    return Scrubber(known)


def _notifying(plan: Plan) -> list[str]:
    """The variables that the plan's channels take their tokens and addresses from."""
    if plan.notify is None:
        return []
    ntfy = plan.notify.ntfy.token if plan.notify.ntfy else None
    return [name for name in (ntfy, plan.notify.webhook) if name]

"""Gathers the secrets that Waves can know: of environment, checkout, remote and credential files."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from waves import git
from waves.foundation.keyrings import secrets_in
from waves.foundation.records import read_regular
from waves.foundation.scrub import Scrubber, is_worth_hiding, secrets_among, settings
from waves.plan.model import Plan

LARGEST = 1_000_000  # bytes of a credential file or a `.env`


def scrubber(plan: Plan, repository: git.Repository) -> Scrubber:
    """For the texts of one batch."""
    assert repository.work_tree is not None
    known = dict(_stored(repository))
    known |= secrets_among(settings(_text(repository.work_tree / ".env"))) | secrets_among(os.environ)
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


def _stored(repository: git.Repository) -> Iterator[tuple[str, str]]:
    """Value and name of the secrets in the credential files of this user's programs."""
    for kind, path in (*_keyrings(), *(("git", path) for path in _stores(repository))):
        for secret in secrets_in(kind, _text(path)):
            yield secret, f"a secret in {_shown(path)}"


def _keyrings() -> Iterator[tuple[str, Path]]:
    """Kind and path of each credential file, where its program looks for it."""
    home = Path.home()
    settings_folder = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    yield "netrc", Path(os.environ.get("NETRC") or home / ".netrc")
    yield "netrc", home / "_netrc"
    yield "npmrc", Path(os.environ.get("NPM_CONFIG_USERCONFIG") or home / ".npmrc")
    yield "gh", Path(os.environ.get("GH_CONFIG_DIR") or settings_folder / "gh") / "hosts.yml"
    yield "git", home / ".git-credentials"
    yield "git", settings_folder / "git" / "credentials"
    yield "pypirc", home / ".pypirc"
    yield "docker", Path(os.environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json"


def _stores(repository: git.Repository) -> Iterator[Path]:
    """The other files that git's helper `store` is told to use."""
    for helper in git.credential_programs(repository):
        try:
            words = shlex.split(helper.replace("--file=", "--file "))
        except ValueError:
            continue
        if "--file" in words[:-1] and words[0].endswith("store"):
            yield Path(words[words.index("--file") + 1]).expanduser()


def _shown(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else path.name


def _text(path: Path) -> str:
    return (read_regular(path, LARGEST, follow=True) or b"").decode("utf-8", "replace")

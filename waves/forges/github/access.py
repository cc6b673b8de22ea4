"""By whose token GitHub is asked, and where; the token is handed to the client and to git, and kept nowhere else.

The first of these that is there: WAVES_APP_ID with WAVES_APP_PRIVATE_KEY_FILE (a GitHub App: its installation on the
repository is looked up, its tokens are renewed), GITHUB_TOKEN, GH_TOKEN, and what `gh auth token` says.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from waves import git
from waves.forges.github.address import Address, find, of_remote
from waves.foundation import process
from waves.foundation.errors import ForgeError, UsageError, WavesError

if TYPE_CHECKING:
    from github.Auth import Auth

APP, KEY = "WAVES_APP_ID", "WAVES_APP_PRIVATE_KEY_FILE"
TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
REVIEWER = "WAVES_REVIEWER_TOKEN"  # of a second account, which approves


@dataclass(frozen=True)
class Access:
    address: Address
    auth: Auth
    source: str  # where the token is from, for messages


def address_of(repo: str | None, repository: git.Repository) -> Address:
    return find(repo, git.remote_url(repository), os.environ.get("GITHUB_API_URL"))


def of(address: Address) -> Access:
    """Raises UsageError where there is no token at all."""
    return _of(address, tuple(os.environ.get(name, "").strip() for name in (APP, KEY, *TOKENS)))


@functools.lru_cache(maxsize=16)
def _of(address: Address, said: tuple[str, ...]) -> Access:
    from github import Auth

    app, key, *tokens = said
    if app:
        return Access(address, _of_app(address, app, key), f"the App of {APP}")
    for name, token in zip(TOKENS, tokens, strict=True):
        if token:
            return Access(address, Auth.Token(token), name)
    if of_gh := _of_gh(address.host):
        return Access(address, Auth.Token(of_gh), "`gh auth token`")
    raise UsageError(
        f"no token for {address.host}: `gh auth login`, or set {TOKENS[0]}; docs/github.md has the permissions"
    )


def of_reviewer(address: Address) -> Access | None:
    from github import Auth

    token = os.environ.get(REVIEWER, "").strip()
    return Access(address, Auth.Token(token), REVIEWER) if token else None


def _of_app(address: Address, app_id: str, path: str) -> Auth:
    from github import Auth, GithubException, GithubIntegration

    if not path:
        raise UsageError(f"{APP} is set and {KEY} is not: name the file with the App's private key")
    try:
        key = Path(path).read_text("ascii")
    except (OSError, ValueError) as error:
        raise UsageError(f"{KEY}: {path} can't be read as a key: {error}") from None
    app = Auth.AppAuth(app_id, key)
    integration = GithubIntegration(auth=app, base_url=address.api, seconds_between_requests=None)
    try:
        installation = integration.get_repo_installation(address.owner, address.name)
    except GithubException as error:
        raise ForgeError(
            f"the App {app_id} is not installed on {address.repository} ({error.status}); install it there"
        ) from None
    except Exception as error:  # a key that is none, in any of the ways that PyJWT has for it; no network
        raise ForgeError(f"{address.api}: the App {app_id} can't log in: {type(error).__name__}; see {KEY}") from None
    return app.get_installation_auth(installation.id, requester=integration.requester)


def _of_gh(host: str) -> str | None:
    try:
        done = process.run(["gh", "auth", "token", "--hostname", host], env=dict(os.environ), timeout=20)
    except OSError:
        return None  # it is not installed
    return done.text.strip() or None if done.code == 0 else None


def for_git(repo: str | None, repository: git.Repository, url: str) -> str | None:
    """The token for a remote's address, if that is on the host whose token it is."""
    address, there = address_of(repo, repository), of_remote(url)
    if not there or there[0] != address.host:
        return None
    try:
        return of(address).auth.token  # of an App it is asked for anew now and then
    except WavesError:
        raise
    except Exception as error:  # in any of the ways that PyGithub and its transport have
        raise ForgeError(f"{address.host}: no token for git: {type(error).__name__}; look again later") from None

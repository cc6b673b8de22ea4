"""Lends a token to git for a remote on the web that git has no credentials for; it never writes one anywhere.

The token is in the environment of that one git process alone, and a credential helper there reads it from that.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from waves.git.hardened import Repository, call

Lender = Callable[[str], str | None]
VARIABLE = "WAVES_GIT_TOKEN"
HELPER = f'!lent() {{ test "$1" = get && printf \'username=x-access-token\\npassword=%s\\n\' "${VARIABLE}"; }}; lent'
_LENDERS: dict[Path, Lender] = {}  # by a repository's common directory


def lend(repository: Repository, lender: Lender) -> None:
    """Ask `lender` for a token, by a remote's address, whenever git goes there from this repository."""
    _LENDERS[repository.common_dir] = lender


def lent(repository: Repository, remote: str) -> tuple[dict[str, str], dict[str, str]]:
    """Settings and environment for a call that goes to `remote`; both empty where nothing is to be lent."""
    lender = _LENDERS.get(repository.common_dir)
    if lender is None:
        return {}, {}
    url = remote  # an address, of a fork
    if "://" not in remote:
        url = call(repository, "remote", "get-url", remote, ok=(0, 2, 128)).text.strip()
    about = urlsplit(url) if url.startswith(("https://", "http://")) else None
    if about is None or about.password or has_own(repository, url):
        return {}, {}
    token = lender(url)
    if not token:
        return {}, {}
    place = f"{about.scheme}://{about.netloc.rpartition('@')[2]}"
    # The empty one clears the list first: a person's own helper would be told the token, to keep it.
    return {"credential.helper": "", f"credential.{place}.helper": HELPER}, {VARIABLE: token}


@functools.lru_cache(maxsize=64)
def has_own(repository: Repository, url: str) -> bool:
    """Whether a helper that the person has set up knows this address; nobody is asked for a password."""
    silent = {"GIT_ASKPASS": "", "SSH_ASKPASS": ""}
    done = call(repository, "credential", "fill", ok=(0, 128), stdin=f"url={url}\n\n".encode(), extra=silent)
    return done.code == 0 and "\npassword=" in f"\n{done.text}"


def credential_programs(repository: Repository) -> list[str]:
    """The helpers that git's configuration names, for every address and for some."""
    pattern = r"^credential\.(.*\.)?helper$"
    raw = call(repository, "config", "--null", "--get-regexp", pattern, ok=(0, 1)).out.decode("utf-8", "replace")
    return [helper for entry in raw.split("\0") if (helper := entry.partition("\n")[2])]

"""Where a repository lives: its host, its name there, and the address of the interface; pure, it asks nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from waves.foundation.errors import UsageError

PUBLIC = "github.com"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# `git@host:owner/name.git`, as git tells it from a path.
SCP = re.compile(r"(?:[^@/]+@)?(?P<host>[^/:]+):(?!//)(?P<path>.+)")
NAMED = re.compile(r"(?:(?P<host>[A-Za-z0-9.-]+)/)?(?P<owner>[^/]+)/(?P<name>[^/]+)")


@dataclass(frozen=True, slots=True)
class Address:
    host: str  # with its port where that is not the usual one
    owner: str
    name: str
    api: str  # what GitHub calls the API URL, without a slash at its end

    @property
    def repository(self) -> str:
        return f"{self.owner}/{self.name}"


def find(repo: str | None, remote: str | None, api: str | None) -> Address:
    """The address by the plan's `repo`, the remote's address and GITHUB_API_URL; raises UsageError where they lack.

    `repo: HOST/owner/name` says it all. Otherwise GITHUB_API_URL goes before what the remote's host leads to: it is
    set in GitHub's own workflows, and names the server that they run for.
    """
    named = NAMED.fullmatch(repo or "")
    there = of_remote(remote or "")
    if named and named["host"]:
        return Address(named["host"].lower(), named["owner"], named["name"], api_of(named["host"].lower()))
    if named:
        host, owner, name = (there[0] if there else PUBLIC), named["owner"], named["name"]
    elif there:
        host, owner, name = there
    else:
        raise UsageError("no remote `origin` leads to GitHub: write `repo: owner/name` in the plan, or add one")
    return Address(host, owner, name, checked(api) if api else api_of(host))


def of_remote(url: str) -> tuple[str, str, str] | None:
    """(host, owner, name) of a remote's address; None where that leads to no server."""
    if "://" in url:
        about = urlsplit(url)
        if about.scheme not in ("https", "http", "ssh", "git"):
            return None
        host, path = about.netloc.rpartition("@")[2] if about.scheme.startswith("http") else about.hostname, about.path
    else:
        scp = SCP.fullmatch(url)
        host, path = (scp["host"], scp["path"]) if scp else (None, "")
    parts = path.strip("/").removesuffix(".git").split("/")
    if not host or len(parts) != 2 or not all(parts):
        return None
    return {"ssh.github.com": PUBLIC, "www.github.com": PUBLIC}.get(host.lower(), host.lower()), parts[0], parts[1]


def api_of(host: str) -> str:
    if host == PUBLIC:
        return "https://api.github.com"
    return f"https://api.{host}" if host.endswith(".ghe.com") else f"https://{host}/api/v3"


def checked(api: str) -> str:
    about = urlsplit(api)
    if about.scheme == "https" or (about.scheme == "http" and about.hostname in LOOPBACK):
        return api.rstrip("/")
    raise UsageError(f"GITHUB_API_URL is {api}: a token goes over https only; correct it, or unset it")

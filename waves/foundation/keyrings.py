"""Finds the secrets in the credential files that git, gh, npm, twine, curl and docker keep."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from waves.foundation.scrub import is_worth_hiding

# Long enough that hiding it can't make other texts unreadable, even if it is one plain word.
LONG = 12
_NETRC = re.compile(r"(?:^|\s)(?:password|account)\s+(?:\"((?:[^\"\\\n]|\\.)*)\"|(\S+))")
_NPMRC = re.compile(r"^[^#;\n=]*?(_authToken|_auth|_password)[ \t]*=[ \t]*[\"']?([^\s\"']+)", re.MULTILINE)
_GH = re.compile(r"\boauth_token[\"']?[ \t]*:[ \t]*[\"']?([^\s\"',}]+)")
_PYPIRC = re.compile(r"^[ \t]*password[ \t]*[=:][ \t]*(\S[^\r\n]*?)[ \t\r]*$", re.MULTILINE)
_DOCKER = ("auth", "password", "identitytoken", "registrytoken")


def secrets_in(kind: str, text: str) -> frozenset[str]:
    """The secrets in a credential file of this kind, also as they look decoded. A damaged file gives what it can."""
    return frozenset(one for one in _FINDERS[kind](text) if _is_secret(one))


def _is_secret(value: str) -> bool:
    return "${" not in value and (len(value) >= LONG or is_worth_hiding(value))


def _netrc(text: str) -> Iterator[str]:
    for found in _NETRC.finditer(text):
        yield re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]


def _npmrc(text: str) -> Iterator[str]:
    for found in _NPMRC.finditer(text):
        yield found[2]
        if found[1] != "_authToken":
            yield from _decoded(found[2])


def _gh(text: str) -> Iterator[str]:
    yield from _GH.findall(text)


def _pypirc(text: str) -> Iterator[str]:
    yield from _PYPIRC.findall(text)


def _git(text: str) -> Iterator[str]:
    for line in text.splitlines():
        try:
            about = urlsplit(line.strip())
            name, password = about.username or "", about.password or ""
        except ValueError:
            continue
        # `https://TOKEN@host` and `https://TOKEN:x-oauth-basic@host`: the name is the secret.
        secret = name if password in ("", "x-oauth-basic") else password
        yield from (secret, unquote(secret))


def _docker(text: str) -> Iterator[str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    entries = value.get("auths") if isinstance(value, dict) else None
    for entry in entries.values() if isinstance(entries, dict) else ():
        yield from _entry(entry)


def _entry(entry: Any) -> Iterator[str]:
    for key in _DOCKER if isinstance(entry, dict) else ():
        if isinstance(secret := entry.get(key), str):
            yield secret
            if key == "auth":
                yield from _decoded(secret)


def _decoded(text: str) -> Iterator[str]:
    """What is encoded in base64, and if that is `user:password`, the password."""
    try:
        plain = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return
    yield plain
    yield plain.partition(":")[2]


_FINDERS: Mapping[str, Callable[[str], Iterator[str]]] = {
    "netrc": _netrc, "npmrc": _npmrc, "gh": _gh, "git": _git, "pypirc": _pypirc, "docker": _docker,
}  # fmt: skip

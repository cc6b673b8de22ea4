"""git over HTTP, with authentication, by git's own `http-backend`; never what a push means."""

from __future__ import annotations

import base64
import binascii
import subprocess
from dataclasses import dataclass
from email.message import Message

from hub.bare import Bare
from hub.state import WRITERS, State, Token

CHALLENGE = {"WWW-Authenticate": 'Basic realm="GitHub"'}


@dataclass(frozen=True)
class GitAnswer:
    status: int
    headers: dict[str, str]
    body: bytes


def allowed(state: State, headers: Message, *, push: bool, fork: str = "") -> GitAnswer | Token:
    """Whose token it is, or the refusal. `fork`: whose fork is asked for."""
    token = state.tokens.get(_password(headers.get("Authorization", "")))
    if token is None:
        if "Authorization" not in headers and not state.private and not push:
            return Token("", state.user("nobody"))
        text = b"remote: Invalid username or token.\n" if "Authorization" in headers else b""
        return GitAnswer(401, CHALLENGE, text)
    contents = (token.permissions or {"contents": "write"}).get("contents")
    classic = token.scopes is None or "repo" in token.scopes
    if state.private and (token.user.permission == "none" or not contents or not classic):
        return GitAnswer(404, {}, b"Repository not found.\n")
    writes = token.user.permission in WRITERS
    if fork:  # its owner may, and who may write to the repository, where a pull request from there lets them
        writes = token.user.login == fork or (
            writes and any(one.fork == fork and one.modifiable for one in state.pulls())
        )
    if push and (not writes or contents != "write" or not classic):
        denied = f"Permission to {state.full_name}.git denied to {token.user.login}.\n"
        return GitAnswer(403, {}, denied.encode())
    return token


def _password(header: str) -> str:
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return encoded
    try:
        return base64.b64decode(encoded).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def serve(
    bare: Bare, method: str, path: str, query: str, headers: Message, body: bytes, user: str, fork: str
) -> GitAnswer:
    """What git's CGI program answers. A fork is a namespace of the one repository; `path` is below that."""
    environment = bare.environment | {
        "GIT_PROJECT_ROOT": str(bare.path), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
        "GIT_NAMESPACE": fork,
        "REQUEST_METHOD": method, "CONTENT_TYPE": headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": headers.get("Content-Encoding", ""), "REMOTE_USER": user, "REMOTE_ADDR": "127.0.0.1",
        "GIT_PROTOCOL": headers.get("Git-Protocol", ""), "HTTP_GIT_PROTOCOL": headers.get("Git-Protocol", ""),
    }  # fmt: skip
    done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environment, check=False)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    found = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
    status = int(found.pop("Status", "200").split()[0])
    return GitAnswer(status if done.returncode == 0 or head else 500, found, content)

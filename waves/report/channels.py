"""Sends one message over the channels that a plan names, each within seconds; it never decides what is worth it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waves.foundation import process
from waves.foundation.errors import WavesError
from waves.foundation.scrub import holds_forge_token
from waves.plan.model import Notify, Ntfy

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from urllib.request import Request

PATIENCE = 5.0  # seconds a channel
Channel = Callable[[str, str], None]  # title and text; raises ChannelError


class ChannelError(WavesError):
    """A channel did not take the message; the reason names neither token nor address, which may be secrets."""


def channels(notify: Notify, folder: Path) -> Iterator[tuple[str, Channel]]:
    """Name and sender of each channel; `folder` is where a command runs."""
    if notify.ntfy is not None:
        yield "ntfy", _ntfy(notify.ntfy)
    if notify.webhook is not None:
        yield "webhook", _webhook(notify.webhook)
    if notify.command:
        yield "command", _command(notify.command, folder)


def _ntfy(about: Ntfy) -> Channel:
    def send(title: str, text: str) -> None:
        headers = {"Authorization": f"Bearer {_variable(about.token)}"} if about.token else {}
        # As JSON to the server's root: a header could not hold a title in every alphabet.
        _post(about.server, {"topic": about.topic, "title": title, "message": text}, headers)

    return send


def _webhook(variable: str) -> Channel:
    def send(title: str, text: str) -> None:
        # Slack reads these three as mark-up: `<!channel>` would call everybody.
        escaped = f"{title}\n{text}".replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        _post(_variable(variable), {"text": escaped}, {})

    return send


def _command(command: tuple[str, ...], folder: Path) -> Channel:
    def send(title: str, text: str) -> None:
        try:
            done = process.run(command, cwd=folder, stdin=f"{title}\n{text}\n".encode(), timeout=PATIENCE)
        except OSError as error:
            raise ChannelError(f"{command[0]}: {error.strerror}") from None
        if done.code:
            what = f"was not done in {PATIENCE:g} s" if done.code == 124 else f"ended with {done.code}"
            raise ChannelError(f"{command[0]} {what}")

    return send


def _variable(name: str) -> str:
    value = os.environ.get(name, "")
    if not value.isprintable() or not value:
        raise ChannelError(f"the variable {name} is not set" if not value else f"the variable {name} is not one line")
    if holds_forge_token(value):
        raise ChannelError(f"the variable {name} holds a token of the forge, which nobody else may have")
    return value


def _post(address: str, value: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """POST JSON to `address`; raises ChannelError."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class NoRedirect(HTTPRedirectHandler):
        """A token is for the server that was named, and for no other."""

        def redirect_request(
            self, req: Request, fp: Any, code: int, msg: str, headers: HTTPMessage, newurl: str
        ) -> Request | None:
            return None

    if not address.startswith(("http://", "https://")):
        raise ChannelError("its address does not begin with http:// or https://")
    try:
        request = Request(address, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})  # noqa: S310
        build_opener(NoRedirect).open(request, timeout=PATIENCE).close()
    except HTTPError as error:
        error.close()
        raise ChannelError(f"its server answered {error.code}") from None
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise ChannelError(f"its server could not be reached ({type(reason).__name__})") from None

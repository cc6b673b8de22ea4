"""Tells people what has come of a batch: gathered, and once; a dead channel is tried again, and holds nothing up."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from waves.batch.workspace import Planned
from waves.foundation.records import read_json, write_json

if TYPE_CHECKING:  # imported where a plan tells anybody: `doit` with nothing to do does not wait for them
    from waves.report.channels import Channel
    from waves.steps.texts import News

GATHER = 20.0  # seconds for what happens together to be in one message


class Notifier:
    """The messages of one batch, for one process."""

    def __init__(self, planned: Planned, gather: float = GATHER) -> None:
        self._planned, self._gather = planned, gather
        self._telling, self._timing = threading.Lock(), threading.Lock()
        self._timer: threading.Timer | None = None
        self._dead: set[str] = set()  # channels that failed: not tried again by this process

    def noticed(self) -> None:
        """Something may have happened: tell it, together with what happens within the next seconds."""
        with self._timing:
            if self._planned.plan.notify is not None and self._timer is None:
                self._timer = threading.Timer(self._gather, self.tell)
                self._timer.daemon = True  # who interrupts is not kept waiting; the next doit tells it
                self._timer.start()

    def tell(self) -> None:
        """Send what was not sent yet, now."""
        with self._timing:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
        with self._telling:
            for name, channel, news in unsent(self._planned):
                if name not in self._dead:
                    self._send(name, channel, news)

    def _send(self, name: str, channel: Channel, news: Mapping[str, News]) -> None:
        from waves.report.channels import ChannelError
        from waves.steps.texts import message

        path = _path(self._planned)
        try:
            channel(*message(self._planned.name, list(news.values())))
            sent = read_json(path) or {}
            write_json(path, {**sent, name: {**sent.get(name, {}), **dict.fromkeys(news, time.time())}})
        except (ChannelError, OSError) as error:
            self._dead.add(name)
            self._planned.batch.say("", "notify", f"flag: {name}: {error}; the next `doit` tries again")


def unsent(planned: Planned) -> list[tuple[str, Channel, dict[str, News]]]:
    """Channels that have something to tell: name, sender, and the news by key."""
    if planned.plan.notify is None:
        return []
    from waves.report.channels import channels
    from waves.report.news import news_of

    news, sent = news_of(planned), read_json(_path(planned)) or {}
    found = []
    for name, channel in channels(planned.plan.notify, planned.top):
        if left := {key: one for key, one in news.items() if key not in sent.get(name, {})}:
            found.append((name, channel, left))
    return found


def _path(planned: Planned) -> Path:
    return planned.batch.folder / "notified.json"

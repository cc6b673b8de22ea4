"""People are told what needs them: once, together, whatever the other end does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from loop_world import IMPLEMENT, World, item, review, until

from waves.batch import workspace
from waves.plan.model import Notify, Ntfy
from waves.report.channels import ChannelError, channels
from waves.report.notify import Notifier
from waves.steps.texts import MESSAGE_LIMIT, News, message


@dataclass
class Desk:
    """An HTTP server that keeps what it is sent: path, headers, JSON."""

    server: ThreadingHTTPServer
    answer: int = 200
    got: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def desk() -> Iterator[Desk]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # a GET, as after a redirect, is an error
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.got.append((self.path, dict(self.headers), body))
            self.send_response(made.answer)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    made = Desk(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def told(desk: Desk) -> list[tuple[str, list[str]]]:
    """Title and lines of each message to ntfy."""
    return [(body["title"], body["message"].splitlines()) for _, _, body in desk.got]


# ---- in a batch


def test_what_happens_together_is_one_message_and_is_never_told_twice(world: World, desk: Desk) -> None:
    world.plan("a", "c", "d", notify={"ntfy": {"topic": "t", "server": desk.address}}, policy={"nits": "ask"})
    world.agent(
        implementer_a="echo 'BLOCKED: which @port? see #1'", reviewer_c=review("approved", nits=[item("a typo")])
    )
    world.run(code=10)
    first = ("b: 1 waiting for a ruling, 1 escalated", [
        "c: waiting at decide@0: a person must rule on N1",
        "  waves rule c N1@0 correct --why '…'",
        "a: escalated at implement: the implementer is blocked: which @port? see #1",
        "  waves rule a implement retry --why '…'",
    ])  # fmt: skip
    assert told(desk) == [first]
    world.run(code=10)
    assert told(desk) == [first], "nothing new has happened"
    world.rule("a", "implement", "retry")
    world.rule("c", "N1@0", "defer")
    world.run(code=10)
    assert [title for title, _ in told(desk)[1:]] == ["b: 1 escalated"], "asked again after a ruling"
    world.rule("a", "drop")
    world.run()
    assert told(desk)[2:] == [("b: done", ["2 of 3 units are merged; `waves audit` has the proof"])]
    world.run()
    assert len(desk.got) == 3


def test_a_dead_server_is_named_once_and_told_by_the_next_doit(world: World, desk: Desk) -> None:
    log = world.folder / "told"
    world.plan("a", notify={"webhook": "HOOK", "command": ["sh", "-c", f"cat >> {log}"]})
    world.extra["HOOK"] = desk.address + "/secret"
    desk.answer = 500
    done = world.run()
    assert "b notify: flag: webhook: its server answered 500; the next `doit` tries again\n" in done.out
    assert "secret" not in done.out
    message = "b: done\n1 of 1 units are merged; `waves audit` has the proof\n"
    assert log.read_text() == message
    desk.answer = 200
    world.run()
    assert [body for _, _, body in desk.got] == [{"text": message.strip()}] * 2
    assert log.read_text() == message, "the channel that took it is not told again"
    assert world.run().out == "b: 1 merged; `waves audit` has the proof\n"
    assert len(desk.got) == 2


def test_only_what_was_asked_for_is_told(world: World, desk: Desk) -> None:
    notify = {"on": ["failed"], "ntfy": {"topic": "t", "server": desk.address}}
    world.plan("a", {"unit": "c", "after": ["a"]}, notify=notify, setup={"run": ["false"]})
    world.run(code=1)
    ((title, (line,)),) = told(desk)
    assert title == "b: all that is left failed"
    assert line.startswith("1 of 2 units: a: setup command `false` ended with 1 in ")
    world.plan("d", name="e", notify=notify)
    world.agent(implementer="echo 'BLOCKED: no'")
    world.run("e", code=10)
    assert len(desk.got) == 1


def test_news_are_gathered_while_the_batch_goes_on(world: World, desk: Desk) -> None:
    world.plan("a", "c", notify={"ntfy": {"topic": "t", "server": desk.address}})
    world.agent(implementer_a="echo 'BLOCKED: what?'", implementer_c=world.gate() + IMPLEMENT)
    world.run("--once", code=75)
    (planned,) = workspace.plans(world.checkout)
    with world.open_gate():
        until(lambda: (world.unit("a") / "runs/implementer-1-1/exit.json").exists(), "a is blocked")
        world.run("--once", code=10)
        assert [title for title, _ in told(desk)] == ["b: 1 escalated"]
        (planned.batch.folder / "notified.json").unlink()
        notifier = Notifier(planned, gather=0.01)
        notifier.noticed()
        notifier.noticed()
        until(lambda: len(desk.got) == 2, "it is told")


def test_a_usage_limit_is_the_whole_batchs_and_told_once(world: World, desk: Desk) -> None:
    world.plan("a", "c", notify={"ntfy": {"topic": "t", "server": desk.address}})
    world.agent(implementer=world.gate())
    world.run("--once", code=75)
    with world.open_gate():
        pass
    for unit in ("a", "c"):
        judged = {"failure": "usage-limit", "fault": "the account's usage limit is reached", "until": 4e9}
        (world.unit(unit) / "runs/implementer-1-1/judged.json").write_text(json.dumps(judged))
    (planned,) = workspace.plans(world.checkout)
    Notifier(planned).tell()
    Notifier(planned).tell()
    assert told(desk) == [("b: usage limit reached", ["a, c: the account's usage limit is reached"])]


# ---- the channels


def send(notify: Notify, title: str = "t", text: str = "x") -> None:
    for _, channel in channels(notify, Path.cwd()):
        channel(title, text)


def test_ntfy_gets_json_and_the_token_of_the_variable(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "tk_1")
    send(Notify(ntfy=Ntfy("acme", desk.address, "MY_TOKEN")), "größer", "漢字")
    ((path, headers, body),) = desk.got
    assert (path, headers["Authorization"]) == ("/", "Bearer tk_1")
    assert body == {"topic": "acme", "title": "größer", "message": "漢字"}


def test_a_webhook_calls_nobody_by_mark_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", f"{desk.address}/T0/B0")
    send(Notify(webhook="HOOK"), "b: done", "<!channel> a & b")
    assert desk.got[0][2] == {"text": "b: done\n&lt;!channel&gt; a &amp; b"}


@pytest.mark.parametrize(
    ("notify", "said"),
    [
        (Notify(webhook="NOT_THERE"), "the variable NOT_THERE is not set"),
        (Notify(webhook="TWO_LINES"), "the variable TWO_LINES is not one line"),
        (Notify(webhook="NO_ADDRESS"), "its address does not begin with http:// or https://"),
        (Notify(webhook="NOBODY"), "its server could not be reached (ConnectionRefusedError)"),
        (Notify(ntfy=Ntfy("t", "{desk}", "TWO_LINES")), "the variable TWO_LINES is not one line"),
        (Notify(command=("sh", "-c", "exit 3")), "sh ended with 3"),
        (Notify(command=("/no/such/program",)), "/no/such/program: No such file or directory"),
    ],
)
def test_a_channel_that_does_not_take_it_says_why_in_one_line(
    notify: Notify, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWO_LINES", "http://a\nb")
    monkeypatch.setenv("NO_ADDRESS", "file:///etc/passwd")
    monkeypatch.setenv("NOBODY", "http://127.0.0.1:9/secret")
    with pytest.raises(ChannelError) as error:
        send(notify)
    assert str(error.value) == said


def test_a_redirect_takes_the_token_nowhere(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "tk_1")
    desk.answer = 302
    with pytest.raises(ChannelError, match="its server answered 302"):
        send(Notify(ntfy=Ntfy("t", desk.address, "MY_TOKEN")))
    assert [path for path, _, _ in desk.got] == ["/"]


# ---- the words


def test_a_message_says_the_most_urgent_first_and_fits() -> None:
    news = [
        News("done", "all"),
        News("ruling", "a", "why"),
        News("ruling", "c", "\x1b[31mred\x1b[0m\n@ana #3", ("do it",)),
    ]
    assert message("b", news) == ("b: 2 waiting for a ruling, done", "a: why\nc: red @ana #3\n  do it\nall")
    long = [News("escalated", f"unit-{number}", "x" * 1000) for number in range(40)]
    title, text = message("b", long)
    assert title == "b: 40 escalated"
    assert len(text) <= MESSAGE_LIMIT
    assert text.endswith("\n…")

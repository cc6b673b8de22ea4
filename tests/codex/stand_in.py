"""A stand-in for the Responses API on loopback, for the real codex: what the model says is written by the test.

A turn of the agent is a list of steps. Which turn is played is chosen by words in the prompt; each step answers one
request, so that step n is what the model says after n calls of tools.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Shell:
    """The model asks for a shell command; `tokens` is what its answer is said to have cost."""

    command: str
    tokens: int = 120


@dataclass(frozen=True)
class Say:
    """The model says something, which ends the turn."""

    text: str
    tokens: int = 120


@dataclass(frozen=True)
class Refuse:
    """The server answers with an error."""

    status: int
    error: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fail:
    """The answer begins, and then fails."""

    code: str
    message: str = "it failed"


@dataclass(frozen=True)
class Drop:
    """The connection ends in the middle of an answer, after `said` of it."""

    said: Shell | Say | None = None


@dataclass(frozen=True)
class Tries:
    """Another answer at each try, the last one for all further tries."""

    answers: tuple[Shell | Say | Refuse | Fail | Drop, ...]


Step = Shell | Say | Refuse | Fail | Drop | Tries


@dataclass(frozen=True)
class Asked:
    """One request of codex's for an answer."""

    prompt: str
    thread: str
    key: str  # API key, empty where there was none
    body: Json

    @property
    def outputs(self) -> list[str]:
        """What the tools have said, in the whole thread."""
        return [str(one.get("output")) for one in self.body["input"] if _is_output(one)]


class StandIn:
    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._scripts: dict[str, list[Sequence[Step]]] = {}
        self._turns: dict[str, Sequence[Step]] = {}  # those that have begun, by codex's own id
        self._begun: Counter[str] = Counter()
        self._tried: Counter[tuple[str, int]] = Counter()
        self._lock, self._number = threading.Lock(), itertools.count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def config(self) -> dict[str, str]:
        """`agent.config` of a plan that has this for its model's server; errors are not retried for long."""
        provider = {"name": "stand-in", "base_url": self.url, "wire_api": "responses", "env_key": "STAND_IN_KEY",
                    "request_max_retries": "0", "stream_max_retries": "1"}  # fmt: skip
        return {"model_provider": "stand_in"} | {f"model_providers.stand_in.{k}": v for k, v in provider.items()}

    def on(self, words: str, *turns: Sequence[Step]) -> None:
        """Play these turns, one after the other, for prompts that hold `words`; the last one for all further ones."""
        with self._lock:
            self._scripts[words] = list(turns)

    def asked_for(self, words: str) -> list[Asked]:
        """The requests of the turns that were played for these words."""
        return [one for one in self.asked if self._played_for(one.prompt) == words]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # ---- what to answer

    def _answer(self, asked: Asked, turn: str, calls: int) -> Shell | Say | Refuse | Fail | Drop:
        with self._lock:
            self.asked.append(asked)
            steps = self._turns.get(turn)
            if steps is None:
                steps = self._turns[turn] = self._begin(asked.prompt)
            place = min(calls, len(steps) - 1)
            step = steps[place]
            if isinstance(step, Tries):
                tried = min(self._tried[turn, place], len(step.answers) - 1)
                self._tried[turn, place] += 1
                return step.answers[tried]
            return step

    def _begin(self, prompt: str) -> Sequence[Step]:
        words = self._played_for(prompt)
        if words is None:
            return [Refuse(400, {"message": f"the stand-in has no turn for this prompt: {prompt[:200]}"})]
        turns = self._scripts[words]
        self._begun[words] += 1
        return turns[min(self._begun[words], len(turns)) - 1]

    def _played_for(self, prompt: str) -> str | None:
        found = [words for words in self._scripts if words in prompt]
        return min(found, key=prompt.index, default=None)  # a prompt may quote others, further down

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self._json(200, {"models": []})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                prompt, calls = _read(body["input"])
                about = json.loads(self.headers.get("x-codex-turn-metadata") or "{}")
                key = (self.headers.get("authorization") or "").removeprefix("Bearer ")
                asked = Asked(prompt, str(about.get("thread_id")), key, body)
                answer = stand_in._answer(asked, str(about.get("turn_id")), calls)
                if isinstance(answer, Refuse):
                    self._json(answer.status, {"error": dict(answer.error)})
                else:
                    self._stream(answer, next(stand_in._number))

            def _json(self, status: int, value: Json) -> None:
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def _stream(self, answer: Shell | Say | Fail | Drop, number: int) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("connection", "close")
                self.end_headers()
                self.close_connection = True
                for event in _events(answer, f"{number}-{time.monotonic_ns()}"):
                    self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
                self.wfile.flush()

        return Handler


def _is_output(item: Json) -> bool:
    return str(item.get("type", "")).endswith("_call_output")


def _read(items: list[Json]) -> tuple[str, int]:
    """The latest prompt, and how many calls have come to an end since."""
    calls = 0
    for item in reversed(items):
        calls += _is_output(item)
        text = "\n".join(str(part.get("text", "")) for part in item.get("content") or () if isinstance(part, dict))
        # What codex adds in the user's name is in tags.
        if item.get("role") == "user" and not text.startswith("<"):
            return text, calls
    return "", calls


def _events(answer: Shell | Say | Fail | Drop, name: str) -> list[Json]:
    created = {"type": "response.created", "response": {"id": f"resp_{name}"}}
    if isinstance(answer, Fail):
        error = {"code": answer.code, "message": answer.message}
        return [created, {"type": "response.failed", "response": {"id": f"resp_{name}", "error": error}}]
    said = answer.said if isinstance(answer, Drop) else answer
    if said is None:
        return [created]
    done = {"type": "response.output_item.done", "item": _item(said, name)}
    usage = {
        "input_tokens": said.tokens - 20, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": said.tokens,
    }  # fmt: skip
    completed = {"type": "response.completed", "response": {"id": f"resp_{name}", "usage": usage}}
    return [created, done] if isinstance(answer, Drop) else [created, done, completed]


def _item(said: Shell | Say, name: str) -> Json:
    if isinstance(said, Say):
        content = [{"type": "output_text", "text": said.text}]
        return {"type": "message", "role": "assistant", "id": f"msg_{name}", "content": content}
    arguments = json.dumps({"cmd": said.command, "yield_time_ms": 30_000})
    return {"type": "function_call", "call_id": f"call_{name}", "name": "exec_command", "arguments": arguments}

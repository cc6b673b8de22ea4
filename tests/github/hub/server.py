"""HTTP on loopback: who asks, limits, entity tags, pages, lies and the log; never what an answer says."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode

from hub import contract, githttp, graph
from hub.behaviour import Refused
from hub.lies import SECONDARY, What
from hub.routes import ROLES, ROUTES, Asked, Paged, Reply, Route
from hub.state import Token

if TYPE_CHECKING:
    from hub.stand_in import GitHub

DOCUMENTATION = "https://docs.github.com/rest"
READS = ("GET", "HEAD")


@dataclass(frozen=True)
class Request:
    """One request as it was answered; `status` 0: the connection was dropped."""

    method: str
    path: str  # without host and query; REST paths without `/api/v3`, GraphQL's is `/graphql`
    status: int
    query: dict[str, str]
    body: bytes
    login: str

    @property
    def is_graphql(self) -> bool:
        return self.path == "/graphql"

    @property
    def is_git(self) -> bool:
        return ".git/" in self.path

    @property
    def writes(self) -> bool:
        return self.method not in READS and not self.is_graphql and not self.path.endswith("git-upload-pack")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Server(ThreadingHTTPServer):
    """Ends its connections when it is closed, so that nothing of it outlives the test."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, github: GitHub) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.github = github
        self.closing = threading.Event()
        self.open: set[socket.socket] = set()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="github", daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's fault."""
        if not isinstance(sys.exception(), OSError):
            self.github.violations.append(f"the stand-in failed\n{traceback.format_exc()}")

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        self.thread.join()
        for one in tuple(self.open):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it ended by itself
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_any(self) -> None:
        body = self._body()
        path, _, query = self.path.partition("?")
        short = path.removeprefix("/api/v3") if path.startswith("/api/v3/") else path
        short = "/graphql" if path == "/api/graphql" else short
        exchange = Exchange(self.server.github, self.command, short, query, self.headers, body)
        what = self.server.github.next_lie(self.command, short, body)
        answer = self._told(exchange, what)
        status = answer.status if answer else 0
        login = exchange.token.user.login if exchange.token else ""
        self.server.github.log(Request(self.command, short, status, dict(parse_qsl(query)), body, login))
        if answer is None:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD" and answer.status not in (204, 304):
            self.wfile.write(answer.body)
        self.wfile.flush()

    def _told(self, exchange: Exchange, what: What | None) -> Answer | None:
        """The answer, honest or not; None: drop the connection."""
        if what is None:
            return exchange.answer()
        if what.before:
            what.before()
        self.server.closing.wait(what.seconds)
        honest = exchange.answer() if what.acts else None
        if what.status is None:
            return honest
        if what.status == 0:
            return None
        body = {"message": what.message, "documentation_url": DOCUMENTATION, "status": str(what.status)}
        headers = {"Content-Type": "application/json; charset=utf-8"} | what.headers
        return Answer(what.status, headers, json.dumps(body).encode())

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = handle_any  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size)
            if len(body) < size:
                raise ConnectionAbortedError(f"{self.path}: the client went away in the middle of it")
            return body
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """The stand-in keeps its own log."""


class Exchange:
    """One request, and the honest answer to it."""

    def __init__(self, github: GitHub, method: str, path: str, query: str, headers: Any, body: bytes) -> None:
        self.github, self.state = github, github.state
        self.method, self.path, self.query, self.headers, self.body = method, path, query, headers, body
        self.token: Token | None = None
        self.extra: dict[str, str] = {}  # headers

    def answer(self) -> Answer:
        with self.state.lock:
            try:
                if match := re.fullmatch(rf"/([\w-]+)/{re.escape(self.state.name)}\.git(/.*)", self.path):
                    return self._git(match[1], match[2])
                if self.path.startswith("/storage/jobs/"):
                    return self._storage()
                self.github.behaviour.pusher = None
                self.github.behaviour.refresh()
                return self._graphql() if self.path == "/graphql" else self._rest()
            except Refused as refused:
                return self._error(refused)
            except Exception:
                text = f"{self.method} {self.path}: the stand-in failed\n{traceback.format_exc()}"
                return self._violation(500, text)

    # ---- git, and logs

    def _git(self, owner: str, path: str) -> Answer:
        fork = "" if owner == self.state.owner else owner
        push = "git-receive-pack" in f"{self.path}?{self.query}"
        found = githttp.allowed(self.state, self.headers, push=push, fork=fork)
        if isinstance(found, githttp.GitAnswer):
            return Answer(found.status, found.headers, found.body)
        self.token = found
        self.github.behaviour.refresh()
        done = githttp.serve(
            self.github.bare, self.method, path, self.query, self.headers, self.body, found.user.login, fork
        )
        self.github.behaviour.pusher = found.user
        self.github.behaviour.refresh()
        return Answer(done.status, done.headers, done.body)

    def _storage(self) -> Answer:
        number = int(self.path.split("/")[3])
        check, run = self.state.check_runs.get(number), self.state.runs.get(number)
        text = check.log if check else run.workflow.log if run else None
        if text is None:
            return self._violation(404, f"{self.path}: there is no such log")
        return Answer(200, {"Content-Type": "text/plain; charset=utf-8"}, text.encode())

    # ---- REST

    def _rest(self) -> Answer:
        found = contract.find(self.method, self.path)
        if found is None:
            return self._violation(404, f"{self.method} {self.path}: not in the slice of GitHub's API that is served")
        operation, path = found
        route = ROUTES[operation.name]
        self.token = self._authenticated(operation.name)
        self._spend("search" if self.path.startswith("/search") else "core", route)
        query, body = dict(parse_qsl(self.query, keep_blank_values=True)), self._json()
        if faults := operation.faults_of_request(query, body):
            return self._violation(500, f"{self.method} {self.path} asks: {'; '.join(faults)}")
        path = {name: unquote(value) for name, value in path.items()}
        self._allowed(route, path)
        asked = Asked(
            self.state, self.github.bare, self.github.behaviour, self.github.forms, self.token, path, query,
            {} if body is None else body,
        )  # fmt: skip
        reply = route.handler(asked)
        reply = self._paged(reply, query) if isinstance(reply, Paged) else reply
        if faults := operation.faults_of_answer(reply.status, reply.body):
            return self._violation(500, f"{self.method} {self.path} is answered: {'; '.join(faults)}")
        return self._tagged(reply)

    def _authenticated(self, operation: str) -> Token:
        kind, _, secret = self.headers.get("Authorization", "").partition(" ")
        if operation.partition(" ")[2].startswith("/app") or operation.endswith("/installation"):
            return self.github.app_token(secret)
        if not kind:
            raise Refused(401, "Requires authentication")
        if kind.lower() == "basic":
            raise Refused(401, "Bad credentials")
        found = self.state.tokens.get(secret)
        if found is None:
            raise Refused(401, "Bad credentials")
        return found

    def _allowed(self, route: Route, path: dict[str, str]) -> None:
        """Whether the user may, and whether the token says so; GitHub hides what one may not see."""
        token = self.token
        assert token
        if "repo" in path and f"{path['owner']}/{path['repo']}".casefold() != self.state.full_name.casefold():
            raise Refused(404, "Not Found")
        name, _, level = route.permission.partition("=")
        if token.permissions is not None:
            self.extra["X-Accepted-GitHub-Permissions"] = route.permission
        elif token.scopes is not None:
            self.extra["X-OAuth-Scopes"] = ", ".join(token.scopes)
            self.extra["X-Accepted-OAuth-Scopes"] = "repo" if "repo" in path else ""
            if "repo" in path and "repo" not in token.scopes and (self.state.private or self.method not in READS):
                raise Refused(404, "Not Found")
        if route.role == "none":
            return
        role = token.user.permission
        if self.state.private and role == "none":
            raise Refused(404, "Not Found")
        role = "read" if role == "none" else role
        if token.permissions is not None and name != "metadata":
            given = token.permissions.get(name)
            if given is None or (level == "write" and given != "write"):
                who = "integration" if token.installation else "personal access token"
                raise Refused(403, f"Resource not accessible by {who}")
        if ROLES.index(role) < ROLES.index(route.role):
            raise Refused(403, "Must have admin rights to Repository." if route.role == "admin" else "Forbidden")

    def _json(self) -> Any:
        if not self.body:
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refused(400, "Problems parsing JSON") from None

    def _paged(self, paged: Paged, query: dict[str, str]) -> Reply:
        size = min(max(int(query.get("per_page") or 30), 1), 100)
        page = max(int(query.get("page") or 1), 1)
        last = max(-(-len(paged.items) // size), 1)
        shown: Any = [paged.form(item) for item in paged.items[(page - 1) * size : page * size]]
        if paged.under:
            shown = {"total_count": len(paged.items), **paged.extra, paged.under: shown}
        places = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        kept = {name: place for name, place in places.items() if 1 <= place <= last and place != page}
        if page == last:
            kept.pop("last", None)
        base = f"{self.github.forms.api}{self.path}"
        links = [f'<{base}?{urlencode(query | {"page": place})}>; rel="{name}"' for name, place in kept.items()]
        return Reply(shown, headers={"Link": ", ".join(links)} if links else {})

    def _tagged(self, reply: Reply) -> Answer:
        body = b"" if reply.body is None else json.dumps(reply.body).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"} if body else {}
        headers |= reply.headers
        if self.method in READS and reply.status == 200:
            tag = f'W/"{hashlib.sha256(body).hexdigest()}"'
            headers["ETag"] = tag
            if self.headers.get("If-None-Match") == tag:
                self._refund()
                return Answer(304, {"ETag": tag} | self._limits("core") | self.extra, b"")
        resource = "search" if self.path.startswith("/search") else "core"
        return Answer(reply.status, headers | self._limits(resource) | self.extra, body)

    # ---- GraphQL

    def _graphql(self) -> Answer:
        self.token = self._authenticated("POST /graphql")
        sent = self._json()
        if self.method != "POST" or not isinstance(sent, dict) or not isinstance(sent.get("query"), str):
            return self._violation(400, "POST /graphql: a JSON object with `query` is expected")
        try:
            self._spend("graphql", None)
        except Refused as refused:  # GitHub says so with 200
            body: Any = {"errors": [{"type": "RATE_LIMITED", "message": refused.message}]}
        else:
            body, faults = graph.execute(self.github, self.token, sent)
            for fault in faults:
                self.github.violations.append(f"POST /graphql: {fault}")
        headers = {"Content-Type": "application/json; charset=utf-8"} | self._limits("graphql")
        return Answer(200, headers, json.dumps(body).encode())

    # ---- limits

    def _spend(self, resource: str, route: Route | None) -> None:
        token = self.token
        assert token
        if self.path == "/rate_limit":
            return
        if time.time() >= self.state.resets_at:
            self.state.resets_at = int(time.time()) + 3600
            for one in self.state.tokens.values():
                one.used.clear()
        if token.used.get(resource, 0) >= self.state.limits[resource]:
            raise Refused(403, f"API rate limit exceeded for user ID {token.user.id}.")
        token.used[resource] = token.used.get(resource, 0) + 1
        if route and route.creates:
            token.creations = [one for one in token.creations if one > time.monotonic() - 60]
            if len(token.creations) >= self.state.creations_a_minute:
                self.extra["Retry-After"] = "60"
                raise Refused(403, SECONDARY)
            token.creations.append(time.monotonic())

    def _refund(self) -> None:
        assert self.token
        self.token.used["core"] -= 1

    def _limits(self, resource: str) -> dict[str, str]:
        if self.token is None:
            return {}
        limit, used = self.state.limits[resource], self.token.used.get(resource, 0)
        left = max(limit - used, 0)
        values = {"Limit": limit, "Remaining": left, "Used": used, "Reset": self.state.resets_at}
        return {f"X-RateLimit-{name}": str(value) for name, value in values.items()} | {
            "X-RateLimit-Resource": resource
        }

    # ---- refusals

    def _error(self, refused: Refused) -> Answer:
        body: dict[str, Any] = {
            "message": refused.message,
            "documentation_url": DOCUMENTATION,
            "status": str(refused.status),
        }
        if refused.errors is not None:
            body["errors"] = refused.errors
        found = contract.find(self.method, self.path)
        if found and (faults := found[0].faults_of_answer(refused.status, body)):
            return self._violation(500, f"{self.method} {self.path} is refused: {'; '.join(faults)}")
        headers = {"Content-Type": "application/json; charset=utf-8"} | self._limits("core") | self.extra
        return Answer(refused.status, headers, json.dumps(body).encode())

    def _violation(self, status: int, text: str) -> Answer:
        """Something that must not be: kept for the end of the test, and said to whoever asked."""
        self.github.violations.append(text)
        body = {"message": f"stand-in: {text}", "documentation_url": "", "status": str(status)}
        return Answer(status, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(body).encode())

"""Asks GitHub by way of PyGithub, one request at a time; it repeats no write without a look, and tells no token.

Requests are named as GitHub's documentation names them, rather than made through PyGithub's objects: those fetch
themselves when an attribute is missing, and every request counts here. PyGithub's own retries are off, because they
repeat writes as well.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.request import urlopen

from waves.forges.github import faults, queries
from waves.forges.github.access import Access
from waves.forges.github.faults import Fault
from waves.foundation.errors import ForgeError

if TYPE_CHECKING:
    from github.Requester import Requester

Json = Mapping[str, Any]
T = TypeVar("T")

ATTEMPTS = 7
FIRST_PAUSE = 0.25  # seconds; doubled each time, so 16 in all
LONGEST_WAIT = 15 * 60.0  # seconds: a limit that ends later is told, and the next `doit` goes on
LOG = 200_000  # bytes of a log that are kept
TIMEOUT = 30  # seconds: GitHub itself gives up after 10
# GitHub takes 80 writes a minute that make something.
WRITES, MINUTE = 60, 60.0


class FaultError(ForgeError):
    """An answer that is none. `fault.kind` says which sort."""

    def __init__(self, fault: Fault, text: str) -> None:
        self.fault = fault
        super().__init__(text)


class Client:
    """One account's way to GitHub. All raise FaultError."""

    def __init__(self, access: Access, first_pause: float = FIRST_PAUSE) -> None:
        self.access, self._first_pause = access, first_pause
        self._one_at_a_time = threading.Lock()  # as GitHub asks for; nor may PyGithub's connection be shared
        self._not_before = 0.0  # a limit that one request met is everybody's
        self._writes: deque[float] = deque(maxlen=WRITES)

    @cached_property
    def _requester(self) -> Requester:
        from github import Github

        github = Github(
            auth=self.access.auth, base_url=self.access.address.api, retry=None, timeout=TIMEOUT, per_page=100,
            seconds_between_requests=None, seconds_between_writes=None, user_agent="waves",
        )  # fmt: skip
        return github.requester

    # ---- reading

    @cached_property
    def login(self) -> str:
        """Whose token it is."""
        return str(self.ask(queries.WHO)["viewer"]["login"])

    def ask(self, query: str, *, attempts: int = ATTEMPTS, **variables: Any) -> Json:
        """The `repository` of a GraphQL answer, beside it what else was asked for; what is not there is None in it."""
        about = self.access.address
        given = {"owner": about.owner, "name": about.name, **variables}
        return self._repeated(lambda: self._graphql(query, given), attempts)

    def pages(self, query: str, *path: str, after: str | None = None, **variables: Any) -> Iterator[Json]:
        """The nodes of a connection, `path` below `repository`, page by page as they are asked for."""
        while True:
            found: Any = self.ask(query, after=after, **variables)["repository"]
            for name in path:
                found = (found or {}).get(name)
            if found is None:
                return
            yield from (node for node in found["nodes"] if node)
            if not found["pageInfo"]["hasNextPage"]:
                return
            after = found["pageInfo"]["endCursor"]

    def get(self, path: str, **parameters: Any) -> Any:
        """`path` is below the repository's own address: `/milestones`."""
        return self._repeated(lambda: self._rest("GET", path, parameters=parameters))

    def log(self, path: str) -> str:
        """The text that an address redirects to, such as a job's log: its end, where it is very long.

        It lies on a server of somebody else's, which PyGithub does not go to, and which must not be shown the token.
        """
        where = self._repeated(lambda: self._rest("GET", path, part=0)).get("location", "")
        if not where.startswith(("https://", "http://127.0.0.1:")):
            return ""
        try:
            with urlopen(where, timeout=TIMEOUT) as answer:  # noqa: S310 - the scheme has been looked at
                kept = b""
                while chunk := answer.read(1 << 16):
                    kept = (kept + chunk)[-LOG:]
        except (OSError, HTTPException):
            return ""
        return kept.decode("utf-8", "replace")

    # ---- writing

    def send(self, verb: str, path: str, data: Json, done: Callable[[], T | None]) -> Any | T:
        """Write once, and give the answer. Where that leaves open whether it happened, `done` looks first.

        `done` gives what is to be returned if it happened, or None, and then it is sent again.
        """
        return self._written(lambda: self._rest(verb, path, data=data), done)

    def send_once(self, verb: str, path: str, data: Json) -> Any:
        """Write, and never repeat it; raises a FaultError of kind `unsure` where it may have happened."""
        self._pace()
        return self._rest(verb, path, data=data)

    def mutate(self, mutation: str, done: Callable[[], T | None], **variables: Any) -> Any | T:
        return self._written(lambda: self._graphql(mutation, variables), done)

    def _written(self, act: Callable[[], Any], done: Callable[[], T | None]) -> Any | T:
        def paced() -> Any:
            self._pace()
            return act()

        for attempt in range(ATTEMPTS):
            try:
                return self._unless_limited(paced)
            except FaultError as error:
                if error.fault.kind != "unsure" or attempt == ATTEMPTS - 1:
                    raise
            self.pause(attempt)
            if (found := done()) is not None:
                return found
        raise AssertionError

    def pause(self, attempt: int) -> None:
        """Wait before the next attempt, longer each time."""
        threading.Event().wait(self._first_pause * 2**attempt)

    # ---- one request

    def _repeated(self, ask: Callable[[], T], attempts: int = ATTEMPTS) -> T:
        for attempt in range(attempts):
            try:
                return self._unless_limited(ask)
            except FaultError as error:
                if error.fault.kind != "unsure" or attempt == attempts - 1:
                    raise
            self.pause(attempt)
        raise AssertionError

    def _unless_limited(self, send: Callable[[], T]) -> T:
        """Send, and again after each limit: a request that meets one has done nothing."""
        for _ in range(ATTEMPTS):
            if (left := self._not_before - time.monotonic()) > 0:
                threading.Event().wait(left)
            try:
                return send()
            except FaultError as error:
                if error.fault.kind != "limited" or error.fault.wait > LONGEST_WAIT:
                    raise
                met = error
                self._not_before = max(self._not_before, time.monotonic() + error.fault.wait)
        raise met

    def _pace(self) -> None:
        if len(self._writes) == WRITES and (left := self._writes[0] + MINUTE - time.monotonic()) > 0:
            threading.Event().wait(left)
        self._writes.append(time.monotonic())

    def _graphql(self, query: str, variables: Json) -> Json:
        from github import GithubException

        def send() -> Json:
            try:
                return self._requester.graphql_query(query, dict(variables))[1]["data"]  # type: ignore[no-any-return]
            except GithubException as error:
                data = error.data if isinstance(error.data, dict) else {}
                if "errors" not in data or error.status not in (400, 404):
                    raise
                fault = faults.of_errors(data["errors"], error.headers or {}, time.time())
                if fault is None and data.get("data", {}).get("repository"):
                    return data["data"]  # type: ignore[no-any-return]
                raise self._error(fault or Fault("missing", faults.said(data), status=404), "/graphql") from None

        return self._sent(send, "/graphql")

    def _rest(
        self, verb: str, path: str, data: Json | None = None, parameters: Json | None = None, part: int = 1
    ) -> Any:
        """`part` of the answer: its headers are 0, its JSON is 1."""
        about = self.access.address

        def send() -> Any:
            where = f"/repos/{about.owner}/{about.name}{path}"
            given = dict(data) if data is not None else None
            return self._requester.requestJsonAndCheck(verb, where, dict(parameters or {}), input=given)[part]

        return self._sent(send, path)

    def _sent(self, send: Callable[[], T], path: str) -> T:
        from github import GithubException
        from requests import RequestException

        try:
            with self._one_at_a_time:
                return send()
        except GithubException as error:
            fault = faults.of_answer(error.status, error.headers or {}, error.data, path, time.time())
            raise self._error(fault, path) from None
        except (RequestException, ValueError) as error:  # dropped, late, or cut off in the middle of its JSON
            fault = Fault("unsure", f"no whole answer ({type(error).__name__})")
            raise self._error(fault, path) from None
        except (RuntimeError, AssertionError) as error:  # PyGithub's words on a redirection that it does not follow
            raise self._error(Fault("refused", faults.one_line(str(error))), path) from None

    def _error(self, fault: Fault, path: str) -> FaultError:
        about, source = self.access.address, self.access.source
        what = f"{about.host} {about.repository}"
        if fault.kind == "credentials":
            return FaultError(fault, f"{what}: {fault.text} of {source}; renew it")
        if fault.kind == "permission":
            return FaultError(fault, f"{what}: the token of {source} may not do this: {fault.text}")
        if fault.kind == "missing" and path != "/graphql":
            return FaultError(fault, f"{what}{path}: {fault.text}: not there, or hidden from the token of {source}")
        if fault.kind == "missing":
            return FaultError(fault, f"{what}: {fault.text}; correct `repo`, or let the token of {source} see it")
        if fault.kind == "limited":
            return FaultError(fault, f"{what}: {fault.text}; the limit ends in {fault.wait / 60:.0f} minutes")
        return FaultError(fault, f"{what}: {fault.text}" + ("; try again" if fault.kind == "unsure" else ""))

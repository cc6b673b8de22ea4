"""A server of git-lfs objects: the batch API, uploads and downloads, locks, a password, and what can go wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSON = "application/vnd.git-lfs+json"


@dataclass
class Server:
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # operation of each batch
    locked: tuple[str, ...] = ()  # paths that somebody else has locked
    full: bool = False  # the quota is used up
    password: str = "secret"

    def __post_init__(self) -> None:
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def batch(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(asked["operation"])
        return {"transfer": "basic", "objects": [self._about(asked["operation"], one) for one in asked["objects"]]}

    def _about(self, operation: str, one: dict[str, Any]) -> dict[str, Any]:
        there, link = one["oid"] in self.objects, {"href": f"{self.address}/objects/{one['oid']}"}
        found = {"oid": one["oid"], "size": one["size"], "authenticated": True}
        if operation == "upload":
            return found if there else found | {"actions": {"upload": link}}
        if there:
            return found | {"actions": {"download": link}}
        return found | {"error": {"code": 404, "message": "Object does not exist"}}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None: ...

            def answer(self, code: int, value: Any = None, data: bytes = b"") -> None:
                body = data if value is None else json.dumps(value).encode()
                self.send_response(code)
                if code == 401:
                    self.send_header("LFS-Authenticate", 'Basic realm="lfs"')
                self.send_header("Content-Type", JSON)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                wanted = "Basic " + base64.b64encode(f"ana:{server.password}".encode()).decode()
                if self.headers.get("Authorization") != wanted:
                    self.answer(401, {"message": "Credentials needed"})
                elif self.path.endswith("/locks/verify"):
                    theirs = [{"id": path, "path": path, "locked_at": "2026-11-20T10:00:00Z", "owner": {"name": "bo"}}
                              for path in server.locked]  # fmt: skip
                    self.answer(200, {"ours": [], "theirs": theirs})
                elif server.full:
                    self.answer(403, {"message": "This repository is over its data quota"})
                else:
                    self.answer(200, server.batch(json.loads(body)))

            def do_PUT(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                server.objects[hashlib.sha256(data).hexdigest()] = data
                self.answer(200)

            def do_GET(self) -> None:
                data = server.objects.get(self.path.rpartition("/")[2])
                self.answer(404 if data is None else 200, data=data or b"")

        return Handler

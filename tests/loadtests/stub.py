"""A gateway that is none: answers as it is told to, after as long as it is told to."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

PATHS: dict[str, Any] = {
    "/v1/applications": {"post": {}},
    "/v1/applications/{case}": {"get": {}},
    "/v1/applications/{case}/contract": {"get": {}},
    "/v1/applications/{case}/contract/confirmation": {"post": {}},
    "/v1/applications/{case}/contract/signature": {"post": {}},
    "/v1/tasks": {"get": {}},
    "/v1/tasks/{task}/claim": {"post": {}},
    "/v1/tasks/{task}/decision": {"post": {}},
    "/health": {"get": {}},
}


NOW = "2026-03-11T10:00:00.000+08:00"
SHOWN = {"step": "scoring", "handler": "system", "since": "2026-03-11T09:00:00+08:00", "expected_at": NOW}
SLIPPED = SHOWN | {"expected_at": "2026-03-11T11:00:00.000+08:00"}
BOOK = """lendrill_book_count{{gauge="trial_balance",group="principal"}} 2.0
lendrill_book_amount_fen{{gauge="trial_balance",group="principal"}} {fen}.0
lendrill_book_amount_fen{{gauge="trial_balance",group="settlement"}} -100.0
"""


@dataclass
class Stub:
    """What the gateway does, and what it was asked."""

    delay_s: float = 0.0
    status_of: dict[int, int] = field(default_factory=dict)
    """By the number of the application, modulo 10; 202 for others. 0: the connection is closed without an answer, once a key."""
    stall_s: float = 0.0
    stall_from_s: float = 1.0
    """From its first application on, after so long, everything stands still for `stall_s`."""
    step: str = "contract"
    slips: bool = False
    """Cases stay where they are, and are to be done ever later."""
    task: dict[str, Any] = field(default_factory=dict)
    """The one at the desks."""
    out_by_fen: int = 0
    ready: bool = True
    token: str = ""
    secret: str = ""
    """Of systems; any, where none is given."""
    branches: int | None = 4
    """As the bank says; it says nothing, where there is no number."""
    passwords: dict[str, str] = field(default_factory=dict)
    """Of people, who may do nothing before they have changed the first one."""
    wrong: Counter[str] = field(default_factory=Counter)
    """How often who was not let in."""
    paths: dict[str, Any] = field(default_factory=lambda: dict(PATHS))
    forms: list[dict[str, Any]] = field(default_factory=list)
    keys: Counter[str] = field(default_factory=Counter)
    url: str = ""
    _began: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pause(self) -> None:
        """Waits as long as this gateway does now."""
        with self._lock:
            self._began = self._began or time.monotonic()
        begin = self._began + self.stall_from_s
        if self.stall_s and begin <= time.monotonic() < begin + self.stall_s:
            time.sleep(begin + self.stall_s - time.monotonic())
        time.sleep(self.delay_s)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: Stub

    def log_message(self, *_: Any) -> None: ...

    def do_GET(self) -> None:
        if self.path == "/openapi.json":
            return self.answer(200, {"paths": self.stub.paths})
        if self.path == "/health":
            return self.answer(200 if self.stub.ready else 503, {"ready": self.stub.ready})
        if self.path == "/metrics":
            return self.answer(200, BOOK.format(fen=100 + self.stub.out_by_fen))
        if self.path == "/v1/products":
            if self.is_shut():
                return self.answer(401, {"title": "Unauthorized"})
            return self.answer(200, {"products": []} | ({"branches": self.stub.branches} if self.stub.branches else {}))
        if self.path == "/v1/clock":
            return self.answer(200, {"now": NOW})
        if self.path.startswith("/v1/tasks"):
            return self.answer(200, {"tasks": [self.stub.task] if self.stub.task else [], "next": None})
        self.stub.pause()
        shown = SLIPPED if self.stub.slips else {"step": self.stub.step, "handler": "customer"}
        return self.answer(200, {"case": self.path.rsplit("/", 1)[1]} | shown)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        stub = self.stub
        if self.path == "/oauth/token":
            return self.grant({name: one[0] for name, one in parse_qs(body.decode()).items()})
        if self.path == "/password":
            said = json.loads(body)
            stub.passwords |= {name: said["new"] for name, old in stub.passwords.items() if old == said["old"]}
            return self.answer(200, {"access_token": stub.token})
        if self.is_shut():
            return self.answer(401, {"title": "Unauthorized"})
        key = self.headers.get("Idempotency-Key", "")
        stub.keys[key] += 1
        status = stub.status_of.get(int(key.rsplit("-", 1)[1]) % 10, 202)
        if status == 0 and stub.keys[key] == 1:
            self.close_connection = True
            return None
        stub.pause()
        stub.forms.append(json.loads(body))
        return self.answer(status or 202, SHOWN | {"case": str(len(stub.forms)), "title": "as told"})

    def is_shut(self) -> bool:
        """Whether the caller would need a token."""
        return bool(self.stub.token) and self.headers.get("Authorization") != f"Bearer {self.stub.token}"

    def grant(self, form: dict[str, str]) -> None:
        name = form.get("username", "")
        if name and self.stub.passwords.get(name) != form["password"]:
            self.stub.wrong[name] += 1
            return self.answer(400, {"error": "invalid_grant"})
        basic = self.headers.get("Authorization", "").removeprefix("Basic ")
        if not name and self.stub.secret not in ("", b64decode(basic).decode().partition(":")[2]):
            return self.answer(401, {"error": "invalid_client"})
        return self.answer(200, {"access_token": self.stub.token})

    def answer(self, status: int, content: dict[str, Any] | str) -> None:
        body = (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1_024


@contextmanager
def serving(stub: Stub) -> Iterator[Stub]:
    """The gateway, on a port of its own."""
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"stub": stub}))
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()

"""A bank's health on a port of its own (健康检查): who has to know whether a bank lives must not queue behind its callers.
The process that keeps the others alive answers, from what it sees of them and what the conductor says of itself."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Health = Callable[[], dict[str, Any]]


class HealthDoor(ThreadingHTTPServer):
    """``GET /health``: 200 while the bank takes commands, else 503; what `health` says either way."""

    daemon_threads = True

    def __init__(self, host: str, port: int, health: Health) -> None:
        """Listens from now on. OSError where the port is not free."""
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Answering)
        self.health = health
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answering(BaseHTTPRequestHandler):
    server: HealthDoor
    timeout = 5.0

    def do_GET(self) -> None:
        """One question."""
        found: dict[str, Any] = {"title": "Not found", "status": 404, "detail": "there is /health here"}
        status = 404
        if self.path == "/health":
            found = self.server.health()
            status = 200 if found["ready"] else 503
        content = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nobody reads when somebody asked."""

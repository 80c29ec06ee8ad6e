"""HTTP as one process of a load test speaks it: connections that are kept, a token once the gateway asks for one, and requests
that are made again with the same idempotency key where an answer was lost. Whatever happens is an answer; nothing is raised."""

from __future__ import annotations

import json
import os
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import gevent
from gevent.lock import Semaphore
from geventhttpclient.client import HTTPClient

TRIES = 3
BACKOFF_S = 0.2
CONNECTIONS_MAX = 5_000
TIMEOUT_S = 30.0
TOKEN_PATH = "/oauth/token"
CLIENT_ID, CLIENT_SECRET = "LENDRILL_CLIENT_ID", "LENDRILL_CLIENT_SECRET"
"""Environment variables: who the generator is, where the gateway wants to know. A secret never stands on a command line."""
LOST, SHED = 0, (429, 503)


@dataclass(frozen=True)
class Answer:
    """What came back: status LOST where nothing did; `why` says what failed."""

    status: int
    body: bytes = b""
    sent: float = 0.0
    done: float = 0.0
    tries: int = 1
    why: str = ""

    @property
    def ok(self) -> bool:
        """The server did as it was asked."""
        return 200 <= self.status < 300

    @property
    def shed(self) -> bool:
        """The server had too much to do."""
        return self.status in SHED

    def json(self) -> dict[str, Any]:
        """The body; nothing where it is no JSON object."""
        try:
            read = json.loads(self.body)
        except ValueError:
            return {}
        return read if isinstance(read, dict) else {}


class Client:
    """Requests to one server, from any number of greenlets."""

    def __init__(self, host: str, timeout_s: float = TIMEOUT_S) -> None:
        url = urlsplit(host)
        self._base = url.path.rstrip("/")
        self._http = HTTPClient(
            url.hostname or "",
            url.port or (443 if url.scheme == "https" else 80),
            ssl=url.scheme == "https",
            concurrency=CONNECTIONS_MAX,
            connection_timeout=timeout_s,
            network_timeout=timeout_s,
        )
        self._authorisation: dict[str, str] = {}
        self._asking = Semaphore()

    def get(self, path: str, **headers: str) -> Answer:
        """A GET."""
        return self.request("GET", path, b"", headers)

    def post(self, path: str, content: Any, key: str, **headers: str) -> Answer:
        """A POST of JSON under an idempotency key."""
        body = json.dumps(content, ensure_ascii=False).encode()
        return self.request("POST", path, body, headers | {"Content-Type": "application/json", "Idempotency-Key": key})

    def request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """A request that may safely be made again; `sent` is when it was first sent."""
        sent, asked_for_token = time.perf_counter(), False
        tries = 0
        while True:
            tries += 1
            before = self._authorisation
            answer = self._once(method, path, body, headers | before)
            if answer.status == 401 and not asked_for_token and self._signed_in(before):
                asked_for_token = True
                continue
            if answer.status == LOST and tries < TRIES:
                gevent.sleep(BACKOFF_S * tries)
                continue
            return Answer(answer.status, answer.body, sent, time.perf_counter(), tries, answer.why)

    def _once(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        try:
            response = self._http.request(method, self._base + path, body, headers)
            try:
                content = bytes(response.read())
            finally:
                response.release()
        except Exception as error:  # a socket's, TLS's, a parser's: the answer is lost
            return Answer(LOST, why=f"{type(error).__name__}: {error}")
        why = "" if response.status_code < 400 else f"{response.status_code} {_reason(content)}"
        return Answer(response.status_code, content, why=why)

    def _signed_in(self, before: dict[str, str]) -> bool:
        """Fetches a token (OAuth 2.0 client credentials), once for all who wait for it; False where that can't be."""
        with self._asking:
            if self._authorisation != before:
                return True
            name, secret = os.environ.get(CLIENT_ID, ""), os.environ.get(CLIENT_SECRET, "")
            if not name or not secret:
                return False
            body = urlencode({"grant_type": "client_credentials"}).encode()
            basic = b64encode(f"{name}:{secret}".encode()).decode()
            form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {basic}"}
            token = self._once("POST", TOKEN_PATH, body, form).json().get("access_token")
            if not token:
                return False
            self._authorisation = {"Authorization": f"Bearer {token}"}
            return True

    def close(self) -> None:
        """Lets all connections go."""
        self._http.close()


def _reason(body: bytes) -> str:
    """What a problem document says, short."""
    said = Answer(0, body).json()
    return " ".join(str(said.get(name, "")) for name in ("title", "detail")).strip()

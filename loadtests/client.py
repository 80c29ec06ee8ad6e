"""HTTP as one process of a load test speaks it: connections that are kept, a token for whoever asks, and requests that are made
again with the same idempotency key where an answer was lost. Whatever happens is an answer; nothing is raised."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import gevent
from geventhttpclient.client import HTTPClient

from loadtests.accounts import NOBODY, Account

TRIES = 3
BACKOFF_S = 0.2
CONNECTIONS_MAX = 5_000
TIMEOUT_S = 30.0
SIGN_IN_S = 30.0
"""How long somebody who is not let in yet tries to sign in."""
TOKEN_PATH, PASSWORD_PATH = "/oauth/token", "/password"
LOST, SHED = 0, (429, 503)
Body = bytes | Callable[[], Iterable[bytes]]
"""What is sent at once, or piece by piece, as slowly as the pieces come."""


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

    def get(self, path: str, account: Account = NOBODY, **headers: str) -> Answer:
        """A GET."""
        return self.request("GET", path, b"", headers, account)

    def post(self, path: str, content: Any, key: str | None, account: Account = NOBODY) -> Answer:
        """A POST of JSON, under an idempotency key where one is kept."""
        return self.post_raw(path, json.dumps(content, ensure_ascii=False).encode(), key, account)

    def post_raw(self, path: str, body: Body, key: str | None, account: Account = NOBODY) -> Answer:
        """A POST of what says that it is JSON."""
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key is not None else {})
        return self.request("POST", path, body, headers, account)

    def request(self, method: str, path: str, body: Body, headers: dict[str, str], account: Account = NOBODY) -> Answer:
        """A request that may safely be made again; `sent` is when it was first sent."""
        sent, signed_in_again = time.perf_counter(), False
        self.sign_in(account)
        tries = 0
        while True:
            tries += 1
            before = account.authorisation
            answer = self.once(method, path, body, headers | before)
            if answer.status == 401 and not signed_in_again and self.sign_in(account, before):
                signed_in_again = True
                continue
            if answer.status == LOST and tries < TRIES:
                gevent.sleep(BACKOFF_S * tries)
                continue
            return Answer(answer.status, answer.body, sent, time.perf_counter(), tries, answer.why)

    def once(self, method: str, path: str, body: Body, headers: dict[str, str]) -> Answer:
        """A request that is sent once."""
        try:
            response = self._http.request(
                method, self._base + path, body if isinstance(body, bytes) else body(), headers
            )
            try:
                content = bytes(response.read())
            finally:
                response.release()
        except Exception as error:  # a socket's, TLS's, a parser's: the answer is lost
            return Answer(LOST, why=f"{type(error).__name__}: {error}")
        why = "" if response.status_code < 400 else f"{response.status_code} {_reason(content)}"
        return Answer(response.status_code, content, why=why)

    def sign_in(self, account: Account, before: dict[str, str] | None = None) -> bool:
        """Fetches a token where an account still has the one it had before (none), once for all who wait for it; False where
        there is none to be had."""
        before = before or {}
        if account.authorisation != before:
            return True
        with account.signing_in:
            if account.authorisation != before:
                return True
            if not account.can_sign_in:
                return False
            for password in account.passwords:
                granted = self._granted(account, password)
                if granted and account.must_change(password):
                    change = json.dumps({"old": password, "new": account.own_password}).encode()
                    bearer = {"Authorization": f"Bearer {granted}", "Content-Type": "application/json"}
                    granted = str(self._patiently(PASSWORD_PATH, change, bearer).json().get("access_token", ""))
                if granted:
                    account.authorisation = {"Authorization": f"Bearer {granted}"}
                    return True
            account.refused = True
            return False

    def _granted(self, account: Account, password: str) -> str:
        form, more = account.grant(password)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} | more
        return str(self._patiently(TOKEN_PATH, urlencode(form).encode(), headers).json().get("access_token", ""))

    def _patiently(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Asks again where too many from this address do: a gateway bounds how often those may ask who have not signed in."""
        until = time.perf_counter() + SIGN_IN_S
        while True:
            answer = self.once("POST", path, body, headers)
            if not answer.shed or time.perf_counter() > until:
                return answer
            gevent.sleep(1.0)

    def close(self) -> None:
        """Lets all connections go."""
        self._http.close()


def _reason(body: bytes) -> str:
    """What a problem document says, short."""
    said = Answer(0, body).json()
    return " ".join(str(said.get(name, "")) for name in ("title", "detail_en")).strip()

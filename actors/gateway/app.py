"""The application that a gateway process serves."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actors.gateway import (
    applications,
    bulk,
    contracts,
    customers,
    disbursements,
    doors,
    loans,
    login,
    materials,
    papers,
    products,
    stream,
    tasks,
)
from actors.gateway.bank import Bank
from actors.gateway.log import OperationLog
from actors.gateway.models import PROBLEMS, Problem
from actors.gateway.problems import Problem as Refusal
from actors.gateway.problems import install
from actors.identity.service import Identity

TITLE = "Lendrill"
_UNLOGGED = ("/health", "/metrics")
_OVERLOADED = Refusal(503, "Overloaded", "too many commands are under way; ask again in a second", {"Retry-After": "1"})
PARTS = (
    products,
    applications,
    bulk,
    materials,
    contracts,
    disbursements,
    papers,
    loans,
    tasks,
    customers,
    stream,
    doors,
    login,
)
"""The endpoints, in the order of the flow."""


class Counters:
    """Answers of this process, by method, path and status, with the seconds they took."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, str, int]] = Counter()
        self._seconds: Counter[tuple[str, str, int]] = Counter()

    def add(self, method: str, path: str, status: int, seconds: float) -> None:
        """One answer."""
        self._answers[method, path, status] += 1
        self._seconds[method, path, status] += seconds  # type: ignore[assignment]

    def text(self) -> str:
        """As Prometheus reads them."""
        lines = ["# TYPE lendrill_http_answers_total counter", "# TYPE lendrill_http_seconds_total counter"]
        for key, count in sorted(self._answers.items()):
            method, path, status = key
            labels = f'{{method="{method}",path="{path}",status="{status}"}}'
            lines.append(f"lendrill_http_answers_total{labels} {count}")
            lines.append(f"lendrill_http_seconds_total{labels} {self._seconds[key]:.6f}")
        return "\n".join(lines) + "\n"


class Counting:
    """Counts and logs every answer, and refuses what would be refused anyhow before it is read: a refusal that costs as much as
    an answer relieves nobody. Plain ASGI: what FastAPI's own decorator adds to a request costs more than its parsing."""

    def __init__(self, app: ASGIApp, counters: Counters, log: OperationLog, full: Callable[[], bool]) -> None:
        """`full`: whether commands are refused now."""
        self._app, self._counters, self._log, self._full = app, counters, log, full

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "POST" and scope["path"].startswith("/v1/") and self._full():
            self._counters.add("POST", "refused", _OVERLOADED.status, 0.0)
            await _OVERLOADED.answer()(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            path = getattr(scope.get("route"), "path", "other")
            took = time.perf_counter() - began
            self._counters.add(scope["method"], path, status, took)
            if path not in _UNLOGGED:
                self._log.add(scope, status, took)


def _describe_problems(app: FastAPI) -> None:
    """OpenAPI with the schema of problems, which any endpoint may answer with."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        document = plain()
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        return document

    app.openapi = described  # type: ignore[method-assign]


def make_app(bank: Bank, identity: Identity) -> FastAPI:
    """The gateway before a bank."""
    log = OperationLog(identity.audit, identity.clock)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        bank.link.start()
        log.start()
        yield
        await log.stop()
        await bank.link.stop()

    app = FastAPI(title=TITLE, version="1", lifespan=life, redoc_url=None, responses=PROBLEMS)
    app.state.bank, app.state.identity, app.state.counters = bank, identity, Counters()
    app.state.hub = stream.Hub(bank)
    install(app)
    for part in PARTS:
        app.include_router(part.router)
    _describe_problems(app)

    app.add_middleware(Counting, counters=app.state.counters, log=log, full=lambda: bank.link.full)
    return app

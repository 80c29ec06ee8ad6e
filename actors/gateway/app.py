"""The application that a gateway process serves."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actors.gateway import applications, doors
from actors.gateway.bank import Bank
from actors.gateway.problems import Problem, as_response, handle

TITLE = "Lendrill"
_OVERLOADED = Problem(503, "Overloaded", "too many commands are under way; ask again in a second", {"Retry-After": "1"})


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
    """Counts every answer, and refuses what would be refused anyhow before it is read: a refusal that costs as much as an answer
    relieves nobody. Plain ASGI: what FastAPI's own decorator adds to a request costs more than the request's parsing."""

    def __init__(self, app: ASGIApp, counters: Counters, full: Callable[[], bool]) -> None:
        """`full`: whether commands are refused now."""
        self._app, self._counters, self._full = app, counters, full

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "POST" and scope["path"].startswith("/v1/") and self._full():
            self._counters.add("POST", "refused", _OVERLOADED.status, 0.0)
            await as_response(_OVERLOADED)(scope, receive, send)
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
            self._counters.add(scope["method"], path, status, time.perf_counter() - began)


def make_app(bank: Bank) -> FastAPI:
    """The gateway before a bank."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        bank.link.start()
        yield
        await bank.link.stop()

    app = FastAPI(title=TITLE, version="1", lifespan=life, redoc_url=None)
    app.state.bank, app.state.counters = bank, Counters()
    handle(app)
    for router in (applications.router, doors.router):
        app.include_router(router)

    app.add_middleware(Counting, counters=app.state.counters, full=lambda: bank.link.full)
    return app

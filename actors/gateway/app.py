"""The application that a gateway process serves."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response

from actors.gateway import (
    applications,
    bulk,
    contracts,
    customers,
    disbursements,
    doors,
    loans,
    products,
    stream,
    tasks,
)
from actors.gateway.bank import Bank
from actors.gateway.models import PROBLEMS, Problem
from actors.gateway.problems import handle

TITLE = "Lendrill"
PARTS = (products, applications, bulk, contracts, disbursements, loans, tasks, customers, stream, doors)
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


def _describe_problems(app: FastAPI) -> None:
    """OpenAPI with the schema of problems, which any endpoint may answer with."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        document = plain()
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        return document

    app.openapi = described  # type: ignore[method-assign]


def make_app(bank: Bank) -> FastAPI:
    """The gateway before a bank."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        bank.link.start()
        yield
        await bank.link.stop()

    app = FastAPI(title=TITLE, version="1", lifespan=life, redoc_url=None, responses=PROBLEMS)
    app.state.bank, app.state.counters, app.state.hub = bank, Counters(), stream.Hub(bank)
    handle(app)
    for part in PARTS:
        app.include_router(part.router)
    _describe_problems(app)

    @app.middleware("http")
    async def _(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        began = time.perf_counter()
        response = await call_next(request)
        route = request.scope.get("route")
        path = getattr(route, "path", "other")
        app.state.counters.add(request.method, path, response.status_code, time.perf_counter() - began)
        return response

    return app

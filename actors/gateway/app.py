"""The application that a gateway process serves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actors.gateway import (
    appeals,
    applications,
    bulk,
    bureau,
    certificates,
    checks,
    collateral,
    contracts,
    customer_file,
    customers,
    debits,
    described,
    disbursements,
    doors,
    due_diligence,
    duties,
    exports,
    known,
    lists,
    loans,
    login,
    materials,
    notices,
    opinions,
    papers,
    pending,
    products,
    registration,
    restructuring,
    scans,
    signing_record,
    stories,
    stream,
    switches,
    tasks,
)
from actors.gateway.bank import Bank
from actors.gateway.bodies import bounded
from actors.gateway.contents import Contents
from actors.gateway.direct import Direct
from actors.gateway.language import wants_english
from actors.gateway.log import REQUEST_ID, OperationLog, request_of
from actors.gateway.metrics import Meters
from actors.gateway.models import PROBLEMS, Problem
from actors.gateway.problems import Problem as Refusal
from actors.gateway.problems import install
from actors.gateway.pulse import Pulse
from actors.gateway.said import Said, names_in, refusal_of
from actors.gateway.together import Together
from actors.identity.service import Identity
from actors.link import SUBMITS_MAX
from credit.policies.posts import PERMISSIONS

TITLE = "Lendrill"
_SWEEP_EVERY_S = 6 * 3_600.0
_log = logging.getLogger(__name__)
_UNLOGGED = ("/health", "/metrics")
_OF_THE_BANK = ("/v1/", "/vouchers/")
"""What asks the conductor, and is refused where he has too much to do."""
_SHED = refusal_of("about:blank", "Overloaded", {})
_OVERLOADED = Refusal(503, "Overloaded", "too many requests are under way; ask again in a second", {"Retry-After": "1"})
_OWN_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
"""FastAPI's own looks for somebody who listens with each request; what is told stands in `actors.gateway.metrics` and `log`."""
_OAUTH = {
    "type": "oauth2",
    "flows": {
        "clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {name: one.en for name, one in PERMISSIONS.items()}}
    },
}
_GIVES = (
    ("/v1/applications", "post", "202", "case", "case", "/v1"),
    ("/v1/applications/{case}", "get", "200", "loan", "loans/0", "/v1"),
    ("/v1/tasks", "get", "200", "task", "tasks/0/task", "/v1"),
    ("/v1/loans/{loan}/voucher", "get", "200", "code", "code", "/v1"),
    ("/v1/exports", "post", "201", "number", "number", "/v1/exports"),
    ("/v1/lists/library", "post", "201", "proposal", "proposal", "/v1/lists"),
    ("/accounts/proposals", "post", "201", "number", "number", "/accounts"),
    ("/v1/sites/switches", "post", "201", "number", "number", "/v1/sites"),
)
"""Answers that give a number: path, method, status, the number's name in paths, where it stands in the body, and the root below
which it is good."""
PARTS = (
    products,
    applications,
    stories,
    bulk,
    bureau,
    materials,
    notices,
    collateral,
    contracts,
    checks,
    certificates,
    pending,
    scans,
    signing_record,
    disbursements,
    due_diligence,
    papers,
    loans,
    restructuring,
    debits,
    tasks,
    opinions,
    duties,
    appeals,
    customers,
    customer_file,
    lists,
    known,
    registration,
    exports,
    stream,
    doors,
    switches,
    login,
)
"""The endpoints, in the order of the flow."""


class Counting:
    """Counts and logs every answer, and refuses what would be refused anyhow before it is read: a refusal that costs as much as
    an answer relieves nobody. Plain ASGI: what FastAPI's own decorator adds to a request costs more than its parsing."""

    def __init__(self, app: ASGIApp, meters: Meters, log: OperationLog, full: Callable[[bool], bool]) -> None:
        """`full`: whether commands, or questions, are refused now."""
        self._app, self._meters, self._log, self._full = app, meters, log, full
        self._refusals = [_OVERLOADED.response(english) for english in (False, True)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, request, said = time.perf_counter(), 500, request_of(scope), Said(scope)
        sheds = scope["path"].startswith(_OF_THE_BANK) and self._full(scope["method"] == "POST")

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID, request.encode())]
            else:
                said.answers(message.get("body", b""))
            await send(message)

        try:
            if sheds:
                english = wants_english(Request(scope).headers.get("accept-language", ""))
                scope.setdefault("state", {})["refused"] = _SHED
                await self._refusals[english](scope, receive, sending)
            else:
                read = receive if scope["method"] == "GET" else bounded(scope, receive, said.hears)
                await self._app(scope, read, sending)
        finally:
            path = "refused" if sheds else getattr(scope.get("route"), "path", "other")
            took = time.perf_counter() - began
            self._meters.add(scope["method"], path, status, took)
            if path not in _UNLOGGED:
                self._log.add(scope, request, status, took, said)


def _describe(app: FastAPI) -> None:
    """OpenAPI with the schema of problems, which any endpoint may answer with, and what each endpoint asks of its caller."""
    plain = app.openapi

    def whole() -> dict[str, Any]:
        document = plain()
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        document["components"]["securitySchemes"] = {"oauth": _OAUTH}
        for path, method, needed in guarded():
            document["paths"][path][method]["security"] = [{"oauth": [one]} for one in needed] or [{"oauth": []}]
        _link(document["paths"])
        return document

    app.openapi = whole  # type: ignore[method-assign]


def _link(paths: dict[str, Any]) -> None:
    """Says where the number that an answer gives can be used: at every endpoint whose path takes one, below the same root."""
    for path, method, status, name, where, root in _GIVES:
        links = paths[path][method]["responses"][status].setdefault("links", {})
        for other, methods in paths.items():
            if other.startswith(root) and f"{{{name}}}" in other:
                for verb, said in methods.items():
                    parameters = {name: f"$response.body#/{where}"}
                    links[f"{verb} {other}"] = {"operationId": said["operationId"], "parameters": parameters}


def guarded() -> Iterator[tuple[str, str, list[str]]]:
    """The endpoints that ask who calls: path, method, and the permissions one of which they need."""
    for route in (route for part in PARTS for route in part.router.routes):
        if isinstance(route, APIRoute):
            calls = list(_calls(route.dependant))
            needed = list(dict.fromkeys(one for call in calls for one in getattr(call, "permissions", ())))
            if needed or login.signed_in in calls or login.caller_of in calls:
                yield from ((route.path, method.lower(), needed) for method in sorted(route.methods or ()))


def _calls(dependant: Dependant) -> Iterator[Any]:
    for one in dependant.dependencies:
        yield one.call
        yield from _calls(one)


async def _sweep(bank: Bank, contents: Contents) -> None:
    """Uploads that nobody speaks of go while the bank is open; a bank that is away is asked the next time."""
    while True:
        await asyncio.sleep(_SWEEP_EVERY_S)
        with contextlib.suppress(Refusal):
            if removed := await materials.swept(bank, contents, time.time()):
                _log.info("%d uploads were swept away", removed)


def make_app(bank: Bank, identity: Identity) -> FastAPI:
    """The gateway before a bank."""
    log = OperationLog(identity.audit, identity.clock, names_in(part.router for part in PARTS))

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        bank.link.start()
        log.start()
        beside = [asyncio.create_task(_sweep(bank, app.state.contents)), asyncio.create_task(app.state.pulse.beat())]
        yield
        for task in beside:
            task.cancel()
        await log.stop()
        await bank.link.stop()

    app = FastAPI(
        title=TITLE,
        version="1",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        responses=PROBLEMS,
        telemetry=_OWN_TELEMETRY,
    )
    app.state.bank, app.state.identity, app.state.meters = bank, identity, Meters()
    app.state.contents = Contents(identity.folder.parent, identity.vault)
    app.state.signed_in, app.state.pulse = login.signed_in, Pulse(bank)
    app.state.hub = stream.Hub(bank)
    app.state.intake = intake = Together(partial(applications.taken_in, bank, identity))
    install(app)
    for part in PARTS:
        app.include_router(part.router)
    app.include_router(described.router)
    _describe(app)

    def full(command: bool) -> bool:
        waiting = bank.link.under_way + len(intake) if command else 0
        pulse: Pulse = app.state.pulse
        return waiting >= (SUBMITS_MAX // 2 if pulse.is_late() else SUBMITS_MAX) or pulse.is_behind()

    app.add_middleware(Direct, way=applications.SHORT, handlers=app.exception_handlers)
    app.add_middleware(Counting, meters=app.state.meters, log=log, full=full)
    return app

"""The short way of a form that is right, for the endpoint that is asked most: what the framework works out anew with each request
(which endpoint it is for, and what that asks for) is a large part of what it costs. What is not right, or not plainly JSON, goes
the framework's own way from its beginning, so there is one way to say what is wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actors.identity.caller import Caller

_JSON = b"application/json"
_ANSWER: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


class Way(NamedTuple):
    """The route of a POST that takes a form of `model`; its endpoint takes form, request, response and the caller whom `guard`
    lets in, and gives a dictionary."""

    route: APIRoute
    model: type[BaseModel]
    guard: Callable[[Request], Awaitable[Caller]]


class Direct:
    """Plain ASGI before the framework's routing: what has a short way and is right goes it."""

    def __init__(self, app: ASGIApp, way: Way, handlers: Mapping[Any, Any]) -> None:
        """`handlers`: the application's own, of errors that have an answer; others are the server's."""
        self._app, self._way = app, way
        answered = {error: handler for error, handler in handlers.items() if error not in (500, Exception)}
        self._short = ExceptionMiddleware(self._taken, answered)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == self._way.route.path and scope["method"] == "POST":
            media = [value for name, value in scope["headers"] if name == b"content-type"]
            if media == [_JSON]:
                await self._short(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _taken(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        try:
            form = self._way.model.model_validate_json(body)
        except ValidationError:
            await self._app(scope, partial(_again, [body], receive), send)
            return
        route = scope["route"] = self._way.route
        scope["path_params"], headers = {}, Response()
        said = await route.endpoint(form, request, headers, await self._way.guard(request))
        del headers.headers["content-length"]
        await Response(_ANSWER.dump_json(said), route.status_code or 200, headers.headers, _JSON.decode())(
            scope, receive, send
        )


async def _again(bodies: list[bytes], receive: Receive) -> Message:
    """A body that was read already, for who reads it once more."""
    if bodies:
        return {"type": "http.request", "body": bodies.pop(), "more_body": False}
    return await receive()

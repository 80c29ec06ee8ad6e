"""The short way of a form that is right, for the endpoint that is asked most. FastAPI's own way works out anew with each request
what an endpoint asks for, which is two fifths of such a request's processor time. What is not right, or not plainly JSON, goes
that way from its beginning, so there is one way to say what is wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError

from actors.identity.caller import Caller

_JSON = "application/json"
_ANSWER: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def direct(model: type[BaseModel], guard: Callable[[Request], Awaitable[Caller]]) -> type[APIRoute]:
    """The route class of an endpoint that takes a form of `model`, request, response and the caller whom `guard` lets in, and
    gives a dictionary."""

    class DirectRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            plain, endpoint, status = super().get_route_handler(), self.endpoint, self.status_code or 200

            async def handle(request: Request) -> Response:
                if request.headers.get("content-type") != _JSON:
                    return await plain(request)
                try:
                    form = model.model_validate_json(await request.body())
                except ValidationError:
                    return await plain(request)
                headers = Response()
                said = await endpoint(form, request, headers, await guard(request))
                del headers.headers["content-length"]
                return Response(_ANSWER.dump_json(said), status, headers.headers, _JSON)

            return handle

    return DirectRoute

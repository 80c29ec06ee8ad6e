"""Refusals as problem documents (RFC 9457): one exception, one handler, whatever went wrong."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException


class Problem(Exception):
    """A refusal: `status` is HTTP's, `title` says what kind it is, `detail` what is wrong here and what would be right."""

    def __init__(
        self, status: int, title: str, detail: str = "", headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail or title)
        self.status, self.title, self.detail, self.headers, self.more = status, title, detail, headers, more


def as_response(problem: Problem) -> JSONResponse:
    """The document."""
    kind = "about:blank" if problem.status < 400 else f"urn:lendrill:{problem.title.lower().replace(' ', '-')}"
    content = {"type": kind, "title": problem.title, "status": problem.status, "detail": problem.detail}
    return JSONResponse(
        content | problem.more, problem.status, headers=problem.headers, media_type="application/problem+json"
    )


def handle(app: FastAPI) -> None:
    """Has an app say problems."""

    @app.exception_handler(Problem)
    async def _(request: Request, problem: Problem) -> JSONResponse:  # noqa: ARG001
        return as_response(problem)

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> JSONResponse:  # noqa: ARG001
        wrong = [{"at": ".".join(map(str, one["loc"])), "what": one["msg"]} for one in error.errors()]
        return as_response(
            Problem(422, "Invalid request", "; ".join(f"{w['at']}: {w['what']}" for w in wrong), errors=wrong)
        )

    @app.exception_handler(Exception)
    async def _(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
        return as_response(Problem(500, "Internal error", "a fault of the gateway's own; its log says more"))

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> JSONResponse:  # noqa: ARG001
        return as_response(Problem(error.status_code, str(error.detail), headers=dict(error.headers or {})))

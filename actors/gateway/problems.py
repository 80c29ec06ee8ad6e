"""Errors of the gateway as problem documents (RFC 9457): one exception that says what was wrong, and the handlers that write it
down, in Chinese or, for who asks for it, in English. What the bank's core or the identity services refuse in one line
(`CreditError`) becomes one too; a bank that is away, busy or closing is 503, wherever it was asked. No handler repeats what was
sent, which may be a password."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from actors.gateway.language import fault_zh, wants_english
from actors.gateway.said import refusal_of
from actors.identity.errors import NotAllowed, WeakPassword
from actors.link import Away
from actors.refusals import Busy, Closing, DayOver
from credit.errors import CreditError

MEDIA_TYPE = "application/problem+json"
_ZH = {
    400: "请求格式有误",
    401: "请先登录",
    403: "无权进行此操作",
    404: "查无此项",
    405: "不支持此操作",
    408: "请求超时，请重试",
    409: "与当前状态冲突",
    413: "内容过大",
    415: "格式不受支持",
    422: "所填内容有误，请核对后重试",
    423: "账户已锁定",
    429: "请求过于频繁，请稍后重试",
    500: "系统内部错误，已记录",
    503: "系统繁忙，请稍后重试",
}
"""What a status says where nobody says it more closely: who reads Chinese alone is left without a word by no refusal."""


class Problem(Exception):
    """A request that is answered with a problem document: status, title, detail, and whatever else helps. Keyword `type` (a URI,
    by default ``about:blank``) is taken out; all others become members of the document."""

    def __init__(
        self, status: int, title: str, detail: str = "", headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail or title)
        self.status, self.title, self.detail = status, title, detail
        self.type = str(more.pop("type", "about:blank"))
        self.headers: Mapping[str, str] = headers or {}
        self.more = more

    def document(self, english: bool = False) -> dict[str, Any]:
        """The body. `detail` is in the language asked for, `detail_zh` and `detail_en` are there in any case; where Chinese says
        no more than the status does, English follows."""
        plain, more = _ZH.get(self.status, "请求未能完成"), dict(self.more)
        chinese = more.pop("detail_zh", "")
        shown = self.detail if english else chinese or (f"{plain}：{self.detail}" if self.detail else plain)
        said = {"type": self.type, "title": self.title if english else plain, "status": self.status, "detail": shown}
        return said | {"detail_zh": chinese or plain, "detail_en": self.detail} | more

    def answer(self, request: Request) -> JSONResponse:
        """The response."""
        return self.response(wants_english(request.headers.get("accept-language", "")))

    def response(self, english: bool) -> JSONResponse:
        """The same in a language."""
        headers = {"Content-Language": "en" if english else "zh", "Vary": "Accept-Language"} | dict(self.headers)
        return JSONResponse(self.document(english), self.status, headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Has an application answer every error with a problem document."""
    app.add_exception_handler(Problem, answer)
    app.add_exception_handler(CreditError, answer)
    app.add_exception_handler(RequestValidationError, answer)
    app.add_exception_handler(HTTPException, answer)
    app.add_exception_handler(Exception, answer)


async def answer(request: Request, error: Exception) -> JSONResponse:
    """The handler of all of them."""
    problem = problem_of(error)
    request.state.refused = refusal_of(problem.type, problem.title, problem.more)
    return problem.answer(request)


def problem_of(error: Exception) -> Problem:
    """What an error says, as a problem."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Busy):
        return Problem(503, "Overloaded", error.user_message, {"Retry-After": "1"})
    if isinstance(error, Closing | Away):
        return Problem(503, "Unavailable", error.user_message, {"Retry-After": "2"})
    if isinstance(error, DayOver):
        return Problem(409, "Day over", error.user_message, detail_zh="营业日期已到日终，请推进营业日期")
    if isinstance(error, NotAllowed):
        return Problem(403, "Forbidden", error.user_message, detail_zh="此项变更须由另一人或更高层级人员办理")
    if isinstance(error, CreditError):
        weak = "新密码不符合要求，请换用更长、不常见且不含本人编号的密码"
        return Problem(422, "Refused", error.user_message, detail_zh=weak if isinstance(error, WeakPassword) else "")
    if isinstance(error, RequestValidationError):
        faults = [_fault(one) for one in error.errors()[:20]]
        first = (
            faults[0]
            if faults
            else {"at": "body", "what": "is not of the form that is documented", "what_zh": "格式有误"}
        )
        what, what_zh = (f"{first['at']}: {first[name]}" for name in ("what", "what_zh"))
        return Problem(422, "Invalid request", what, faults=faults, detail_zh=what_zh)
    if isinstance(error, HTTPException):
        title = HTTPStatus(error.status_code).phrase
        return Problem(error.status_code, title, str(error.detail), headers=error.headers or {})
    return Problem(
        500, "Internal Server Error", "a fault of the bank's own; it was logged", detail_zh="系统内部错误，已记录"
    )


def _fault(error: Mapping[str, Any]) -> dict[str, str]:
    return {"at": ".".join(map(str, error["loc"])), "what": str(error["msg"]), "what_zh": fault_zh(error)}

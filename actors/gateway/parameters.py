"""What is given beside a request's body and read by nobody is refused: who gave it would rely on it."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from fastapi import params
from fastapi.dependencies.utils import get_flat_params
from starlette.requests import Request

from actors.gateway.problems import Problem


def prove_key(request: Request) -> None:
    """Problem 422 on an idempotency key where none is kept: whoever gives one relies on it."""
    if request.method != "POST" or "idempotency-key" not in request.headers:
        return
    if "idempotency-key" not in _read_by(request.scope["route"]):
        what = "Idempotency-Key: not kept here; leave it out"
        raise Problem(422, "Invalid request", what, field="Idempotency-Key", detail_zh="此接口不支持幂等键，请勿填写")


def prove_parameters(request: Request) -> None:
    """Problem 422 on a query parameter that the endpoint does not know, and on one given twice of which it reads one: a filter
    that is misspelt, or not read, would filter nothing."""
    if not request.query_params:
        return
    read = _read_by(request.scope["route"])
    fields = {name: one for name, one in read.items() if isinstance(one.field_info, params.Query)}
    known = sorted(fields)
    for name in request.query_params:
        if name not in known:
            raise Problem(
                422,
                "Invalid request",
                f"query: {name[:40]!r} is no parameter here; known are {', '.join(known) or 'none'}",
                field=f"query.{name[:40]}",
                detail_zh="查询参数有误",
            )
        if len(request.query_params.getlist(name)) > 1 and not _is_list(fields[name].field_info.annotation):
            raise Problem(
                422,
                "Invalid request",
                f"query: {name!r} is given more than once; give it once",
                field=f"query.{name}",
                detail_zh=f"查询参数重复：{name}",
            )


_READ: dict[Any, dict[str, Any]] = {}


def _read_by(route: Any) -> dict[str, Any]:
    """What an endpoint reads beside the body, by name; headers in small letters. Looked up once: every request asks."""
    if route.endpoint not in _READ:
        found = get_flat_params(route.dependant)
        _READ[route.endpoint] = {
            one.alias.lower() if isinstance(one.field_info, params.Header) else one.alias: one for one in found
        }
    return _READ[route.endpoint]


def _is_list(annotation: Any) -> bool:
    return any(get_origin(one) is list for one in (annotation, *get_args(annotation)))

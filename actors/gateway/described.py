"""The API's own page (`/docs`): Swagger UI, served by this process from the files of the package fastapi-offline, since a bank's
network reaches nothing outside. Its browser is told to ask nobody else (Content-Security-Policy), whatever the script would."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from actors.gateway.problems import Problem

router = APIRouter(include_in_schema=False)

_FILES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript", "favicon.png": "image/png"}
_PAGE = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>Lendrill API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="docs/favicon.png"><link rel="stylesheet" href="docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<noscript>此页面需要启用脚本；接口说明见 openapi.json。This page needs scripts; openapi.json describes the API.</noscript>
<script src="docs/swagger-ui-bundle.js"></script><script src="docs/start.js"></script></body></html>
"""
_START = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, filter: true, docExpansion: "none",
  validatorUrl: null, queryConfigEnabled: false, presets: [SwaggerUIBundle.presets.apis]
});
"""
"""`validatorUrl`: Swagger UI would have a host of its maker look at the document."""
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
_KEPT = {"Cache-Control": "max-age=86400", "X-Content-Type-Options": "nosniff"}


@cache
def _folder() -> Path:
    """Where the package lies; it is not imported, since it would bring an application of its own."""
    found = find_spec("fastapi_offline")
    if found is None or found.origin is None:
        what, zh = (
            "Swagger UI is not installed; /openapi.json describes the API",
            "未安装接口页面，接口说明见 /openapi.json",
        )
        raise Problem(503, "Unavailable", what, detail_zh=zh)
    return Path(found.origin).parent / "static"


@router.get("/docs")
async def page() -> HTMLResponse:
    """The page."""
    return HTMLResponse(_PAGE, headers=_HEADERS)


@router.get("/docs/start.js")
async def start() -> Response:
    """What begins it: a script of its own, since the page may hold none."""
    return Response(_START, media_type="text/javascript", headers=_KEPT)


@router.get("/docs/{name}")
async def file(name: str) -> FileResponse:
    """Swagger UI's own files."""
    if name not in _FILES:
        raise Problem(404, "Not Found", "there is no such file", detail_zh="查无此文件")
    return FileResponse(_folder() / name, media_type=_FILES[name], headers=_KEPT)

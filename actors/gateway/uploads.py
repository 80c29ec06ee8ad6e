"""Takes a file in from a multipart body. A body that is too large, too slow or of another form is refused while it comes, not
after, and what is taken is held in memory only: nothing of a customer's papers is written anywhere unsealed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import NamedTuple

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from actors.gateway.bodies import FILES_S
from actors.gateway.problems import Problem

AROUND_MAX = 4_096
"""Bytes of a body beside the file: boundaries, names, types."""
AT_ONCE_MAX = 8
"""Uploads of one gateway process under way; together they take so many times the largest file."""
STALL_S = 15.0
"""How long the next bytes may be waited for."""
_CLOSE = {"Connection": "close"}
_PLACES = asyncio.Semaphore(AT_ONCE_MAX)


class Received(NamedTuple):
    """A file as it came. `name` and `media_type` are the sender's own words, and prove nothing."""

    name: str
    media_type: str
    content: bytes


class _InMemory(MultiPartParser):
    spool_max_size = 1 << 40


async def received(request: Request, file_bytes_max: int) -> Received:
    """The one file of a request, in its part ``file``. Problem 400, 408, 413, 415 or 503 says what is wrong with the body."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Problem(
            415,
            "Unsupported media type",
            "a file comes as multipart/form-data, in the part file",
            _CLOSE,
            detail_zh="文件应以 multipart/form-data 提交，部件名为 file",
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(
            415,
            "Unsupported media type",
            "Content-Encoding: files are taken as they are",
            _CLOSE,
            detail_zh="文件请原样上传，不要压缩传输（Content-Encoding）",
        )
    body_max = file_bytes_max + AROUND_MAX
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > body_max:
        raise _too_large(file_bytes_max)
    if _PLACES.locked():
        raise Problem(
            503,
            "Overloaded",
            "too many uploads are under way; ask again",
            _CLOSE | {"Retry-After": "2"},
            detail_zh="上传人数过多，请稍后再试",
        )
    async with _PLACES:
        parser = _InMemory(request.headers, _bounded(request, body_max, file_bytes_max), max_files=1, max_fields=0)
        try:
            async with asyncio.timeout(FILES_S):
                form = await parser.parse()
        except TimeoutError:
            raise Problem(
                408,
                "Too slow",
                f"the file did not come within {FILES_S:.0f} seconds",
                _CLOSE,
                detail_zh=f"文件未在 {FILES_S:.0f} 秒内传完",
            ) from None
        except MultiPartException as error:
            raise Problem(
                400,
                "Bad request",
                f"the body is no multipart form with one file: {error.message}",
                _CLOSE,
                detail_zh="请求体不是只含一个文件的 multipart 表单",
            ) from None
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Problem(
                422,
                "Invalid request",
                "file: the part that holds the file is missing",
                field="file",
                detail_zh="缺少文件（部件 file）",
            )
        content = await file.read()
        await form.close()
    if len(content) > file_bytes_max:
        raise _too_large(file_bytes_max)
    return Received(file.filename or "", file.content_type or "", content)


async def _bounded(request: Request, body_max: int, file_bytes_max: int) -> AsyncGenerator[bytes, None]:
    came, parts = 0, request.stream()
    while True:
        async with asyncio.timeout(STALL_S):
            part = await anext(parts, None)
        if part is None:
            return
        came += len(part)
        if came > body_max:
            raise _too_large(file_bytes_max)
        yield part


def _too_large(file_bytes_max: int) -> Problem:
    return Problem(
        413,
        "Too large",
        f"file: at most {file_bytes_max:,} bytes are taken",
        _CLOSE,
        field="file",
        detail_zh=f"文件不得超过 {file_bytes_max:,} 字节",
    )

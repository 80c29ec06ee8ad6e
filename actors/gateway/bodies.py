"""How large and how slow the body of a request may be: what is read before anybody knows who sends it is bounded, in bytes and in
seconds. Files have a bound of their own, below this one (`actors.gateway.uploads`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

FORM_MAX = 256 << 10
"""Bytes of a form; the longest that is right has some kilobytes."""
FILES_MAX = 16 << 20
"""Bytes of a table or of a file."""
FORM_S, FILES_S = 30.0, 120.0
"""From the first byte to the last: 10 MB in two minutes is 90 kB a second."""
_LARGE = (b"text/csv", b"application/vnd.apache.arrow.stream", b"multipart/form-data")


def bounded(scope: Scope, receive: Receive, hears: Callable[[bytes, bytes], None]) -> Receive:
    """The receiver of a request with a body, which raises HTTPException 413 or 408 where the body is too large or too slow.
    `hears` is given each part that is taken, and the body's media type."""
    headers = dict(scope["headers"])
    media = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    most, seconds = (FILES_MAX, FILES_S) if media in _LARGE else (FORM_MAX, FORM_S)
    size, is_whole, loop = 0, False, asyncio.get_running_loop()
    until = loop.time() + seconds

    def prove_size(size: int) -> None:
        if size > most:
            raise HTTPException(413, f"at most {most >> 10} KiB are taken here")

    async def receiving() -> Message:
        nonlocal size, is_whole
        if is_whole:
            return await receive()
        prove_size(int(headers.get(b"content-length", b"0")))
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, f"the request did not come to its end within {seconds:.0f} s") from None
        part = message.get("body", b"")
        size += len(part)
        is_whole = not message.get("more_body", False)
        prove_size(size)
        if part:
            hears(part, media)
        return message

    return receiving

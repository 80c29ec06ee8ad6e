"""Who calls. Until identities are kept, everybody is a system that may do all: nothing but loopback listens then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple


class Caller(NamedTuple):
    """Somebody with a request."""

    subject: str = "anybody"


def needs(permission: str) -> Callable[[], Awaitable[Caller]]:
    """A dependency: the caller, once it is sure that he has a permission. A coroutine, as every dependency here: a plain function
    would go through a thread on each request."""
    del permission

    async def caller() -> Caller:
        return Caller()

    return caller

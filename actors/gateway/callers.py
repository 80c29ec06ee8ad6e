"""Who calls. Until identities are kept, everybody is a system that may do all: nothing but loopback listens then."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Caller(NamedTuple):
    """Somebody with a request."""

    subject: str = "anybody"


def needs(permission: str) -> Callable[[], Caller]:
    """A dependency: the caller, once it is sure that he has a permission."""
    del permission
    return Caller

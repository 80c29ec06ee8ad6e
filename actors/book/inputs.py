"""A window's mail from outside as the bytes that the day book keeps: by cell, packed as between cells (`actors.wire`), so that
the schema of every row stands beside it."""

from __future__ import annotations

from collections.abc import Mapping

import msgpack

from actors.topology import Cell
from actors.wire import Bundle

NOTHING = b""


def packed(mail: Mapping[Cell, Bundle]) -> bytes:
    """Empty where nothing came."""
    if not mail:
        return NOTHING
    content: bytes = msgpack.packb({str(cell): bundle for cell, bundle in mail.items()})
    return content


def unpacked(content: bytes) -> dict[Cell, Bundle]:
    """What was packed."""
    if not content:
        return {}
    read = msgpack.unpackb(content)
    return {
        Cell.named(name): tuple((number, schema, rows) for number, schema, rows in bundle)
        for name, bundle in read.items()
    }

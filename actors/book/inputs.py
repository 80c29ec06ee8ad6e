"""A window's mail from outside as the bytes that the day book keeps: by cell, packed as between cells (`actors.wire`), so that
the schema of every row stands beside it; and which rows of earlier windows were set aside (`actors.quarantine`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgpack

from actors.book.store import Entry
from actors.quarantine import Aside, without
from actors.topology import Cell
from actors.wire import Bundle

NOTHING = b""
_ASIDE = "set aside"
"""No cell has this name."""


def packed(mail: Mapping[Cell, Bundle], asides: Sequence[Aside] = ()) -> bytes:
    """Empty where nothing came."""
    if not mail and not asides:
        return NOTHING
    said: dict[str, object] = {str(cell): bundle for cell, bundle in mail.items()}
    content: bytes = msgpack.packb(said | ({_ASIDE: asides} if asides else {}))
    return content


def unpacked(content: bytes) -> dict[Cell, Bundle]:
    """What was packed."""
    if not content:
        return {}
    read = msgpack.unpackb(content)
    return {
        Cell.named(name): tuple((number, schema, rows) for number, schema, rows in bundle)
        for name, bundle in read.items()
        if name != _ASIDE
    }


def asides(entries: Iterable[Entry]) -> list[Aside]:
    """What the book says was set aside."""
    read = (msgpack.unpackb(entry.inputs) for entry in entries if entry.inputs)
    return [Aside(*row) for said in read for row in said.get(_ASIDE, ())]


def mail_of(entries: Iterable[Entry], asides: Sequence[Aside]) -> dict[int, dict[Cell, Bundle]]:
    """What came in windows, by number, without what was set aside."""
    mail = {entry.number: unpacked(entry.inputs) for entry in entries}
    for number in sorted({row.window for row in asides} & set(mail)):
        mail[number] = without(mail[number], [row for row in asides if row.window == number])
    return mail

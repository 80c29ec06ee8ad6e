"""Bundles: one window's mail from one cell to another as plain bytes, one buffer a message kind. What is packed
here and unpacked there is equal to the last bit, whichever executor carried it; a bundle says which schema its bytes are of, so
that cells of different releases never misread each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import numpy as np

from credit.fingerprints import SchemaError, columns, of_schema
from credit.room import KINDS, Rows

Bundle = tuple[tuple[int, str, bytes], ...]
"""(kind number, fingerprint of its schema, record bytes)."""
Parcel = tuple[tuple[int, Bundle], ...]
"""A block of windows' mail from one cell to another: (number of the window, its bundle), windows without mail left out."""


def pack(mail: Mapping[int, Sequence[Rows]]) -> Bundle:
    """Packs rows by kind number; kinds without rows are left out."""
    return tuple(
        (number, _schema(number), b"".join(rows.tobytes() for rows in parts))
        for number, parts in sorted(mail.items())
        if parts
    )


def unpack(bundles: Iterable[Bundle]) -> dict[int, list[Rows]]:
    """Rows by kind number, writable, in the order of the bundles. SchemaError on rows of another release's kind."""
    mail: dict[int, list[Rows]] = {}
    for bundle in bundles:
        for number, schema, content in bundle:
            if schema != _schema(number):
                raise SchemaError(_says(number, schema))
            rows = np.frombuffer(bytearray(content), dtype=KINDS[number].dtype)
            mail.setdefault(number, []).append(rows)
    return mail


def rows_in(bundle: Bundle) -> int:
    """How many rows a bundle holds."""
    return sum(len(content) // KINDS[number].dtype.itemsize for number, _, content in bundle)


@cache
def _schema(number: int) -> str:
    kind = KINDS.get(number)
    return of_schema(kind.name, kind.dtype) if kind else ""


def _says(number: int, schema: str) -> str:
    ours = (
        f"{KINDS[number].name} is {_schema(number)}: {columns(KINDS[number].dtype)}" if number in KINDS else "has none"
    )
    return f"mail of kind {number} has the schema {schema}, this release {ours}; run every cell of a bank in the same release"

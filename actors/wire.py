"""Bundles: one window's mail from one cell to another as plain bytes, one buffer a message kind. Its rule: what is packed
here and unpacked there is equal to the last bit, whichever executor carried it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from credit.room import KINDS, Rows

Bundle = tuple[tuple[int, bytes], ...]
"""(kind number, record bytes) pairs."""


def pack(mail: Mapping[int, Sequence[Rows]]) -> Bundle:
    """Packs rows by kind number; kinds without rows are left out."""
    return tuple(
        (number, b"".join(rows.tobytes() for rows in parts)) for number, parts in sorted(mail.items()) if parts
    )


def unpack(bundles: Iterable[Bundle]) -> dict[int, list[Rows]]:
    """Rows by kind number, writable, in the order of the bundles."""
    mail: dict[int, list[Rows]] = {}
    for bundle in bundles:
        for number, content in bundle:
            rows = np.frombuffer(bytearray(content), dtype=KINDS[number].dtype)
            mail.setdefault(number, []).append(rows)
    return mail

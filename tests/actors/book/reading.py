"""All that a store says, as plain values that can be kept beside it and compared years later."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from actors.book.store import Store


def told(store: Store) -> dict[str, Any]:
    """Fields as they are, contents as digests."""
    kept = [store.snapshot(number) for number in store.snapshots()]
    first = min((snapshot.number for snapshot in kept), default=0)
    return {
        "identity": store.found("").identity,
        "windows": [[*one._replace(inputs=_digest(one.inputs))] for one in store.read(first)],
        "snapshots": [
            [one.number, one.until, one.chain, {cell: _digest(content) for cell, content in sorted(one.cells.items())}]
            for one in kept
        ],
    }


def _digest(content: bytes) -> Any:
    return f"{len(content)} {blake2b(content, digest_size=16).hexdigest()}"

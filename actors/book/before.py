"""What a bank was opened with: the cells' states, and what had happened to its cases until then, so that a case of before is told
like any other. Both stand in the book's first snapshot, which is kept, copied to other sites and backed up as all snapshots
are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from actors.book.store import Damaged, Snapshot, Store
from actors.topology import Cell
from credit.compact import packed, unpacked
from credit.room import EVENT_DTYPE, Rows
from credit.subsystem import State

_BEFORE = "before"
"""No cell has this name."""


def states_in(snapshot: Snapshot) -> dict[Cell, State]:
    """The states of the cells."""
    return {Cell.named(name): unpacked(content) for name, content in snapshot.cells.items() if name != _BEFORE}


def with_before(cells: Mapping[str, bytes], events: Rows) -> dict[str, bytes]:
    """Packed cells with the events of before beside them."""
    return dict(cells) | {_BEFORE: packed({_BEFORE: events})}


def before_in(store: Store) -> Rows | None:
    """The events of before the book's first window; None as long as the book does not say: its first snapshot is not there, or
    damaged."""
    numbers = store.snapshots()
    if not numbers or numbers[-1]:
        return None
    try:
        content = store.snapshot(0).cells.get(_BEFORE)
    except Damaged:
        return None
    return np.zeros(0, dtype=EVENT_DTYPE) if content is None else unpacked(content)[_BEFORE]

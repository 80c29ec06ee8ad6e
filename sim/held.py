"""Mail of the world that is due later: answers still on their way, signatures to come, payments intended. Rows wait by
kind and leave when a window's end passes them. Nothing leaves before its time, and nothing is lost between two
windows, so it is part of the world's state."""

from __future__ import annotations

import numpy as np

from credit.room import BY_NAME, KINDS, Kind, Rows
from credit.rows import joined
from credit.subsystem import State, Window
from credit.waiting import Waiting


class Held:
    """Rows waiting for their `at`."""

    def __init__(self) -> None:
        self._waiting = Waiting()

    def put(self, kind: Kind, rows: Rows) -> None:
        """Keeps rows until a window reaches their `at`."""
        self._waiting.put(kind.number, rows)

    def release(self, window: Window) -> list[tuple[Kind, Rows]]:
        """All rows due before the window's end. Rows whose time has passed already are stamped at the window's start."""
        if window.until <= self._waiting.due():
            return []
        released = []
        for number, waiting in self._waiting.take(window.until):
            rows = waiting.copy()
            rows["at"] = np.maximum(rows["at"], window.start)
            released.append((KINDS[number], rows))
        return released

    def due(self) -> int:
        """When the next row leaves."""
        return self._waiting.due()

    def __len__(self) -> int:
        return len(self._waiting)

    def export_state(self, prefix: str = "held") -> State:
        """One record array a kind, named ``held.<Kind>``, in (at, id) order."""
        state: State = {}
        for number, parts in self._waiting:
            kind, rows = KINDS[number], joined(parts)
            names = [kind.key, "at"]
            state[f"{prefix}.{kind.name}"] = rows[np.lexsort([rows[n] for n in names])]
        return state

    def import_state(self, state: State, prefix: str = "held") -> None:
        """Replaces the content by exported rows."""
        self._waiting = Waiting()
        for name, rows in state.items():
            if name.startswith(f"{prefix}."):
                self.put(BY_NAME[name.removeprefix(f"{prefix}.")], rows)

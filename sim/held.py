"""Mail of the world that is due later: answers still on their way, signatures to come, payments intended. Rows wait by
kind and leave when a window's end passes them. Nothing leaves before its time, and nothing is lost between two
windows, so it is part of the world's state."""

from __future__ import annotations

import numpy as np

from credit.room import BY_NAME, KINDS, Kind, Rows
from credit.rows import joined
from credit.subsystem import State, Window
from credit.times import NEVER


class Held:
    """Rows waiting for their `at`."""

    def __init__(self) -> None:
        self._waiting: dict[int, list[Rows]] = {}
        self._earliest: dict[int, int] = {}

    def put(self, kind: Kind, rows: Rows) -> None:
        """Keeps rows until a window reaches their `at`."""
        if len(rows):
            self._waiting.setdefault(kind.number, []).append(rows)
            earliest = int(rows["at"].min())
            self._earliest[kind.number] = min(earliest, self._earliest.get(kind.number, earliest))

    def release(self, window: Window) -> list[tuple[Kind, Rows]]:
        """All rows due before the window's end. Rows whose time has passed already are stamped at the window's start."""
        due: list[tuple[Kind, Rows]] = []
        for number in sorted(self._waiting):
            if self._earliest[number] < window.until:
                rows = self._split(number, window)
                due.append((KINDS[number], rows))
        return due

    def due(self) -> int:
        """When the next row leaves."""
        return min(self._earliest.values(), default=NEVER)

    def __len__(self) -> int:
        return sum(len(rows) for parts in self._waiting.values() for rows in parts)

    def _split(self, number: int, window: Window) -> Rows:
        parts = self._waiting.pop(number)
        del self._earliest[number]
        rows = joined(parts)
        now = rows["at"] < window.until
        self.put(KINDS[number], rows[~now])
        due = rows[now]
        due["at"] = np.maximum(due["at"], window.start)
        return due

    def export_state(self, prefix: str = "held") -> State:
        """One record array a kind, named ``held.<Kind>``, in (at, id) order."""
        state: State = {}
        for number, parts in sorted(self._waiting.items()):
            kind, rows = KINDS[number], joined(parts)
            names = [kind.key, "at"]
            state[f"{prefix}.{kind.name}"] = rows[np.lexsort([rows[n] for n in names])]
        return state

    def import_state(self, state: State, prefix: str = "held") -> None:
        """Replaces the content by exported rows."""
        self._waiting, self._earliest = {}, {}
        for name, rows in state.items():
            if name.startswith(f"{prefix}."):
                self.put(BY_NAME[name.removeprefix(f"{prefix}.")], rows)

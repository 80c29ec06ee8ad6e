"""Events of cases that began of late, in memory (近期案件事件). Who hands a form in asks for its story at once and again when it
is decided, and most who ask do so within minutes: for them no file is read. A case is held from its first event on, whole or not
at all."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from credit.applications.contract import Event
from credit.room import EVENT_DTYPE, Rows

_BEGINS = int(Event.APPLICATION_SUBMITTED)
"""The first event of every case, once."""


class Lately:
    """A ring of events; the oldest case goes where its first event would be written over. Several threads may use it."""

    def __init__(self, events_max: int = 1 << 16) -> None:
        self._ring, self._next = np.zeros(events_max, dtype=EVENT_DTYPE), 0
        self._places: dict[int, list[int]] = {}
        """Where the events of a case stand, counted from the first ever; in the order in which cases began."""
        self._lock = threading.Lock()

    def add(self, parts: Iterable[Rows]) -> None:
        """Events of some windows, those of a window and cell together, each under its case's number."""
        rows = np.concatenate([self._ring[:0], *parts])
        with self._lock:
            for case in rows["case"][rows["event"] == _BEGINS].tolist():
                self._places[case] = []
            held = self._places
            for place, case in enumerate(rows["case"].tolist(), self._next):
                if case in held:
                    held[case].append(place)
            self._next += len(rows)
            kept = rows[-len(self._ring) :]
            self._ring[np.arange(self._next - len(kept), self._next) % len(self._ring)] = kept
            for case in list(itertools.takewhile(lambda one: not self._holds(one), held)):
                del held[case]

    def of(self, cases: Collection[int]) -> tuple[Rows, Sequence[int]]:
        """The events of those of some cases that are held, case by case, in the order in which they happened, and the others."""
        with self._lock:
            found = [self._places[case] for case in cases if self._holds(case)]
            others = [case for case in cases if not self._holds(case)]
            rows = self._ring[np.array([*itertools.chain(*found)], dtype=np.int64) % len(self._ring)]
        return rows[np.lexsort((rows["seq"], rows["at"], rows["case"]))], others

    def _holds(self, case: int) -> bool:
        """Whether the first event of a case has not been written over, so that all of them are there."""
        return case in self._places and self._places[case][0] >= self._next - len(self._ring)

    def clear(self) -> None:
        """Nothing is held any more."""
        with self._lock:
            self._places.clear()

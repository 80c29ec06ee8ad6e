"""Rows that wait for their `at`, by kind: mail that came before its time, answers still on their way. Nothing leaves before its
time, and a kind of which nothing is due costs nothing."""

from __future__ import annotations

from collections.abc import Iterator

from credit.masks import all_of
from credit.room import Rows
from credit.rows import joined
from credit.times import NEVER


class Waiting:
    """Rows by kind number, until their time comes."""

    def __init__(self) -> None:
        self._parts: dict[int, list[Rows]] = {}
        self._earliest: dict[int, int] = {}

    def put(self, number: int, rows: Rows) -> None:
        """Keeps rows of a kind."""
        if len(rows):
            self._parts.setdefault(number, []).append(rows)
            earliest = int(rows["at"].min())
            self._earliest[number] = min(earliest, self._earliest.get(number, earliest))

    def take(self, until: int) -> Iterator[tuple[int, Rows]]:
        """The rows due before an instant, which are forgotten here, in the order of the kinds' numbers."""
        for number in [number for number in sorted(self._parts) if self._earliest[number] < until]:
            rows = joined(self._parts.pop(number))
            del self._earliest[number]
            now = rows["at"] < until
            if not all_of(now):
                self.put(number, rows[~now])
                rows = rows[now]
            yield number, rows

    def clear(self) -> None:
        """Forgets what waits."""
        self._parts.clear()
        self._earliest.clear()

    def due(self) -> int:
        """When the next row leaves; NEVER where none waits."""
        return min(self._earliest.values(), default=NEVER)

    def __len__(self) -> int:
        return sum(len(rows) for parts in self._parts.values() for rows in parts)

    def __iter__(self) -> Iterator[tuple[int, list[Rows]]]:
        return iter(sorted(self._parts.items()))

"""The trail: what happened to every case, so that anybody may ask at any time. It is read off the cells' events and can be made
anew from the day book, so it is written without waiting for the disk; windows that are worked again replace what stood there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from actors.host import Told
from actors.lately import Lately
from credit.mail import NO_ANSWERS
from credit.numbers import case_of
from credit.room import EVENT_DTYPE, Rows

_NAMES = EVENT_DTYPE.names or ()
_ORDER = ("at", "case", "seq", *(name for name in _NAMES if name not in ("at", "case", "seq")))
_COLUMNS = ", ".join(f'"{name}"' for name in _NAMES)


BEFORE = -1
"""Under which window it stands what had happened when the bank was opened."""


class Trail:
    """Events by case, in an SQLite file."""

    def __init__(self, path: Path | str, lately: Lately | None = None) -> None:
        self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._begun, self._lately = False, lately or Lately()
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = OFF",
            f'CREATE TABLE IF NOT EXISTS events ("window" INTEGER NOT NULL, {_COLUMNS})',
            'CREATE INDEX IF NOT EXISTS events_by_case ON events ("case")',
            'CREATE INDEX IF NOT EXISTS events_by_window ON events ("window")',
        ):
            self._base.execute(statement)

    def until(self) -> int:
        """The last window of which there is something; −1 where there is none, or only what was before (`BEFORE`)."""
        (last,) = self._base.execute('SELECT max("window") FROM events').fetchone()
        return -1 if last is None else int(last)

    def begin(self, before: Callable[[], Rows | None]) -> None:
        """Takes what had happened when the bank was opened, once; `before` gives it, None as long as it does not know."""
        if not self._begun:
            known = self._base.execute('SELECT 1 FROM events WHERE "window" = ? LIMIT 1', (BEFORE,)).fetchone()
            self._begun = known is not None
            if not self._begun and (events := before()) is not None:
                self.add([Told(BEFORE, events, NO_ANSWERS)])
                self._begun = True

    def forget_from(self, window: int) -> None:
        """Drops what is told of a window and of all after it: they are worked again."""
        self._lately.clear()
        self._base.execute('DELETE FROM events WHERE "window" >= ?', (window,))

    def add(self, told: Iterable[Told]) -> None:
        """Takes what happened in some windows."""
        marks = ", ".join("?" * (len(_NAMES) + 1))
        parts = [(window, about_cases(events)) for window, events, _ in told]
        self._base.execute("BEGIN")
        for window, part in parts:
            rows = [(window, *row) for row in part.tolist()]
            self._base.executemany(f"INSERT INTO events VALUES ({marks})", rows)
        self._base.execute("COMMIT")
        self._lately.add(part for _, part in parts)

    def of(self, *cases: int) -> Rows:
        """The events of some cases and of their loans, case by case, in the order in which they happened."""
        lately, earlier = self._lately.of(dict.fromkeys(cases))
        if not earlier:
            return lately
        marks = ", ".join("?" * len(earlier))
        found = self._base.execute(
            f'SELECT {_COLUMNS} FROM events WHERE "case" IN ({marks}) ORDER BY "case", at, seq', earlier
        ).fetchall()
        rows = np.concatenate([lately, np.array(found, dtype=EVENT_DTYPE)])
        return rows[np.argsort(rows["case"], kind="stable")]

    def since(self, window: int, most: int) -> list[tuple[int, Rows]]:
        """The windows from a number on of which there is something, each with its events as `in_window` has them, until there
        are `most` events or more."""
        found = self._base.execute(
            f'SELECT "window", {_COLUMNS} FROM events WHERE "window" >= ? ORDER BY "window" LIMIT ?', (window, most)
        ).fetchall()
        if len(found) == most:  # the last window may not be whole
            last = found[-1][0]
            found = [row for row in found if row[0] < last]
            found += self._base.execute(
                f'SELECT "window", {_COLUMNS} FROM events WHERE "window" = ?', (last,)
            ).fetchall()
        parts: dict[int, list[tuple[int, ...]]] = {}
        for number, *row in found:
            parts.setdefault(number, []).append(tuple(row))
        return [(number, in_window([np.array(rows, dtype=EVENT_DTYPE)])) for number, rows in parts.items()]

    def close(self) -> None:
        self._base.close()


def about_cases(events: Rows) -> Rows:
    """Events of cases, those of loans under their case's number."""
    rows = events.copy()
    rows["case"] = np.where((rows["case"] == 0) & (rows["loan"] > 0), case_of(rows["loan"]), rows["case"])
    return rows[rows["case"] > 0]


def in_window(parts: Sequence[Rows]) -> Rows:
    """The events of one window, of whatever cells, in an order that is the same whoever told of them first."""
    rows = np.concatenate(parts)
    return rows[np.lexsort([rows[name] for name in reversed(_ORDER)])]

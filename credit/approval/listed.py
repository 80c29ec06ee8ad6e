"""Who has been entered in the risk library while a case of his may be under way (EXT-08), and has not left it since (EXT-09);
consulted at the instant of approval."""

from __future__ import annotations

import numpy as np

from credit.entries import enter_again, stands
from credit.room import Rows
from credit.rows import waves
from credit.table import Table
from credit.times import DAY_MS, NEVER, Ints

_KEPT_MS = 90 * DAY_MS
"""No case is in approval for longer; who applies later is intercepted by his form."""
_BRANCHES = 1_000


class Listed:
    """Entries by customer and branch."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def enter(self, rows: Rows) -> None:
        """Adds customers, and ends what is said of those who have left the library. Who is there already stays as first
        entered."""
        for wave in waves(_entry_of(rows)):
            self._enter(rows[wave])

    def _enter(self, rows: Rows) -> None:
        """Of each customer and branch one row."""
        table, entry, at, gone = self._table, _entry_of(rows), rows["at"], rows["removed"] != 0
        found = table.find(entry)
        new = ~gone & (found < 0)
        table.append(rows[new], entry=entry[new], since=at[new], until=NEVER)
        ends = gone & (found >= 0)
        table["until"][found[ends]] = np.minimum(table["until"][found[ends]], at[ends])
        told = ~gone & (found >= 0)
        enter_again(table, found[told], at[told])
        table["case"][found[told]] = rows["case"][told]

    def entered_for(self, cases: Rows, at: Ints) -> Ints:
        """The application that the entry of each case's customer in the library rested on at an instant, as told last; −1 where
        he was not in it. Every branch is told."""
        found = self._table.find(_entry_of(cases))
        return np.where(stands(self._table, found, at), self._table.get("case", found), -1)

    def forget(self, now: int) -> None:
        """Drops what is too old to matter."""
        self._table.keep(self._table["since"] >= now - _KEPT_MS)


def _entry_of(rows: Rows) -> Ints:
    return np.asarray(rows["customer"] * _BRANCHES + rows["branch"])

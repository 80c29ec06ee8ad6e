"""Who has been entered in the risk library while a case of his may be under way (EXT-08); consulted at the instant of
approval."""

from __future__ import annotations

import numpy as np

from credit.room import Rows
from credit.rows import firsts
from credit.table import Table
from credit.times import DAY_MS, Bools, Ints

_KEPT_MS = 90 * DAY_MS
"""No case is in approval for longer; who applies later is intercepted by his form."""
_BRANCHES = 1_000


class Listed:
    """Entries by customer and branch."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def enter(self, rows: Rows) -> None:
        """Adds customers; who is there already stays as first entered."""
        entry = _entry_of(rows)
        new = firsts(entry) & (self._table.find(entry) < 0)
        self._table.append(rows[new], entry=entry[new], since=rows["at"][new])

    def holds(self, cases: Rows, at: Ints) -> Bools:
        """Whether the customer of each case was in the library at an instant; every branch is told."""
        found = self._table.find(_entry_of(cases))
        return np.asarray((found >= 0) & (self._table.get("since", found) <= at))

    def forget(self, now: int) -> None:
        """Drops what is too old to matter."""
        self._table.keep(self._table["since"] >= now - _KEPT_MS)


def _entry_of(rows: Rows) -> Ints:
    return np.asarray(rows["customer"] * _BRANCHES + rows["branch"])

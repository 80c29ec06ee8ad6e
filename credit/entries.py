"""Entries of a list (名单条目): each counts from the instant at which it was entered (`since`) until that at which it was removed
(`until`, `NEVER` while it stands), whatever the order in which mail is read."""

from __future__ import annotations

import numpy as np

from credit.table import Table
from credit.times import NEVER, Bools, Ints


def stands(entries: Table, rows: Ints, at: Ints) -> Bools:
    """Whether each entry stood at an instant; false where there is none (row −1)."""
    return np.asarray((entries.get("since", rows, NEVER) <= at) & (at < entries.get("until", rows)))


def enter_again(entries: Table, rows: Ints, at: Ints) -> None:
    """Entries that have ended count anew from an instant on; one that still stands stays as first entered. Row −1 is none."""
    again = (rows >= 0) & (entries.get("until", rows) <= at)
    entries["since"][rows[again]], entries["until"][rows[again]] = at[again], NEVER

"""Deputies (审批代理): the administrator appoints somebody who receives the tasks of a person on leave (APR-12). A deputy may act
on the appointed days only, at the appointed desk, from the instant of the appointment on, and every decision names the absent
person as well."""

from __future__ import annotations

import numpy as np

from credit.numbers import appointment_of
from credit.room import Rows
from credit.table import Table
from credit.times import DAY_MS, Bools, Ints

_FIELDS = ("person", "deputy", "desk", "from_day", "to_day")


class Deputies:
    """The appointments in force or to come."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def appoint(self, rows: Rows) -> Rows:
        """Adds appointments and returns what was added: one that is there already is not added twice."""
        table = self.table
        known = dict.fromkeys(zip(*(table[name].tolist() for name in _FIELDS), strict=True))
        last: dict[int, int] = {}
        for person, number in zip(table["person"].tolist(), table["number"].tolist(), strict=True):
            last[person] = max(number, last.get(person, 0))
        new, numbers = [], []
        for place, row in enumerate(rows[list(_FIELDS)].tolist()):
            if row not in known:
                known[row] = None
                last[row[0]] = last.get(row[0], appointment_of(row[0], 0)) + 1
                new.append(place)
                numbers.append(last[row[0]])
        table.append(rows[new], number=numbers, since=rows["at"][new])
        return rows[new]

    def stands_in(self, deputy: Ints, person: Ints, desk: Ints, at: Ints) -> Bools:
        """True where `deputy` is appointed for `person` at the desk at an instant. Deputies' commands are rare, appointments
        few: every pair is compared."""
        table, day = self.table, at // DAY_MS
        matches = (
            (deputy[:, None] == table["deputy"])
            & (person[:, None] == table["person"])
            & (desk[:, None] == table["desk"])
            & (day[:, None] >= table["from_day"])
            & (day[:, None] <= table["to_day"])
            & (at[:, None] >= table["since"])
        )
        return np.asarray(matches.any(axis=1))

    def forget(self, day: int) -> None:
        """Drops appointments that ended before `day`."""
        self.table.keep(self.table["to_day"] >= day)

"""Deputies (审批代理): an administrator appoints somebody who receives the cases of an approver on leave (APR-12). A
deputy may act on the appointed days only, at the appointed desk, and every decision names the absent person as well."""

from __future__ import annotations

import numpy as np

from credit.room import Rows
from credit.staff import StaffRegister
from credit.table import Table
from credit.times import DAY_MS, Bools, Ints

_FIELDS = ("person", "deputy", "node", "from_day", "to_day")
_NUMBERS_A_PERSON = 1_000_000
"""Appointments are numbered within the absent person, so shards never share a number."""


class Deputies:
    """The appointments in force or to come."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def appoint(self, rows: Rows) -> None:
        """Adds appointments; one that is there already is not added twice."""
        table = self.table
        known = dict.fromkeys(zip(*(table[name].tolist() for name in _FIELDS), strict=True))
        last: dict[int, int] = {}
        for person, number in zip(table["person"].tolist(), table["number"].tolist(), strict=True):
            last[person] = max(number, last.get(person, 0))
        new, numbers = [], []
        for place, row in enumerate(rows[list(_FIELDS)].tolist()):
            if row not in known:
                known[row] = None
                last[row[0]] = last.get(row[0], row[0] * _NUMBERS_A_PERSON) + 1
                new.append(place)
                numbers.append(last[row[0]])
        table.append(rows[new], number=numbers)

    def stands_in(self, deputy: Ints, person: Ints, node: Ints, day: Ints) -> Bools:
        """True where `deputy` is appointed for `person` at the node on the day. Deputies' decisions are rare, appointments
        few: every pair is compared."""
        table = self.table
        matches = (
            (deputy[:, None] == table["deputy"])
            & (person[:, None] == table["person"])
            & (node[:, None] == table["node"])
            & (day[:, None] >= table["from_day"])
            & (day[:, None] <= table["to_day"])
        )
        return np.asarray(matches.any(axis=1))

    def entitled(self, register: StaffRegister, opinions: Rows, branch: Ints, desk: Ints) -> Bools:
        """True where the person of an opinion (person, on_behalf_of, started_at) holds the desk that serves the branch, or was
        appointed to stand in there on the day on which the work began."""
        person, absent = opinions["person"], opinions["on_behalf_of"]
        may = register.may_act(person, branch, desk, absent)
        deputy = np.flatnonzero(absent != 0)
        if len(deputy):
            day = opinions["started_at"][deputy] // DAY_MS
            may[deputy] &= self.stands_in(person[deputy], absent[deputy], desk[deputy], day)
        return may

    def forget(self, day: int) -> None:
        """Drops appointments that ended long before `day`; what was begun in time has been decided by then."""
        self.table.keep(self.table["to_day"] >= day)

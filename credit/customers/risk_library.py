"""The upkeep of the internal risk library (内部风险客户库): who is entered for a confirmed fraud, who leaves it because his
appeal was granted, or two people say so (EXT-08, EXT-09), and who is told: whoever decides on cases under way, and the room of
appeals."""

from __future__ import annotations

import numpy as np

from credit.appeals.contract import EntryEnded, EntryMade
from credit.approval.contract import CustomerListed
from credit.customers.contract import Event
from credit.customers.lists import RiskLibrary
from credit.customers.register import Register
from credit.mail import Outbox
from credit.room import Rows
from credit.rows import passes
from credit.table import Table
from credit.times import Bools, Ints


class LibraryKeeper:
    """Enters and removes; `branches` has a row for each branch that the bank has had a form of."""

    def __init__(self, library: RiskLibrary, register: Register, branches: Table) -> None:
        self._library, self._register, self._branches = library, register, branches

    def known(self, rows: Rows) -> Bools:
        """Whether the customer of each row has a number here."""
        return np.asarray(self._register.customers.find(rows["customer"]) >= 0)

    def enter(self, rows: Rows, out: Outbox) -> None:
        """EXT-08: the library grows by the customer and by the person who signs for him; rows of `EntryMade`."""
        if not len(rows):
            return
        keys, twice = self._register.keys_of(rows["customer"]), np.tile(np.arange(len(rows)), 2)
        signs = np.repeat([False, True], len(rows))
        another = ~signs | (keys != keys[twice])
        keys, twice, signs = keys[another], twice[another], signs[another]
        at, case = rows["at"][twice], rows["case"][twice]
        self._library.enter(keys, at, case, signs)
        customers, first = self._register.known_by(keys, at)
        self._tell(customers, at[first], case[first], False, out)
        out.send(EntryMade, rows)

    def remove(self, rows: Rows, out: Outbox) -> None:
        """EXT-09: the entries that rest on an application end. Who stands in the library for another one as well stays in it."""
        for part in passes(rows, "case"):
            keys, row = self._library.remove(part["case"], part["at"])
            if not len(keys):
                continue
            out.send(EntryEnded, EntryEnded.carry(part[np.unique(row)]))
            customers, first = self._register.known_by(keys, part["at"][row])
            at, case = part["at"][row[first]], part["case"][row[first]]
            own = self._register.keys_of(customers)
            others = self._library.case_of(own, np.tile(at, 2)).reshape(2, -1).max(axis=0)
            stays, leaves = others > 0, others == 0
            self._tell(customers[stays], at[stays], others[stays], False, out)
            out.log(Event.LIBRARY_LEFT, at[leaves], case[leaves], value=customers[leaves])
            self._tell(customers[leaves], at[leaves], case[leaves], True, out)

    def _tell(self, customers: Ints, at: Ints, case: Ints, removed: bool, out: Outbox) -> None:
        """Whoever decides on cases under way hears at every branch of customers who have been entered, or have left."""
        branches = self._branches["branch"]
        told = {"at": at, "customer": customers, "case": case}
        repeated = {name: np.repeat(values, len(branches)) for name, values in told.items()}
        length, where = len(customers) * len(branches), np.tile(branches, len(customers))
        out.send(CustomerListed, CustomerListed.rows(length, branch=where, removed=removed, **repeated))

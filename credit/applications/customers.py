"""The customer register: one number for each person or company of a branch (CUS-10), potential or formal (CUS-11), what is
on file (APP-05), and the last applications, for anomalies (SCO-11). A number is given once, when somebody is first let in,
and never again."""

from __future__ import annotations

import numpy as np

from credit.applications.states import MOVES, CustomerState
from credit.room import Rows
from credit.rows import firsts, waves
from credit.table import Table
from credit.tally import Tally
from credit.times import Bools, Ints

SEEN = ("seen1", "seen2", "seen3", "seen4")
"""The last applications of a customer, newest first, each as at × 8 + channel; 0 = none. Five or more count as five."""
_CHANNEL_BITS = np.int64(3)
_CHANNELS = 8
PPM = 1_000_000
GROWTH_MAX_PPM = 1_000_000_000
ENTRY = np.dtype([(n, "i8") for n in "customer created recent_applications recent_channels amount_growth_ppm".split()])
"""What the register says of an admitted form; `created` is 1 where the number is new."""


class Register:
    """Customers by key and by number."""

    def __init__(self, people: Table, customers: Table, tally: Tally, recent_ms: int) -> None:
        self.people, self.customers = people, customers
        self._tally, self._recent_ms = tally, recent_ms

    def find(self, keys: Ints) -> Ints:
        """The register's row of each key; −1 for people the bank doesn't know."""
        return self.customers.find(self.people.get("customer", self.people.find(keys), -1))

    def on_file(self, keys: Ints) -> Ints:
        """Material bits on file of each key; 0 where there is none."""
        return self.customers.get("documents", self.find(keys))

    def onboard(self, forms: Rows, keys: Ints, documents: Ints) -> Rows:
        """Finds or creates the customer of each admitted SubmitApplication row, in row order, and remembers the application;
        `ENTRY` rows. Rows of one customer in one batch are taken one after the other."""
        entries = np.zeros(len(forms), dtype=ENTRY)
        for wave in waves(keys):
            entries[wave] = self._onboard_once(forms[wave], keys[wave], documents[wave])
        return entries

    def make_formal(self, customer: Ints) -> tuple[Bools, Bools]:
        """Makes potential customers formal. Gives where that changed something, and where the number is known."""
        rows = self.customers.find(customer)
        changes = firsts(customer) & (self.customers.get("state", rows, -1) == CustomerState.POTENTIAL)
        MOVES.to(self.customers, rows[changes], CustomerState.FORMAL)
        return changes, rows >= 0

    def _onboard_once(self, forms: Rows, keys: Ints, documents: Ints) -> Rows:
        """One row a customer at most."""
        entries, rows = np.zeros(len(forms), dtype=ENTRY), self.find(keys)
        new = rows < 0
        rows[new] = self._create(forms[new], keys[new])
        entries["customer"], entries["created"] = self.customers["customer"][rows], new
        self._remember(forms, documents, rows, entries)
        return entries

    def _create(self, forms: Rows, keys: Ints) -> Ints:
        numbers = self._tally.next_numbers("customers", forms["branch"])
        self.people.append(length=len(keys), key=keys, customer=numbers)
        return self.customers.append(
            length=len(keys), customer=numbers, party=forms["party"], since=forms["at"], state=CustomerState.POTENTIAL
        )

    def _remember(self, forms: Rows, documents: Ints, rows: Ints, entries: Rows) -> None:
        """Recent applications, their channels and the growth of the amount, this one included and from now on remembered."""
        at, amount, table = forms["at"], forms["amount_fen"], self.customers
        seen = [table[name][rows] for name in SEEN]
        channels = np.int64(1) << forms["channel"].clip(0, _CHANNELS - 1)
        count = np.ones(len(forms), dtype=np.int64)
        for past in seen:
            recent = ((past >> _CHANNEL_BITS) >= at - self._recent_ms) & (past > 0)
            count += recent
            channels |= np.where(recent, np.int64(1) << (past & (_CHANNELS - 1)), 0)
        compared = (count > 1) & (table["product"][rows] == forms["product"])
        entries["recent_applications"] = count
        entries["recent_channels"] = sum((channels >> bit) & 1 for bit in range(_CHANNELS))
        entries["amount_growth_ppm"] = _growth(table["amount_fen"][rows], amount, compared)
        newest = at << _CHANNEL_BITS | forms["channel"].clip(0, _CHANNELS - 1)
        for name, values in zip(SEEN, [newest, *seen[:-1]], strict=True):
            table[name][rows] = values
        table["amount_fen"][rows], table["product"][rows] = amount, forms["product"]
        table["documents"][rows] |= documents


def _growth(before: Ints, now: Ints, recent: Bools) -> Ints:
    """Growth of the amount asked since the last application, in millionths; 0 where it fell or that was not a recent one
    for the same product."""
    grown = recent & (before > 0) & (now > before)
    growth = (now - before) * PPM // np.maximum(before, 1)
    return np.where(grown, np.minimum(growth, GROWTH_MAX_PPM), 0)

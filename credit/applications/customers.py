"""The customer register: one number for each person or company of a branch (CUS-10), potential or formal (CUS-11), what is
on file (APP-05), and the last applications, for anomalies (SCO-11). Its rule: a number is given once, when somebody is first
let in, and never again."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from credit.applications.counters import Counters
from credit.applications.states import CustomerState
from credit.room import Rows, blank
from credit.rows import firsts, waves
from credit.table import Table
from credit.times import Bools, Ints

SEEN = ("seen1", "seen2", "seen3", "seen4")
"""The last applications of a customer, newest first, each as at × 8 + channel; 0 = none. Five or more count as five."""
_CHANNEL_BITS = np.int64(3)
_CHANNELS = 8
PPM = 1_000_000
GROWTH_MAX_PPM = 1_000_000_000


@dataclass(frozen=True)
class Onboarded:
    """What the register says of a batch of admitted forms, one entry a row."""

    customer: Ints
    created: Ints  # 1 where the number is new
    recent_applications: Ints
    recent_channels: Ints
    amount_growth_ppm: Ints


FIELDS = tuple(field.name for field in fields(Onboarded))


class Register:
    """Customers by key and by number. Row k of both tables is the same customer."""

    def __init__(self, counters: Counters, recent_ms: int) -> None:
        self.people = Table("key customer", "key")
        self.customers = Table(
            f"customer party state=0 since {blank('documents product amount_fen')} {blank(' '.join(SEEN))}", "customer"
        )
        self._counters = counters
        self._recent_ms = recent_ms

    def find(self, keys: Ints) -> Ints:
        """The register's row of each key; −1 for people the bank doesn't know."""
        return self.people.find(keys)

    def on_file(self, rows: Ints) -> Ints:
        """Material bits on file at each row; 0 where there is none."""
        documents = np.zeros(len(rows), dtype=np.int64)
        known = rows >= 0
        documents[known] = self.customers["documents"][rows[known]]
        return documents

    def onboard(self, forms: Rows, keys: Ints, rows: Ints, documents: Ints) -> Onboarded:
        """Finds or creates the customer of each admitted SubmitApplication row, in row order, and remembers the application.
        `rows`: what `find` gave. Rows of one customer in one batch are taken one after the other."""
        columns = np.zeros((len(FIELDS), len(forms)), dtype=np.int64)
        for wave in waves(keys):
            if len(wave) == len(forms):
                return self._onboard_once(forms, keys, rows, documents)
            entry = self._onboard_once(forms[wave], keys[wave], self.find(keys[wave]), documents[wave])
            columns[:, wave] = [getattr(entry, name) for name in FIELDS]
        return Onboarded(*columns)

    def make_formal(self, customer: Ints) -> tuple[Ints, Ints]:
        """Makes potential customers formal. Gives 1 where that changed something, and 1 where the number is unknown."""
        rows = self.customers.find(customer)
        unknown = rows < 0
        state = self.customers["state"]
        changes = ~unknown & firsts(customer)
        changes[changes] = state[rows[changes]] == CustomerState.POTENTIAL
        state[rows[changes]] = CustomerState.FORMAL
        return changes.astype(np.int64), unknown.astype(np.int64)

    def _onboard_once(self, forms: Rows, keys: Ints, places: Ints, documents: Ints) -> Onboarded:
        """One row a customer at most."""
        new = np.flatnonzero(places < 0)
        places = places.copy()
        places[new] = self._create(forms[new], keys[new])
        created = np.zeros(len(forms), dtype=np.int64)
        created[new] = 1
        return Onboarded(self.customers["customer"][places], created, *self._remember(forms, documents, places))

    def _create(self, forms: Rows, keys: Ints) -> Ints:
        numbers = self._counters.next_numbers("customers", forms["branch"])
        self.people.append(length=len(keys), key=keys, customer=numbers)
        return self.customers.append(length=len(keys), customer=numbers, party=forms["party"], since=forms["at"])

    def _remember(self, forms: Rows, documents: Ints, places: Ints) -> tuple[Ints, Ints, Ints]:
        """Recent applications, their channels and the growth of the amount, this one included and from now on remembered."""
        at, amount, product = forms["at"], forms["amount_fen"], forms["product"]
        table = self.customers
        seen = [table[name][places] for name in SEEN]
        since = at - self._recent_ms
        channels = np.int64(1) << forms["channel"].clip(0, _CHANNELS - 1)
        count = np.ones(len(forms), dtype=np.int64)
        for past in seen:
            recent = ((past >> _CHANNEL_BITS) >= since) & (past > 0)
            count += recent
            channels |= np.where(recent, np.int64(1) << (past & (_CHANNELS - 1)), 0)
        several = np.asarray(sum((channels >> bit) & 1 for bit in range(_CHANNELS)))
        compared = (count > 1) & (table["product"][places] == product)
        growth = _growth(table["amount_fen"][places], amount, compared)
        newest = at << _CHANNEL_BITS | forms["channel"].clip(0, _CHANNELS - 1)
        for name, values in zip(SEEN, [newest, *seen[:-1]], strict=True):
            table[name][places] = values
        table["amount_fen"][places], table["product"][places] = amount, product
        table["documents"][places] |= documents
        return count, several, growth

    def export_state(self) -> dict[str, Rows]:
        return {"people": self.people.export(), "customers": self.customers.export()}

    def import_state(self, state: dict[str, Rows]) -> None:
        people = state["people"]
        self.people.load(people[np.argsort(people["customer"], kind="stable")])
        self.customers.load(state["customers"])


def _growth(before: Ints, now: Ints, recent: Bools) -> Ints:
    """Growth of the amount asked since the last application, in millionths; 0 where it fell or that was not a recent one
    for the same product."""
    grown = recent & (before > 0) & (now > before)
    growth = (now - before) * PPM // np.maximum(before, 1)
    return np.where(grown, np.minimum(growth, GROWTH_MAX_PPM), 0)

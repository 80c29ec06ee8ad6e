"""The customer register: one number for each person or company of the bank (CUS-10), who that is, potential or formal (CUS-11),
what is on file (APP-05), and the last applications at any branch, for anomalies (SCO-11). A number is given once, when somebody
is first let in, and never again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from credit.codes import Uploads
from credit.customers.keys import customer_keys, id_keys
from credit.customers.states import MOVES, CustomerState
from credit.masks import all_of, any_of, true_rows
from credit.profile import TOLD_APART, Identity
from credit.room import Rows
from credit.rows import firsts, waves
from credit.table import Table
from credit.texts import Field, Texts, present
from credit.times import DAY_MS, NEVER, Bools, Ints

SEEN = (1, 2, 3, 4)
"""So many of the last applications are remembered; five or more count as five."""
PPM = 1_000_000
GROWTH_MAX_PPM = 1_000_000_000
_MONTH_MS = 365 * DAY_MS // 12
_ENTRY = f"customer created existing renamed recent_applications recent_channels amount_growth_ppm {TOLD_APART}"
ENTRY = np.dtype([(n, "i8") for n in _ENTRY.split()])
"""What the register says of an admitted form; `created` is 1 where the number is new, `existing` where he has applied before,
`renamed` where he was known by another name."""
_SAID = ("product", "amount_fen", "income_fen", "employment_months", "purpose")
"""What of the last application is remembered beside its time and channel."""
_IDENTITY = ("name", "id_number", "mobile", "credit_code")


class Register:
    """Customers by key and by number."""

    def __init__(self, people: Table, customers: Table, texts: Texts, recent_ms: int) -> None:
        self.people, self.customers = people, customers
        self._texts, self._recent_ms = texts, recent_ms

    def find(self, keys: Ints) -> Ints:
        """The register's row of each key; −1 for people the bank doesn't know."""
        return self.customers.find(self.people.get("customer", self.people.find(keys), -1))

    def on_file(self, keys: Ints) -> Ints:
        """Material bits on file of each key; 0 where there is none."""
        return self.customers.get("documents", self.find(keys))

    def identity(self, customer: int) -> Identity:
        """Who a customer is, as he last said. KeyError for a number that was never given."""
        [row] = self.customers.find([customer]).tolist()
        if row < 0:
            raise KeyError(customer)
        name, *others = (str(self.customers.text(column)[row]) for column in _IDENTITY)
        return Identity(name or self._texts.of(int(self.customers["texts"][row]), Field.NAME), *others)

    def change_contact(self, detail: str, rows: Rows) -> None:
        """Another mobile number, e-mail or address of known customers; who they are stays (CON-13)."""
        self.customers.text(detail)[self.customers.find(rows["customer"])] = rows[detail]

    def keys_of(self, customer: Ints) -> Ints:
        """The keys of known customers and of the persons who sign for them."""
        rows = self.customers.find(customer)
        return np.concatenate(
            (customer_keys(self.customers.take(rows, "id_number credit_code")), self.customers["person"][rows])
        )

    def known_by(self, keys: Ints, at: Ints) -> tuple[Ints, Ints]:
        """(customers that some keys are, or sign for, the place among the keys of the first in time of each)."""
        customers = self.customers
        order = np.lexsort((at, keys))
        ordered = keys[order]
        own = np.zeros(len(customers), dtype=np.int64)
        rows = self.find(keys)
        own[rows[rows >= 0]] = keys[rows >= 0]
        since, first = np.full(len(customers), NEVER), np.zeros(len(customers), dtype=np.int64)
        for column in (own, customers["person"]):
            place = order[np.minimum(ordered.searchsorted(column), len(ordered) - 1)]
            sooner = (keys[place] == column) & (at[place] < since)
            since[sooner], first[sooner] = at[place[sooner]], place[sooner]
        hit = since < NEVER
        return customers["customer"][hit], first[hit]

    def onboard(self, forms: Rows, keys: Ints, person: Ints, documents: Ints) -> Rows:
        """Finds or creates the customer of each admitted FormChecked row, in row order, and remembers the application; `ENTRY`
        rows. `person`: the keys of who signs. Rows of one customer in one batch are taken one after the other."""
        entries = np.zeros(len(forms), dtype=ENTRY)
        for wave in waves(keys):
            entries[wave] = self._onboard_once(forms[wave], keys[wave], person[wave], documents[wave])
        return entries

    def enter(self, rows: Rows, keys: Ints) -> Ints:
        """Numbers of customers entered before any application (CUS-05); `rows` of EnterCustomer, keys that are not here yet."""
        found = self._create(rows, keys)
        for name in (*_IDENTITY, "segment", "occupation"):
            self.customers.text(name)[found] = rows[name]
        self.customers["person"][found] = id_keys(rows["id_number"])
        return self.customers["customer"][found]

    def make_formal(self, customer: Ints) -> tuple[Bools, Bools]:
        """Makes potential customers formal. Gives where that changed something, and where the number is known."""
        rows = self.customers.find(customer)
        changes = firsts(customer) & (self.customers.get("state", rows, -1) == CustomerState.POTENTIAL)
        MOVES.to(self.customers, rows[changes], CustomerState.FORMAL)
        return changes, rows >= 0

    def _onboard_once(self, forms: Rows, keys: Ints, person: Ints, documents: Ints) -> Rows:
        """One row a customer at most. Whose file it is, nobody has proved of a form whose materials come alone: it changes
        nothing of one that is there, and adds no materials."""
        entries, rows = np.zeros(len(forms), dtype=ENTRY), self.find(keys)
        new = rows < 0
        if any_of(new):
            rows[new] = self._create(forms[new], keys[new])
        entries["customer"], entries["created"] = self.customers["customer"][rows], new
        entries["existing"] = self.customers["at1"][rows] > 0
        if not all_of(new):
            entries["renamed"][~new] = self._are_renamed(forms[~new], rows[~new])
        proven = forms["uploads"] != Uploads.ALONE
        named = proven | new
        self._identify(forms[named], person[named], rows[named])
        self._remember(forms, np.where(proven, documents, 0), rows, entries)
        return entries

    def _are_renamed(self, forms: Rows, rows: Ints) -> Bools:
        """True for forms by another name than that of the customer's row. How blanks are set and Latin letters written makes
        no other name; one that is longer than its column stands among the texts."""
        known, said = self.customers.text("name")[rows], forms["name"]
        apart = np.asarray((known != said) | ~present(said))
        for place in true_rows(apart).tolist():
            before = str(known[place]) or self._texts.of(int(self.customers["texts"][rows[place]]), Field.NAME)
            now = str(said[place]) or self._texts.of(int(forms["case"][place]), Field.NAME)
            apart[place] = before != "" and _plain(before) != _plain(now)
        return apart

    def _create(self, forms: Rows, keys: Ints) -> Ints:
        numbers = len(self.customers) + 1 + np.arange(len(keys))
        self.people.append(length=len(keys), key=keys, customer=numbers)
        return self.customers.append(
            length=len(keys),
            customer=numbers,
            person=0,
            party=forms["party"],
            since=forms["at"],
            state=CustomerState.POTENTIAL,
        )

    def _identify(self, forms: Rows, person: Ints, rows: Ints) -> None:
        """Who the customer is, by the form."""
        table = self.customers
        for name in _IDENTITY:
            table.text(name)[rows] = forms[name]
        table["person"][rows], table["segment"][rows] = person, forms["segment"]
        table["occupation"][rows] = forms["occupation"]
        table["texts"][rows] = np.where(present(forms["name"]), 0, forms["case"])

    def _remember(self, forms: Rows, documents: Ints, rows: Ints, entries: Rows) -> None:
        """Recent applications, their channels and the growth of the amount, this one included and from now on remembered."""
        at, amount, table = forms["at"], forms["amount_fen"], self.customers
        ats = np.array([at, *(table[f"at{n}"][rows] for n in SEEN)])
        channels = np.array([forms["channel"], *(table[f"channel{n}"][rows] for n in SEEN)])
        recent = (ats > 0) & (ats >= at - self._recent_ms)
        recent[0] = True
        count = recent.sum(axis=0)
        compared = (count > 1) & (table["product"][rows] == forms["product"])
        entries["recent_applications"] = count
        entries["recent_channels"] = _distinct(np.where(recent, channels, channels[0]))
        entries["amount_growth_ppm"] = _growth(table["amount_fen"][rows], amount, compared)
        elsewhere = recent[1] & (channels[1] != channels[0])
        if any_of(elsewhere):
            _compare(entries, forms, {name: table[name][rows] for name in _SAID}, at - ats[1], elsewhere)
        for n in SEEN:
            table[f"at{n}"][rows], table[f"channel{n}"][rows] = ats[n - 1], channels[n - 1]
        for name in _SAID:
            table[name][rows] = forms[name]
        table["documents"][rows] |= documents


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()


def _compare(entries: Rows, forms: Rows, before: Mapping[str, Ints], passed_ms: Ints, where: Bools) -> None:
    """SCO-10: how far what is said lies from what was said before through another channel, `passed_ms` ago."""
    income = np.abs(forms["income_fen"] - before["income_fen"]) * PPM // np.maximum(before["income_fen"], 1)
    months = np.abs(forms["employment_months"] - before["employment_months"] - passed_ms // _MONTH_MS)
    purpose = (forms["product"] == before["product"]) & (forms["purpose"] != before["purpose"])
    for name, apart in zip(TOLD_APART.split(), (np.minimum(income, GROWTH_MAX_PPM), months, purpose), strict=True):
        entries[name] = np.where(where, apart, 0)


def _distinct(values: Ints) -> Ints:
    """How many different values each column holds."""
    ordered = np.sort(values, axis=0)
    return np.asarray(1 + (ordered[1:] != ordered[:-1]).sum(axis=0))


def _growth(before: Ints, now: Ints, recent: Bools) -> Ints:
    """Growth of the amount asked since the last application, in millionths; 0 where it fell or that was not a recent one
    for the same product."""
    grown = recent & (before > 0) & (now > before)
    growth = (now - before) * PPM // np.maximum(before, 1)
    return np.where(grown, np.minimum(growth, GROWTH_MAX_PPM), 0)

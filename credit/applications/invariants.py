"""What must hold at the application desk whatever the mail: every form has exactly one fate, every customer one number, and
nothing waits past its time. A violation names the branch, customer or case it was found on."""

from __future__ import annotations

import numpy as np

from credit.applications.customers import Register
from credit.applications.states import CustomerState
from credit.numbers import branch_of_case
from credit.table import Table
from credit.tally import Tally
from credit.times import Bools, Ints


def violations(tally: Tally, register: Register, pending: Table, until: int) -> list[str]:
    """All violated invariants at a window's end `until`; empty = fine."""
    return [
        *forms_are_conserved(tally, pending),
        *customers_are_numbered(tally, register),
        *customers_have_a_state(register),
        *nobody_waits_past_the_deadline(pending, until),
        *pending_cases_have_a_customer(register, pending),
    ]


def forms_are_conserved(tally: Tally, pending: Table) -> list[str]:
    """forms = refused + declined + intercepted + accepted + in review, in each branch."""
    found = tally.imbalances("forms", "refused declined intercepted accepted", pending["branch"])
    return [f"branch {branch}: {forms} forms but {fates} fates" for branch, forms, fates in found]


def customers_are_numbered(tally: Tally, register: Register) -> list[str]:
    """The register holds exactly the numbers given, and each key its own (CUS-10)."""
    given, people, customers = int(tally.table["customers"].sum()), len(register.people), len(register.customers)
    found = []
    if given != customers:
        found.append(f"{given} customer numbers given, {customers} in the register")
    if people != customers:
        found.append(f"{people} people but {customers} customers in the register")
    return found


def customers_have_a_state(register: Register) -> list[str]:
    """A customer is potential or formal (CUS-11)."""
    state = register.customers["state"]
    bad = (state != CustomerState.POTENTIAL) & (state != CustomerState.FORMAL)
    return [f"customer {c}: state {s} is none" for c, s in _where(bad, register.customers["customer"], state)]


def nobody_waits_past_the_deadline(pending: Table, until: int) -> list[str]:
    """A case whose list query has run out of time was decided by the bank's own copy (EXT-07)."""
    late = _where(pending["deadline"] < until, pending["case"], pending["deadline"])
    return [f"case {case}: in review past {deadline}" for case, deadline in late]


def pending_cases_have_a_customer(register: Register, pending: Table) -> list[str]:
    """A case in review belongs to a registered customer of its own branch."""
    customer, case = pending["customer"], pending["case"]
    bad = (register.customers.find(customer) < 0) | (branch_of_case(customer) != branch_of_case(case))
    return [f"case {c}: customer {n} is not a customer of its branch" for c, n in _where(bad, case, customer)]


def _where(bad: Bools, *columns: Ints) -> list[tuple[int, ...]]:
    rows = np.flatnonzero(bad)[:20]
    return [tuple(int(column[row]) for column in columns) for row in rows]

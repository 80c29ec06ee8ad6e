"""What must hold of customers whatever the mail: every form has exactly one fate, every person one number, and nothing waits past
its time. A violation names the branch, customer or case it was found on."""

from __future__ import annotations

import numpy as np

from credit.customers.register import Register
from credit.customers.states import CustomerState
from credit.masks import true_rows
from credit.table import Table
from credit.tally import Tally
from credit.times import Bools, Ints


def violations(tally: Tally, register: Register, pending: Table, until: int) -> list[str]:
    """All violated invariants at a window's end `until`; empty = fine."""
    return [
        *forms_are_conserved(tally, pending),
        *customers_are_numbered(register),
        *customers_have_a_state(register),
        *nobody_waits_past_the_deadline(pending, until),
        *pending_cases_have_a_customer(register, pending),
    ]


def forms_are_conserved(tally: Tally, pending: Table) -> list[str]:
    """forms = refused + declined + intercepted + accepted + in review, in each branch."""
    found = tally.imbalances("forms", "refused declined intercepted accepted", pending["branch"])
    return [f"branch {branch}: {forms} forms but {fates} fates" for branch, forms, fates in found]


def customers_are_numbered(register: Register) -> list[str]:
    """Numbers run from 1 without a gap, and each key has its own (CUS-10)."""
    customers, people = np.sort(register.customers["customer"]), np.sort(register.people["customer"])
    found = []
    if not np.array_equal(customers, np.arange(1, len(customers) + 1)):
        found.append(f"{len(customers)} customers, the last of number {int(customers.max(initial=0))}")
    if not np.array_equal(customers, people):
        found.append(f"{len(people)} people but {len(customers)} customers in the register")
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
    """A case in review belongs to a registered customer."""
    customer, case = pending["customer"], pending["case"]
    bad = register.customers.find(customer) < 0
    return [f"case {c}: customer {n} is not in the register" for c, n in _where(bad, case, customer)]


def _where(bad: Bools, *columns: Ints) -> list[tuple[int, ...]]:
    rows = true_rows(bad)[:20]
    return [tuple(int(column[row]) for column in columns) for row in rows]

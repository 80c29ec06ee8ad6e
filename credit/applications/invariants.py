"""What must hold at the application desk whatever the mail: every form has exactly one fate, every customer one number, and
nothing waits past its time. Its rule: a violation names the branch, customer or case it was found on."""

from __future__ import annotations

import numpy as np

from credit.applications.counters import NUMBERS_A_BRANCH, Counters
from credit.applications.customers import Register
from credit.applications.states import CustomerState
from credit.table import Table
from credit.times import Ints


def violations(counters: Counters, register: Register, pending: Table, until: int) -> list[str]:
    """All violated invariants at a window's end `until`; empty = fine."""
    return [
        *forms_are_conserved(counters, pending),
        *customers_are_numbered(counters, register),
        *customers_have_a_state(register),
        *nobody_waits_past_the_deadline(pending, until),
        *pending_cases_have_a_customer(register, pending),
    ]


def forms_are_conserved(counters: Counters, pending: Table) -> list[str]:
    """forms = refused + declined + intercepted + accepted + in review, in each branch."""
    table = counters.table
    waiting = np.zeros(len(table), dtype=np.int64)
    np.add.at(waiting, table.find(pending["branch"]), 1)
    fates = table["refused"] + table["declined"] + table["intercepted"] + table["accepted"] + waiting
    return [
        f"branch {branch}: {forms} forms but {fate} fates"
        for branch, forms, fate in _where(fates != table["forms"], table["branch"], table["forms"], fates)
    ]


def customers_are_numbered(counters: Counters, register: Register) -> list[str]:
    """The register holds exactly the numbers given, and each key its own (CUS-10)."""
    table, found = counters.table, []
    if int(table["customers"].sum()) != len(register.customers):
        found.append(
            f"{int(table['customers'].sum())} customer numbers given, {len(register.customers)} in the register"
        )
    if len(register.people) != len(register.customers):
        found.append(f"{len(register.people)} people but {len(register.customers)} customers in the register")
    return found


def customers_have_a_state(register: Register) -> list[str]:
    """A customer is potential or formal (CUS-11)."""
    state = register.customers["state"]
    bad = (state != CustomerState.POTENTIAL) & (state != CustomerState.FORMAL)
    return [f"customer {c}: state {s} is none" for c, s in _where(bad, register.customers["customer"], state)]


def nobody_waits_past_the_deadline(pending: Table, until: int) -> list[str]:
    """A case whose list query has run out of time was decided by the bank's own copy (EXT-07)."""
    late = pending["deadline"] < until
    return [
        f"case {case}: in review past {deadline}"
        for case, deadline in _where(late, pending["case"], pending["deadline"])
    ]


def pending_cases_have_a_customer(register: Register, pending: Table) -> list[str]:
    """A case in review belongs to a registered customer of its own branch."""
    customer, case = pending["customer"], pending["case"]
    bad = (register.customers.find(customer) < 0) | (customer // NUMBERS_A_BRANCH != case // NUMBERS_A_BRANCH)
    return [f"case {c}: customer {n} is not a customer of its branch" for c, n in _where(bad, case, customer)]


def _where(bad: np.ndarray[tuple[int], np.dtype[np.bool_]], *columns: Ints) -> list[tuple[int, ...]]:
    rows = np.flatnonzero(bad)[:20]
    return [tuple(int(column[row]) for column in columns) for row in rows]
